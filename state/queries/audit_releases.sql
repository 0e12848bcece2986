-- Every release of a period, for an auditor: who asked, who approved, what changed, how long it took, how it ended, and
-- what was lost on the way.
--   :environment       of this one; NULL = of all
--   :from_ms, :to_ms   created in this time (from included, to not); NULL = no bound
-- plan: the digest of the plan in the evidence. artifacts: [{name, sha256}]. forced, lost: over all probes.
SELECT r.id, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.branch, r.subject, r.requester, r.plan,
       r.state, r.end, r.reason, r.pivot, r.created_ms, r.ended_ms, r.ended_ms - r.created_ms AS duration_ms,
       (SELECT json_group_array(person)
          FROM (SELECT DISTINCT person FROM decision d
                 WHERE d.release = r.id AND d.decision = 'approve' AND d.used_seq IS NOT NULL
                 ORDER BY person)) AS approvers_json,
       (SELECT json_group_array(json_object('name', name, 'sha256', sha256))
          FROM (SELECT name, sha256 FROM artifact a WHERE a.unit = r.unit ORDER BY name)) AS artifacts_json,
       (SELECT coalesce(sum(forced), 0) FROM drain d WHERE d.release = r.id) AS forced,
       (SELECT coalesce(sum(lost), 0) FROM drain d WHERE d.release = r.id) AS lost,
       (SELECT count(*) FROM event v WHERE v.release = r.id AND v.seq BETWEEN r.first_seq
                                                 AND coalesce(r.last_seq, 9223372036854775807)) AS events
  FROM release r
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND (:from_ms IS NULL OR r.created_ms >= :from_ms) AND (:to_ms IS NULL OR r.created_ms < :to_ms)
 ORDER BY r.number;
