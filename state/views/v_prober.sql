-- What the engine's own client saw through the front door.
--   release  of which
--   sent     requests
--   failed   of them
SELECT p.release, p.sent, p.failed
  FROM prober p;
