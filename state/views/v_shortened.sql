-- What a hotfix left out of its pipeline.
--   release  of which
--   ordinal  in which order
--   what     key of the pipeline
--   was      as the pipeline has it
--   now      as it ran
--   reason   what allowed it
SELECT s.release, s.ordinal, s.what, s.was, s.now, s.reason
  FROM shortened s;
