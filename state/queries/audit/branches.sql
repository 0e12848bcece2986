-- Which release branches were made, from what, by whom
--   :since_ms, :until_ms    made in this time
SELECT b.at_ms AS made_at, b.name, b.trunk, b.commit_id, b.person, b.seq
  FROM branch b
 WHERE b.at_ms >= coalesce(:since_ms, 0) AND b.at_ms < coalesce(:until_ms, 9223372036854775807)
 ORDER BY b.seq;
