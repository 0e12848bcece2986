-- It waits no longer.

UPDATE closure SET opened_ms = :at_ms, opened_seq = :seq WHERE release = :release AND opened_ms IS NULL;

UPDATE release SET state = 'running', reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state = 'waiting'
   AND NOT EXISTS (SELECT 1 FROM gate WHERE gate.release = :release AND gate.state = 'asked')
   AND NOT EXISTS (SELECT 1 FROM step WHERE step.release = :release AND step.state = 'running'
                                        AND step.verb = 'drain.wait' AND step.detail ->> '$.overdue' = 1);
