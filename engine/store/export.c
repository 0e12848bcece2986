#include "store/export.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "store/database.h"
#include "store/journal.h"
#include "store/verify.h"

#define PAGE_BYTES ((size_t)64 * 1024)
#define PIECE_BYTES (48 * 1024) /* of evidence; a multiple of three, so that pieces of base64 can be joined */
#define FORMAT 1
#define CACHE "PRAGMA cache_size = -512" /* KiB: everything is read once */

struct export
{
    struct record *record;
    export_write_fn write;
    void *context;
    struct strbuf page; /* lines that are not written yet */
    struct journal_tail last;
    int64_t events, evidence;
    int64_t last_event, last_evidence; /* when it began: the export ends with these */
};

static struct error *flush(struct export *export)
{
    struct error *error = export->write(export->context, strbuf_view(&export->page), export->page.length);

    strbuf_reset(&export->page);
    return error;
}

static void add_hex(struct strbuf *out, const struct digest *digest)
{
    char hex[DIGEST_HEX];

    digest_hex(digest, hex);
    strbuf_printf(out, "\"%s\"", hex);
}

static struct error *write_head(struct export *export)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_int(export->record, "SELECT max(seq) FROM event", 0, &export->last_event));
    TRY(database_int(export->record, "SELECT max(rowid) FROM evidence", 0, &export->last_evidence));
    TRY(database_prepare(export->record, "SELECT record, created_ms FROM meta", &statement, NULL));
    TRY(database_step(export->record, statement, &row));
    MUST(row);
    strbuf_printf(&export->page, "{\"type\":\"record\",\"format\":%d,\"record\":", FORMAT);
    json_add_text(&export->page, column_text(statement, 0), strlen(column_text(statement, 0)));
    strbuf_printf(&export->page, ",\"created_ms\":%lld,\"events\":%lld}\n", (long long)column_int(statement, 1),
                  (long long)export->last_event);
    return NULL;
}

/* What is hashed stands in the line as it is, behind a head that is always as long: no JSON reader is needed to check it. */
static void add_event(struct export *export, const struct journal_row *row)
{
    const size_t before = JOURNAL_MAGIC_BYTES + DIGEST_BYTES;

    strbuf_text(&export->page, "{\"type\":\"event\",\"prev\":");
    add_hex(&export->page, &row->prev);
    strbuf_text(&export->page, ",\"hash\":");
    add_hex(&export->page, &row->hash);
    strbuf_text(&export->page, ",\"row\":");
    strbuf_add(&export->page, export->record->row.bytes + before, export->record->row.length - before);
    strbuf_text(&export->page, "}\n");
    export->events++;
}

/* One read transaction. What is written goes out after it. */
static struct error *read_page(struct export *export)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;

    TRY(database_statement(export->record, JOURNAL_SELECT "WHERE seq > ?1 AND seq <= ?2 ORDER BY seq", &statement));
    statement_int(statement, 1, export->last.seq);
    statement_int(statement, 2, export->last_event);
    while (export->page.length < PAGE_BYTES) {
        struct journal_row row;
        bool more;

        TRY(journal_row_next(export->record, statement, &row, &more));
        if (!more)
            break;
        TRY(journal_check_row(export->record, &row, &export->last));
        add_event(export, &row);
    }
    return NULL;
}

static struct error *write_events(struct export *export)
{
    while (export->last.seq < export->last_event) {
        struct error *error = read_page(export);

        if (error) {
            error_cleanup(&(struct error *){flush(export)});
            return error;
        }
        TRY(flush(export));
    }
    return NULL;
}

static struct error *write_bytes(struct export *export, sqlite3_blob *blob)
{
    char piece[PIECE_BYTES];
    int length = sqlite3_blob_bytes(blob);

    for (int at = 0; at < length; at += PIECE_BYTES) {
        int size = length - at < PIECE_BYTES ? length - at : PIECE_BYTES;

        TRY(database_error(export->record, sqlite3_blob_read(blob, piece, size, at), "read"));
        base64_add(&export->page, piece, (size_t)size);
        if (export->page.length >= PAGE_BYTES)
            TRY(flush(export));
    }
    return NULL;
}

/* The first piece behind `*row`, which is moved there; *found false: there is none. */
static struct error *write_evidence_after(struct export *export, int64_t *row, bool *found)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    sqlite3_blob *blob = NULL;
    struct error *error;

    TRY(database_statement(export->record,
                           "SELECT rowid, digest FROM evidence WHERE rowid > ?1 AND rowid <= ?2 ORDER BY rowid LIMIT 1",
                           &statement));
    statement_int(statement, 1, *row);
    statement_int(statement, 2, export->last_evidence);
    TRY(database_step(export->record, statement, found));
    if (!*found)
        return NULL;
    *row = column_int(statement, 0);
    strbuf_text(&export->page, "{\"type\":\"evidence\",\"digest\":");
    json_add_text(&export->page, column_text(statement, 1), strlen(column_text(statement, 1)));
    strbuf_text(&export->page, ",\"base64\":\"");
    statement_rest(&statement);
    error = database_error(export->record,
                           sqlite3_blob_open(export->record->db, "main", "evidence", "bytes", *row, 0, &blob), "read");
    if (!error)
        error = write_bytes(export, blob);
    sqlite3_blob_close(blob);
    strbuf_text(&export->page, "\"}\n");
    export->evidence++;
    return error;
}

static struct error *write_evidence(struct export *export)
{
    int64_t row = 0;

    for (;;) {
        bool found;

        TRY(write_evidence_after(export, &row, &found));
        if (!found)
            return NULL;
        if (export->page.length >= PAGE_BYTES)
            TRY(flush(export));
    }
}

static struct error *write_end(struct export *export)
{
    strbuf_printf(&export->page,
                  "{\"type\":\"end\",\"events\":%lld,\"evidence\":%lld,\"hash\":", (long long)export->events,
                  (long long)export->evidence);
    add_hex(&export->page, &export->last.hash);
    strbuf_text(&export->page, "}\n");
    return flush(export);
}

static struct error *export_in(struct export *export, bool evidence)
{
    TRY(database_exec(export->record, CACHE));
    TRY(write_head(export));
    TRY(write_events(export));
    if (evidence)
        TRY(write_evidence(export));
    return write_end(export);
}

struct error *record_export(struct record *record, bool evidence, export_write_fn write, void *context)
{
    struct export export = {.record = record, .write = write, .context = context, .page = STRBUF_INIT(SIZE_MAX)};
    struct error *error = export_in(&export, evidence);

    strbuf_release(&export.page);
    return error;
}
