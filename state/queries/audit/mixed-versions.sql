-- When two units had traffic at once, and how long: a row a release and pool
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- From the changes of shares that the front door proved. mixed_ms: the sum of the times between a change after which
-- more than one unit had a share and the next change of the pool. until_at: NULL = it still is so.
SELECT r.id AS release, r.environment, p.value ->> 0 AS pool, r.old_unit, r.unit, p.value ->> 1 AS began_at,
       p.value ->> 2 AS until_at, p.value ->> 3 AS mixed_ms, p.value ->> 4 AS changes
  FROM release r
  JOIN json_each((SELECT json_group_array(json_array(pool, began_ms, until_ms, mixed_ms, changes))
                    FROM (SELECT pool, min(at_ms) AS began_ms,
                                 iif(count(next_ms) = count(*), max(next_ms), NULL) AS until_ms,
                                 sum(coalesce(next_ms, :now_ms) - at_ms) AS mixed_ms, count(*) AS changes
                            FROM (SELECT h.pool, h.at_ms,
                                         (SELECT n.at_ms FROM share_history n
                                           WHERE n.environment = h.environment AND n.seq > h.seq AND n.pool = h.pool
                                           ORDER BY n.seq LIMIT 1) AS next_ms
                                    FROM share_history h
                                   WHERE h.environment = r.environment AND h.release = r.id
                                     AND h.seq BETWEEN r.first_seq AND coalesce(r.last_seq, 9223372036854775807)
                                   GROUP BY h.seq, h.pool HAVING sum(h.basis_points > 0) > 1)
                           GROUP BY pool ORDER BY pool))) p
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY r.created_ms, r.number;
