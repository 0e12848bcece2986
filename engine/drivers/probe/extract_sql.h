#ifndef ENGINE_DRIVERS_PROBE_EXTRACT_SQL_H
#define ENGINE_DRIVERS_PROBE_EXTRACT_SQL_H

/*
 * A SQL scalar over a reply, for the few questions that need a filter or a join:
 *
 *     select count(*) from json_each(:body, '$.rooms') r where r.value->>'recording' = 'running'
 *
 * It runs in an empty in-memory SQLite that lets it do nothing but read its own words: SELECT with the built-in
 * functions that have one answer (no clock, no random), json_each and json_tree; limited in steps, memory and text.
 *
 * SQL itself is glad to count what is not there: json_each over a missing path has no rows, and their count is 0.
 * So every path that the expression takes out of :body must exist, and what json_each or json_tree walk must be
 * a list or an object; otherwise the answer is unknown.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

NODISCARD struct error *extract_sql_check(const char *expression);
bool extract_sql(struct arena *arena, const char *expression, const char *body, size_t length, double *out,
                 const char **why);

#endif
