-- Which releases were there? Newest first.
--   :environment  of this one; NULL = of all
--   :before       with a smaller number, for the next page; NULL = from the newest
--   :most         at most so many; NULL = 50
-- duration_ms: NULL while it is live.
WITH wanted AS (
    SELECT number FROM (SELECT number FROM release
                         WHERE :environment IS NULL AND number < coalesce(:before, 9223372036854775807)
                         ORDER BY number DESC LIMIT coalesce(:most, 50))
     UNION ALL
    SELECT number FROM (SELECT number FROM release
                         WHERE environment = :environment AND number < coalesce(:before, 9223372036854775807)
                         ORDER BY number DESC LIMIT coalesce(:most, 50))
)
SELECT r.id, r.number, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.branch, r.subject,
       r.requester, r.state, r.end, r.pivot, r.reason, r.actor, r.state_ms, r.created_ms, r.ended_ms,
       r.ended_ms - r.created_ms AS duration_ms
  FROM wanted w JOIN release r ON r.number = w.number
 ORDER BY r.number DESC;
