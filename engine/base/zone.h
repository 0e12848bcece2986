#ifndef ENGINE_BASE_ZONE_H
#define ENGINE_BASE_ZONE_H

/*
 * What the clocks of a time zone show, from the system's zone data. Read once for a stretch of time, so that those who
 * reckon with it need no files.
 */

#include <stdint.h>

#include "base/error.h"

struct arena;

/* From here until the next span, the last one until zone.until_ms, clocks are so far ahead of UTC. */
struct zone_span {
    int64_t from_ms; /* wall clock */
    int64_t east_ms; /* behind UTC it is negative */
};

struct zone {
    const char *name;
    const struct zone_span *spans; /* at least one; the first from from_ms */
    int span_count;
    int64_t until_ms;
};

/*
 * Reads from_ms..until_ms of the zone. ERR_NOT_FOUND: there is no zone of that name; ERR_IO: there is no zone data (the
 * zone UTC needs none). The variable TZDIR says where it is, as for the C library. Sets the process's own zone for a
 * moment: not for a program with threads that ask for local time.
 */
NODISCARD struct error *zone_read(struct arena *arena, const char *name, int64_t from_ms, int64_t until_ms,
                                  const struct zone **out);

#endif
