#ifndef TESTS_CRASH_ENDING_H
#define TESTS_CRASH_ENDING_H

/*
 * What a release came to. Two endings are the same when their texts are: all projections without times, counters and
 * process numbers, and how often each lasting event stands in the journal. Whatever must hold in any ending is checked
 * here too: the chain, that the journal rebuilds the very same projections, that no attempt has two outcomes, and
 * that the commands were run as often as the journal says.
 */

#include "crash/place.h"

/* To be freed. What is wrong with it by itself goes to *finding (to be freed). */
char *ending_read(const struct place *place, char **finding);
/* The lines of one that the other has not; to be freed. */
char *ending_difference(const char *wanted, const char *found);

#endif
