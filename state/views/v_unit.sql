-- Units: what was built from a commit, and where it is in its life.
--   name         'prod-1a2b3c4-7'
--   environment  where
--   release      that made it
--   commit_id    that it is of
--   state        planned | built | deployed | validated | live | draining | kept | destroyed
--   created_at   when it was planned
--   ended_at     when it was destroyed
--   created_ms   in milliseconds since 1970
--   ended_ms     the same
SELECT u.name, u.environment, u.release, u.commit_id, u.state,
       strftime('%Y-%m-%dT%H:%M:%SZ', u.created_ms / 1000, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', u.ended_ms / 1000, 'unixepoch') AS ended_at, u.created_ms, u.ended_ms
  FROM unit u;
