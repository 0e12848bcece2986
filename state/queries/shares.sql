-- The shares last proved in the environment of :release, by pool and unit.
SELECT s.pool, s.unit, s.basis_points FROM release r JOIN share s ON s.environment = r.environment
 WHERE r.id = :release ORDER BY s.pool, s.unit;
