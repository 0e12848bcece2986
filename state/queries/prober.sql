-- What did the prober of a release see? No row when none ran.
--   :release
-- sent: requests; failed: of them. p50_ms, p99_ms: the bound of the bucket that holds it; NULL without answers.
-- buckets: {"<upper bound in ms>": answers}.
WITH summed AS (
    SELECT le_ms, sum(answers) OVER (ORDER BY le_ms) AS below, sum(answers) OVER () AS answers
      FROM prober_bucket WHERE release = :release
)
SELECT p.sent, p.failed, coalesce((SELECT max(answers) FROM summed), 0) AS answers,
       (SELECT min(le_ms) FROM summed WHERE below * 100 >= answers * 50) AS p50_ms,
       (SELECT min(le_ms) FROM summed WHERE below * 100 >= answers * 99) AS p99_ms,
       (SELECT json_group_object(le_ms, answers)
          FROM (SELECT le_ms, answers FROM prober_bucket WHERE release = :release ORDER BY le_ms)) AS buckets_json
  FROM prober p WHERE p.release = :release;
