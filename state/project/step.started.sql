-- The intent: the attempt is written down before anything is done about it. A second intent of the same attempt is
-- a fault. started_ms is of the first attempt since the step was pending.

UPDATE step SET state = 'running', attempt = :attempt, reason = :reason, detail = NULL,
                started_ms = coalesce(started_ms, :at_ms), ended_ms = NULL
 WHERE release = :release AND ordinal = :step;

INSERT INTO intent (release, step, attempt, key, epoch, seq)
VALUES (:release, :step, :attempt, :body ->> '$.key', :epoch, :seq);
