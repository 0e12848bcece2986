-- A release exists: its row, its new unit with stamps and instances, its stages and steps, and the terms on which it goes.
-- A second live release of the environment breaks the index release_one_live.

INSERT INTO release (id, number, environment, kind, pipeline, unit, old_unit, commit_id, branch, subject, requester,
                     scheduled, base_commit, back_to, plan, state, reason, actor, state_ms, created_ms, first_seq)
VALUES (:release, CAST(substr(:release, 3) AS INTEGER), :body ->> '$.environment', :body ->> '$.kind',
        :body ->> '$.pipeline', :body ->> '$.unit', :body ->> '$.old_unit', :body ->> '$.commit',
        coalesce(:body ->> '$.branch', ''), coalesce(:body ->> '$.subject', ''), :body ->> '$.requester',
        coalesce(:body ->> '$.terms.scheduled', 0), :body ->> '$.terms.base_commit', :body ->> '$.terms.back_to',
        :body ->> '$.plan', 'running', :reason, :actor, :at_ms, :at_ms, :seq);

-- The front door stays the one there is as long as anything stands behind it.
INSERT INTO environment (name, door, keep_until_ms)
VALUES (:body ->> '$.environment', nullif(:body -> '$.door', 'null'), :body ->> '$.terms.keep_until_ms')
ON CONFLICT (name) DO UPDATE SET door = CASE
    WHEN EXISTS (SELECT 1 FROM instance JOIN unit ON unit.name = instance.unit
                  WHERE unit.environment = environment.name AND instance.state NOT IN ('planned', 'destroyed'))
    THEN coalesce(environment.door, excluded.door) ELSE coalesce(excluded.door, environment.door) END,
                                 keep_until_ms = excluded.keep_until_ms;

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

INSERT INTO author (release, mail, name)
SELECT DISTINCT :release, value ->> '$.mail', value ->> '$.name' FROM json_each(:body, '$.terms.authors');

INSERT INTO rule (release, rule, verdict, detail, override_seq)
SELECT :release, value ->> '$.rule', value ->> '$.verdict', value ->> '$.detail', value ->> '$.override_seq'
  FROM json_each(:body, '$.terms.rules');

INSERT INTO pick (release, ordinal, commit_id, source, by_hand)
SELECT :release, key, value ->> '$.commit', value ->> '$.source', value ->> '$.by_hand'
  FROM json_each(:body, '$.terms.picks');

INSERT INTO shortened (release, ordinal, what, was, now, reason)
SELECT :release, key, value ->> '$.what', value ->> '$.was', value ->> '$.now', value ->> '$.reason'
  FROM json_each(:body, '$.terms.shortened');

INSERT INTO review (release, environment, due_ms)
SELECT :release, :body ->> '$.environment', :at_ms + (:body ->> '$.terms.review_ms')
 WHERE :body ->> '$.terms.review_ms' IS NOT NULL;
