-- When a live release waited with its traffic, for a window or a freeze.
--   seq          the row of v_event
--   release      of which
--   environment  where
--   rule         window | freeze
--   reason       in words
--   closed_at    from when
--   until_at     as the calendar said; NULL = no end in sight
--   opened_at    NULL = waits
--   closed_ms    the same, in milliseconds since 1970
--   opened_ms    the same
SELECT c.seq, c.release, r.environment, c.rule, c.reason,
       strftime('%Y-%m-%dT%H:%M:%SZ', c.closed_ms / 1000, 'unixepoch') AS closed_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', nullif(c.until_ms, 0) / 1000, 'unixepoch') AS until_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', c.opened_ms / 1000, 'unixepoch') AS opened_at, c.closed_ms, c.opened_ms
  FROM closure c JOIN release r ON r.id = c.release;
