-- Who had the new traffic of the environment when a release ended? As the front door showed it last until then.
--   :release
-- A unit without a share, or that the release destroyed, is left out. A decision after the end moves the release's last
-- event, so that those of later releases may stand before it: in an environment one release follows the other.
WITH pools AS (
    SELECT s.target AS pool FROM step s WHERE s.release = :release AND s.verb = 'traffic.shares'
     UNION
    SELECT s.pool FROM share s JOIN release r ON r.environment = s.environment WHERE r.id = :release
), proved AS (
    SELECT p.pool, r.environment, r.ended_ms,
           (SELECT h.seq FROM share_history h
             WHERE h.environment = r.environment AND h.pool = p.pool
               AND h.seq <= coalesce(r.last_seq, 9223372036854775807) AND CAST(substr(h.release, 3) AS INTEGER) <= r.number
             ORDER BY h.seq DESC LIMIT 1) AS seq
      FROM pools p JOIN release r ON r.id = :release
)
SELECT h.pool, h.unit, h.basis_points, u.commit_id, u.state AS unit_state
  FROM proved p
  JOIN share_history h ON h.environment = p.environment AND h.seq = p.seq AND h.pool = p.pool
  LEFT JOIN unit u ON u.name = h.unit
 WHERE h.basis_points > 0 AND (u.ended_ms IS NULL OR u.ended_ms > p.ended_ms)
 ORDER BY h.pool, h.basis_points DESC, h.unit;
