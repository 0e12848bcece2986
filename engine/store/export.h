#ifndef ENGINE_STORE_EXPORT_H
#define ENGINE_STORE_EXPORT_H

/*
 * The whole record as JSON lines (docs/reference/export.md), for somebody who trusts neither us nor SQLite. Of the journal
 * all there was when it began, each row checked against the chain on the way; then the evidence.
 *
 * Read in pages, each a read transaction of its own: a snapshot of the whole would keep the write-ahead log of a live
 * record from being folded for as long as it takes. Nothing is missed by that, for rows are only ever appended.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct record;

/* Some whole lines, or part of one; in order. An error ends the export. */
typedef struct error *(*export_write_fn)(void *context, const char *bytes, size_t length);

/* ERR_RECORD_DAMAGED at the first row that does not fit; what was written until then does. */
NODISCARD struct error *record_export(struct record *record, bool evidence, export_write_fn write, void *context);

#endif
