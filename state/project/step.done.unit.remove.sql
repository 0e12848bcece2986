-- The unit's directories are gone, and with them what of it was never created.

UPDATE unit SET state = 'destroyed', ended_ms = :at_ms WHERE name = :target;

UPDATE instance SET state = 'destroyed', ended_ms = coalesce(ended_ms, :at_ms)
 WHERE unit = :target AND state = 'planned';

UPDATE stamp SET state = 'destroyed'
 WHERE unit = :target
   AND NOT EXISTS (SELECT 1 FROM instance WHERE instance.stamp = stamp.name AND instance.state <> 'destroyed');

DELETE FROM share WHERE unit = :target;
