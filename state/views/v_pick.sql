-- The commits of a hotfix.
--   release    of which
--   ordinal    in which order
--   commit_id  on the release branch
--   source     the same on the trunk
--   by_hand    1 = a person resolved its conflicts
SELECT p.release, p.ordinal, p.commit_id, p.source, p.by_hand
  FROM pick p;
