-- What are the steps of a release, and what came of each?
--   :release
-- state: pending | running | backoff (failed for now, tried again) | doubt | done | failed | skipped. stage: its name.
SELECT s.ordinal, g.name AS stage, s.stage AS stage_ordinal, s.verb, s.track, s.target, s.title, s.key, s.state, s.attempt,
       s.reason, s.error AS error_json, s.detail AS detail_json, s.evidence, s.started_ms, s.ended_ms
  FROM step s JOIN stage g ON g.release = s.release AND g.ordinal = s.stage
 WHERE s.release = :release ORDER BY s.ordinal;
