-- From here on nothing goes backward by itself.

UPDATE release SET pivot = 1 WHERE id = :release;
