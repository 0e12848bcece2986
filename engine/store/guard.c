/* What must still be true when a release begins: planning read the record without a lock. */

#include "base/text.h"
#include "store/database.h"

struct error *facts_unchanged(struct tx *tx, const char *environment, int64_t seq)
{
    sqlite3_stmt *statement CLEANUP(statement_rest) = NULL;
    bool row;

    TRY(database_statement(tx->record,
                           "SELECT r.id, r.ended_ms IS NULL FROM event e JOIN release r ON r.id = e.release"
                           " WHERE e.seq > ?1 AND r.environment = ?2"
                           " UNION ALL SELECT id, 1 FROM release WHERE environment = ?2 AND ended_ms IS NULL LIMIT 1",
                           &statement));
    statement_int(statement, 1, seq);
    statement_text(statement, 2, environment);
    TRY(database_step(tx->record, statement, &row));
    if (!row)
        return NULL;
    if (sqlite3_column_int(statement, 1))
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "environment '%s' has a live release, %s",
                                    environment, (const char *)sqlite3_column_text(statement, 0)),
                          "penstock watch %s", (const char *)sqlite3_column_text(statement, 0));
    return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                "the plan is stale: release %s changed environment '%s' since",
                                (const char *)sqlite3_column_text(statement, 0), environment),
                      "penstock plan %s", environment);
}
