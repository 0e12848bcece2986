-- It may have happened; a person is asked. The attempt stays open.

UPDATE step SET state = 'doubt', reason = :reason WHERE release = :release AND ordinal = :step;
