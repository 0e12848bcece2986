#ifndef ENGINE_STORE_AUDIT_RUN_H
#define ENGINE_STORE_AUDIT_RUN_H

/* For the files of audit.h: one query as it runs. */

#include <sqlite3.h>

#include "store/audit.h"
#include "store/database.h"

struct audit_run {
    struct record *record;
    const struct audit_sink *sink;
    sqlite3_stmt *statement;
    int64_t timeout_ms, deadline_ms; /* 0 = none; CLOCK_BOOTTIME */
};

/* End it in any case. */
NODISCARD struct error *audit_run_begin(struct audit_run *run, struct record *record, const struct audit_bounds *bounds,
                                        const struct audit_sink *sink);
void audit_run_end(struct audit_run *run);
/* Hands on all rows of the statement. */
NODISCARD struct error *audit_run_rows(struct audit_run *run);
/* What SQLite says of the query, as an error. */
struct error *audit_run_error(const struct audit_run *run, int code);

#endif
