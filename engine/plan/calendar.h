#ifndef ENGINE_PLAN_CALENDAR_H
#define ENGINE_PLAN_CALENDAR_H

/*
 * Windows and freezes, while a release is live. They hold back what gives it more traffic, and nothing else: never a
 * drain, a way back, a destruction, nor a hotfix. Pure: the times are in the plan, looked up when it was made.
 */

#include <stdbool.h>
#include <stdint.h>

#include "plan/machine.h"

enum calendar_answer {
    CALENDAR_OPEN,  /* the step may start */
    CALENDAR_SAYS,  /* *out must be journaled first */
    CALENDAR_WAITS, /* not now, and it was said already */
};

/* May plan->steps[step], which could start now, start? */
enum calendar_answer calendar_ask(const struct machine_state *state, int step, struct machine_now now,
                                  struct event *out);
/* When the answer may be another one: boot clock; -1 = nothing waits. */
int64_t calendar_wakes_at(const struct machine_state *state, struct machine_now now);

#endif
