#ifndef ENGINE_BASE_JSON_H
#define ENGINE_BASE_JSON_H

/*
 * Thin manners over jansson: canonical text (sorted keys, compact: the form that is hashed), and lookups that never
 * guess. No floating numbers in anything that is hashed: jansson prints 1.10 as 1.1000000000000001.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct strbuf;

void json_cleanup(json_t **json); /* for CLEANUP(json_cleanup) */
/* Hands the reference to the arena, which drops it when it is freed. Returns `json`. */
json_t *json_in_arena(struct arena *arena, json_t *json);
/* Canonical: JSON_SORT_KEYS | JSON_COMPACT. In the arena. */
const char *json_canonical(struct arena *arena, const json_t *json);
/* The same behind what the buffer holds, and its parts. */
void json_add_canonical(struct strbuf *out, const json_t *json);
void json_add_text(struct strbuf *out, const char *text, size_t length);
void json_add_int(struct strbuf *out, int64_t value);
/* Parses one document; duplicate keys are refused. `what` names it in the message. */
NODISCARD struct error *json_parse(const char *text, size_t length, const char *what, json_t **out);

const char *json_get_text(const json_t *object, const char *key); /* NULL when absent or of another type */
int64_t json_get_int(const json_t *object, const char *key, int64_t absent);
bool json_get_bool(const json_t *object, const char *key, bool absent);
/* True, or a number that is not 0, as a column of 0 and 1 is. */
bool json_get_flag(const json_t *object, const char *key);

#endif
