-- Releases of :environment (NULL: of all), newest first, :limit at most.
SELECT id, number, environment, kind, pipeline, unit, old_unit, commit_id, branch, subject, requester, plan, state, end,
       pivot, reason, actor, state_ms, created_ms, ended_ms
  FROM release WHERE :environment IS NULL OR environment = :environment
 ORDER BY number DESC LIMIT :limit;
