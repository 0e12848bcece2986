-- The intent: the attempt is written down before anything is done about it. A second intent of the same attempt is
-- a fault: it makes attempt NULL, which the table refuses. started_ms is of the first attempt since the step was pending.

UPDATE step SET state = 'running', attempt = CASE WHEN :attempt > attempt THEN :attempt END, reason = :reason,
                detail = NULL, intent_seq = :seq, outcome_seq = NULL,
                started_ms = coalesce(started_ms, :at_ms), ended_ms = NULL
 WHERE release = :release AND ordinal = :step;
