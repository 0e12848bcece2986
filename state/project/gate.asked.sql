-- A question to people. The body is the gate's parameters.

INSERT INTO gate (release, step, name, approvals, people, bar_requester, barred, subject, state, asked_ms,
                  expires_ms)
VALUES (:release, :step, :body ->> '$.gate', coalesce(:body ->> '$.approvals', 1),
        coalesce(nullif(:body -> '$.people', 'null'), '[]'), coalesce(:body ->> '$.bar_requester', 0),
        coalesce(nullif(:body -> '$.barred', 'null'), '[]'), :subject, 'asked', :at_ms, :expires_ms)
ON CONFLICT (release, step)
DO UPDATE SET name = excluded.name, approvals = excluded.approvals, people = excluded.people,
              bar_requester = excluded.bar_requester, barred = excluded.barred, subject = excluded.subject, state = excluded.state,
              asked_ms = excluded.asked_ms, expires_ms = excluded.expires_ms;

UPDATE release SET state = 'waiting', reason = :reason, actor = :actor, state_ms = :at_ms
 WHERE id = :release AND state IN ('running', 'rolling_back');
