-- One release.
SELECT * FROM release WHERE id = :id;
