-- The front door showed these shares of one pool. A unit with a share is live.

DELETE FROM share
 WHERE environment = (SELECT environment FROM release WHERE id = :release) AND pool = :target;

INSERT INTO share (environment, pool, unit, basis_points)
SELECT (SELECT environment FROM release WHERE id = :release), :target, key, value
  FROM json_each(:body, '$.detail.shares');

INSERT INTO share_history (seq, environment, release, pool, unit, basis_points, at_ms)
SELECT :seq, (SELECT environment FROM release WHERE id = :release), :release, :target, key, value, :at_ms
  FROM json_each(:body, '$.detail.shares');

UPDATE unit SET state = 'live'
 WHERE state IN ('validated', 'kept')
   AND name IN (SELECT key FROM json_each(:body, '$.detail.shares') WHERE value > 0);
