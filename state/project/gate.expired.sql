-- Nobody opened it in time. What follows for the release is an event of its own.

UPDATE gate SET state = 'expired' WHERE release = :release AND step = :step AND state = 'asked';

UPDATE step SET reason = :reason WHERE release = :release AND ordinal = :step;
