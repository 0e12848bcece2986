-- Who holds, or held last, the right to act on an environment?
--   :environment  this one; NULL = all
-- Whether that process still runs is not in the record: lease_holder() asks the system.
SELECT environment, epoch, release, person, host, pid, start, boot_id, since_ms
  FROM lease WHERE :environment IS NULL OR environment = :environment ORDER BY environment;
