-- Which instances does a release bring and take away?
--   :release
-- side: new | old. address, pid, start and boot_id are NULL until it was created.
SELECT iif(i.unit IS r.unit, 'new', 'old') AS side, i.unit, i.stamp, i.name, i.region, i.state, i.address, i.pid,
       i.start, i.boot_id, i.mark, i.dir, i.log, i.created_ms, i.ended_ms
  FROM release r JOIN instance i ON i.unit IN (r.unit, r.old_unit)
 WHERE r.id = :release ORDER BY side, i.name;
