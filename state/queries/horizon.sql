-- How far can an environment go back, and what ends that?
--   :environment
-- release, old_unit: the live release and the unit it replaces, while that stands untouched; then going back is at once.
-- earlier: the newest release that succeeded with another commit than the live one; then going back is a new release.
SELECT w.id AS release, w.old_unit, wu.commit_id AS old_commit,
       p.id AS earlier, p.commit_id AS earlier_commit
  FROM environment e
  LEFT JOIN unit lu ON lu.name = e.live_unit
  LEFT JOIN release w ON w.environment = e.name AND w.ended_ms IS NULL AND w.pivot = 0 AND w.kind <> 'destroy'
                         AND w.old_unit IS NOT NULL AND w.state <> 'rolling_back'
  LEFT JOIN unit wu ON wu.name = w.old_unit
  LEFT JOIN release p ON p.number = (SELECT max(q.number) FROM release q
                                      WHERE q.environment = e.name AND q.end = 'succeeded' AND q.kind <> 'destroy'
                                        AND q.commit_id IS NOT lu.commit_id)
 WHERE e.name = :environment;
