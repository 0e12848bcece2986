-- What the prober of :release saw. p99_ms: the bucket that 99 of 100 answers are within.
WITH b AS (
    SELECT le_ms, sum(answers) OVER (ORDER BY le_ms) AS so_far, sum(answers) OVER () AS all_answers
      FROM prober_bucket WHERE release = :release)
SELECT p.sent, p.failed,
       (SELECT min(le_ms) FROM b WHERE so_far * 100 >= all_answers * 99) AS p99_ms
  FROM prober p WHERE p.release = :release;
