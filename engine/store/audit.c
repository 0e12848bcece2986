/* The named queries of state/queries/audit/, and what all of an auditor's queries have in common: bounds, time, rows. */

#include "store/audit_run.h"

#include <string.h>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define QUERIES "state/queries/audit/"
#define VIEWS "state/views/"
#define ENDING ".sql"
#define OPERATIONS_A_LOOK 10000 /* of SQLite's machine, between two looks at the clock: about 0.1 ms */

/* The lines "-- ..." at the head, without their dashes; the first goes to *summary. */
static const char *read_head(struct arena *arena, const char *text, const char **summary)
{
    struct strbuf doc CLEANUP(strbuf_release) = STRBUF_INIT(0);

    *summary = NULL;
    while (text_starts(text, "--")) {
        size_t length = strcspn(text, "\n");
        const char *line = arena_text_n(arena, text + 2, length - 2);

        line += *line == ' ';
        if (!*summary)
            *summary = line;
        else
            strbuf_printf(&doc, "%s\n", line);
        text += length + (text[length] == '\n');
    }
    MUST(*summary);
    return arena_text(arena, strbuf_view(&doc));
}

static const struct audit_text *read_all(struct arena *arena, const char *prefix)
{
    const struct embedded *file = NULL;
    struct audit_text *texts = NULL;
    int count = 0, capacity = 0;

    while ((file = embedded_next(prefix, file))) {
        struct audit_text *text = ARENA_PUSH(arena, texts, count, capacity);
        const char *base = file->path + strlen(prefix);

        text->name = arena_text_n(arena, base, strlen(base) - strlen(ENDING));
        text->doc = read_head(arena, file->bytes, &text->summary);
    }
    (void)ARENA_PUSH(arena, texts, count, capacity);
    return texts;
}

const struct audit_text *audit_queries(struct arena *arena)
{
    return read_all(arena, QUERIES);
}

const struct audit_text *audit_views(struct arena *arena)
{
    return read_all(arena, VIEWS);
}

static int on_progress(void *context)
{
    const struct audit_run *run = context;

    return clock_boot_ms() >= run->deadline_ms;
}

struct error *audit_run_begin(struct audit_run *run, struct record *record, const struct audit_bounds *bounds,
                              const struct audit_sink *sink)
{
    *run = (struct audit_run){.record = record, .sink = sink, .timeout_ms = bounds->timeout_ms};
    if (run->timeout_ms) {
        run->deadline_ms = clock_boot_ms() + run->timeout_ms;
        sqlite3_progress_handler(record->db, OPERATIONS_A_LOOK, on_progress, run);
    }
    /* What has to be sorted may be larger than memory. */
    return database_exec(record, "PRAGMA temp_store = FILE");
}

void audit_run_end(struct audit_run *run)
{
    sqlite3_finalize(run->statement);
    run->statement = NULL;
    sqlite3_progress_handler(run->record->db, 0, NULL, NULL);
}

struct error *audit_run_error(const struct audit_run *run, int code)
{
    struct arena *arena CLEANUP(arena_cleanup) = NULL;

    switch (code & 0xff) {
    case SQLITE_INTERRUPT:
        arena = arena_new();
        return error_hint(error_new(ERR_TIMEOUT, KIND_PERMANENT, "the query took longer than %s",
                                    duration_text(arena, run->timeout_ms)),
                          "give it more time with --timeout, or less to look at");
    case SQLITE_NOMEM:
        return error_hint(
            error_new(ERR_LIMIT, KIND_PERMANENT, "the query needs more than %d MiB of memory", AUDIT_MEMORY_MIB),
            "give it less to look at");
    case SQLITE_ERROR:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return error_new(ERR_USAGE, KIND_PERMANENT, "%s", sqlite3_errmsg(run->record->db));
    default:
        return database_error(run->record, code, "read");
    }
}

static void read_value(sqlite3_stmt *statement, int index, struct audit_value *out)
{
    *out = (struct audit_value){.type = AUDIT_NULL};
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
        out->type = AUDIT_INT;
        out->number = column_int(statement, index);
        return;
    case SQLITE_FLOAT:
        out->type = AUDIT_REAL;
        out->real = sqlite3_column_double(statement, index);
        return;
    case SQLITE_TEXT:
        out->type = AUDIT_TEXT;
        out->bytes = column_text(statement, index);
        break;
    case SQLITE_BLOB:
        out->type = AUDIT_BLOB;
        out->bytes = sqlite3_column_blob(statement, index);
        break;
    default:
        return;
    }
    out->length = (size_t)sqlite3_column_bytes(statement, index);
}

struct error *audit_run_rows(struct audit_run *run)
{
    int count = sqlite3_column_count(run->statement);
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct audit_value *values = arena_array(arena, (size_t)count + 1, sizeof(*values));
    const char **columns = arena_array(arena, (size_t)count + 1, sizeof(*columns));
    int code;

    for (int i = 0; i < count; i++)
        columns[i] = arena_text(arena, sqlite3_column_name(run->statement, i));
    TRY(run->sink->begin(run->sink->context, columns, count));
    while ((code = sqlite3_step(run->statement)) == SQLITE_ROW) {
        for (int i = 0; i < count; i++)
            read_value(run->statement, i, &values[i]);
        TRY(run->sink->row(run->sink->context, values));
    }
    return code == SQLITE_DONE ? NULL : audit_run_error(run, code);
}

static bool bind_int(sqlite3_stmt *statement, const char *name, int64_t value)
{
    int index = sqlite3_bind_parameter_index(statement, name);

    if (index && value)
        statement_int(statement, index, value);
    return index != 0;
}

static struct error *bind_bounds(sqlite3_stmt *statement, const char *name, const struct audit_bounds *bounds)
{
    int environment = sqlite3_bind_parameter_index(statement, ":environment");
    bool since = bind_int(statement, ":since_ms", bounds->since_ms);
    bool until = bind_int(statement, ":until_ms", bounds->until_ms);

    bind_int(statement, ":now_ms", bounds->now_ms);
    if (bounds->environment && !environment)
        return error_new(ERR_USAGE, KIND_PERMANENT, "query '%s' is not about environments", name);
    if ((bounds->since_ms && !since) || (bounds->until_ms && !until))
        return error_new(ERR_USAGE, KIND_PERMANENT, "query '%s' has no period", name);
    if (environment)
        statement_text(statement, environment, bounds->environment);
    return NULL;
}

static struct error *query_in(struct audit_run *run, const char *name, const struct audit_bounds *bounds)
{
    char *path CLEANUP(heap_cleanup) = heap_printf(QUERIES "%s" ENDING, name);
    const struct embedded *file = embedded_find(path);

    MUST(file);
    TRY_AS(database_prepare(run->record, file->bytes, &run->statement, NULL), "while reading '%s'", path);
    TRY(bind_bounds(run->statement, name, bounds));
    return audit_run_rows(run);
}

struct error *audit_query(struct record *record, const char *name, const struct audit_bounds *bounds,
                          const struct audit_sink *sink)
{
    struct audit_run run;
    struct error *error = audit_run_begin(&run, record, bounds, sink);

    if (!error)
        error = query_in(&run, name, bounds);
    audit_run_end(&run);
    return error;
}
