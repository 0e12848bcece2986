-- What did people decide about a release?
--   :release
-- gate: NULL when it is about the whole release. refused: why it was not accepted; NULL = it was. used_seq: the event
-- that used it.
SELECT d.seq, d.step, g.name AS gate, d.decision, d.person, d.comment, d.subject, d.at_ms, d.refused, d.used_seq
  FROM decision d LEFT JOIN gate g ON g.release = d.release AND g.step = d.step
 WHERE d.release = :release ORDER BY d.seq;
