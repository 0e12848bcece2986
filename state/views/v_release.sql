-- Releases, one row each: everything that was ever begun, also destroys and rollbacks.
--   id           'r-17'
--   number       17
--   environment  where
--   kind         release | hotfix | rollback | destroy
--   pipeline     the name in its file
--   unit         the new one; NULL in a destroy
--   old_unit     what was live before; NULL on a first release
--   commit_id    what was released
--   base_commit  what was live before
--   back_to      of a rollback: the release that it repeats
--   branch       where the commit was found
--   subject      the first line of the commit
--   requester    who asked for it
--   scheduled    1 = a nightly job asked
--   plan         SHA-256 of the plan: what approvals bind to
--   state        running | waiting | held | rolling_back | ended
--   end          succeeded | rolled_back | failed | aborted | rejected | expired; NULL = live
--   pivot        1 = an old stamp was destroyed, so that nothing went back by itself
--   reason       why it is in this state
--   actor        who brought it there
--   created_at   when it began
--   ended_at     NULL = live
--   created_ms   the same, in milliseconds since 1970
--   ended_ms     the same
--   duration_ms  from begin to end
--   first_seq    its events stand between these two rows of v_event, among those of others
--   last_seq     NULL = live
SELECT r.id, r.number, r.environment, r.kind, r.pipeline, r.unit, r.old_unit, r.commit_id, r.base_commit, r.back_to,
       r.branch, r.subject, r.requester, r.scheduled, r.plan, r.state, r.end, r.pivot, r.reason, r.actor,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.created_ms / 1000, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ended_ms / 1000, 'unixepoch') AS ended_at, r.created_ms, r.ended_ms,
       r.ended_ms - r.created_ms AS duration_ms, r.first_seq, r.last_seq
  FROM release r;
