-- Stamps of both sides of :release.
SELECT s.name, s.unit, s.region, s.state, CASE WHEN s.unit = r.unit THEN 'new' ELSE 'old' END AS side
  FROM release r JOIN stamp s ON s.unit IN (r.unit, r.old_unit)
 WHERE r.id = :release ORDER BY side DESC, s.name;
