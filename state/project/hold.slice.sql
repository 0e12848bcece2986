-- Observed healthy time, added up in the step's detail.

UPDATE step SET detail = json_object('held_ms', coalesce(detail ->> '$.held_ms', 0) + :number)
 WHERE release = :release AND ordinal = :step;
