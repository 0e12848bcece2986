-- What the environment demanded of a release, and how that was met.
--   release       of which
--   environment   where
--   rule          branches, requires, changelog, window, freeze, ...
--   verdict       met | overridden | exempt
--   detail        how
--   override_seq  the decision that let it be broken
SELECT u.release, r.environment, u.rule, u.verdict, u.detail, u.override_seq
  FROM rule u JOIN release r ON r.id = u.release;
