#ifndef ENGINE_STORE_AUDIT_H
#define ENGINE_STORE_AUDIT_H

/*
 * What an auditor asks of the record: the named queries of state/queries/audit/, and SQL of their own over the views of
 * state/views/. Rows are handed on one by one and never collected, so that a million of them need no memory. A record
 * that was asked is good for nothing else: its connection is bent to this.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct record;

enum audit_type { AUDIT_NULL, AUDIT_INT, AUDIT_REAL, AUDIT_TEXT, AUDIT_BLOB };

struct audit_value {
    enum audit_type type;
    int64_t number;
    double real;
    const char *bytes; /* of a text or blob; NUL behind it */
    size_t length;
};

/* Where rows go. What is given is borrowed until the function returns; an error ends the query. */
struct audit_sink {
    void *context;
    /* Once, before the first row, also when there is none. */
    struct error *(*begin)(void *context, const char *const *columns, int count);
    struct error *(*row)(void *context, const struct audit_value *values);
};

/* Which rows. NULL and 0: no bound. */
struct audit_bounds {
    const char *environment;
    int64_t since_ms, until_ms; /* from included, to not */
    int64_t now_ms;             /* what is late is late by this time */
    int64_t timeout_ms;         /* ERR_TIMEOUT after this time */
};

/* A query or a view, from the comment at the head of its file. */
struct audit_text {
    const char *name;
    const char *summary; /* the first line */
    const char *doc;     /* the other lines; "" when there is none */
};

/* All named queries, and all views, by name; end with a NULL name. In the arena. */
const struct audit_text *audit_queries(struct arena *arena);
const struct audit_text *audit_views(struct arena *arena);

/*
 * A named query. In its rows an integer in a column named "..._at" is a time in milliseconds since 1970, in one named
 * "..._ms" a duration. ERR_USAGE when it has no bound of a kind that is given. `name` is one of audit_queries().
 */
NODISCARD struct error *audit_query(struct record *record, const char *name, const struct audit_bounds *bounds,
                                    const struct audit_sink *sink);
/*
 * One SELECT over the views. Nothing else can be reached by it, nothing written, and it needs at most AUDIT_MEMORY_MIB:
 * ERR_USAGE with the place in the text, ERR_TIMEOUT, ERR_LIMIT. Of the bounds only timeout_ms counts.
 */
NODISCARD struct error *audit_sql(struct record *record, const char *sql, const struct audit_bounds *bounds,
                                  const struct audit_sink *sink);

#define AUDIT_MEMORY_MIB 256

#endif
