-- It died without being asked.

UPDATE instance SET state = 'lost', ended_ms = coalesce(ended_ms, :at_ms)
 WHERE name = :body ->> '$.instance' AND state NOT IN ('stopped', 'destroyed');
