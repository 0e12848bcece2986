#ifndef ENGINE_UNIT_WINDOWS_H
#define ENGINE_UNIT_WINDOWS_H

/* The calendar of an environment, looked up in the system's zone data: for facts.rules.closures. */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct diagnostics;
struct environment_spec;

#define WINDOWS_HORIZON_DAYS 100 /* a release does not last longer; the calendar is part of its plan */

/* Zones that the system does not know are added to `problems`, each at its place. ERR_IO: there is no zone data. */
NODISCARD struct error *windows_check(struct arena *arena, const struct environment_spec *environment, int64_t now_ms,
                                      struct diagnostics *problems);

/*
 * The closures around now_ms, from the day before until the horizon, the same all day long; *out is NULL without windows
 * and freezes, and after problems.
 */
NODISCARD struct error *windows_closures(struct arena *arena, const struct environment_spec *environment,
                                         int64_t now_ms, struct diagnostics *problems, const json_t **out);

#endif
