#include "store/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/database.h"
#include "store/holder.h"
#include "store/lock.h"

/* A look at the lock by lease_holder() holds it for a moment, and a dying runner's child may need one more to end. */
#define RETRIES 20
#define RETRY_NS 10000000L
#define HOST_BYTES 256

struct lease_row {
    bool found;
    int64_t epoch;
    int64_t start;
    const char *boot_id;
    struct lease_holder holder;
};

static const char *lock_path(struct arena *arena, const struct record *record, const char *environment)
{
    /* Names were checked when the pipeline was read; here they become a path. */
    MUST(*environment && *environment != '.' && !strchr(environment, '/'));
    return arena_printf(arena, "%s/locks/%s.lock", record->directory, environment);
}

/* "45s", "3m", "2h", "4d": how long ago, for people. */
static const char *age_text(struct arena *arena, int64_t ms)
{
    int64_t seconds = ms < 0 ? 0 : ms / 1000;

    if (seconds < 60)
        return arena_printf(arena, "%llds", (long long)seconds);
    if (seconds < 3600)
        return arena_printf(arena, "%lldm", (long long)seconds / 60);
    if (seconds < 48 * 3600)
        return arena_printf(arena, "%lldh", (long long)seconds / 3600);
    return arena_printf(arena, "%lldd", (long long)seconds / 86400);
}

static struct error *read_row(struct record *record, struct arena *arena, const char *environment,
                              struct lease_row *out)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;

    memset(out, 0, sizeof(*out));
    TRY(database_statement(record,
                           "SELECT epoch, release, person, host, pid, start, boot_id, since_ms FROM lease"
                           " WHERE environment = ?1",
                           &statement));
    statement_text(statement, 1, environment);
    TRY(database_step(record, statement, &out->found));
    if (!out->found)
        return NULL;
    out->epoch = column_int(statement, 0);
    out->holder.release = arena_text(arena, column_text(statement, 1));
    out->holder.person = arena_text(arena, column_text(statement, 2));
    out->holder.host = arena_text(arena, column_text(statement, 3));
    out->holder.pid = column_int(statement, 4);
    out->start = column_int(statement, 5);
    out->boot_id = arena_text(arena, column_text(statement, 6));
    out->holder.since_ms = column_int(statement, 7);
    out->holder.alive = holder_is_alive(out->holder.pid, out->start, out->boot_id);
    return NULL;
}

static struct error *held_error(struct arena *arena, const char *environment, const char *path,
                                const struct lease_row *row)
{
    const struct lease_holder *holder = &row->holder;
    int64_t pid = 0;
    struct error *error;

    if (row->found && holder->alive) {
        error = error_new(ERR_LEASE_HELD, KIND_PERMANENT,
                          "environment '%s' is held by release %s (pid %lld of %s on %s, since %s ago)", environment,
                          holder->release, (long long)holder->pid, holder->person, holder->host,
                          age_text(arena, clock_wall_ms() - holder->since_ms));
        return error_hint(error, "penstock watch %s", holder->release);
    }
    if (!row->found) {
        error = error_new(ERR_LEASE_HELD, KIND_TRANSIENT, "environment '%s' is held by a runner that just starts",
                          environment);
        return error_hint(error, "penstock status");
    }
    if (holder_find(path, &pid, 1) == 1)
        error = error_new(ERR_LEASE_HELD, KIND_TRANSIENT,
                          "environment '%s' is held by release %s: its runner is gone, but a child it started still "
                          "runs (pid %lld)",
                          environment, holder->release, (long long)pid);
    else
        error = error_new(ERR_LEASE_HELD, KIND_TRANSIENT,
                          "environment '%s' is held by release %s: its runner is gone, but a child it started still "
                          "runs",
                          environment, holder->release);
    return error_hint(error, "wait for the child to end, then: penstock resume %s", holder->release);
}

/* The file that was locked must still be the one of that name: somebody may have removed it meanwhile. */
static bool is_same_file(int fd, const char *path)
{
    struct stat held, named;

    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static struct error *try_lock(const char *path, int *out_fd)
{
    bool held = false;
    struct error *error;
    int fd;

    *out_fd = -1;
    TRY(lock_open(path, &fd));
    error = lock_try(fd, path, &held);
    if (!error && held && is_same_file(fd, path))
        *out_fd = fd;
    else
        close(fd);
    return error;
}

static struct error *take_lock(struct record *record, const char *environment, int *out_fd)
{
    /* Of its own: who waits for an orphan asks again and again, for days. */
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *path = lock_path(arena, record, environment);
    const struct timespec pause = {.tv_nsec = RETRY_NS};
    struct lease_row row;

    for (int i = 0;; i++) {
        TRY(try_lock(path, out_fd));
        if (*out_fd >= 0)
            return NULL;
        TRY(read_row(record, arena, environment, &row));
        if (i == RETRIES || (row.found && row.holder.alive))
            return held_error(arena, environment, path, &row);
        nanosleep(&pause, NULL);
    }
}

static struct error *write_row(struct record *record, const struct lease *lease, const struct lease_row *row)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;

    TRY(database_statement(
        record,
        "INSERT INTO lease (environment, epoch, release, person, host, pid, start, boot_id, since_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        " ON CONFLICT (environment) DO UPDATE SET epoch = excluded.epoch, release = excluded.release,"
        " person = excluded.person, host = excluded.host, pid = excluded.pid,"
        " start = excluded.start, boot_id = excluded.boot_id, since_ms = excluded.since_ms",
        &statement));
    statement_text(statement, 1, lease->environment);
    statement_int(statement, 2, lease->epoch);
    statement_text(statement, 3, lease->release);
    statement_text(statement, 4, row->holder.person);
    statement_text(statement, 5, row->holder.host);
    statement_int(statement, 6, row->holder.pid);
    statement_int(statement, 7, row->start);
    statement_text(statement, 8, row->boot_id);
    statement_int(statement, 9, row->holder.since_ms);
    return database_run(record, statement);
}

