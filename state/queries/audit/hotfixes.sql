-- Every hotfix: what was picked, what was shortened, and whether somebody looked at it afterwards
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    created in this time
-- picks: each commit and the one of the trunk that it repeats. shortened: keys of the pipeline, and how they ran.
-- review: due | late (the time is over) | closed.
SELECT r.id AS release, r.environment, r.requester, r.created_ms AS created_at, r.end, r.commit_id, r.subject,
       (SELECT group_concat(text, '; ')
          FROM (SELECT substr(p.commit_id, 1, 7) || ' from ' || substr(p.source, 1, 7) || iif(p.by_hand, ' by hand', '') AS text
                  FROM pick p WHERE p.release = r.id ORDER BY p.ordinal)) AS picks,
       (SELECT group_concat(text, '; ')
          FROM (SELECT s.what || ': ' || s.was || ' -> ' || s.now || ' (' || s.reason || ')' AS text
                  FROM shortened s WHERE s.release = r.id ORDER BY s.ordinal)) AS shortened,
       CASE WHEN w.closed_ms IS NOT NULL THEN 'closed' WHEN w.due_ms < :now_ms THEN 'late'
            WHEN w.due_ms IS NOT NULL THEN 'due' END AS review,
       w.due_ms AS review_due_at, w.closed_ms AS reviewed_at, w.person AS reviewer, w.comment AS review_comment
  FROM release r LEFT JOIN review w ON w.release = r.id
 WHERE r.kind = 'hotfix' AND (:environment IS NULL OR r.environment = :environment)
   AND r.created_ms >= coalesce(:since_ms, 0) AND r.created_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY r.created_ms, r.number;
