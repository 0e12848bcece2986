#include "store/database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/project.h"
#include "store/queries.h"

/* What a person can do about it, and whether trying again can help. */
static struct error *disk_full(struct record *record, const char *doing)
{
    struct error *error =
        error_new(ERR_RECORD, KIND_TRANSIENT, "cannot %s the record '%s': the disk is full", doing, record->path);

    return error_hint(error, "free some space where '%s' is, then: penstock resume", record->directory);
}

static struct error *io_failed(struct record *record, int code, const char *doing)
{
    int number = sqlite3_system_errno(record->db);
    struct error *error;

    if (number == ENOSPC || number == EDQUOT)
        return disk_full(record, doing);
    error = error_new(ERR_RECORD, KIND_TRANSIENT, "cannot %s the record '%s': %s (sqlite %d)", doing, record->path,
                      number ? strerror(number) : "disk I/O error", code);
    return error_hint(error, "see that the disk under '%s' is sound, then: penstock resume", record->directory);
}

static struct error *damaged(struct record *record, const char *doing)
{
    struct error *error = error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "cannot %s the record '%s': %s", doing,
                                    record->path, sqlite3_errmsg(record->db));

    return error_hint(error, "restore '%s' from a backup", record->path);
}

struct error *database_error(struct record *record, int code, const char *doing)
{
    struct error *error;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return NULL;
    case SQLITE_NOMEM:
        out_of_memory();
    case SQLITE_FULL:
        return disk_full(record, doing);
    case SQLITE_IOERR:
        return io_failed(record, code, doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damaged(record, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        error = error_new(ERR_RECORD, KIND_TRANSIENT, "cannot %s the record '%s': another process holds it", doing,
                          record->path);
        return error_hint(error, "see who has it open: fuser -v '%s'", record->path);
    case SQLITE_CONSTRAINT:
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "cannot %s the record '%s': %s", doing, record->path,
                         sqlite3_errmsg(record->db));
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        error = error_new(ERR_RECORD, KIND_PERMANENT, "cannot %s the record '%s': %s", doing, record->path,
                          sqlite3_errmsg(record->db));
        return error_hint(error, "see that you own '%s', and that its file system is not read-only", record->directory);
    default:
        return error_new(ERR_RECORD, KIND_PERMANENT, "cannot %s the record '%s': %s (sqlite %d)", doing, record->path,
                         sqlite3_errmsg(record->db), code);
    }
}

struct error *database_prepare(struct record *record, const char *sql, sqlite3_stmt **out, const char **tail)
{
    int code = sqlite3_prepare_v3(record->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, tail);

    /* Our own SQL that SQLite does not take is a fault of ours, unless the file is at fault. */
    if (code == SQLITE_ERROR) {
        int at = sqlite3_error_offset(record->db);

        return error_new(ERR_BUG, KIND_PERMANENT, "the record's SQL is wrong: %s: %.60s", sqlite3_errmsg(record->db),
                         sql + (at > 0 ? at : 0));
    }
    return database_error(record, code, "read");
}

void statement_cleanup(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

void statement_rest(sqlite3_stmt **statement)
{
    if (!*statement)
        return;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    *statement = NULL;
}

struct error *database_statement(struct record *record, const char *sql, sqlite3_stmt **out)
{
    struct kept_statement *kept;

    for (size_t i = 0; i < record->statement_count; i++) {
        if (record->statements[i].sql == sql) {
            *out = record->statements[i].statement;
            MUST(!sqlite3_stmt_busy(*out));
            return NULL;
        }
    }
    TRY(database_prepare(record, sql, out, NULL));
    if (record->statement_count == record->statement_capacity) {
        record->statement_capacity = record->statement_capacity ? record->statement_capacity * 2 : 16;
        record->statements = heap_realloc(record->statements, record->statement_capacity * sizeof(*record->statements));
    }
    kept = &record->statements[record->statement_count++];
    kept->sql = sql;
    kept->statement = *out;
    return NULL;
}

struct error *database_step(struct record *record, sqlite3_stmt *statement, bool *row)
{
    int code = sqlite3_step(statement);
    struct error *error;

    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return NULL;
    /* COMMIT counts as read-only, and it is what fails on a full disk. */
    error = database_error(record, code, record->in_tx || !sqlite3_stmt_readonly(statement) ? "write to" : "read");
    sqlite3_reset(statement);
    return error;
}

struct error *database_run(struct record *record, sqlite3_stmt *statement)
{
    bool row;

    TRY(database_step(record, statement, &row));
    MUST(!row);
    return NULL;
}

struct error *database_exec(struct record *record, const char *sql)
{
    return database_error(record, sqlite3_exec(record->db, sql, NULL, NULL, NULL), "write to");
}

struct error *database_int(struct record *record, const char *sql, int64_t absent, int64_t *out)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_prepare(record, sql, &statement, NULL));
    TRY(database_step(record, statement, &row));
    *out = row && sqlite3_column_type(statement, 0) == SQLITE_INTEGER ? column_int(statement, 0) : absent;
    return NULL;
}

void database_forget(struct record *record)
{
    for (size_t i = 0; i < record->statement_count; i++)
        sqlite3_finalize(record->statements[i].statement);
    free(record->statements);
    record->statements = NULL;
    record->statement_count = record->statement_capacity = 0;
    projections_free(record->projections);
    record->projections = NULL;
    queries_forget(record);
}

void statement_text(sqlite3_stmt *statement, int index, const char *text)
{
    MUST(sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC) == SQLITE_OK);
}

void statement_int(sqlite3_stmt *statement, int index, int64_t value)
{
    MUST(sqlite3_bind_int64(statement, index, value) == SQLITE_OK);
}

void statement_blob(sqlite3_stmt *statement, int index, const void *bytes, size_t length)
{
    /* A NULL pointer would bind NULL, and an empty blob is not NULL. */
    MUST(sqlite3_bind_blob64(statement, index, length ? bytes : "", length, SQLITE_STATIC) == SQLITE_OK);
}

const char *column_text(sqlite3_stmt *statement, int index)
{
    return (const char *)sqlite3_column_text(statement, index);
}

int64_t column_int(sqlite3_stmt *statement, int index)
{
    return sqlite3_column_int64(statement, index);
}

bool column_digest(sqlite3_stmt *statement, int index, struct digest *out)
{
    const void *bytes = sqlite3_column_blob(statement, index);

    if (sqlite3_column_type(statement, index) != SQLITE_BLOB || sqlite3_column_bytes(statement, index) != DIGEST_BYTES)
        return false;
    memcpy(out->bytes, bytes, DIGEST_BYTES);
    return true;
}
