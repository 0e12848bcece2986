-- Forward, back, or held until a person decides. A step that the release turned for will not be tried again by itself.

UPDATE step SET state = 'failed' WHERE release = :release AND ordinal = :step AND state = 'backoff';

UPDATE release SET state = CASE :mode
                           WHEN 'held' THEN 'held'
                           WHEN 'undo' THEN 'rolling_back'
                           ELSE CASE WHEN EXISTS (SELECT 1 FROM gate
                                                   WHERE gate.release = :release AND gate.state = 'asked')
                                     THEN 'waiting' ELSE 'running' END
                           END,
                   reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release;
