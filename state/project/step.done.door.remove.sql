-- The environment has no front door any more, so nothing in it has traffic.

UPDATE environment SET door = NULL, live_unit = NULL
 WHERE name = (SELECT environment FROM release WHERE id = :release);

DELETE FROM share WHERE environment = (SELECT environment FROM release WHERE id = :release);
