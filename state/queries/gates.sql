-- What were people asked in a release?
--   :release
-- state: asked | opened | rejected | expired. people: empty = anyone. barred: authors who may not say yes. approvers: who said yes to what is asked.
SELECT g.release, r.environment, g.step, g.name, g.approvals, g.people AS people_json, g.bar_requester,
       g.barred AS barred_json, g.subject, g.state, g.asked_ms, g.expires_ms, r.requester,
       (SELECT json_group_array(person)
          FROM (SELECT person FROM decision d
                 WHERE d.release = g.release AND d.step = g.step AND d.decision = 'approve' AND d.refused IS NULL
                   AND d.subject IS g.subject
                 GROUP BY person ORDER BY min(seq))) AS approvers_json
  FROM gate g JOIN release r ON r.id = g.release
 WHERE g.release = :release ORDER BY g.step;
