#include "store/journal.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/database.h"
#include "store/project.h"

#define ROW_LIMIT_BYTES ((size_t)32 * 1024 * 1024)

/* As json_canonical() would write the whole row. */
static void add_text(struct strbuf *out, const char *text)
{
    json_add_text(out, text, strlen(text));
}

#define ADD(out, constant) strbuf_add((out), (constant), sizeof(constant) - 1)

struct digest journal_row_hash(struct record *record, const struct journal_row *row)
{
    struct strbuf *out = &record->row;

    strbuf_reset(out);
    ADD(out, JOURNAL_MAGIC);
    strbuf_add(out, row->prev.bytes, DIGEST_BYTES);
    ADD(out, "{\"actor\":");
    add_text(out, row->actor);
    ADD(out, ",\"at_ms\":");
    json_add_int(out, row->at_ms);
    ADD(out, ",\"body\":");
    strbuf_add(out, row->body, row->body_length);
    ADD(out, ",\"boot_ms\":");
    json_add_int(out, row->boot_ms);
    ADD(out, ",\"epoch\":");
    json_add_int(out, row->epoch);
    ADD(out, ",\"kind\":");
    add_text(out, row->kind);
    ADD(out, ",\"release\":");
    add_text(out, row->release);
    ADD(out, ",\"seq\":");
    json_add_int(out, row->seq);
    ADD(out, "}");
    /* A row that was blown up to more than the limit is cut here, and so does not match its hash. */
    return digest_of(out->bytes, out->length);
}

struct error *journal_row_damaged(int64_t seq, const char *what)
{
    struct error *error =
        error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "row %lld of the record %s", (long long)seq, what);

    return error_hint(error, "rows before it can be trusted; restore the record from a backup");
}

static struct error *row_read(sqlite3_stmt *statement, struct journal_row *out)
{
    out->seq = column_int(statement, 0);
    out->release = column_text(statement, 1);
    out->kind = column_text(statement, 2);
    out->epoch = column_int(statement, 3);
    out->actor = column_text(statement, 4);
    out->at_ms = column_int(statement, 5);
    out->boot_ms = column_int(statement, 6);
    out->body = column_text(statement, 7);
    out->body_length = (size_t)sqlite3_column_bytes(statement, 7);
    if (!out->release || !out->kind || !out->actor || !out->body || !column_digest(statement, 8, &out->prev) ||
        !column_digest(statement, 9, &out->hash))
        return journal_row_damaged(out->seq, "is not a row of a journal");
    return NULL;
}

struct error *journal_row_next(struct record *record, sqlite3_stmt *statement, struct journal_row *out, bool *more)
{
    TRY(database_step(record, statement, more));
    return *more ? row_read(statement, out) : NULL;
}

struct error *journal_row_check(struct record *record, const struct journal_row *row)
{
    struct digest wanted = journal_row_hash(record, row);

    if (memcmp(wanted.bytes, row->hash.bytes, DIGEST_BYTES) != 0)
        return journal_row_damaged(row->seq, "was changed: it does not match its hash");
    return NULL;
}

static struct error *row_kind(const struct journal_row *row, enum event_kind *out)
{
    struct error *error;

    if (event_kind_parse(row->kind, out))
        return NULL;
    error = error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "row %lld of the record is a '%s', which is not known",
                      (long long)row->seq, row->kind);
    return error_hint(error, "use the penstock that wrote it, or a newer one");
}

static void add_columns(const struct journal_row *row, struct event *out)
{
    out->seq = row->seq;
    out->release = *row->release ? row->release : NULL;
    out->epoch = row->epoch;
    out->at_ms = row->at_ms;
    out->boot_ms = row->boot_ms;
    out->actor = row->actor;
}

static struct error *row_decode(const struct journal_row *row, json_t **json, struct event *out)
{
    enum event_kind kind;

    TRY(row_kind(row, &kind));
    *json = json_loadb(row->body, row->body_length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!*json)
        return journal_row_damaged(row->seq, "is not JSON");
    TRY_AS(event_decode(*json, kind, out), "row %lld of the record cannot be understood", (long long)row->seq);
    add_columns(row, out);
    return NULL;
}

struct error *journal_row_project(struct record *record, const struct journal_row *row)
{
    json_t *json CLEANUP(json_cleanup) = NULL;
    struct event event;

    TRY(row_decode(row, &json, &event));
    return project_event(record, row, json);
}

/* Nearly all rows can be read quickly; the few with an escape in their reason go the long way. */
static struct error *row_scan(const struct journal_row *row, struct strbuf *text, json_t **json, struct event *out)
{
    enum event_kind kind;

    TRY(row_kind(row, &kind));
    strbuf_reset(text);
    strbuf_add(text, row->body, row->body_length);
    if (!event_scan(text->bytes, kind, out, event_body_is_folded(kind) ? json : NULL)) {
        json_cleanup(json);
        return row_decode(row, json, out);
    }
    add_columns(row, out);
    return NULL;
}

