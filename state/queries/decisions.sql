-- What people decided about :release, accepted or not, oldest first.
SELECT seq, step, decision, person, comment, subject, at_ms, refused, used_seq FROM decision
 WHERE release = :release ORDER BY seq;
