-- Questions to people.
--   release        of which
--   environment    where
--   step           its step in the plan
--   name           of the gate
--   approvals      how many people it takes
--   people         who may, a JSON list; [] = anyone
--   bar_requester  1 = not who asked for the release
--   subject        SHA-256 of what was shown
--   state          asked | opened | rejected | expired
--   asked_at       since when
--   asked_ms       the same, in milliseconds since 1970
SELECT g.release, r.environment, g.step, g.name, g.approvals, g.people, g.bar_requester, g.subject, g.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', g.asked_ms / 1000, 'unixepoch') AS asked_at, g.asked_ms
  FROM gate g JOIN release r ON r.id = g.release;
