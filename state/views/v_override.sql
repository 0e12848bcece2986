-- Rules that a person let be broken for a time.
--   seq          of the decision
--   environment  where
--   release      the live one it was given for; '' = whichever begins in time
--   rule         which
--   person       who
--   reason       why
--   at           when
--   until_at     how long it holds
--   at_ms        the same, in milliseconds since 1970
--   until_ms     the same
SELECT o.seq, o.environment, o.release, o.rule, o.person, o.reason,
       strftime('%Y-%m-%dT%H:%M:%SZ', o.at_ms / 1000, 'unixepoch') AS at,
       strftime('%Y-%m-%dT%H:%M:%SZ', o.until_ms / 1000, 'unixepoch') AS until_at, o.at_ms, o.until_ms
  FROM override o;
