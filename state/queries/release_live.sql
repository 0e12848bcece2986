-- Releases that have not ended, of :environment (NULL: of all), oldest first.
SELECT id, number, environment, kind, pipeline, unit, old_unit, commit_id, branch, subject, requester, plan, state, end,
       pivot, reason, actor, state_ms, created_ms, ended_ms
  FROM release WHERE ended_ms IS NULL AND (:environment IS NULL OR environment = :environment)
 ORDER BY number;
