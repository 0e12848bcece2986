/*
 * Are the tables what the journal says? The journal is folded once more, into an empty record in memory, and each table
 * is compared. So a row that somebody changed by hand in what people read is found, though the chain is whole; and
 * it takes no lock, for nothing is written.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/database.h"
#include "store/journal.h"
#include "store/project.h"
#include "store/schema.h"

static void memory_close(struct record *memory)
{
    database_forget(memory);
    sqlite3_close(memory->db);
    strbuf_release(&memory->row);
    free(memory->path);
    free(memory->directory);
}

static struct error *memory_open(struct record *memory)
{
    size_t count;
    const struct migration *migrations = schema_migrations(&count);

    memory->path = heap_text(":memory:");
    memory->directory = heap_text("");
    memory->lock_fd = -1;
    TRY(database_error(memory, sqlite3_open(":memory:", &memory->db), "open"));
    for (size_t i = 0; i < count; i++)
        TRY(database_exec(memory, migrations[i].sql));
    return database_exec(memory, "BEGIN");
}

static struct error *fold_into(struct record *memory, struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;

    TRY(database_prepare(record, JOURNAL_SELECT "ORDER BY seq", &statement, NULL));
    for (;;) {
        struct journal_row row;
        bool more;

        TRY(journal_row_next(record, statement, &row, &more));
        if (!more)
            return NULL;
        TRY(journal_row_project(memory, &row));
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

static struct error *compare(struct record *memory, struct record *record)
{
    TRY(memory_open(memory));
    TRY(fold_into(memory, record));
    for (size_t i = 0; project_tables[i]; i++) {
        struct digest want, found;

        TRY(table_digest(memory, project_tables[i], &want));
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
    struct record memory = {0};
    struct error *error;

    /* One snapshot for journal and tables. */
    if (own)
        TRY(database_exec(record, "BEGIN"));
    error = compare(&memory, record);
    if (own)
        sqlite3_exec(record->db, "COMMIT", NULL, NULL, NULL);
    memory_close(&memory);
    return error;
}
