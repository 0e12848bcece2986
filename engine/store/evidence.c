/* Evidence is bytes by their digest: the same probe body a thousand times is one row. Never changed, never removed. */

#include <string.h>

#include "base/memory.h"
#include "store/database.h"

#define EVIDENCE_LIMIT_BYTES ((size_t)32 * 1024 * 1024)

struct error *evidence_put(struct tx *tx, struct arena *arena, const char *bytes, size_t length, const char **digest)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    struct digest sum = digest_of(bytes, length);
    char hex[DIGEST_HEX];

    MUST(tx->record && tx->record->in_tx && !tx->record->looking);
    if (length > EVIDENCE_LIMIT_BYTES)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "evidence has %zu bytes, but the record takes at most %zu", length,
                         EVIDENCE_LIMIT_BYTES);
    digest_hex(&sum, hex);
    TRY(database_statement(tx->record,
                           "INSERT INTO evidence (digest, bytes) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
                           &statement));
    statement_text(statement, 1, hex);
    statement_blob(statement, 2, bytes, length);
    TRY(database_run(tx->record, statement));
    *digest = arena_text(arena, hex);
    return NULL;
}

static struct error *damaged(const char *digest, const char *what)
{
    struct error *error = error_new(ERR_RECORD_DAMAGED, KIND_PERMANENT, "evidence '%s' %s", digest, what);

    return error_hint(error, "restore the record from a backup");
}

static struct error *check(const char *digest, const void *bytes, size_t length)
{
    struct digest sum = digest_of(bytes, length);
    char hex[DIGEST_HEX];

    digest_hex(&sum, hex);
    return strcmp(hex, digest) == 0 ? NULL : damaged(digest, "was changed: it does not match its digest");
}

struct error *evidence_get(struct record *record, struct arena *arena, const char *digest, const char **bytes,
                           size_t *length)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    const void *blob;
    bool row;

    TRY(database_statement(record, "SELECT bytes FROM evidence WHERE digest = ?1", &statement));
    statement_text(statement, 1, digest);
    TRY(database_step(record, statement, &row));
    if (!row)
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no evidence '%s' in the record", digest);
    blob = sqlite3_column_blob(statement, 0);
    *length = (size_t)sqlite3_column_bytes(statement, 0);
    TRY(check(digest, blob, *length));
    *bytes = arena_text_n(arena, blob, *length);
    return NULL;
}

static const char missing_sql[] =
    "SELECT digest FROM (SELECT plan AS digest FROM release UNION SELECT evidence FROM step WHERE evidence IS NOT NULL)"
    " WHERE digest NOT IN (SELECT digest FROM evidence) ORDER BY digest LIMIT 1";

static struct error *check_missing(struct record *record)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool row;

    TRY(database_prepare(record, missing_sql, &statement, NULL));
    TRY(database_step(record, statement, &row));
    return row ? damaged(column_text(statement, 0), "is missing") : NULL;
}

struct error *evidence_verify(struct record *record, int64_t *count)
{
    sqlite3_stmt *statement CLEANUP(statement_cleanup) = NULL;
    bool more;

    *count = 0;
    TRY(check_missing(record));
    TRY(database_prepare(record, "SELECT digest, bytes FROM evidence", &statement, NULL));
    for (;;) {
        TRY(database_step(record, statement, &more));
        if (!more)
            return NULL;
        TRY(check(column_text(statement, 0), sqlite3_column_blob(statement, 1),
                  (size_t)sqlite3_column_bytes(statement, 1)));
        (*count)++;
    }
}
