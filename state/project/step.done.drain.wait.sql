-- Nothing is left on the instance.

UPDATE instance SET state = 'drained' WHERE name = :target AND state IN ('running', 'ready', 'draining');

UPDATE stamp SET state = 'drained'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state = 'draining'
   AND NOT EXISTS (SELECT 1 FROM instance
                    WHERE instance.stamp = stamp.name AND instance.state IN ('running', 'ready', 'draining'));

-- Nobody is asked about this drain any more.
UPDATE release SET state = CASE (SELECT track FROM step WHERE release = :release AND ordinal = :step)
                           WHEN 'undo' THEN 'rolling_back' ELSE 'running' END,
                   reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state = 'waiting'
   AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.release = :release AND gate.state = 'asked')
   AND NOT EXISTS (SELECT 1 FROM step WHERE step.release = :release AND step.state = 'running'
                                        AND step.verb = 'drain.wait' AND step.detail ->> '$.overdue' = 1);
