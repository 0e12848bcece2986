-- A release exists: its row, its new unit with stamps and instances, its stages and steps. A second live release of
-- the environment breaks the index release_one_live.

INSERT INTO release (id, number, environment, kind, pipeline, unit, old_unit, commit_id, branch, subject, requester,
                     plan, state, reason, actor, state_ms, created_ms, first_seq)
VALUES (:release, CAST(substr(:release, 3) AS INTEGER), :body ->> '$.environment', :body ->> '$.kind',
        :body ->> '$.pipeline', :body ->> '$.unit', :body ->> '$.old_unit', :body ->> '$.commit',
        coalesce(:body ->> '$.branch', ''), coalesce(:body ->> '$.subject', ''), :body ->> '$.requester',
        :body ->> '$.plan', 'running', :reason, :actor, :at_ms, :at_ms, :seq);

INSERT INTO environment (name, door)
VALUES (:body ->> '$.environment', nullif(:body -> '$.door', 'null'))
ON CONFLICT (name) DO UPDATE SET door = excluded.door WHERE environment.door IS NULL;

INSERT INTO unit (name, environment, release, commit_id, number, state, contract, created_ms)
SELECT :body ->> '$.unit', :body ->> '$.environment', :release, :body ->> '$.commit', :body ->> '$.unit_number',
       'planned', :body -> '$.contract', :at_ms
 WHERE :body ->> '$.unit' IS NOT NULL;

INSERT INTO instance (name, stamp, unit, region, state, mark, dir, log)
SELECT value ->> '$.name', value ->> '$.stamp', :body ->> '$.unit', value ->> '$.region', 'planned',
       value ->> '$.mark', value ->> '$.dir', value ->> '$.log'
  FROM json_each(:body, '$.instances');

INSERT INTO stamp (name, unit, region, state)
SELECT DISTINCT value ->> '$.stamp', :body ->> '$.unit', value ->> '$.region', 'planned'
  FROM json_each(:body, '$.instances');

INSERT INTO stage (release, ordinal, name, kind, first_step, last_step)
SELECT :release, key, value ->> '$.name', value ->> '$.kind', value ->> '$.first_step', value ->> '$.last_step'
  FROM json_each(:body, '$.stages');

INSERT INTO step (release, ordinal, stage, verb, track, target, title, key, state)
SELECT :release, key, value ->> '$.stage', value ->> '$.verb', value ->> '$.track', value ->> '$.target',
       value ->> '$.title', value ->> '$.key', 'pending'
  FROM json_each(:body, '$.steps');
