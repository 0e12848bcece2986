-- Which instances of a release died without being asked, or fell sick and did not get well again?
--   :release
-- kind: instance.lost | instance.sick. answer: of its last health question; NULL when it died. log: of the instance.
-- One row an instance and kind, the first time that it happened.
SELECT e.kind, e.body ->> '$.body.instance' AS instance, min(e.at_ms) AS at_ms, e.body ->> '$.reason' AS reason,
       iif(e.kind = 'instance.sick', e.body ->> '$.body.answer', NULL) AS answer, i.log
  FROM event e LEFT JOIN instance i ON i.name = e.body ->> '$.body.instance'
 WHERE e.release = :release AND e.kind IN ('instance.lost', 'instance.sick')
   AND e.seq BETWEEN (SELECT first_seq FROM release WHERE id = :release)
                 AND coalesce((SELECT last_seq FROM release WHERE id = :release), 9223372036854775807)
   AND NOT (e.kind = 'instance.sick'
            AND EXISTS (SELECT 1 FROM event w WHERE w.release = e.release AND w.seq > e.seq AND w.kind = 'instance.well'
                                                AND w.body ->> '$.body.instance' = e.body ->> '$.body.instance'))
 GROUP BY e.kind, instance ORDER BY at_ms, e.seq;
