-- Time to restore: from a change that failed to a good version, by environment
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of changes that were created in this time
-- The failures are those of change-failure-rate. Rolled back: from the first step of the way back to the end of the
-- release. Left, or mended by a hotfix or a rollback: from its end to the good end of the next that succeeded.
-- restored: how many of the failures; the times are of these.
WITH failure AS (
    SELECT r.environment, r.number, r.end,
           CASE r.end WHEN 'rolled_back'
                THEN (SELECT min(s.started_ms) FROM step s WHERE s.release = r.id AND s.track = 'undo')
                ELSE r.ended_ms END AS from_ms,
           CASE r.end WHEN 'rolled_back' THEN r.ended_ms
                ELSE (SELECT n.ended_ms FROM release n
                       WHERE n.environment = r.environment AND n.number > r.number AND n.kind <> 'destroy'
                         AND n.end = 'succeeded' ORDER BY n.number LIMIT 1) END AS good_ms
      FROM release r
     WHERE r.ended_ms IS NOT NULL AND r.kind IN ('release', 'hotfix')
       AND (:environment IS NULL OR r.environment = :environment)
       AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
       AND (r.end IN ('rolled_back', 'failed')
            OR r.end = 'succeeded' AND (SELECT n.kind FROM release n
                                         WHERE n.environment = r.environment AND n.number > r.number
                                           AND n.kind <> 'destroy'
                                         ORDER BY n.number LIMIT 1) IN ('hotfix', 'rollback'))
       AND EXISTS (SELECT 1 FROM share_history h
                    WHERE h.environment = r.environment AND h.seq BETWEEN r.first_seq AND r.last_seq
                      AND h.release = r.id AND h.unit = r.unit AND h.basis_points > 0)
), placed AS (
    SELECT environment, good_ms - from_ms AS took_ms,
           row_number() OVER (PARTITION BY environment ORDER BY good_ms - from_ms NULLS LAST) AS place,
           count(good_ms - from_ms) OVER (PARTITION BY environment) AS restored
      FROM failure
)
SELECT environment, count(*) AS failures, max(restored) AS restored, min(took_ms) AS shortest_ms,
       max(iif(place = (restored + 1) / 2, took_ms, NULL)) AS p50_ms, max(took_ms) AS longest_ms
  FROM placed GROUP BY environment ORDER BY environment;
