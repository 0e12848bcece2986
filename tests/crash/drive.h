#ifndef TESTS_CRASH_DRIVE_H
#define TESTS_CRASH_DRIVE_H

/*
 * The people and scripts around a release: whoever finds it as it is does the next thing that leads on: begin it, approve
 * its gate, or resume it. Each time a process of its own: a fork that is the whole program, without the price of
 * starting one.
 */

#include <stdbool.h>

#include "crash/place.h"

enum next { NEXT_RELEASE, NEXT_APPROVE, NEXT_RESUME, NEXT_NOTHING };

const char *next_text(enum next next);
/* What the record asks for. */
enum next drive_next(const struct place *place);
/*
 * Runs that process to its end. `fault` as in PENSTOCK_FAULT, or NULL. True: it was killed by its fault. An end that is
 * none of those that belong to the command puts a text into *finding (to be freed).
 */
bool drive_run(const struct place *place, enum next next, const char *fault, char **finding);
/* All that is left to be done. False: *finding says why it does not end. */
bool drive_to_end(const struct place *place, char **finding);

#endif
