-- Not wanted, or given up under way; then this is what settled its last attempt.

UPDATE intent SET outcome_seq = :seq
 WHERE release = :release AND step = :step AND outcome_seq IS NULL
   AND attempt = (SELECT attempt FROM step WHERE release = :release AND ordinal = :step);

UPDATE step SET state = 'skipped', reason = :reason, ended_ms = :at_ms
 WHERE release = :release AND ordinal = :step;
