#ifndef ENGINE_STORE_JOURNAL_H
#define ENGINE_STORE_JOURNAL_H

/*
 * Rows of the journal, for the files of this room.
 *
 * A row's hash is SHA-256 over "penstock-journal-v1", the 32 bytes of the hash before (zeros for the first row), and
 * the compact JSON with sorted keys of
 *
 *     {"actor":"ana","at_ms":1,"body":{...},"boot_ms":1,"epoch":0,"kind":"finding","release":"r-1","seq":1}
 *
 * where body is the text of its column, which is in the same form already.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "plan/event.h"

struct record;

#define JOURNAL_MAGIC "penstock-journal-v1"
#define JOURNAL_MAGIC_BYTES (sizeof(JOURNAL_MAGIC) - 1)

struct journal_row {
    int64_t seq;
    int64_t epoch;
    int64_t at_ms;
    int64_t boot_ms;
    const char *release; /* "" when not about one */
    const char *kind;
    const char *actor;
    const char *body;
    size_t body_length;
    struct digest prev;
    struct digest hash;
};

/* For a SELECT that journal_row_next() shall read; the condition follows. */
#define JOURNAL_SELECT "SELECT seq, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash FROM event "

/* *more: there is a next row, and it is in *out. The texts are borrowed from the statement until its next step. */
NODISCARD struct error *journal_row_next(struct record *record, sqlite3_stmt *statement, struct journal_row *out,
                                         bool *more);
/* The hash that the row must have; from its prev. What was hashed stays in record->row: magic, prev, JSON. */
struct digest journal_row_hash(struct record *record, const struct journal_row *row);
/* ERR_RECORD_DAMAGED when the row's hash is another. */
NODISCARD struct error *journal_row_check(struct record *record, const struct journal_row *row);
/* Applies the row's projections to the tables of `record`, which need not be the one that the row stands in. */
NODISCARD struct error *journal_row_project(struct record *record, const struct journal_row *row);
/* "row 17 of the record ...": what is wrong with it, and what to do. */
NODISCARD struct error *journal_row_damaged(int64_t seq, const char *what);

#endif
