-- A failed attempt. Whether a transient one is tried again is the machine's to say: it shows as backoff until the step
-- starts again or the release turns because of it.

UPDATE step SET state = CASE :error_kind WHEN 'transient' THEN 'backoff' WHEN 'in_doubt' THEN 'doubt' ELSE 'failed' END,
                reason = :reason,
                error = json_object('code', :body ->> '$.code', 'text', coalesce(:body ->> '$.text', :reason),
                                    'hint', :body ->> '$.hint'),
                detail = :detail, evidence = :evidence, outcome_seq = :seq, ended_ms = :at_ms
 WHERE release = :release AND ordinal = :step;
