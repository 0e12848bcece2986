-- Which short-lived environments stand, and until when?
--   :environment  this one; NULL = all
-- release: the live one, NULL when there is none.
SELECT e.name AS environment, e.keep_until_ms, e.live_unit,
       (SELECT r.id FROM release r WHERE r.environment = e.name AND r.ended_ms IS NULL) AS release
  FROM environment e
 WHERE e.keep_until_ms IS NOT NULL AND (:environment IS NULL OR e.name = :environment)
   AND EXISTS (SELECT 1 FROM unit u WHERE u.environment = e.name AND u.state <> 'destroyed')
 ORDER BY e.keep_until_ms, e.name;
