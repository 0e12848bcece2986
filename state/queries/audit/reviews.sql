-- Hotfixes that have ended and that nobody has looked at yet, the most urgent first
--   :environment            of this one; NULL = of all
--   :since_ms, :until_ms    due in this time
-- late: 1 = the time for it is over.
SELECT w.release, w.environment, w.due_ms AS due_at, w.due_ms < :now_ms AS late, max(:now_ms - w.due_ms, 0) AS late_ms,
       r.requester, r.end, r.commit_id, r.subject
  FROM review w JOIN release r ON r.id = w.release
 WHERE w.closed_ms IS NULL AND r.ended_ms IS NOT NULL AND (:environment IS NULL OR w.environment = :environment)
   AND w.due_ms >= coalesce(:since_ms, 0) AND w.due_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY w.due_ms, r.number;
