#ifndef ENGINE_PLAN_GRAPH_H
#define ENGINE_PLAN_GRAPH_H

/*
 * Who waits for whom, kept as statuses change, so that a step's end costs its dependents and not the whole plan.
 * Internal to the machine.
 */

#include <stdbool.h>

#include "plan/machine.h"

struct graph {
    const struct plan *plan;
    int *first; /* by step: where its dependents begin in `dependents`; one more at the end */
    int *dependents;
    int *waiting; /* by step: needs that are not over */
    int *active;  /* steps that something can follow from, sorted */
    int active_count;
    int open[2]; /* by track: steps that are not over */
};

struct graph *graph_new(struct arena *arena, const struct plan *plan);
/* `steps[step]` has just changed from `before`. */
void graph_changed(struct graph *graph, const struct step_state *steps, int step, enum step_status before);

#endif
