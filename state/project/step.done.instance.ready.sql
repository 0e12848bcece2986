-- Healthy for the first time. An old instance that is asked before it gets its traffic back stays what it is.

UPDATE instance SET state = 'ready' WHERE name = :target AND state = 'running';
