-- The newest event that :release can have: cheap to ask, to see whether anything may have happened.
SELECT coalesce((SELECT last_seq FROM release WHERE id = :release), (SELECT max(seq) FROM event)) AS seq;
