-- What was on the drained instances of a release, and what became of it? One row a probe, all instances together.
--   :release
-- seen = ended + forced + lost + left. left: NULL = unknown on at least one instance.
SELECT probe, count(*) AS instances, sum(seen) AS seen, sum(ended) AS ended, sum(forced) AS forced, sum(lost) AS lost,
       iif(count(left) = count(*), sum(left), NULL) AS left, min(since_ms) AS since_ms, max(at_ms) AS at_ms
  FROM drain WHERE release = :release GROUP BY probe ORDER BY probe;
