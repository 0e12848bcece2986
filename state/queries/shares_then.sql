-- Who had the new traffic when a release ended? The shares that it proved last; a unit that had none is left out.
--   :release
SELECT h.pool, h.unit, h.basis_points, u.commit_id, u.state AS unit_state
  FROM release r
  JOIN share_history h ON h.environment = r.environment AND h.release = r.id
                      AND h.seq BETWEEN r.first_seq AND coalesce(r.last_seq, 9223372036854775807)
  LEFT JOIN unit u ON u.name = h.unit
 WHERE r.id = :release AND h.basis_points > 0
   AND NOT EXISTS (SELECT 1 FROM share_history n
                    WHERE n.environment = h.environment AND n.seq > h.seq
                      AND n.seq <= coalesce(r.last_seq, 9223372036854775807) AND n.release = h.release AND n.pool = h.pool)
 ORDER BY h.pool, h.basis_points DESC, h.unit;
