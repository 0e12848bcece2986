-- Which releases were there? Newest first.
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    created in this time; NULL = no bound
--   :before                 those that stand behind this number, for the next page; NULL = from the newest. The time comes
--                           first, also where the clock was set back and a later release has the earlier time.
--   :most                   at most so many; NULL = 50
-- duration_ms: NULL while it is live. review_*: of a hotfix; review_due_ms NULL = it needs none.
WITH page AS (
    SELECT number, created_ms,
           min(coalesce(:until_ms - 1, 9223372036854775807), coalesce(created_ms, 9223372036854775807)) AS last_ms
      FROM (SELECT coalesce(:before, 9223372036854775807) AS number,
                   (SELECT created_ms FROM release WHERE number = :before) AS created_ms)
), wanted AS (
    SELECT number FROM (SELECT number FROM release
                         WHERE :environment IS NULL
                           AND created_ms BETWEEN coalesce(:since_ms, 0) AND (SELECT last_ms FROM page)
                           AND (number < (SELECT number FROM page) OR created_ms < (SELECT created_ms FROM page))
                         ORDER BY created_ms DESC, number DESC LIMIT coalesce(:most, 50))
     UNION ALL
    SELECT number FROM (SELECT number FROM release
                         WHERE environment = :environment
                           AND created_ms BETWEEN coalesce(:since_ms, 0) AND (SELECT last_ms FROM page)
                           AND (number < (SELECT number FROM page) OR created_ms < (SELECT created_ms FROM page))
                         ORDER BY created_ms DESC, number DESC LIMIT coalesce(:most, 50))
)
SELECT r.id, r.number, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.branch, r.subject,
       r.requester, r.state, r.end, r.pivot, r.reason, r.actor, r.state_ms, r.created_ms, r.ended_ms,
       r.ended_ms - r.created_ms AS duration_ms, w.due_ms AS review_due_ms, w.closed_ms AS review_closed_ms,
       w.person AS review_person, w.comment AS review_comment
  FROM wanted JOIN release r ON r.number = wanted.number LEFT JOIN review w ON w.release = r.id
 ORDER BY r.created_ms DESC, r.number DESC;
