-- A gate that was given up asks nobody any more.

UPDATE gate SET state = 'expired' WHERE release = :release AND step = :step AND state = 'asked';
