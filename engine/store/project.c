#include "store/project.h"

#include <stdlib.h>
#include <string.h>

#include "base/embedded.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/event.h"
#include "plan/plan.h"
#include "store/database.h"
#include "store/journal.h"

#define MOST_STATEMENTS 16
#define MOST_VALUES 32
#define EVERY_VERB VERB_COUNT /* the file of the kind itself */

enum value {
    VALUE_SEQ,
    VALUE_RELEASE,
    VALUE_KIND,
    VALUE_EPOCH,
    VALUE_ACTOR,
    VALUE_AT_MS,
    VALUE_BOOT_MS,
    VALUE_BODY,
    VALUE_DETAIL,
    VALUE_EVIDENCE,
    VALUE_VERB,
    VALUE_TARGET,
    VALUE_STEP, /* from here on: fields of the encoded event by their key */
    VALUE_REASON,
    VALUE_ATTEMPT,
    VALUE_NUMBER,
    VALUE_EXPIRES_MS,
    VALUE_SUBJECT,
    VALUE_DECISION,
    VALUE_MODE,
    VALUE_END,
    VALUE_ERROR_KIND,
    VALUE_COUNT,
};

static const char *const value_names[VALUE_COUNT] = {
    [VALUE_SEQ] = ":seq",
    [VALUE_RELEASE] = ":release",
    [VALUE_KIND] = ":kind",
    [VALUE_EPOCH] = ":epoch",
    [VALUE_ACTOR] = ":actor",
    [VALUE_AT_MS] = ":at_ms",
    [VALUE_BOOT_MS] = ":boot_ms",
    [VALUE_BODY] = ":body",
    [VALUE_DETAIL] = ":detail",
    [VALUE_EVIDENCE] = ":evidence",
    [VALUE_VERB] = ":verb",
    [VALUE_TARGET] = ":target",
    [VALUE_STEP] = ":step",
    [VALUE_REASON] = ":reason",
    [VALUE_ATTEMPT] = ":attempt",
    [VALUE_NUMBER] = ":number",
    [VALUE_EXPIRES_MS] = ":expires_ms",
    [VALUE_SUBJECT] = ":subject",
    [VALUE_DECISION] = ":decision",
    [VALUE_MODE] = ":mode",
    [VALUE_END] = ":end",
    [VALUE_ERROR_KIND] = ":error_kind",
};

struct projected {
    sqlite3_stmt *statement;
    int count;
    enum value values[MOST_VALUES]; /* of parameter i + 1 */
};

struct projection {
    bool loaded;
    bool by_verb; /* of a kind: some verbs have files of their own */
    int count;
    struct projected *statements;
};

struct projections {
    struct projection rows[EVENT_KIND_COUNT][VERB_COUNT + 1];
};

/* What is bound, for one event. */
struct source {
    struct record *record;
    const struct journal_row *row;
    const json_t *event;
    enum event_kind kind;
    enum verb verb; /* VERB_COUNT = not asked for */
    const char *target;
    char *body;   /* made when it is first wanted */
    char *detail; /* as long as its statement runs */
};

const char *const project_tables[] = {
    "environment", "release",  "unit",          "artifact", "stamp",   "instance", "stage",         "step",
    "gate",        "decision", "author",        "rule",     "closure", "override", "pick",          "shortened",
    "review",      "branch",   "share_history", "share",    "drain",   "prober",   "prober_bucket", NULL,
};

static struct error *load_values(struct projected *projected)
{
    projected->count = sqlite3_bind_parameter_count(projected->statement);
    MUST(projected->count <= MOST_VALUES);
    for (int i = 0; i < projected->count; i++) {
        const char *name = sqlite3_bind_parameter_name(projected->statement, i + 1);
        int value = 0;

        while (value < VALUE_COUNT && !text_is(value_names[value], name))
            value++;
        if (value == VALUE_COUNT)
            return error_new(ERR_BUG, KIND_PERMANENT, "a projection asks for '%s', which no event has", name);
        projected->values[i] = (enum value)value;
    }
    return NULL;
}

static struct error *load_file(struct record *record, const char *path, struct projection *projection)
{
    const struct embedded *file = embedded_find(path);
    const char *sql = file ? file->bytes : "";

