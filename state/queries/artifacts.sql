-- What is a unit made of?
--   :unit
SELECT name, bytes, sha256 FROM artifact WHERE unit = :unit ORDER BY name;
