-- Every exception from the rules: no row means that there was none
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    happened in this time
-- what: refused (a decision that was not permitted) | own approval (the requester opened a gate) | override given |
-- freeze broken, rule broken (a release went under an override) | given up, lost (work on a drained instance: by a
-- person, with an instance that died) | forced (a person gave work up) | left as it is (ended without going back).
-- amount: of rooms and the like. seq: the row of the journal.
WITH found AS (
    SELECT d.release, r.environment, d.seq, d.at_ms, 'refused' AS what, d.person, d.refused AS detail, NULL AS amount
      FROM decision d LEFT JOIN release r ON r.id = d.release WHERE d.refused IS NOT NULL
     UNION ALL
    SELECT d.release, r.environment, d.seq, d.at_ms, 'forced', d.person, d.comment, NULL
      FROM decision d JOIN release r ON r.id = d.release WHERE d.decision = 'force' AND d.refused IS NULL
     UNION ALL
    SELECT d.release, r.environment, d.seq, d.at_ms, 'own approval', d.person, d.comment, NULL
      FROM decision d JOIN release r ON r.id = d.release
     WHERE d.decision = 'approve' AND d.used_seq IS NOT NULL AND d.person = r.requester
     UNION ALL
    SELECT n.release, r.environment, NULL, n.at_ms, 'lost', NULL, n.instance || ' ' || n.probe, n.lost
      FROM drain n JOIN release r ON r.id = n.release WHERE (n.lost > 0 OR n.forced > 0) AND n.lost > 0
     UNION ALL
    SELECT n.release, r.environment, NULL, n.at_ms, 'given up', NULL, n.instance || ' ' || n.probe, n.forced
      FROM drain n JOIN release r ON r.id = n.release WHERE (n.lost > 0 OR n.forced > 0) AND n.forced > 0
     UNION ALL
    SELECT o.release, o.environment, o.seq, o.at_ms, 'override given', o.person,
           o.rule || ' until ' || strftime('%Y-%m-%dT%H:%M:%SZ', o.until_ms / 1000, 'unixepoch') || ': ' || o.reason, NULL
      FROM override o
     UNION ALL
    SELECT u.release, r.environment, u.override_seq, r.created_ms, iif(u.rule = 'freeze', 'freeze broken', 'rule broken'),
           o.person, u.rule || ': ' || u.detail, NULL
      FROM rule u JOIN release r ON r.id = u.release LEFT JOIN override o ON o.seq = u.override_seq
     WHERE u.verdict = 'overridden'
     UNION ALL
    SELECT r.id, r.environment, NULL, r.ended_ms, 'left as it is', r.actor, r.reason, NULL
      FROM release r WHERE r.end = 'failed'
)
SELECT f.at_ms AS happened_at, f.what, f.release, f.environment, f.person, f.detail, f.amount, f.seq
  FROM found f
 WHERE (:environment IS NULL OR f.environment = :environment)
   AND f.at_ms >= coalesce(:since_ms, 0) AND f.at_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY f.at_ms, f.release, f.what, f.detail;
