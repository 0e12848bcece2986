#ifndef ENGINE_DRIVERS_PROBE_JSON_PATH_H
#define ENGINE_DRIVERS_PROBE_JSON_PATH_H

/*
 * Paths into a JSON document: `$`, `$.a.b`, `$.list[0].c`, `$["any name"]`. One path names at most one value: there are
 * no wildcards and no filters (count and sql are for these). Pure.
 */

#include <jansson.h>

#include "base/error.h"

/* ERR_SPEC_INVALID with the place of the first character that is wrong. */
NODISCARD struct error *json_path_check(const char *path);
/* Borrowed; NULL when the document has no such value. The path must have passed json_path_check. */
const json_t *json_path_find(const json_t *document, const char *path);

#endif
