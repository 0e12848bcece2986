-- When did a release wait with its traffic, for a window or a freeze?
--   :release
-- until_ms: as the calendar said; 0 = no end in sight. opened_ms: NULL = waits.
SELECT rule, reason, closed_ms, until_ms, opened_ms FROM closure WHERE release = :release ORDER BY seq;
