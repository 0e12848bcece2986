-- Every change of shares that the front door proved.
--   seq           the row of v_event; one change has a row a unit
--   environment   where
--   release       of which
--   pool          of the front door
--   unit          which
--   basis_points  10000 = all of its pool
--   at            when
--   at_ms         the same, in milliseconds since 1970
SELECT h.seq, h.environment, h.release, h.pool, h.unit, h.basis_points,
       strftime('%Y-%m-%dT%H:%M:%SZ', h.at_ms / 1000, 'unixepoch') AS at, h.at_ms
  FROM share_history h;