    if (!projection->statements)
        projection->statements = heap_alloc(MOST_STATEMENTS * sizeof(*projection->statements));
    while (*sql) {
        struct projected *projected = &projection->statements[projection->count];

        MUST(projection->count < MOST_STATEMENTS);
        TRY_AS(database_prepare(record, sql, &projected->statement, &sql), "while reading '%s'", path);
        if (!projected->statement)
            break; /* the rest is comment */
        projection->count++;
        TRY_AS(load_values(projected), "while reading '%s'", path);
    }
    projection->loaded = true;
    return NULL;
}

static bool has_verb_files(const char *kind)
{
    char *prefix CLEANUP(heap_cleanup) = heap_printf("state/project/%s.", kind);
    char *own CLEANUP(heap_cleanup) = heap_printf("state/project/%s.sql", kind);
    const struct embedded *file = embedded_next(prefix, NULL);

    if (file && text_is(file->path, own))
        file = embedded_next(prefix, file);
    return file != NULL;
}

static struct error *find_projection(struct record *record, enum event_kind kind, enum verb verb,
                                     struct projection **out)
{
    struct projection *projection;
    char *path CLEANUP(heap_cleanup) = NULL;

    if (!record->projections)
        record->projections = heap_alloc(sizeof(*record->projections));
    projection = &record->projections->rows[kind][verb];
    *out = projection;
    if (projection->loaded)
        return NULL;
    path = verb == EVERY_VERB ? heap_printf("state/project/%s.sql", event_kind_text(kind))
                              : heap_printf("state/project/%s.%s.sql", event_kind_text(kind), verb_text(verb));
    projection->by_verb = verb == EVERY_VERB && has_verb_files(event_kind_text(kind));
    return load_file(record, path, projection);
}

static void bind_json(sqlite3_stmt *statement, int index, const json_t *value)
{
    if (json_is_integer(value))
        statement_int(statement, index, json_integer_value(value));
    else
        statement_text(statement, index, json_string_value(value));
}

static const char *source_body(struct source *source)
{
    const json_t *body = json_object_get(source->event, "body");

    if (!body)
        return "{}";
    if (!source->body) {
        struct strbuf text = STRBUF_INIT(SIZE_MAX);

        json_add_canonical(&text, body);
        source->body = strbuf_take(&text);
    }
    return source->body;
}

/* Bound by itself, because most events have no more than these two, and SQL would parse the body once for each. */
static const char *source_detail(struct source *source)
{
    const json_t *detail = json_object_get(json_object_get(source->event, "body"), "detail");
    struct strbuf text = STRBUF_INIT(SIZE_MAX);

    if (!detail || json_is_null(detail))
        return NULL;
    json_add_canonical(&text, detail);
    free(source->detail);
    source->detail = strbuf_take(&text);
    return source->detail;
}

static void bind_field(sqlite3_stmt *statement, int index, const struct source *source, enum value value)
{
    const json_t *field = json_object_get(source->event, value_names[value] + 1);

    if (field)
        bind_json(statement, index, field);
    else if (value == VALUE_ATTEMPT || value == VALUE_NUMBER || value == VALUE_EXPIRES_MS)
        statement_int(statement, index, 0);
    else if (value == VALUE_ERROR_KIND)
        statement_text(statement, index, error_kind_text(KIND_PERMANENT));
    else if (value == VALUE_MODE)
        statement_text(statement, index, mode_text(MODE_FORWARD));
    else
        statement_text(statement, index, NULL);
}

