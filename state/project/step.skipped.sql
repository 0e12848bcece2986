-- Not wanted, or given up under way; then this is what settled its last attempt.

UPDATE step SET state = 'skipped', reason = :reason, ended_ms = :at_ms,
                outcome_seq = CASE WHEN intent_seq IS NOT NULL THEN coalesce(outcome_seq, :seq) END
 WHERE release = :release AND ordinal = :step;
