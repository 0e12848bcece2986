-- The unit is built: its artifacts by digest.

INSERT INTO artifact (unit, name, bytes, sha256)
SELECT :target, value ->> '$.name', value ->> '$.bytes', value ->> '$.sha256'
  FROM json_each(:body, '$.detail.artifacts')
 WHERE true
ON CONFLICT (unit, name) DO UPDATE SET bytes = excluded.bytes, sha256 = excluded.sha256;

UPDATE unit SET state = 'built' WHERE name = :target AND state = 'planned';
