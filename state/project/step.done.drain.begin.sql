-- The instance takes no new rooms.

UPDATE instance SET state = 'draining' WHERE name = :target AND state IN ('running', 'ready');

UPDATE stamp SET state = 'draining'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state IN ('running', 'validated');

UPDATE unit SET state = 'draining'
 WHERE name = (SELECT unit FROM instance WHERE name = :target) AND state <> 'destroyed';
