-- What is known of one release?
--   :id  'r-17'
-- environment_live_unit: what has the environment's traffic now. steps, steps_over: of the track that it is on, all and
-- done or skipped. duration_ms: NULL while it is live. review_*: of a hotfix; review_due_ms NULL = it needs none.
-- runner_*: who ran it last; NULL before its first runner.
SELECT r.id, r.number, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.branch, r.subject,
       r.requester, r.plan, r.state, r.end, r.pivot, r.reason, r.actor, r.state_ms, r.created_ms, r.ended_ms,
       r.ended_ms - r.created_ms AS duration_ms, r.scheduled, r.base_commit, r.back_to,
       w.due_ms AS review_due_ms, w.closed_ms AS review_closed_ms, w.person AS review_person,
       w.comment AS review_comment,
       e.live_unit AS environment_live_unit, e.door AS door_json,
       (SELECT count(*) FROM step s WHERE s.release = r.id AND s.track = 'forward') AS steps,
       (SELECT count(*) FROM step s
         WHERE s.release = r.id AND s.track = 'forward' AND s.state IN ('done', 'skipped')) AS steps_over,
       coalesce(r.last_seq, (SELECT max(seq) FROM event)) AS last_seq,
       l.epoch AS runner_epoch, l.person AS runner_person, l.host AS runner_host, l.pid AS runner_pid,
       l.since_ms AS runner_since_ms
  FROM release r
  JOIN environment e ON e.name = r.environment
  LEFT JOIN review w ON w.release = r.id
  LEFT JOIN lease l ON l.environment = r.environment AND l.release = r.id
 WHERE r.id = :id;
