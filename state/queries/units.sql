-- Units of :environment (NULL: of all) that still stand, newest first, with the instances that are not destroyed.
SELECT u.name, u.environment, u.release, u.commit_id, u.state, u.created_ms, u.ended_ms, e.live_unit = u.name AS live,
       (SELECT count(*) FROM instance i WHERE i.unit = u.name AND i.state NOT IN ('planned', 'destroyed')) AS instances
  FROM unit u JOIN environment e ON e.name = u.environment
 WHERE u.state NOT IN ('planned', 'destroyed') AND (:environment IS NULL OR u.environment = :environment)
 ORDER BY u.environment, u.number DESC;
