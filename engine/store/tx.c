/*
 * Write transactions: flock, BEGIN IMMEDIATE, ..., COMMIT, unlock. The checkpoint belongs here too, for it needs the
 * same lock.
 *
 * The write-ahead log is checkpointed when its writer is idle, and not truncated while it lives: a commit that
 * overwrites pages of the log costs half of one that makes it grow.
 */

#include "store/tx.h"

#include "base/fault.h"
#include "base/memory.h"
#include "store/database.h"
#include "store/lock.h"

#define LOCK_LIMIT_MS 10000
#define CLOSE_LIMIT_MS 1000
#define CHECKPOINT_PAGES 1000
/* A writer that is never idle checkpoints inside its commit, so that the log stays bounded. */
#define CHECKPOINT_MUST_PAGES 4000

static struct error *write_lock(struct record *record)
{
    return lock_wait(record->lock_fd, record->lock_path, LOCK_LIMIT_MS);
}

static struct error *run_kept(struct record *record, const char *sql)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;

    TRY(database_statement(record, sql, &statement));
    return database_run(record, statement);
}

/* SQLite counts the changes that this connection knows of: its own, and when a transaction begins those of all others. */
static unsigned data_version(struct record *record)
{
    unsigned version = 0;

    MUST(sqlite3_file_control(record->db, NULL, SQLITE_FCNTL_DATA_VERSION, &version) == SQLITE_OK);
    return version;
}

struct error *tx_begin(struct record *record, struct tx *tx)
{
    struct error *error;

    MUST(record->mode == RECORD_WRITE || record->mode == RECORD_CREATE);
    MUST(!record->in_tx && !tx->record);
    TRY(write_lock(record));
    record->in_tx = true;
    error = run_kept(record, "BEGIN IMMEDIATE");
    if (error) {
        record->in_tx = false;
        lock_drop(record->lock_fd);
        return error;
    }
    record->spoiled = false;
    if (data_version(record) != record->tail.version)
        record->tail.known = false;
    tx->record = record;
    return NULL;
}

struct error *tx_look(struct record *record, struct tx *tx)
{
    MUST(record->mode == RECORD_WRITE || record->mode == RECORD_CREATE);
    MUST(!record->in_tx && !tx->record);
    TRY(write_lock(record));
    record->in_tx = record->looking = true;
    tx->record = record;
    return NULL;
}

/* The lock is held. A checkpoint that fails loses nothing: the pages stay in the log. */
static void checkpoint_locked(struct record *record)
{
    sqlite3_wal_checkpoint_v2(record->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    record->wal_pages = 0;
}

struct error *tx_commit(struct tx *tx)
{
    struct record *record = tx->record;
    struct error *error;

    MUST(record && record->in_tx && !record->looking && !record->spoiled);
    fault_point("record.commit.before");
    error = run_kept(record, "COMMIT");
    if (error) {
        tx_rollback(tx);
        return error;
    }
    fault_point("record.commit.after");
    record->tail.version = data_version(record);
    record->in_tx = false;
    tx->record = NULL;
    if (record->wal_pages > CHECKPOINT_MUST_PAGES)
        checkpoint_locked(record);
    lock_drop(record->lock_fd);
    return NULL;
}

void tx_rollback(struct tx *tx)
{
    struct record *record = tx->record;

    if (!record)
        return;
    /* After an I/O error SQLite may have rolled back by itself. */
    if (!sqlite3_get_autocommit(record->db))
        sqlite3_exec(record->db, "ROLLBACK", NULL, NULL, NULL);
    if (!record->looking)
        record->tail.known = false;
    record->in_tx = record->looking = false;
    tx->record = NULL;
    lock_drop(record->lock_fd);
}

void record_checkpoint(struct record *record)
{
    struct error *error CLEANUP(error_cleanup) = NULL;

    if (record->lock_fd < 0 || record->in_tx || record->wal_pages <= CHECKPOINT_PAGES)
        return;
    error = write_lock(record);
    if (error)
        return;
    checkpoint_locked(record);
    lock_drop(record->lock_fd);
}

/*
 * The last writer to leave folds the log into the file and empties it: a log that is only appended to by short commands
 * would grow for ever, for who opens it anew cannot know that it was folded already. SQLite does so by itself when it
 * closes the last connection; here it does so under the lock, or not at all.
 */
void tx_close(struct record *record)
{
    struct error *error CLEANUP(error_cleanup) = NULL;

    if (record->lock_fd >= 0)
        error = lock_wait(record->lock_fd, record->lock_path, CLOSE_LIMIT_MS);
    if (record->lock_fd < 0 || error || !record->trusted)
        sqlite3_db_config(record->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    MUST(sqlite3_close(record->db) == SQLITE_OK);
    record->db = NULL;
    if (record->lock_fd >= 0)
        lock_drop(record->lock_fd);
}
