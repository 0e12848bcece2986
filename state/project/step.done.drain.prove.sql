-- Nothing is left on the instance.

UPDATE instance SET state = 'drained' WHERE name = :target AND state IN ('running', 'ready', 'draining');

UPDATE stamp SET state = 'drained'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state = 'draining'
   AND NOT EXISTS (SELECT 1 FROM instance
                    WHERE instance.stamp = stamp.name AND instance.state IN ('running', 'ready', 'draining'));
