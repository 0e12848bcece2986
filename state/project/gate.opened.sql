-- The gate's step is done, by the decisions that the body names; each is used once.

UPDATE gate SET state = 'opened' WHERE release = :release AND step = :step;

UPDATE decision SET used_seq = :seq
 WHERE release = :release AND used_seq IS NULL AND seq IN (SELECT value FROM json_each(:body, '$.decisions'));

UPDATE step SET state = 'done', reason = :reason, error = NULL, outcome_seq = :seq, ended_ms = :at_ms
 WHERE release = :release AND ordinal = :step;

UPDATE release SET state = CASE (SELECT track FROM step WHERE release = :release AND ordinal = :step)
                           WHEN 'undo' THEN 'rolling_back' ELSE 'running' END,
                   reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state = 'waiting'
   AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.release = :release AND gate.state = 'asked')
   AND NOT EXISTS (SELECT 1 FROM closure WHERE closure.release = :release AND closure.opened_ms IS NULL)
   AND NOT EXISTS (SELECT 1 FROM step WHERE step.release = :release AND step.state = 'running'
                                        AND step.verb = 'drain.wait' AND step.detail ->> '$.overdue' = 1);
