-- The record of penstock, schema 1.
--
-- event is the truth: append-only, chained. All tables from environment down to prober_bucket are projections that
-- state/project/<kind>.sql keeps from it and journal_rebuild() can make again. Times *_ms are UTC milliseconds.

CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    record TEXT NOT NULL,               -- random id of this record; part of every process's mark
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,            -- without gaps, from 1
    release TEXT NOT NULL,              -- 'r-17'; '' when not about one
    kind TEXT NOT NULL,                 -- 'step.started', ...
    epoch INTEGER NOT NULL,             -- the runner's lease; 0 for a person's event
    actor TEXT NOT NULL CHECK (actor <> ''),
    at_ms INTEGER NOT NULL,
    boot_ms INTEGER NOT NULL,           -- CLOCK_BOOTTIME
    body TEXT NOT NULL,                 -- canonical JSON
    prev BLOB NOT NULL,                 -- hash of the row before; 32 zero bytes for the first
    hash BLOB NOT NULL                  -- SHA-256('penstock-journal-v1' || prev || canonical JSON of the row)
) STRICT;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE (ABORT, 'the journal is append-only'); END;

CREATE TABLE evidence (                 -- what decisions rested on, by digest
    digest TEXT PRIMARY KEY,            -- SHA-256, hex
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE lease (                    -- who may act on an environment; the epoch is the fencing token
    environment TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    release TEXT NOT NULL,
    person TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    start INTEGER NOT NULL,             -- field 22 of /proc/PID/stat
    boot_id TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Projections from here on.

CREATE TABLE environment (
    name TEXT PRIMARY KEY,
    live_unit TEXT,                     -- what has the traffic; NULL before the first release
    keep_until_ms INTEGER,              -- a short-lived one: may be cleaned up from then on; NULL = stays
    door TEXT                           -- JSON: the front door it stands behind
) STRICT;

CREATE TABLE release (
    id TEXT PRIMARY KEY,                -- 'r-17'
    number INTEGER NOT NULL UNIQUE,
    environment TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('release', 'hotfix', 'rollback', 'destroy')),
    pipeline TEXT NOT NULL,
    unit TEXT,                          -- the new one; NULL in a destroy
    old_unit TEXT,                      -- NULL on a first release
    commit_id TEXT,
    branch TEXT NOT NULL,
    subject TEXT NOT NULL,
    requester TEXT NOT NULL,
    scheduled INTEGER NOT NULL CHECK (scheduled IN (0, 1)), -- a nightly job asked for it
    base_commit TEXT,                   -- what was live before; NULL on a first release
    back_to TEXT,                       -- a rollback: the release that it repeats
    plan TEXT NOT NULL,                 -- digest of the plan in evidence
    state TEXT NOT NULL CHECK (state IN ('running', 'waiting', 'held', 'rolling_back', 'ended')),
    end TEXT CHECK (end IN ('succeeded', 'rolled_back', 'failed', 'aborted', 'rejected', 'expired')),
    pivot INTEGER NOT NULL DEFAULT 0 CHECK (pivot IN (0, 1)),
    reason TEXT NOT NULL,               -- why it is in this state
    actor TEXT NOT NULL,
    state_ms INTEGER NOT NULL,          -- since when
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    first_seq INTEGER NOT NULL,         -- its events stand between these two, among those of others: an index on event
    last_seq INTEGER                    -- would cost every commit a page. NULL = live: to the end of the journal
) STRICT;
CREATE UNIQUE INDEX release_one_live ON release (environment) WHERE ended_ms IS NULL;
CREATE INDEX release_by_environment ON release (environment, number);
CREATE INDEX release_by_time ON release (created_ms, number);
CREATE INDEX release_by_environment_and_time ON release (environment, created_ms, number);
CREATE INDEX release_left ON release (ended_ms) WHERE end = 'failed';
CREATE INDEX release_hotfix ON release (created_ms, number) WHERE kind = 'hotfix';

CREATE TABLE unit (
    name TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    number INTEGER NOT NULL,            -- n of the name
    state TEXT NOT NULL CHECK (state IN ('planned', 'built', 'deployed', 'validated', 'live', 'draining', 'kept', 'destroyed')),
    contract TEXT NOT NULL,             -- JSON: how to ask, drain and stop its instances
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT;
CREATE INDEX unit_by_environment ON unit (environment, number);
CREATE INDEX unit_standing ON unit (environment, number) WHERE state <> 'destroyed';

CREATE TABLE artifact (
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (unit, name)
) STRICT;

CREATE TABLE stamp (
    name TEXT PRIMARY KEY,
    unit TEXT NOT NULL,
    region TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'validated', 'draining', 'drained', 'destroyed'))
) STRICT;
CREATE INDEX stamp_by_unit ON stamp (unit);