static struct error *journal_start(struct tx *tx, struct arena *arena, const struct lease *lease,
                                   const struct lease_row *self, const struct lease_row *before)
{
    const struct lease_holder *holder = &self->holder;
    json_t *body CLEANUP(json_cleanup) =
        json_pack("{s:s, s:s, s:I, s:I, s:s}", "person", holder->person, "host", holder->host, "pid",
                  (json_int_t)holder->pid, "start", (json_int_t)self->start, "boot_id", self->boot_id);
    struct event event = {
        .kind = EVENT_RUNNER_STARTED,
        .release = lease->release,
        .epoch = lease->epoch,
        .at_ms = holder->since_ms,
        .boot_ms = clock_boot_ms(),
        .actor = holder->person,
        .reason = arena_printf(arena, "runner started (pid %lld on %s)", (long long)holder->pid, holder->host),
        .step = -1,
        .body = body,
    };

    MUST(body);
    if (before->found && text_is(before->holder.release, lease->release))
        event.reason = arena_printf(arena, "runner took over from pid %lld (pid %lld on %s)",
                                    (long long)before->holder.pid, (long long)holder->pid, holder->host);
    return journal_append(tx, &event);
}

/* With the lock held: raise the epoch, say who we are. */
static struct error *raise_epoch(struct record *record, struct arena *arena, struct lease *lease, const char *person)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    char host[HOST_BYTES] = "";
    struct lease_row before;
    struct lease_row self;

    if (gethostname(host, sizeof(host) - 1) != 0 || !*host)
        memcpy(host, "localhost", sizeof("localhost"));
    TRY(tx_begin(record, &tx));
    TRY(read_row(record, arena, lease->environment, &before));
    lease->epoch = before.epoch + 1;
    self = (struct lease_row){
        .start = holder_start(getpid()),
        .boot_id = clock_boot_id(),
        .holder = {.person = person, .host = host, .pid = getpid(), .since_ms = clock_wall_ms()},
    };
    TRY(write_row(record, lease, &self));
    TRY(journal_start(&tx, arena, lease, &self, &before));
    return tx_commit(&tx);
}

struct error *lease_take(struct record *record, struct arena *arena, const char *environment, const char *release,
                         const char *person, struct lease *out)
{
    struct lease lease = LEASE_INIT;
    struct error *error;

    TRY(take_lock(record, environment, &lease.lock_fd));
    lease.record = record;
    lease.environment = arena_text(arena, environment);
    lease.release = arena_text(arena, release);
    error = raise_epoch(record, arena, &lease, person);
    if (error) {
        lease_release(&lease);
        return error;
    }
    *out = lease;
    return NULL;
}

struct error *lease_check(struct tx *tx, const struct lease *lease)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    struct record *record = tx->record;
    struct error *error;
    bool row;

    MUST(record && record->in_tx);
    TRY(database_statement(record, "SELECT epoch, release, pid, person, host FROM lease WHERE environment = ?1",
                           &statement));
    statement_text(statement, 1, lease->environment);
    TRY(database_step(record, statement, &row));
    if (!row)
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "the record has lost the lease of environment '%s'",
                         lease->environment);
    if (column_int(statement, 0) == lease->epoch)
        return NULL;
    error = error_new(ERR_LEASE_HELD, KIND_PERMANENT,
                      "environment '%s' was taken over by release %s (pid %lld of %s on %s)", lease->environment,
                      column_text(statement, 1), (long long)column_int(statement, 2), column_text(statement, 3),
                      column_text(statement, 4));
    return error_hint(error, "penstock watch %s", column_text(statement, 1));
}

void lease_release(struct lease *lease)
{
    if (lease->lock_fd >= 0)
        close(lease->lock_fd);
    lease->lock_fd = -1;
}

/* Asks by taking it shared for a moment. A file that is not there is not locked. */
static struct error *is_locked(const char *path, bool *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    *out = false;
    if (fd < 0)
        return errno == ENOENT ? NULL : error_errno("cannot open '%s'", path);
    *out = flock(fd, LOCK_SH | LOCK_NB) != 0;
    close(fd);
    return NULL;
}

struct error *lease_holder(struct record *record, struct arena *arena, const char *environment,
                           struct lease_holder *out, bool *found, bool *locked)
{
    struct lease_row row;

    TRY(read_row(record, arena, environment, &row));
    *out = row.holder;
    *found = row.found;
    return is_locked(lock_path(arena, record, environment), locked);
}

size_t lease_orphans(struct record *record, struct arena *arena, const char *environment, int64_t *pids, size_t most)
{
    return holder_find(lock_path(arena, record, environment), pids, most);
}
