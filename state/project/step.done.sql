-- The outcome of an attempt. What the world looks like after it is in the files of the verbs.

UPDATE step SET state = 'done', reason = :reason, error = NULL, detail = :detail, evidence = :evidence,
                outcome_seq = :seq, ended_ms = :at_ms
 WHERE release = :release AND ordinal = :step;
