-- Lead time: from the plan of a release to its good end, by environment
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- Of releases and hotfixes that succeeded. The time before the plan (writing, merging) is not in the record. p50_ms: half
-- of them were not slower; p90_ms: nine of ten were not.
SELECT environment, max(releases) AS releases, min(took_ms) AS shortest_ms,
       max(iif(place = (releases + 1) / 2, took_ms, NULL)) AS p50_ms,
       max(iif(place = (releases * 9 + 9) / 10, took_ms, NULL)) AS p90_ms, max(took_ms) AS longest_ms
  FROM (SELECT r.environment, r.ended_ms - r.created_ms AS took_ms,
               row_number() OVER (PARTITION BY r.environment ORDER BY r.ended_ms - r.created_ms) AS place,
               count(*) OVER (PARTITION BY r.environment) AS releases
          FROM release r
         WHERE r.end = 'succeeded' AND r.kind IN ('release', 'hotfix')
           AND (:environment IS NULL OR r.environment = :environment)
           AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807))
 GROUP BY environment ORDER BY environment;
