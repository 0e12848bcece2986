-- Which hotfixes of an environment has nobody looked at yet? The most urgent first.
--   :environment
SELECT w.release, w.due_ms, r.requester, r.subject
  FROM review w JOIN release r ON r.id = w.release
 WHERE w.closed_ms IS NULL AND w.environment = :environment
 ORDER BY w.due_ms, r.number;
