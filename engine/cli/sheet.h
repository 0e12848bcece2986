#ifndef ENGINE_CLI_SHEET_H
#define ENGINE_CLI_SHEET_H

/*
 * Rows of a query to standard output, as they come: a table, CSV, one JSON document, or a JSON object a line. A table
 * takes its widths from its first rows, so that a million of them need no memory either.
 */

#include "base/error.h"
#include "store/audit.h"

struct cli;

struct sheet;

/* `name` is the query's, for the JSON document. `times`: integers in columns "..._at" and "..._ms" are what audit.h says. */
struct sheet *sheet_new(struct cli *cli, const char *name, bool times);
/* Where audit_query() and audit_sql() write to; borrowed. */
const struct audit_sink *sheet_sink(const struct sheet *sheet);
/* The rest, and what belongs behind it. Not after an error. Returns how many rows there were. */
int64_t sheet_end(struct sheet *sheet);

#endif
