-- The deadline passed, and a person is asked what to do.

UPDATE step SET reason = :reason, detail = json_object('overdue', 1, 'left', json(coalesce(:body -> '$.left', :body -> '$.values')))
 WHERE release = :release AND ordinal = :step;

UPDATE release SET state = 'waiting', reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state IN ('running', 'rolling_back');
