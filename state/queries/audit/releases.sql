-- Every release: who asked, who approved, what changed, how long it took, how it ended, what was lost on the way
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    created in this time
-- authors: of the commits from base_commit to commit_id. approvers: whose approvals opened a gate. plan: SHA-256 of the
-- plan in the evidence. artifacts: name and SHA-256. forced, lost: work on drained instances, over all probes.
SELECT r.id AS release, r.environment, r.kind, r.end, r.requester,
       (SELECT group_concat(person, ', ')
          FROM (SELECT DISTINCT person FROM decision d
                 WHERE d.release = r.id AND d.decision = 'approve' AND d.used_seq IS NOT NULL
                 ORDER BY person)) AS approvers,
       (SELECT group_concat(name, ', ') FROM (SELECT DISTINCT name FROM author a WHERE a.release = r.id
                                               ORDER BY name)) AS authors,
       r.created_ms AS created_at, r.ended_ms AS ended_at, r.ended_ms - r.created_ms AS duration_ms,
       r.commit_id, r.base_commit, r.branch, r.subject, r.unit, r.old_unit, r.pipeline, r.plan, r.scheduled, r.back_to,
       r.pivot, r.state, r.reason,
       (SELECT group_concat(name || ' ' || sha256, ', ')
          FROM (SELECT name, sha256 FROM artifact a WHERE a.unit = r.unit ORDER BY name)) AS artifacts,
       (SELECT coalesce(sum(forced), 0) FROM drain d WHERE d.release = r.id) AS forced,
       (SELECT coalesce(sum(lost), 0) FROM drain d WHERE d.release = r.id) AS lost
  FROM release r
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY r.created_ms, r.number;
