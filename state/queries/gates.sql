-- The gates of :release that were asked, with how many people have approved what is asked now.
SELECT g.step, g.name, g.approvals, g.people AS people_json, g.bar_requester, g.subject, g.state, g.asked_ms, g.expires_ms,
       (SELECT count(DISTINCT d.person) FROM decision d
         WHERE d.release = g.release AND d.step = g.step AND d.decision = 'approve' AND d.refused IS NULL
           AND d.subject = g.subject) AS approved,
       (SELECT json_group_array(DISTINCT d.person) FROM decision d
         WHERE d.release = g.release AND d.step = g.step AND d.decision = 'approve' AND d.refused IS NULL
           AND d.subject = g.subject) AS approved_by_json
  FROM gate g WHERE g.release = :release ORDER BY g.step;
