-- The same for each instance.
SELECT instance, probe, seen, ended, forced, lost, left, since_ms, at_ms
  FROM drain WHERE release = :release ORDER BY instance, probe;
