-- Whether a hotfix was looked at afterwards.
--   :release
SELECT release, environment, due_ms, closed_ms, closed_seq, person, comment FROM review WHERE release = :release;
