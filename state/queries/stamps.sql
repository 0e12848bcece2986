-- Which stamps does a release bring and take away?
--   :release
-- side: new | old. instances: all of it; standing: those that were created and are not destroyed.
SELECT iif(t.unit IS r.unit, 'new', 'old') AS side, t.unit, t.name, t.region, t.state,
       (SELECT count(*) FROM instance i WHERE i.stamp = t.name) AS instances,
       (SELECT count(*) FROM instance i WHERE i.stamp = t.name AND i.state NOT IN ('planned', 'destroyed')) AS standing
  FROM release r JOIN stamp t ON t.unit IN (r.unit, r.old_unit)
 WHERE r.id = :release ORDER BY side, t.name;
