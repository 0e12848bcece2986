-- Which questions wait for people now?
--   :release      of this one; NULL = of all
--   :environment  of this one; NULL = of all
-- people: empty = anyone. barred: authors who may not say yes. approvers: who said yes to what is asked now; it opens when there are `approvals` of them.
SELECT g.release, r.environment, g.step, g.name, g.approvals, g.people AS people_json, g.bar_requester,
       g.barred AS barred_json, g.subject, g.state, g.asked_ms, g.expires_ms, r.requester,
       (SELECT json_group_array(person)
          FROM (SELECT person FROM decision d
                 WHERE d.release = g.release AND d.step = g.step AND d.decision = 'approve' AND d.refused IS NULL
                   AND d.subject IS g.subject
                 GROUP BY person ORDER BY min(seq))) AS approvers_json
  FROM release r JOIN gate g ON g.release = r.id
 WHERE r.ended_ms IS NULL AND g.state = 'asked'
   AND (:release IS NULL OR r.id = :release) AND (:environment IS NULL OR r.environment = :environment)
 ORDER BY g.asked_ms, g.release, g.step;