/* Other processes append too, so the end is asked for in each transaction that follows one of theirs. */
static struct error *find_tail(struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    struct journal_tail *tail = &record->tail;
    bool row;

    if (tail->known)
        return NULL;
    TRY(database_statement(record, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1", &statement));
    TRY(database_step(record, statement, &row));
    tail->seq = 0;
    tail->hash = (struct digest){0};
    if (row) {
        tail->seq = column_int(statement, 0);
        if (!column_digest(statement, 1, &tail->hash))
            return journal_row_damaged(tail->seq, "is not a row of a journal");
    }
    tail->known = true;
    return NULL;
}

struct error *journal_seq(struct record *record, int64_t *out)
{
    return database_int(record, "SELECT max(seq) FROM event", 0, out);
}

static struct error *insert(struct record *record, const struct journal_row *row)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;

    TRY(database_statement(record,
                           "INSERT INTO event (seq, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                           &statement));
    statement_int(statement, 1, row->seq);
    statement_text(statement, 2, row->release);
    statement_text(statement, 3, row->kind);
    statement_int(statement, 4, row->epoch);
    statement_text(statement, 5, row->actor);
    statement_int(statement, 6, row->at_ms);
    statement_int(statement, 7, row->boot_ms);
    statement_text(statement, 8, row->body);
    statement_blob(statement, 9, row->prev.bytes, DIGEST_BYTES);
    statement_blob(statement, 10, row->hash.bytes, DIGEST_BYTES);
    return database_run(record, statement);
}

/* Kinds that may be about no release at all. */
static bool stands_alone(enum event_kind kind)
{
    return kind == EVENT_FINDING || kind == EVENT_DECISION_REFUSED || kind == EVENT_DECISION_MADE ||
           kind == EVENT_BRANCH_MADE;
}

/* A second live release is an answer, not a fault: two people may begin at the same moment. */
static struct error *conflict(struct record *record, const struct event *event, struct error *error)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    const char *environment = json_get_text(event->body, "environment");
    struct error *live;
    bool row;

    if (event->kind != EVENT_RELEASE_PLANNED || error->code != ERR_CONFLICT)
        return error;
    TRY(database_prepare(record, "SELECT id FROM release WHERE environment = ?1 AND ended_ms IS NULL", &statement,
                         NULL));
    statement_text(statement, 1, environment);
    TRY(database_step(record, statement, &row));
    if (row && text_is(column_text(statement, 0), event->release)) {
        error->code = ERR_BUG; /* its own row stands: what did not fit came after it */
        return error;
    }
    error_free(error);
    if (!row) {
        live = error_new(ERR_CONFLICT, KIND_PERMANENT, "release '%s' is in the record already", event->release);
        return error_hint(live, "plan again: penstock plan");
    }
    live = error_new(ERR_CONFLICT, KIND_PERMANENT, "release '%s' is live in environment '%s'",
                     column_text(statement, 0), environment);
    return error_hint(live, "penstock watch %s", column_text(statement, 0));
}

/* The actor as the journal may hold it: UTF-8. */
static const char *clean_actor(const char *actor, struct strbuf *clean)
{
    json_t *json CLEANUP(json_cleanup) = json_string(actor);

    if (json)
        return actor;
    text_clean(clean, actor, strlen(actor));
    return strbuf_view(clean);
}

struct error *journal_append(struct tx *tx, struct event *event)
{
    struct record *record = tx->record;
    struct strbuf actor CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *json CLEANUP(json_cleanup) = NULL;
    struct strbuf body CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
    struct journal_row row;
    struct error *error;

    MUST(record && record->in_tx && !record->looking && event->actor && *event->actor && event->reason);
    MUST(event->release || stands_alone(event->kind));
    TRY(find_tail(record));
    json = event_encode(event);
    json_add_canonical(&body, json);
    row = (struct journal_row){
        .seq = record->tail.seq + 1,
        .epoch = event->epoch,
        .at_ms = event->at_ms,
        .boot_ms = event->boot_ms,
        .release = event->release ? event->release : "",
        .kind = event_kind_text(event->kind),
        .actor = clean_actor(event->actor, &actor),
        .body = strbuf_view(&body),
        .body_length = body.length,
        .prev = record->tail.hash,
    };
    if (row.body_length > ROW_LIMIT_BYTES)
        return error_new(ERR_LIMIT, KIND_PERMANENT,
                         "event '%s' has %zu bytes, but a row of the record holds at most %zu", row.kind,
                         row.body_length, ROW_LIMIT_BYTES);
    row.hash = journal_row_hash(record, &row);
    record->spoiled = true;
    TRY(insert(record, &row));
    error = project_event(record, &row, json);
    if (error)
        return conflict(record, event, error);
    record->spoiled = false;
    record->tail.seq = row.seq;
    record->tail.hash = row.hash;
    event->seq = row.seq;
    return NULL;
}

/* A release's rows stand between its first and its last; where there is no release row, in the whole journal. */
static const char events_of_release[] = JOURNAL_SELECT
    "WHERE release = ?1 AND seq > max(?2, coalesce((SELECT first_seq - 1 FROM release WHERE id = ?1), 0))"
    "  AND seq <= coalesce((SELECT last_seq FROM release WHERE id = ?1), 9223372036854775807) ORDER BY seq";

struct error *journal_read(struct record *record, const char *release, int64_t after_seq, journal_visit_fn visit,
                           void *context)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    /* In a transaction the end of the journal is asked for anyway, and mostly it says that there is nothing to read. */
    if (record->in_tx) {
        TRY(find_tail(record));
        if (record->tail.seq <= after_seq)
            return NULL;
    }
    TRY(database_statement(record, events_of_release, &statement));
    statement_text(statement, 1, release);
    statement_int(statement, 2, after_seq);
    for (;;) {
        json_t *json CLEANUP(json_cleanup) = NULL;
        struct journal_row row;
        struct event event;
        bool more;

        TRY(journal_row_next(record, statement, &row, &more));
        if (!more)
            return NULL;
        TRY(journal_row_check(record, &row));
        TRY(row_scan(&row, &text, &json, &event));
        /* cppcheck-suppress returnDanglingLifetime ; what comes back is an error, not the event */
        TRY(visit(context, &event));
    }
}
