-- Forward, back, or held until a person decides. A step that the release turned for will not be tried again by itself.

UPDATE step SET state = 'failed' WHERE release = :release AND ordinal = :step AND state = 'backoff';

-- Going back waits for no calendar.
UPDATE closure SET opened_ms = :at_ms, opened_seq = :seq
 WHERE :mode = 'undo' AND release = :release AND opened_ms IS NULL;

UPDATE release SET state = CASE :mode
                           WHEN 'held' THEN 'held'
                           WHEN 'undo' THEN 'rolling_back'
                           ELSE CASE WHEN EXISTS (SELECT 1 FROM gate
                                                   WHERE gate.release = :release AND gate.state = 'asked')
                                       OR EXISTS (SELECT 1 FROM closure
                                                   WHERE closure.release = :release AND closure.opened_ms IS NULL)
                                     THEN 'waiting' ELSE 'running' END
                           END,
                   reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release;
