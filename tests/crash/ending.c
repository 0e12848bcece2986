#include "crash/ending.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "store/database.h"
#include "store/project.h"
#include "store/record.h"

#define TABLES_MOST 64

/* Columns that say when, by whom or how often, not what. */
static const char *const volatile_columns[] = {"attempt", "boot_id", "epoch",   "evidence", "pid",
                                               "seq",     "start",   "subject", NULL};

/* Of these kinds a killed release has as many as one that nobody disturbed. */
static const char lasting_sql[] =
    "SELECT kind, coalesce(body ->> '$.step', -1), count(*) FROM event"
    " WHERE kind IN ('release.planned', 'release.turned', 'release.pivoted', 'release.ended', 'gate.opened', 'step.done',"
    "  'step.skipped', 'step.doubted', 'decision.made', 'decision.refused', 'finding')"
    " GROUP BY 1, 2 ORDER BY 1, 2";

/* Each row is something that must not be. */
static const char wrong_sql[] =
    "SELECT 'two outcomes', body ->> '$.step', body ->> '$.attempt', count(*) FROM event"
    " WHERE kind IN ('step.done', 'step.failed') GROUP BY 2, 3 HAVING count(*) > 1"
    " UNION ALL SELECT 'begun again after it was done', s.body ->> '$.step', s.seq, d.seq FROM event s JOIN event d"
    "  ON d.kind = 'step.done' AND d.body ->> '$.step' = s.body ->> '$.step' AND d.seq < s.seq"
    "  WHERE s.kind = 'step.started' AND NOT EXISTS (SELECT 1 FROM event r WHERE r.kind = 'step.renewed'"
    "   AND r.body ->> '$.step' = s.body ->> '$.step' AND r.seq > d.seq)"
    " UNION ALL SELECT 'an outcome without its intent', body ->> '$.step', body ->> '$.attempt', seq FROM event o"
    "  WHERE kind IN ('step.done', 'step.failed') AND NOT EXISTS (SELECT 1 FROM event s WHERE s.kind = 'step.started'"
    "   AND s.body ->> '$.step' = o.body ->> '$.step' AND s.body ->> '$.attempt' = o.body ->> '$.attempt'"
    "   AND s.seq < o.seq)"
    " UNION ALL SELECT 'done, but its intent is open', ordinal, attempt, intent_seq FROM step"
    "  WHERE state = 'done' AND coalesce(outcome_seq, 0) <= coalesce(intent_seq, 0)"
    " UNION ALL SELECT 'a key of two steps', key, min(ordinal), max(ordinal) FROM step GROUP BY key HAVING count(*) > 1";

/* How often each command was begun, under the name that it writes into the ledger. */
static const char begun_sql[] =
    "SELECT CASE s.track WHEN 'undo' THEN 'undo-' ELSE '' END || s.target, count(*), max(s.state = 'done') FROM step s"
    " JOIN event e ON e.kind = 'step.started' AND e.body ->> '$.step' = s.ordinal"
    " WHERE s.verb = 'command.run' GROUP BY 1";

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        die("%s: %s", sqlite3_errmsg(db), sql);
    return statement;
}

static void add_rows_of(struct strbuf *out, sqlite3_stmt *statement, const char *title)
{
    while (sqlite3_step(statement) == SQLITE_ROW) {
        strbuf_text(out, title);
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const unsigned char *text = sqlite3_column_text(statement, i);

            strbuf_text(out, " | ");
            strbuf_text(out, text ? (const char *)text : "-");
        }
        strbuf_char(out, '\n');
    }
    sqlite3_reset(statement);
}

static void add_rows(struct strbuf *out, sqlite3 *db, const char *title, const char *sql)
{
    sqlite3_stmt *statement = prepare(db, sql);

    add_rows_of(out, statement, title);
    sqlite3_finalize(statement);
}

static bool is_volatile(const char *column)
{
    size_t length = strlen(column);

    for (int i = 0; volatile_columns[i]; i++) {
        if (text_is(volatile_columns[i], column))
            return true;
    }
    return (length > 3 && text_is(column + length - 3, "_ms")) || (length > 4 && text_is(column + length - 4, "_seq"));
}

/* All rows of a table, in order, with or without what says when. */
static char *table_sql(sqlite3 *db, const char *table, bool whole)
{
    char *ask CLEANUP(heap_cleanup) = heap_printf("SELECT name FROM pragma_table_info('%s')", table);
    struct strbuf sql = STRBUF_INIT(0);
    sqlite3_stmt *statement = prepare(db, ask);
    int columns = 0;

    strbuf_text(&sql, "SELECT ");
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);

        if (whole || !is_volatile(name))
            strbuf_printf(&sql, "%s\"%s\"", columns++ ? ", " : "", name);
    }
    sqlite3_finalize(statement);
    strbuf_printf(&sql, " FROM \"%s\" ORDER BY 1", table);
    for (int i = 2; i <= columns; i++)
        strbuf_printf(&sql, ", %d", i);
    return strbuf_take(&sql);
}

