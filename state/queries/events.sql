-- Events of :release after :after, in order. body is what the kind has of its own (docs/reference/events.md).
SELECT seq, release, kind, epoch, actor, at_ms, body ->> '$.reason' AS reason, body ->> '$.step' AS step,
       body ->> '$.attempt' AS attempt, body -> '$.body' AS body_json
  FROM event WHERE release = :release AND seq > :after ORDER BY seq;
