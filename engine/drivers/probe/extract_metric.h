#ifndef ENGINE_DRIVERS_PROBE_EXTRACT_METRIC_H
#define ENGINE_DRIVERS_PROBE_EXTRACT_METRIC_H

/*
 * One sample out of a Prometheus text page. An expression is a metric's name and labels that the series must have:
 * `rooms`, `rooms{region="west"}`. More than one series that fits is unknown, since nobody said how to join them; so is a page whose
 * last line has no newline, as the format demands: it was cut.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

NODISCARD struct error *extract_metric_check(const char *expression);
/* The expression must have passed extract_metric_check. NaN and infinities come back as they are. */
bool extract_metric(struct arena *arena, const char *expression, const char *body, size_t length, double *out,
                    const char **why);

#endif
