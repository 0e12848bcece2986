-- Pending once more. Attempts go on counting.

UPDATE step SET state = 'pending', reason = :reason, detail = NULL, evidence = NULL, started_ms = NULL, ended_ms = NULL
 WHERE release = :release AND ordinal = :step;
