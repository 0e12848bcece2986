-- How far is each stage of a release?
--   :release
-- state: pending | running | waiting (people are asked) | done | failed (or in doubt) | skipped (nothing of it was
-- wanted, or the release ended before). steps, steps_over: all, and done or skipped. ended_ms: NULL until it is over.
WITH told AS (
    SELECT g.release, g.ordinal, g.name, g.kind, g.first_step, g.last_step, r.ended_ms AS release_ended_ms,
           coalesce(max(s.track), 'forward') AS track,
           count(s.ordinal) AS steps,
           count(*) FILTER (WHERE s.state = 'done') AS done,
           count(*) FILTER (WHERE s.state = 'skipped') AS skipped,
           count(*) FILTER (WHERE s.state IN ('failed', 'doubt')) AS failed,
           count(*) FILTER (WHERE s.state IN ('running', 'backoff')) AS running,
           count(*) FILTER (WHERE s.state = 'running' AND (t.state = 'asked' OR s.detail ->> '$.overdue' = 1)) AS waiting,
           min(s.started_ms) AS started_ms, max(s.ended_ms) AS ended_ms
      FROM stage g
      JOIN release r ON r.id = g.release
      LEFT JOIN step s ON s.release = g.release AND s.stage = g.ordinal
      LEFT JOIN gate t ON t.release = s.release AND t.step = s.ordinal
     WHERE g.release = :release
     GROUP BY g.release, g.ordinal
), judged AS (
    SELECT *, CASE WHEN failed > 0 THEN 'failed'
                   WHEN done + skipped = steps THEN iif(done > 0, 'done', 'skipped')
                   WHEN release_ended_ms IS NOT NULL THEN 'skipped'
                   WHEN waiting > 0 THEN 'waiting'
                   WHEN running > 0 OR done > 0 THEN 'running'
                   ELSE 'pending' END AS state
      FROM told
)
SELECT ordinal, name, kind, track, state, first_step, last_step, steps, done + skipped AS steps_over, started_ms,
       iif(state IN ('done', 'failed', 'skipped'), ended_ms, NULL) AS ended_ms
  FROM judged ORDER BY ordinal;
