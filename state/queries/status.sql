-- What is live in each environment, is something waiting for people, and how did the last release end?
--   :environment  this one; NULL = all
-- release ... : the live release, NULL when there is none. gate: the first open one. last_* : the last that ended.
SELECT e.name AS environment, e.live_unit, e.keep_until_ms, u.commit_id AS live_commit, u.release AS live_release, u.state AS live_state,
       (SELECT count(*) FROM instance i
         WHERE i.unit = e.live_unit AND i.state NOT IN ('planned', 'destroyed')) AS live_instances,
       e.door AS door_json,
       r.id AS release, r.kind AS release_kind, r.unit AS release_unit, r.state AS release_state,
       r.reason AS release_reason, r.actor AS release_actor, r.state_ms AS release_state_ms,
       r.created_ms AS release_created_ms, r.pivot AS release_pivot,
       (SELECT g.name FROM gate g WHERE g.release = r.id AND g.state = 'asked' ORDER BY g.step LIMIT 1) AS gate,
       (SELECT count(*) FROM gate g WHERE g.release = r.id AND g.state = 'asked') AS gates,
       p.id AS last_release, p.end AS last_end, p.reason AS last_reason, p.ended_ms AS last_ended_ms
  FROM environment e
  LEFT JOIN unit u ON u.name = e.live_unit
  LEFT JOIN release r ON r.environment = e.name AND r.ended_ms IS NULL
  LEFT JOIN release p ON p.number = (SELECT max(number) FROM release q
                                      WHERE q.environment = e.name AND q.ended_ms IS NOT NULL)
 WHERE :environment IS NULL OR e.name = :environment
 ORDER BY e.name;
