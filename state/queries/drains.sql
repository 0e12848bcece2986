-- What was on the drained instances of :release and what became of it, by kind. left is NULL when one is unknown.
SELECT probe, sum(seen) AS seen, sum(ended) AS ended, sum(forced) AS forced, sum(lost) AS lost,
       CASE WHEN count(left) = count(*) THEN sum(left) END AS left, min(since_ms) AS since_ms, max(at_ms) AS at_ms
  FROM drain WHERE release = :release GROUP BY probe ORDER BY probe;
