-- It died without being asked. When it was being drained, the ledger says what was lost with it.

UPDATE instance SET state = 'lost', ended_ms = coalesce(ended_ms, :at_ms)
 WHERE name = :body ->> '$.instance' AND state NOT IN ('stopped', 'destroyed');

INSERT INTO drain (release, instance, probe, seen, ended, forced, lost, left, since_ms, at_ms)
SELECT :release, :body ->> '$.instance', key, value ->> '$.seen', value ->> '$.ended', value ->> '$.forced',
       value ->> '$.lost', value ->> '$.left', :at_ms, :at_ms
  FROM json_each(:body, '$.ledger')
 WHERE true
ON CONFLICT (release, instance, probe)
DO UPDATE SET seen = excluded.seen, ended = excluded.ended, forced = excluded.forced, lost = excluded.lost,
              left = excluded.left, at_ms = excluded.at_ms;
