-- What happened in a release? In order.
--   :release
--   :after  the events after this row; NULL = from the first
--   :most   at most so many; NULL = 1000
-- The fields of the event, NULL where it has none; body: its further keys (docs/reference/events.md). title: of its step.
SELECT e.seq, e.release, e.kind, e.epoch, e.actor, e.at_ms, e.boot_ms,
       e.body ->> '$.reason' AS reason, e.body ->> '$.step' AS step, s.title, s.target, e.body ->> '$.attempt' AS attempt,
       e.body ->> '$.error_kind' AS error_kind, e.body ->> '$.decision' AS decision, e.body ->> '$.mode' AS mode,
       e.body ->> '$.end' AS end, e.body ->> '$.number' AS number, e.body ->> '$.subject' AS subject,
       e.body -> '$.body' AS body_json
  FROM event e LEFT JOIN step s ON s.release = e.release AND s.ordinal = e.body ->> '$.step'
 WHERE e.release = :release
   AND e.seq > max(coalesce(:after, 0), coalesce((SELECT first_seq - 1 FROM release WHERE id = :release), 0))
   AND e.seq <= coalesce((SELECT last_seq FROM release WHERE id = :release), 9223372036854775807)
 ORDER BY e.seq LIMIT coalesce(:most, 1000);
