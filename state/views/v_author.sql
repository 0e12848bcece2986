-- Who wrote or committed what is in a release: the commits from base_commit to commit_id.
--   release  of which
--   name     as git has it
--   mail     as git has it
SELECT a.release, a.name, a.mail
  FROM author a;
