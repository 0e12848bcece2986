#ifndef ENGINE_PLAN_CLOSURES_H
#define ENGINE_PLAN_CLOSURES_H

/* An environment's windows and freezes as the closures of a plan's terms (plan.h). Pure: the zones are read already. */

#include <jansson.h>
#include <stdint.h>

struct arena;
struct environment_spec;
struct zone;

/*
 * The closures of from_ms..until_ms, and one without an end from there on. `zones` has the zone of each window, read for
 * that time. NULL: neither windows nor freezes. The array is in the arena.
 *
 * A window is open whenever the clock of its zone shows a time in it: what comes twice is in it twice.
 */
const json_t *closures_of(struct arena *arena, const struct environment_spec *environment,
                          const struct zone *const *zones, int64_t from_ms, int64_t until_ms);

/* The closure of `rule` at that time, or NULL; *out_until_ms is when it ends, what follows without a gap included. */
const json_t *closures_at(const json_t *closures, const char *rule, int64_t wall_ms, int64_t *out_until_ms);

#endif
