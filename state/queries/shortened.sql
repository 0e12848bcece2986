-- What did a hotfix leave out of its pipeline?
--   :release
SELECT ordinal, what, was, now, reason FROM shortened WHERE release = :release ORDER BY ordinal;
