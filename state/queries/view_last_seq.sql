-- The newest event of :release: cheap to ask, to see whether anything happened.
SELECT max(seq) AS seq FROM event WHERE release = :release;
