-- The stop signal was sent; `exited` says whether the instance ended within its grace. One that died by itself stays lost.

UPDATE instance SET state = 'stopped', ended_ms = coalesce(ended_ms, :at_ms)
 WHERE name = :target AND state NOT IN ('lost', 'destroyed') AND :body ->> '$.detail.exited' = 1;
