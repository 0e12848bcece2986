#ifndef ENGINE_STORE_DATABASE_H
#define ENGINE_STORE_DATABASE_H

/*
 * The SQLite file behind a record, for the files of this room only: the handle, its statements, its errors.
 *
 * All SQLite errors become ours here. A full disk or an I/O error is transient: nothing was written, nothing may be
 * done about the world, and once the disk is well again the release goes on where the record ends.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "store/record.h"

struct projections;
struct named_query;

/* A statement that is kept; `sql` is a text constant and is found by its address. */
struct kept_statement {
    const char *sql;
    sqlite3_stmt *statement;
};

/* The end of the journal, for use inside a write transaction: other processes append too. */
struct journal_tail {
    int64_t seq;
    struct digest hash;
    bool known;
    unsigned version; /* of the data, after our last commit: while it is the same, nobody else has committed */
};

struct record {
    char *directory; /* absolute */
    char *path;      /* of record.db */
    char *id;
    enum record_mode mode;
    sqlite3 *db;
    bool trusted;    /* it is ours and whole, as far as opening can tell; else closing leaves it as it is */
    char *lock_path; /* of write.lock; NULL when reading only */
    int lock_fd;     /* its descriptor, or -1 */
    bool in_tx;
    bool looking;  /* tx_look(): there is nothing to commit */
    bool spoiled;  /* an append of this transaction failed half-way: it can only be rolled back */
    int wal_pages; /* in the write-ahead log at our last commit */
    struct journal_tail tail;
    struct strbuf row; /* scratch: canonical bytes of the row at hand */
    struct kept_statement *statements;
    size_t statement_count, statement_capacity;
    struct projections *projections; /* NULL until the first event is projected */
    struct named_query *queries;
    size_t query_count, query_capacity;
};

/* Turns a result code of SQLite into an error; `doing` is what failed: "read", "write to". NULL for OK, ROW and DONE. */
NODISCARD struct error *database_error(struct record *record, int code, const char *doing);

/* A new statement, finalized by CLEANUP(statement_cleanup). `tail` (may be NULL): what stands behind it. */
NODISCARD struct error *database_prepare(struct record *record, const char *sql, sqlite3_stmt **out, const char **tail);
void statement_cleanup(sqlite3_stmt **statement);
/* A kept one, ready to be bound. `sql` must be a text constant. CLEANUP(statement_rest) lets go of its rows. */
NODISCARD struct error *database_statement(struct record *record, const char *sql, sqlite3_stmt **out);
void statement_rest(sqlite3_stmt **statement);
/* *row: there is one. The statement is reset after the last. */
NODISCARD struct error *database_step(struct record *record, sqlite3_stmt *statement, bool *row);
/* For a statement without rows: runs it and resets it. */
NODISCARD struct error *database_run(struct record *record, sqlite3_stmt *statement);
/* Several statements without values. */
NODISCARD struct error *database_exec(struct record *record, const char *sql);
/* The first column of the first row; `absent` when there is no row or it is NULL. */
NODISCARD struct error *database_int(struct record *record, const char *sql, int64_t absent, int64_t *out);
/* Frees what is kept; before sqlite3_close. */
void database_forget(struct record *record);

/* Values are borrowed until the statement is reset. NULL binds NULL. */
void statement_text(sqlite3_stmt *statement, int index, const char *text);
void statement_int(sqlite3_stmt *statement, int index, int64_t value);
void statement_blob(sqlite3_stmt *statement, int index, const void *bytes, size_t length);
/* Borrowed until the next step; NULL stays NULL. */
const char *column_text(sqlite3_stmt *statement, int index);
int64_t column_int(sqlite3_stmt *statement, int index);
/* False when the column is no blob of 32 bytes. */
bool column_digest(sqlite3_stmt *statement, int index, struct digest *out);

#endif
