-- Steps of releases, in the order of the plan.
--   release     of which
--   ordinal     its place
--   stage       name of its stage
--   verb        what is done
--   track       forward | undo
--   target      to what
--   title       in words
--   state       pending | running | backoff | doubt | done | failed | skipped
--   attempt     the last one
--   reason      why it is in this state
--   error_code  of the last failure
--   error       in words
--   evidence    SHA-256 of what it rests on
--   started_ms  in milliseconds since 1970
--   ended_ms    the same
SELECT s.release, s.ordinal, g.name AS stage, s.verb, s.track, s.target, s.title, s.state, s.attempt, s.reason,
       s.error ->> '$.code' AS error_code, s.error ->> '$.text' AS error, s.evidence, s.started_ms, s.ended_ms
  FROM step s JOIN stage g ON g.release = s.release AND g.ordinal = s.stage;
