-- Hotfixes are looked at afterwards, by somebody else.
--   release      of which
--   environment  where
--   due_at       until when
--   closed_at    NULL = due
--   person       who closed it
--   comment      in their words
--   due_ms       in milliseconds since 1970
--   closed_ms    the same
SELECT w.release, w.environment, strftime('%Y-%m-%dT%H:%M:%SZ', w.due_ms / 1000, 'unixepoch') AS due_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', w.closed_ms / 1000, 'unixepoch') AS closed_at, w.person, w.comment, w.due_ms,
       w.closed_ms
  FROM review w;
