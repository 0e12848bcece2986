-- Stages of :release, in order.
SELECT ordinal, name, kind, first_step, last_step FROM stage WHERE release = :release ORDER BY ordinal;
