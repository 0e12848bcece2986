-- What did the environment demand of a release, and how was that met?
--   :release
-- verdict: met | overridden | exempt. person, reason, until_ms: of the override.
SELECT u.rule, u.verdict, u.detail, u.override_seq, o.person, o.reason, o.until_ms
  FROM rule u LEFT JOIN override o ON o.seq = u.override_seq
 WHERE u.release = :release ORDER BY u.rule;
