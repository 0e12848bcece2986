-- It is waited for once more, because its proof did not hold or a person asked.

UPDATE instance SET state = 'draining' WHERE name = :target AND state = 'drained';

UPDATE stamp SET state = 'draining'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state = 'drained';

-- Nobody is asked about this drain any more.
UPDATE release SET state = CASE (SELECT track FROM step WHERE release = :release AND ordinal = :step)
                           WHEN 'undo' THEN 'rolling_back' ELSE 'running' END,
                   reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state = 'waiting'
   AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.release = :release AND gate.state = 'asked')
   AND NOT EXISTS (SELECT 1 FROM step WHERE step.release = :release AND step.state = 'running'
                                        AND step.verb = 'drain.wait' AND step.detail ->> '$.overdue' = 1);
