-- Change failure rate: which part of what users saw had to be mended, by environment
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- changes: releases and hotfixes that have ended and gave their new unit a share of the traffic. rolled_back: ended so.
-- left: ended failed, without going back. mended: succeeded, but what came next was a hotfix or a rollback. failed: all
-- three. What people rejected, aborted or let expire is no failure.
SELECT environment, count(*) AS changes, sum(rolled_back + left_so + mended) AS failed,
       round(100.0 * sum(rolled_back + left_so + mended) / count(*), 1) AS failed_percent,
       sum(rolled_back) AS rolled_back, sum(left_so) AS left, sum(mended) AS mended
  FROM (SELECT r.environment, r.end = 'rolled_back' AS rolled_back, r.end = 'failed' AS left_so,
               r.end = 'succeeded' AND coalesce((SELECT n.kind FROM release n
                                                  WHERE n.environment = r.environment AND n.number > r.number
                                                    AND n.kind <> 'destroy'
                                                  ORDER BY n.number LIMIT 1) IN ('hotfix', 'rollback'), 0) AS mended
          FROM release r
         WHERE r.ended_ms IS NOT NULL AND r.kind IN ('release', 'hotfix')
           AND (:environment IS NULL OR r.environment = :environment)
           AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
           AND EXISTS (SELECT 1 FROM share_history h
                        WHERE h.environment = r.environment AND h.seq BETWEEN r.first_seq AND r.last_seq
                          AND h.release = r.id AND h.unit = r.unit AND h.basis_points > 0)
         LIMIT -1)
 GROUP BY environment ORDER BY environment;
