-- Deployment frequency: how often something new went live, by environment and month
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- month: of its begin, UTC. went_live: releases, hotfixes and rollbacks that succeeded. days: on which there was one.
-- begun: all that were begun, whatever their end; a destroy is none.
SELECT r.environment, strftime('%Y-%m', r.created_ms / 1000, 'unixepoch') AS month,
       count(*) FILTER (WHERE r.end = 'succeeded') AS went_live,
       count(*) FILTER (WHERE r.end = 'succeeded' AND r.kind = 'hotfix') AS hotfixes,
       count(*) FILTER (WHERE r.end = 'succeeded' AND r.kind = 'rollback') AS rollbacks,
       count(DISTINCT iif(r.end = 'succeeded', r.created_ms / 86400000, NULL)) AS days, count(*) AS begun
  FROM release r
 WHERE r.kind <> 'destroy' AND (:environment IS NULL OR r.environment = :environment)
   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
 GROUP BY r.environment, month ORDER BY r.environment, month;
