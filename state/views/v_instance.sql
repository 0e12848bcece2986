-- Instances of units.
--   name        which
--   stamp       of which
--   unit        of which
--   region      of its stamp
--   state       planned | running | ready | draining | drained | stopped | lost | destroyed
--   address     ip:port
--   created_at  when it was started
--   ended_at    when it ended
--   created_ms  in milliseconds since 1970
--   ended_ms    the same
SELECT i.name, i.stamp, i.unit, i.region, i.state, i.address,
       strftime('%Y-%m-%dT%H:%M:%SZ', i.created_ms / 1000, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', i.ended_ms / 1000, 'unixepoch') AS ended_at, i.created_ms, i.ended_ms
  FROM instance i;
