-- Which environments are there, what stands in them, and how long are they kept
--   :environment            this one; NULL = all
-- kept_until_at: a short-lived one may be cleaned up from then on; NULL = stays. overdue: 1 = that time is over. units,
-- instances: that stand, also those without traffic.
SELECT e.name AS environment, e.live_unit, u.commit_id AS live_commit, e.keep_until_ms AS kept_until_at,
       coalesce(e.keep_until_ms < :now_ms, 0) AS overdue,
       (SELECT count(*) FROM unit s WHERE s.environment = e.name AND s.state <> 'destroyed') AS units,
       (SELECT count(*) FROM unit s JOIN instance i ON i.unit = s.name AND i.state NOT IN ('planned', 'destroyed')
         WHERE s.environment = e.name AND s.state <> 'destroyed') AS instances,
       (SELECT r.id FROM release r WHERE r.environment = e.name ORDER BY r.number DESC LIMIT 1) AS last_release
  FROM environment e LEFT JOIN unit u ON u.name = e.live_unit
 WHERE :environment IS NULL OR e.name = :environment
 ORDER BY e.name;
