#ifndef TESTS_CRASH_DRIVE_H
#define TESTS_CRASH_DRIVE_H

/*
 * The people and scripts around a release: whoever finds it as it is does the next thing that leads on: begin it, approve
 * its gate, or resume it. Each time a process of its own (crash/launch.h).
 */

#include <stdbool.h>

#include "crash/place.h"

enum next { NEXT_RELEASE, NEXT_APPROVE, NEXT_RESUME, NEXT_NOTHING };

const char *next_text(enum next next);

struct driven {
    bool killed;    /* by its fault */
    enum next then; /* what leads on from where it ended */
    char *finding;  /* its end is none of those that belong to the command; NULL, or to be freed */
};

/* Runs that process to its end. `fault` as in PENSTOCK_FAULT, or NULL; `plain` as in crash/launch.h. */
struct driven drive_run(const struct place *place, enum next next, const char *fault, bool plain);
/* All that is left to be done, from `next` on. NULL, or why it does not end (to be freed). */
char *drive_to_end(const struct place *place, enum next next, bool plain);

#endif
