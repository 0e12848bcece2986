-- How long the old and the new unit of a release stood beside each other, and with how many instances
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    of releases that were created in this time
-- from_at: the first new instance was started. until_at: the last instance of one of the two was gone; NULL = both still
-- stand, and the times are up to now. instance_ms: the time of all instances of both within, added up.
SELECT t.id AS release, t.environment, t.old_unit, t.unit, t.from_ms AS from_at, t.until_ms AS until_at,
       coalesce(t.until_ms, :now_ms) - t.from_ms AS both_ms,
       (SELECT count(*) FROM instance i WHERE i.unit = t.old_unit AND i.created_ms IS NOT NULL) AS old_instances,
       (SELECT count(*) FROM instance i WHERE i.unit = t.unit AND i.created_ms IS NOT NULL) AS new_instances,
       (SELECT sum(max(min(coalesce(i.ended_ms, t.until_ms, :now_ms), coalesce(t.until_ms, :now_ms))
                       - max(i.created_ms, t.from_ms), 0))
          FROM instance i WHERE i.unit IN (t.old_unit, t.unit) AND i.created_ms IS NOT NULL) AS instance_ms
  FROM ( -- LIMIT -1 keeps SQLite from asking again wherever a column is used
        SELECT s.id, s.environment, s.old_unit, s.unit, s.from_ms,
               min(coalesce(s.old_ms, s.new_ms), coalesce(s.new_ms, s.old_ms)) AS until_ms
          FROM (SELECT r.id, r.environment, r.old_unit, r.unit,
                       (SELECT min(i.created_ms) FROM instance i WHERE i.unit = r.unit) AS from_ms,
                       (SELECT iif(count(*) = count(i.ended_ms), max(i.ended_ms), NULL)
                          FROM instance i WHERE i.unit = r.old_unit AND i.created_ms IS NOT NULL) AS old_ms,
                       (SELECT iif(count(*) = count(i.ended_ms), max(i.ended_ms), NULL)
                          FROM instance i WHERE i.unit = r.unit AND i.created_ms IS NOT NULL) AS new_ms
                  FROM release r
                 WHERE r.unit IS NOT NULL AND r.old_unit IS NOT NULL
                   AND (:environment IS NULL OR r.environment = :environment)
                   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
                 ORDER BY r.created_ms, r.number LIMIT -1) s
         LIMIT -1) t
 WHERE t.from_ms IS NOT NULL;
