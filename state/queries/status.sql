-- Every environment: what is live in it, the release under way, and the gate that waits.
SELECT e.name AS environment, e.live_unit, u.commit_id AS live_commit, r.id AS release, r.state, r.reason, r.actor, r.state_ms,
       g.name AS gate, g.step AS gate_step, g.people AS people_json, g.asked_ms, g.expires_ms
  FROM environment e
  LEFT JOIN unit u ON u.name = e.live_unit
  LEFT JOIN release r ON r.environment = e.name AND r.ended_ms IS NULL
  LEFT JOIN gate g ON g.release = r.id AND g.state = 'asked'
 ORDER BY e.name;
