-- What a unit is made of.
--   unit    of which
--   name    of the file
--   bytes   how large
--   sha256  its digest
SELECT a.unit, a.name, a.bytes, a.sha256
  FROM artifact a;
