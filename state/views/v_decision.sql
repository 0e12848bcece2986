-- What people decided, also what they were refused.
--   seq          the row of v_event
--   release      of which
--   environment  where
--   gate         NULL = about the release
--   decision     approve | reject | abort | rollback | retry | force | override | review
--   person       who
--   comment      why, in their words
--   subject      SHA-256 of what was shown: the decision holds for nothing else
--   at           when
--   at_ms        the same, in milliseconds since 1970
--   refused      why it was not accepted; NULL = it was
--   used_seq     the row of v_event that used it, once
SELECT d.seq, d.release, r.environment, g.name AS gate, d.decision, d.person, d.comment, d.subject,
       strftime('%Y-%m-%dT%H:%M:%SZ', d.at_ms / 1000, 'unixepoch') AS at, d.at_ms, d.refused, d.used_seq
  FROM decision d
  LEFT JOIN release r ON r.id = d.release
  LEFT JOIN gate g ON g.release = d.release AND g.step = d.step;
