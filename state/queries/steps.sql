-- Steps of :release, in order.
SELECT ordinal, stage, verb, track, target, title, key, state, attempt, reason, error AS error_json, detail AS detail_json,
       evidence, started_ms, ended_ms
  FROM step WHERE release = :release ORDER BY ordinal;
