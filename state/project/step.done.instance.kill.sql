-- It was killed.

UPDATE instance SET state = 'stopped', ended_ms = coalesce(ended_ms, :at_ms)
 WHERE name = :target AND state NOT IN ('lost', 'destroyed');
