-- What was on the instances that were drained, and what became of it: a row a release and probe
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- seen = ended + forced + lost + left. forced: given up by a person. lost: with an instance that died. left: NULL =
-- unknown on at least one instance. waited_ms: from the first question to the last change.
SELECT r.id AS release, r.environment, p.value ->> 0 AS probe, p.value ->> 1 AS instances, p.value ->> 2 AS seen,
       p.value ->> 3 AS ended, p.value ->> 4 AS forced, p.value ->> 5 AS lost, p.value ->> 6 AS left,
       p.value ->> 7 AS waited_ms, r.created_ms AS created_at
  FROM release r
  JOIN json_each((SELECT json_group_array(json_array(probe, instances, seen, ended, forced, lost, left, waited_ms))
                    FROM (SELECT d.probe, count(*) AS instances, sum(d.seen) AS seen, sum(d.ended) AS ended,
                                 sum(d.forced) AS forced, sum(d.lost) AS lost,
                                 iif(count(d.left) = count(*), sum(d.left), NULL) AS left,
                                 max(d.at_ms) - min(d.since_ms) AS waited_ms
                            FROM drain d WHERE d.release = r.id GROUP BY d.probe ORDER BY d.probe))) p
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY r.created_ms, r.number;
