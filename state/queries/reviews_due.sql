-- Which hotfixes of an environment have ended, and nobody has looked at them yet? The most urgent first.
--   :environment
SELECT w.release, w.due_ms, r.requester, r.subject
  FROM review w JOIN release r ON r.id = w.release
 WHERE w.closed_ms IS NULL AND w.environment = :environment AND r.ended_ms IS NOT NULL
 ORDER BY w.due_ms, r.number;
