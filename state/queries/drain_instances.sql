-- What was on each drained instance of a release, and what became of it?
--   :release
-- side: new | old. seen = ended + forced + lost + left. left: NULL = unknown now.
SELECT d.instance, iif(i.unit IS r.unit, 'new', 'old') AS side, i.state, d.probe, d.seen, d.ended, d.forced, d.lost,
       d.left, d.since_ms, d.at_ms
  FROM drain d JOIN release r ON r.id = d.release LEFT JOIN instance i ON i.name = d.instance
 WHERE d.release = :release ORDER BY d.instance, d.probe;
