-- It is proved to be gone; with its last instance, so is the stamp.

UPDATE instance SET state = 'destroyed', ended_ms = coalesce(ended_ms, :at_ms) WHERE name = :target;

UPDATE stamp SET state = 'destroyed'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target)
   AND NOT EXISTS (SELECT 1 FROM instance WHERE instance.stamp = stamp.name AND instance.state <> 'destroyed');
