-- The instance may take new rooms again; its unit is what it was before.

UPDATE instance SET state = 'ready' WHERE name = :target AND state IN ('draining', 'drained');

UPDATE stamp SET state = 'validated'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state IN ('draining', 'drained');

UPDATE unit SET state = CASE WHEN name = (SELECT live_unit FROM environment WHERE environment.name = unit.environment)
                               OR EXISTS (SELECT 1 FROM share WHERE share.unit = unit.name AND basis_points > 0)
                             THEN 'live' ELSE 'validated' END
 WHERE name = (SELECT unit FROM instance WHERE name = :target) AND state = 'draining';
