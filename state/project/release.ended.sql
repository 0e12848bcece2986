-- The end. What is live now: the unit with the most traffic, of those that have an instance which is not lost; where no
-- traffic was ever moved, what was live before, or else the new unit when it succeeded. A unit that still stands and is
-- not live is kept.

UPDATE release SET state = 'ended', end = :end, ended_ms = :at_ms, reason = :reason, actor = :actor, state_ms = :at_ms,
                   last_seq = :seq
 WHERE id = :release;

UPDATE environment
   SET live_unit = coalesce(
           (SELECT share.unit
              FROM share JOIN unit ON unit.name = share.unit JOIN environment AS e ON e.name = share.environment
             WHERE e.name = (SELECT environment FROM release WHERE id = :release) AND unit.state <> 'destroyed'
             GROUP BY share.unit HAVING sum(basis_points) > 0
             ORDER BY EXISTS (SELECT 1 FROM instance
                               WHERE instance.unit = share.unit AND instance.state NOT IN ('planned', 'lost', 'destroyed'))
                      DESC, sum(basis_points) DESC, share.unit IS e.live_unit DESC, share.unit LIMIT 1),
           live_unit,
           (SELECT unit FROM release WHERE id = :release AND kind <> 'destroy' AND :end = 'succeeded'))
 WHERE name = (SELECT environment FROM release WHERE id = :release);

UPDATE environment SET live_unit = NULL
 WHERE name = (SELECT environment FROM release WHERE id = :release)
   AND EXISTS (SELECT 1 FROM unit WHERE unit.name = environment.live_unit AND unit.state = 'destroyed');

UPDATE unit SET state = CASE WHEN name = (SELECT live_unit FROM environment WHERE environment.name = unit.environment)
                             THEN 'live' ELSE 'kept' END
 WHERE state <> 'destroyed'
   AND name IN (SELECT unit FROM release WHERE id = :release UNION SELECT old_unit FROM release WHERE id = :release)
   AND (name = (SELECT live_unit FROM environment WHERE environment.name = unit.environment)
        OR EXISTS (SELECT 1 FROM instance
                    WHERE instance.unit = unit.name AND instance.state NOT IN ('planned', 'destroyed')));

UPDATE closure SET opened_ms = :at_ms, opened_seq = :seq WHERE release = :release AND opened_ms IS NULL;

-- What was destroyed as a whole needs no cleaning up any more.
UPDATE environment SET keep_until_ms = NULL
 WHERE live_unit IS NULL
   AND name = (SELECT environment FROM release WHERE id = :release AND kind = 'destroy' AND :end = 'succeeded');

UPDATE gate SET state = 'expired' WHERE release = :release AND state = 'asked';
