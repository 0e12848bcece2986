-- A check said yes: the stamp is validated, and the unit once all its stamps are.

UPDATE stamp SET state = 'validated'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state = 'running';

UPDATE unit SET state = 'validated'
 WHERE name = (SELECT unit FROM instance WHERE name = :target) AND state = 'deployed'
   AND NOT EXISTS (SELECT 1 FROM stamp WHERE stamp.unit = unit.name AND stamp.state IN ('planned', 'running'));
