-- Release branches that penstock made.
--   seq        the row of v_event
--   name       of the branch
--   commit_id  where it began
--   trunk      what it was made from
--   person     who
--   at         when
--   at_ms      the same, in milliseconds since 1970
SELECT b.seq, b.name, b.commit_id, b.trunk, b.person,
       strftime('%Y-%m-%dT%H:%M:%SZ', b.at_ms / 1000, 'unixepoch') AS at, b.at_ms
  FROM branch b;
