-- A share waits: the environment's calendar does not let the release have more traffic now.

INSERT INTO closure (seq, release, step, rule, reason, closed_ms, until_ms)
VALUES (:seq, :release, :step, :body ->> '$.rule', :reason, :at_ms, coalesce(:expires_ms, 0));

UPDATE release SET state = 'waiting', reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state = 'running';
