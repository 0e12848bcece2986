-- What was on an instance that was drained, and what became of it: seen = ended + forced + lost + left.
--   release   of which
--   instance  which
--   probe     what was counted: rooms, recordings, ...
--   seen      ever
--   ended     by themselves
--   forced    given up by a person
--   lost      with an instance that died
--   left      NULL = unknown
--   since_at  first asked
--   at        last change
--   since_ms  in milliseconds since 1970
--   at_ms     the same
SELECT d.release, d.instance, d.probe, d.seen, d.ended, d.forced, d.lost, d.left,
       strftime('%Y-%m-%dT%H:%M:%SZ', d.since_ms / 1000, 'unixepoch') AS since_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', d.at_ms / 1000, 'unixepoch') AS at, d.since_ms, d.at_ms
  FROM drain d;
