-- Who wrote or committed what is in a release?
--   :release
SELECT name, mail FROM author WHERE release = :release ORDER BY name, mail;
