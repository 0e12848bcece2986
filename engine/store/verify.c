/*
 * Is the journal what it was when it was written? Each row names the hash of the row before, so that a row changed,
 * taken out, put in or moved shows at the first row that no longer fits. Rows cut off at the end leave a chain that is
 * sound; what tells of them is that projections name rows that are not there.
 */

#include "store/verify.h"

#include <string.h>

#include "store/database.h"
#include "store/journal.h"
#include "store/project.h"

struct error *journal_check_row(struct record *record, const struct journal_row *row, struct journal_tail *last)
{
    if (row->seq != last->seq + 1)
        return journal_row_damaged(last->seq + 1, "is missing");
    if (memcmp(row->prev.bytes, last->hash.bytes, DIGEST_BYTES) != 0)
        return journal_row_damaged(row->seq, "does not follow the row before it");
    TRY(journal_row_check(record, row));
    last->seq = row->seq;
    last->hash = row->hash;
    return NULL;
}

static struct error *check_tail(struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    struct journal_tail before = {0};
    struct journal_row row;
    bool more;

    TRY(database_prepare(record, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1 OFFSET 1", &statement, NULL));
    TRY(database_step(record, statement, &more));
    if (more) {
        before.seq = column_int(statement, 0);
        if (!column_digest(statement, 1, &before.hash))
            return journal_row_damaged(before.seq, "is not a row of a journal");
    }
    statement_cleanup(&statement);
    TRY(database_prepare(record, JOURNAL_SELECT "ORDER BY seq DESC LIMIT 1", &statement, NULL));
    TRY(journal_row_next(record, statement, &row, &more));
    if (!more)
        return NULL;
    /* What was changed in the row itself is said first. */
    TRY(journal_row_check(record, &row));
    return journal_check_row(record, &row, &before);
}

struct error *journal_check_tail(struct record *record)
{
    struct error *error;

    /* One snapshot for both rows: a runner that commits between two looks would leave a row out. */
    TRY(database_exec(record, "BEGIN"));
    error = check_tail(record);
    sqlite3_exec(record->db, "COMMIT", NULL, NULL, NULL);
    return error;
}

/* The highest row that a projection names. */
static const char named_sql[] =
    "SELECT max(coalesce((SELECT max(max(intent_seq, coalesce(outcome_seq, 0))) FROM step), 0),"
    "           coalesce((SELECT max(max(seq, coalesce(used_seq, 0))) FROM decision), 0))";

struct error *journal_verify(struct record *record, int64_t *rows)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    struct journal_tail last = {0};
    struct journal_row row;
    int64_t named;
    bool more;

    *rows = 0;
    /* Asked first: what is appended meanwhile is no sign of a cut. */
    TRY(database_int(record, named_sql, 0, &named));
    TRY(database_prepare(record, JOURNAL_SELECT "ORDER BY seq", &statement, NULL));
    for (;;) {
        TRY(journal_row_next(record, statement, &row, &more));
        if (!more)
            break;
        TRY(journal_check_row(record, &row, &last));
        (*rows)++;
    }
    return named > last.seq ? journal_row_damaged(last.seq + 1, "is missing, and all rows after it") : NULL;
}

struct error *journal_rebuild(struct tx *tx)
{
    struct record *record = tx->record;
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    struct journal_tail last = {0};

    TRY(project_clear(record));
    TRY(database_prepare(record, JOURNAL_SELECT "ORDER BY seq", &statement, NULL));
    for (;;) {
        struct journal_row row;
        bool more;

        TRY(journal_row_next(record, statement, &row, &more));
        if (!more)
            return NULL;
        TRY(journal_check_row(record, &row, &last));
        TRY(journal_row_project(record, &row));
    }
}
