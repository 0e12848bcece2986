-- Which releases are under way? At most one an environment.
--   :environment  of this one; NULL = of all
-- stage: the name of the first stage that is not over; step: the title of its first step that is under way.
SELECT r.id, r.number, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.branch, r.subject,
       r.requester, r.state, r.pivot, r.reason, r.actor, r.state_ms, r.created_ms,
       (SELECT g.name FROM stage g JOIN step s ON s.release = g.release AND s.stage = g.ordinal
         WHERE g.release = r.id AND s.state NOT IN ('done', 'skipped')
           AND s.track = CASE r.state WHEN 'rolling_back' THEN 'undo' ELSE 'forward' END
         ORDER BY s.ordinal LIMIT 1) AS stage,
       (SELECT s.title FROM step s
         WHERE s.release = r.id AND s.state IN ('running', 'backoff', 'doubt', 'failed')
         ORDER BY s.ordinal LIMIT 1) AS step
  FROM release r
 WHERE r.ended_ms IS NULL AND (:environment IS NULL OR r.environment = :environment)
 ORDER BY r.environment;
