-- One release, by :id.
SELECT id, number, environment, kind, pipeline, unit, old_unit, commit_id, branch, subject, requester, plan, state, end,
       pivot, reason, actor, state_ms, created_ms, ended_ms
  FROM release WHERE id = :id;
