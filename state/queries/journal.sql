-- The whole journal, row by row, for an auditor: what was written, and the hash that chains it.
--   :after  the rows after this one; NULL = from the first
--   :most   at most so many; NULL = 1000
-- event: the encoded event (reason, step, ..., body).
SELECT seq, release, kind, epoch, actor, at_ms, boot_ms, body AS event_json, lower(hex(prev)) AS prev,
       lower(hex(hash)) AS hash
  FROM event WHERE seq > coalesce(:after, 0) ORDER BY seq LIMIT coalesce(:most, 1000);
