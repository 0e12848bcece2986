-- Who has the new traffic of an environment? The shares that the front door showed last.
--   :environment
-- basis_points: 10000 = all of its pool.
SELECT s.pool, s.unit, s.basis_points, u.commit_id, u.state AS unit_state
  FROM share s LEFT JOIN unit u ON u.name = s.unit
 WHERE s.environment = :environment ORDER BY s.pool, s.basis_points DESC, s.unit;
