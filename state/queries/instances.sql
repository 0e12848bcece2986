-- Instances of both sides of :release.
SELECT i.name, i.stamp, i.unit, i.region, i.state, i.address, i.pid, i.start, i.boot_id, i.dir, i.log, i.created_ms, i.ended_ms,
       CASE WHEN i.unit = r.unit THEN 'new' ELSE 'old' END AS side
  FROM release r JOIN instance i ON i.unit IN (r.unit, r.old_unit)
 WHERE r.id = :release ORDER BY i.name;
