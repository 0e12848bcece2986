-- The instance runs, as the process that the detail names.

UPDATE instance SET state = 'running', address = :body ->> '$.detail.address', pid = :body ->> '$.detail.pid',
                    start = :body ->> '$.detail.start', boot_id = :body ->> '$.detail.boot_id',
                    created_ms = :at_ms, ended_ms = NULL
 WHERE name = :target;

UPDATE stamp SET state = 'running'
 WHERE name = (SELECT stamp FROM instance WHERE name = :target) AND state = 'planned';

UPDATE unit SET state = 'deployed'
 WHERE name = (SELECT unit FROM instance WHERE name = :target) AND state IN ('planned', 'built');
