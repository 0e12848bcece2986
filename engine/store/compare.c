/*
 * Are the tables what the journal says? The journal is folded once more, into an empty record that nobody else sees, and
 * each table is compared. So a row that somebody changed by hand in what people read is found, though the chain is whole; and
 * it takes no lock, for nothing is written.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/database.h"
#include "store/journal.h"
#include "store/project.h"
#include "store/schema.h"

/* A nameless file that SQLite removes at once: in memory while it is small, on the disk when it is not. */
static const char copy_pragmas[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768";

static void copy_close(struct record *copy)
{
    database_forget(copy);
    sqlite3_close(copy->db);
    strbuf_release(&copy->row);
    free(copy->path);
    free(copy->directory);
}

static struct error *copy_open(struct record *copy)
{
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    copy->path = heap_text("a copy");
    copy->directory = heap_text("");
    copy->lock_fd = -1;
    TRY(database_error(copy, sqlite3_open("", &copy->db), "open"));
    TRY(database_exec(copy, copy_pragmas));
    for (size_t i = 0; i < count; i++)
        TRY(database_exec(copy, migrations[i].sql));
    return database_exec(copy, "BEGIN");
}

static struct error *fold_into(struct record *copy, struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;

    TRY(database_prepare(record, JOURNAL_SELECT "ORDER BY seq", &statement, NULL));
    for (;;) {
        struct journal_row row;
        bool more;

        TRY(journal_row_next(record, statement, &row, &more));
        if (!more)
            return NULL;
        TRY(journal_row_project(copy, &row));
    }
}

/* Of all rows in the order of their keys, which stand in the first three columns. */
static struct error *table_digest(struct record *record, const char *table, struct digest *out)
{
    char *sql CLEANUP(heap_cleanup) = heap_printf("SELECT * FROM %s ORDER BY 1, 2, 3", table);
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool more;

    memset(out, 0, sizeof(*out));
    TRY(database_prepare(record, sql, &statement, NULL));
    for (;;) {
        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            int type = sqlite3_column_type(statement, i);
            struct digest column = digest_of_two(&type, sizeof(type), sqlite3_column_blob(statement, i),
                                                 type == SQLITE_NULL ? 0 : (size_t)sqlite3_column_bytes(statement, i));

            *out = digest_of_two(out->bytes, DIGEST_BYTES, column.bytes, DIGEST_BYTES);
        }
    }
}

static struct error *compare(struct record *copy, struct record *record)
{
    TRY(copy_open(copy));
    TRY(fold_into(copy, record));
    for (size_t i = 0; project_tables[i]; i++) {
        struct digest want, found;

        TRY(table_digest(copy, project_tables[i], &want));
        TRY(table_digest(record, project_tables[i], &found));
        if (memcmp(want.bytes, found.bytes, DIGEST_BYTES) != 0)
            return error_hint(error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT,
                                        "table '%s' of the record is not what the journal says", project_tables[i]),
                              "it was changed behind penstock's back; restore the record from a backup");
    }
    return NULL;
}

struct error *journal_compare(struct record *record)
{
    bool own = sqlite3_get_autocommit(record->db);
    struct record copy = {0};
    struct error *error;

    /* One snapshot for journal and tables. */
    if (own)
        TRY(database_exec(record, "BEGIN"));
    error = compare(&copy, record);
    if (own)
        sqlite3_exec(record->db, "COMMIT", NULL, NULL, NULL);
    copy_close(&copy);
    return error;
}