static void bind_value(sqlite3_stmt *statement, int index, struct source *source, enum value value)
{
    const struct journal_row *row = source->row;

    switch (value) {
    case VALUE_SEQ:
        statement_int(statement, index, row->seq);
        return;
    case VALUE_RELEASE:
        statement_text(statement, index, row->release);
        return;
    case VALUE_KIND:
        statement_text(statement, index, row->kind);
        return;
    case VALUE_EPOCH:
        statement_int(statement, index, row->epoch);
        return;
    case VALUE_ACTOR:
        statement_text(statement, index, row->actor);
        return;
    case VALUE_AT_MS:
        statement_int(statement, index, row->at_ms);
        return;
    case VALUE_BOOT_MS:
        statement_int(statement, index, row->boot_ms);
        return;
    case VALUE_BODY:
        statement_text(statement, index, source_body(source));
        return;
    case VALUE_DETAIL:
        statement_text(statement, index, source_detail(source));
        return;
    case VALUE_EVIDENCE:
        statement_text(statement, index, json_get_text(json_object_get(source->event, "body"), "evidence"));
        return;
    case VALUE_VERB:
        statement_text(statement, index, verb_text(source->verb));
        return;
    case VALUE_TARGET:
        statement_text(statement, index, source->target);
        return;
    case VALUE_STEP:
    case VALUE_REASON:
    case VALUE_ATTEMPT:
    case VALUE_NUMBER:
    case VALUE_EXPIRES_MS:
    case VALUE_SUBJECT:
    case VALUE_DECISION:
    case VALUE_MODE:
    case VALUE_END:
    case VALUE_ERROR_KIND:
        bind_field(statement, index, source, value);
        return;
    case VALUE_COUNT:
        break;
    }
    BUG("value %d", (int)value);
}

static struct error *run_projection(struct source *source, const struct projection *projection)
{
    for (int i = 0; i < projection->count; i++) {
        const struct projected *projected = &projection->statements[i];
        struct error *error;

        for (int k = 0; k < projected->count; k++)
            bind_value(projected->statement, k + 1, source, projected->values[k]);
        error = database_run(source->record, projected->statement);
        sqlite3_clear_bindings(projected->statement);
        if (!error)
            continue;
        if (error->code == ERR_CONFLICT && source->kind != EVENT_RELEASE_PLANNED)
            error->code = ERR_BUG;
        return error_wrap(error, "event '%s' does not fit into the record", source->row->kind);
    }
    return NULL;
}

/* Binds what the step is, for the projections that depend on it; the target lives until the statement rests. */
static struct error *run_by_verb(struct source *source)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    int64_t step = json_integer_value(json_object_get(source->event, "step"));
    struct projection *projection;
    bool row;

    TRY(database_statement(source->record, "SELECT verb, target FROM step WHERE release = ?1 AND ordinal = ?2",
                           &statement));
    statement_text(statement, 1, source->row->release);
    statement_int(statement, 2, step);
    TRY(database_step(source->record, statement, &row));
    if (!row)
        return error_new(ERR_BUG, KIND_PERMANENT, "event '%s' is about step %lld, which release '%s' has not",
                         source->row->kind, (long long)step, source->row->release);
    if (!verb_parse(column_text(statement, 0), &source->verb))
        return error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "step %lld of release '%s' has an unknown verb '%s'",
                         (long long)step, source->row->release, column_text(statement, 0));
    source->target = column_text(statement, 1);
    TRY(find_projection(source->record, source->kind, source->verb, &projection));
    return run_projection(source, projection);
}

struct error *project_event(struct record *record, const struct journal_row *row, const json_t *event)
{
    struct source source = {.record = record, .row = row, .event = event, .verb = VERB_COUNT};
    struct projection *projection;
    struct error *error;

    MUST(event_kind_parse(row->kind, &source.kind));
    TRY(find_projection(record, source.kind, EVERY_VERB, &projection));
    error = run_projection(&source, projection);
    if (!error && projection->by_verb && json_object_get(event, "step"))
        error = run_by_verb(&source);
    free(source.body);
    free(source.detail);
    return error;
}

struct error *project_clear(struct record *record)
{
    for (size_t i = 0; project_tables[i]; i++) {
        char *sql CLEANUP(heap_cleanup) = heap_printf("DELETE FROM %s", project_tables[i]);

        TRY(database_exec(record, sql));
    }
    return NULL;
}

static void projection_free(struct projection *projection)
{
    for (int i = 0; i < projection->count; i++)
        sqlite3_finalize(projection->statements[i].statement);
    free(projection->statements);
}

void projections_free(struct projections *projections)
{
    if (!projections)
        return;
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (int verb = 0; verb <= VERB_COUNT; verb++)
            projection_free(&projections->rows[kind][verb]);
    }
    free(projections);
}