/* The statements of all tables that are dumped; their texts are the same in every record, and are made once. */
static void prepare_dump(sqlite3 *db, bool whole, sqlite3_stmt **out)
{
    static char *texts[2][TABLES_MOST];

    for (int i = 0; project_tables[i]; i++) {
        if (i == TABLES_MOST)
            die("too many tables");
        if (!texts[whole][i])
            texts[whole][i] = table_sql(db, project_tables[i], whole);
        out[i] = prepare(db, texts[whole][i]);
    }
}

static char *dump(sqlite3_stmt *const *statements)
{
    struct strbuf out = STRBUF_INIT(0);

    for (int i = 0; project_tables[i]; i++)
        add_rows_of(&out, statements[i], project_tables[i]);
    strbuf_char(&out, '\n');
    return strbuf_take(&out);
}

static void finalize_dump(sqlite3_stmt **statements)
{
    for (int i = 0; project_tables[i]; i++)
        sqlite3_finalize(statements[i]);
}

static int lines_of(const char *ledger, const char *name)
{
    size_t length = strlen(name);
    int count = 0;

    for (const char *line = ledger; *line; line = strchr(line, '\n') + 1) {
        count += strncmp(line, name, length) == 0 && line[length] == '\n';
        if (!strchr(line, '\n'))
            break;
    }
    return count;
}

/* A command that is marked repeatable runs once an attempt at most, and once at least when it is done. */
static void check_ledger(const struct place *place, sqlite3 *db, struct strbuf *wrong)
{
    char *ledger CLEANUP(heap_cleanup) = place_read(place->ledger);
    sqlite3_stmt *statement = prepare(db, begun_sql);

    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        int begun = sqlite3_column_int(statement, 1), runs = lines_of(ledger, name);

        if (runs > begun || (runs == 0 && sqlite3_column_int(statement, 2)))
            strbuf_printf(wrong, "command '%s' ran %d times in %d attempts\n", name, runs, begun);
    }
    sqlite3_finalize(statement);
}

static struct error *rebuild(struct record *record, sqlite3_stmt *const *statements, char **after)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    TRY(tx_begin(record, &tx));
    TRY(journal_rebuild(&tx));
    *after = dump(statements);
    return NULL;
}

static struct error *check_rebuild(struct record *record, struct strbuf *wrong)
{
    sqlite3_stmt *statements[TABLES_MOST];
    char *before CLEANUP(heap_cleanup) = NULL;
    char *after CLEANUP(heap_cleanup) = NULL;
    struct error *error;

    prepare_dump(record->db, true, statements);
    before = dump(statements);
    error = rebuild(record, statements, &after);
    finalize_dump(statements);
    if (!error && !text_is(before, after)) {
        char *lines CLEANUP(heap_cleanup) = ending_difference(before, after);

        strbuf_printf(wrong, "the journal rebuilds other projections:\n%s", lines);
    }
    return error;
}

/* What must be the same in all endings. */
static char *lasting(sqlite3 *db)
{
    sqlite3_stmt *statements[TABLES_MOST];
    struct strbuf text = STRBUF_INIT(0);
    char *tables CLEANUP(heap_cleanup) = NULL;

    prepare_dump(db, false, statements);
    tables = dump(statements);
    finalize_dump(statements);
    strbuf_text(&text, tables);
    add_rows(&text, db, "event", lasting_sql);
    return strbuf_take(&text);
}

static struct error *read_ending(const struct place *place, struct strbuf *wrong, char **out)
{
    char *directory CLEANUP(heap_cleanup) = heap_printf("%s/record", place->state);
    struct record *record CLEANUP(record_cleanup) = NULL;
    int64_t rows;

    TRY(record_open(directory, RECORD_WRITE, &record));
    TRY(journal_verify(record, &rows));
    add_rows(wrong, record->db, "wrong", wrong_sql);
    check_ledger(place, record->db, wrong);
    TRY(check_rebuild(record, wrong));
    *out = lasting(record->db);
    return NULL;
}

char *ending_read(const struct place *place, char **finding)
{
    struct strbuf wrong CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct error *error CLEANUP(error_cleanup) = NULL;
    char *ending = NULL;

    error = read_ending(place, &wrong, &ending);
    if (error) {
        char *line CLEANUP(heap_cleanup) = error_line(error);

        *finding = heap_printf("the record cannot be read back: %s", line);
    } else if (wrong.length) {
        *finding = strbuf_take(&wrong);
    }
    return ending ? ending : heap_text("");
}

static bool has_line(const char *text, const char *line, size_t length)
{
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    }
    return false;
}

static void add_missing(struct strbuf *out, char sign, const char *of, const char *in)
{
    for (const char *line = of; *line;) {
        size_t length = strcspn(line, "\n");

        if (length && !has_line(in, line, length))
            strbuf_printf(out, "%c %.*s\n", sign, (int)length, line);
        line += length;
        line += *line == '\n';
    }
}

char *ending_difference(const char *wanted, const char *found)
{
    struct strbuf out = STRBUF_INIT(0);

    add_missing(&out, '-', wanted, found);
    add_missing(&out, '+', found, wanted);
    strbuf_char(&out, '\n');
    return strbuf_take(&out);
}
