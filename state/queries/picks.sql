-- Which commits does a hotfix bring, and of which of the trunk are they?
--   :release
-- by_hand: 1 = a person resolved its conflicts.
SELECT ordinal, commit_id, source, by_hand FROM pick WHERE release = :release ORDER BY ordinal;
