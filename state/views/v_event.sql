-- The journal: one row an event, never changed (see events.md).
--   seq      1, 2, 3 ... without gaps
--   release  '' = about none
--   kind     'step.started', ...
--   epoch    of the runner's lease; 0 = a person's
--   actor    who
--   at       when
--   at_ms    the same, in milliseconds since 1970
--   reason   why
--   step     ordinal in the plan
--   body     the encoded event, JSON
--   prev     SHA-256 of the row before, in hex
--   hash     of this one
SELECT e.seq, e.release, e.kind, e.epoch, e.actor, strftime('%Y-%m-%dT%H:%M:%SZ', e.at_ms / 1000, 'unixepoch') AS at,
       e.at_ms, e.body ->> '$.reason' AS reason, e.body ->> '$.step' AS step, e.body, lower(hex(e.prev)) AS prev,
       lower(hex(e.hash)) AS hash
  FROM event e;
