-- When live releases waited with their traffic, for a window or a freeze
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    began to wait in this time
-- until_at: as the calendar said then; NULL = no end in sight. opened_at: when it went on, or back; NULL = still waits.
SELECT c.closed_ms AS closed_at, c.release, r.environment, c.rule, c.reason, nullif(c.until_ms, 0) AS until_at,
       c.opened_ms AS opened_at, coalesce(c.opened_ms, :now_ms) - c.closed_ms AS waited_ms, c.seq
  FROM closure c JOIN release r ON r.id = c.release
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND c.closed_ms >= coalesce(:since_ms, 0) AND c.closed_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY c.closed_ms, c.seq;
