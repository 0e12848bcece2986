-- Which units does an environment have, and had? Newest first.
--   :environment
--   :standing  1 = only those that are not destroyed; NULL = all
-- live: 1 = it has the environment's traffic. standing: instances that were created and are not destroyed.
SELECT u.name, u.number, u.release, u.commit_id, u.state, u.name IS e.live_unit AS live,
       (SELECT count(*) FROM instance i WHERE i.unit = u.name) AS instances,
       (SELECT count(*) FROM instance i WHERE i.unit = u.name AND i.state NOT IN ('planned', 'destroyed')) AS standing,
       (SELECT count(*) FROM artifact a WHERE a.unit = u.name) AS artifacts,
       u.created_ms, u.ended_ms
  FROM unit u JOIN environment e ON e.name = u.environment
 WHERE u.environment = :environment AND (:standing IS NULL OR u.state <> 'destroyed')
 ORDER BY u.number DESC;
