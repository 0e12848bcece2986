-- Who approved what, when, and on which evidence
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    approved in this time
-- shown: SHA-256 of all that was shown; the approval holds for nothing else. plan: SHA-256 of the plan, which is in the
-- evidence. opened: 1 = it opened the gate, 0 = the gate asked anew, or went to somebody else's no.
SELECT d.at_ms AS approved_at, d.person, d.release, r.environment, r.kind, g.name AS gate, r.requester, r.commit_id,
       d.comment, d.subject AS shown, r.plan, d.used_seq IS NOT NULL AS opened, d.seq
  FROM decision d
  JOIN release r ON r.id = d.release
  LEFT JOIN gate g ON g.release = d.release AND g.step = d.step
 WHERE d.decision = 'approve' AND d.refused IS NULL
   AND (:environment IS NULL OR r.environment = :environment)
   AND d.at_ms >= coalesce(:since_ms, 0) AND d.at_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY d.at_ms, d.seq;