CREATE TABLE instance (
    name TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    unit TEXT NOT NULL,
    region TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'ready', 'draining', 'drained', 'stopped', 'lost', 'destroyed')),
    address TEXT,                       -- 'ip:port'; NULL until created
    pid INTEGER,
    start INTEGER,
    boot_id TEXT,
    mark TEXT NOT NULL,                 -- 'PENSTOCK_INSTANCE=...' in its environment
    dir TEXT NOT NULL,
    log TEXT NOT NULL,
    created_ms INTEGER,
    ended_ms INTEGER
) STRICT;
CREATE INDEX instance_by_unit ON instance (unit);
CREATE INDEX instance_by_stamp ON instance (stamp);

CREATE TABLE stage (
    release TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    PRIMARY KEY (release, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE step (
    release TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    verb TEXT NOT NULL,
    track TEXT NOT NULL CHECK (track IN ('forward', 'undo')),
    target TEXT NOT NULL,
    title TEXT NOT NULL,
    key TEXT NOT NULL,
    -- Not IN: for that SQLite builds a table whenever a row is written, and this one is written twice a step.
    state TEXT NOT NULL CHECK (state = 'pending' OR state = 'running' OR state = 'backoff' OR state = 'doubt' OR
                               state = 'done' OR state = 'failed' OR state = 'skipped'),
    attempt INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    error TEXT,                         -- JSON {code, text, hint} of the last failure
    detail TEXT,                        -- JSON of the outcome
    evidence TEXT,                      -- digest
    intent_seq INTEGER,                 -- the event that began the last attempt; NULL = none yet
    outcome_seq INTEGER,                -- the event that settled it; NULL = open
    started_ms INTEGER,
    ended_ms INTEGER,
    PRIMARY KEY (release, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE gate (                     -- questions to people
    release TEXT NOT NULL,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    approvals INTEGER NOT NULL,
    people TEXT NOT NULL,               -- JSON list; empty = anyone
    bar_requester INTEGER NOT NULL,
    barred TEXT NOT NULL,               -- JSON list: login names of authors who may not approve
    subject TEXT NOT NULL,              -- what a decision binds to
    state TEXT NOT NULL CHECK (state IN ('asked', 'opened', 'rejected', 'expired')),
    asked_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,        -- 0 = never
    PRIMARY KEY (release, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE decision (
    seq INTEGER PRIMARY KEY,            -- of the event
    release TEXT NOT NULL,
    step INTEGER,                       -- NULL = about the release
    decision TEXT NOT NULL,
    person TEXT NOT NULL,
    comment TEXT NOT NULL,
    subject TEXT,
    at_ms INTEGER NOT NULL,
    refused TEXT,                       -- why it was not accepted; NULL = accepted
    used_seq INTEGER                    -- the event that used it, once
) STRICT;
CREATE INDEX decision_by_release ON decision (release, seq);
CREATE INDEX decision_by_time ON decision (at_ms);

CREATE TABLE author (                   -- of the commits from base_commit to commit_id; committers too
    release TEXT NOT NULL,
    mail TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (release, mail, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule (                     -- what the environment demanded of the release, and how that was met
    release TEXT NOT NULL,
    rule TEXT NOT NULL,                 -- 'branches', 'requires', 'changelog', 'window', 'freeze', ...
    verdict TEXT NOT NULL CHECK (verdict IN ('met', 'overridden', 'exempt')),
    detail TEXT NOT NULL,
    override_seq INTEGER,               -- the decision that let it be broken
    PRIMARY KEY (release, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_broken ON rule (release) WHERE verdict = 'overridden';

CREATE TABLE closure (                  -- a live release waited with its traffic, for a window or a freeze
    seq INTEGER PRIMARY KEY,
    release TEXT NOT NULL,
    step INTEGER NOT NULL,
    rule TEXT NOT NULL CHECK (rule IN ('window', 'freeze')),
    reason TEXT NOT NULL,
    closed_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,          -- as the calendar said; 0 = no end in sight
    opened_ms INTEGER,                  -- NULL = waits
    opened_seq INTEGER
) STRICT;
CREATE INDEX closure_by_release ON closure (release);
CREATE INDEX closure_by_time ON closure (closed_ms);

CREATE TABLE override (                 -- a rule that may be broken for a time
    seq INTEGER PRIMARY KEY,            -- of the decision
    environment TEXT NOT NULL,
    release TEXT NOT NULL,              -- the live one it was given for; '' = whichever begins before until_ms
    rule TEXT NOT NULL,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX override_by_environment ON override (environment, until_ms);

CREATE TABLE pick (                     -- the commits of a hotfix
    release TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    commit_id TEXT NOT NULL,            -- on the release branch
    source TEXT NOT NULL,               -- on the trunk
    by_hand INTEGER NOT NULL CHECK (by_hand IN (0, 1)), -- a person resolved its conflicts
    PRIMARY KEY (release, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE shortened (                -- what a hotfix left out of its pipeline
    release TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    what TEXT NOT NULL,
    was TEXT NOT NULL,
    now TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (release, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE review (                   -- a hotfix is looked at afterwards, by somebody else
    release TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    closed_ms INTEGER,                  -- NULL = due
    closed_seq INTEGER,
    person TEXT,
    comment TEXT
) STRICT;
CREATE INDEX review_due ON review (environment, due_ms) WHERE closed_ms IS NULL;

CREATE TABLE branch (                   -- release branches that penstock made
    name TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    trunk TEXT NOT NULL,
    person TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    seq INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE share_history (            -- every change of shares that was proved
    seq INTEGER NOT NULL,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    pool TEXT NOT NULL,
    unit TEXT NOT NULL,
    basis_points INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (environment, seq, pool, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE share (                    -- the last proved shares
    environment TEXT NOT NULL,
    pool TEXT NOT NULL,
    unit TEXT NOT NULL,
    basis_points INTEGER NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
    PRIMARY KEY (environment, pool, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE drain (                    -- what was on an instance, and what became of it: seen = ended + forced + lost + left
    release TEXT NOT NULL,
    instance TEXT NOT NULL,
    probe TEXT NOT NULL,
    seen INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    forced INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    left INTEGER,                       -- NULL = unknown now
    since_ms INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (release, instance, probe)
) STRICT, WITHOUT ROWID;
CREATE INDEX drain_unfinished ON drain (release) WHERE lost > 0 OR forced > 0;

CREATE TABLE prober (
    release TEXT PRIMARY KEY,
    sent INTEGER NOT NULL,
    failed INTEGER NOT NULL
) STRICT;

CREATE TABLE prober_bucket (
    release TEXT NOT NULL,
    le_ms INTEGER NOT NULL,             -- answers within so many milliseconds (and above the next smaller one)
    answers INTEGER NOT NULL,
    PRIMARY KEY (release, le_ms)
) STRICT, WITHOUT ROWID;
