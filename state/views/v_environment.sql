-- Environments.
--   name           which
--   live_unit      what has the traffic; NULL before the first release
--   keep_until_at  a short-lived one may be cleaned up from then on; NULL = stays
--   keep_until_ms  the same, in milliseconds since 1970
SELECT e.name, e.live_unit, strftime('%Y-%m-%dT%H:%M:%SZ', e.keep_until_ms / 1000, 'unixepoch') AS keep_until_at,
       e.keep_until_ms
  FROM environment e;
