-- Every exception from the rules in a period, for an auditor. No row means that there was none.
--   :environment       of this one; NULL = of all
--   :from_ms, :to_ms   happened in this time (from included, to not); NULL = no bound
-- what: refused (a decision that was not permitted) | forced (work given up by a person) | lost (work lost) | own
-- approval (the requester opened a gate) | left as it is (ended without going back). amount: of rooms and the like.
WITH found AS (
    SELECT d.release, d.seq, d.at_ms, 'refused' AS what, d.person, d.refused AS detail, NULL AS amount
      FROM decision d WHERE d.refused IS NOT NULL
     UNION ALL
    SELECT d.release, d.seq, d.at_ms, 'forced', d.person, d.comment,
           (SELECT sum(forced) FROM drain n WHERE n.release = d.release)
      FROM decision d WHERE d.decision = 'force' AND d.refused IS NULL
     UNION ALL
    SELECT n.release, NULL, n.at_ms, 'lost', NULL, n.instance || ' ' || n.probe, n.lost FROM drain n WHERE n.lost > 0
     UNION ALL
    SELECT d.release, d.seq, d.at_ms, 'own approval', d.person, d.comment, NULL
      FROM decision d JOIN release r ON r.id = d.release
     WHERE d.decision = 'approve' AND d.used_seq IS NOT NULL AND d.person = r.requester
     UNION ALL
    SELECT r.id, NULL, r.ended_ms, 'left as it is', r.actor, r.reason, NULL FROM release r WHERE r.end = 'failed'
)
SELECT f.release, r.environment, f.seq, f.at_ms, f.what, f.person, f.detail, f.amount
  FROM found f LEFT JOIN release r ON r.id = f.release
 WHERE (:environment IS NULL OR r.environment = :environment)
   AND (:from_ms IS NULL OR f.at_ms >= :from_ms) AND (:to_ms IS NULL OR f.at_ms < :to_ms)
 ORDER BY f.at_ms, f.release, f.what;
