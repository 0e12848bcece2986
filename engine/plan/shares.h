#ifndef ENGINE_PLAN_SHARES_H
#define ENGINE_PLAN_SHARES_H

/*
 * From the share that people ask for to the integer weights that a front door takes.
 *
 * A unit's share is the sum of its servers' weights over the sum of all. With equal weights inside a unit the split is
 * exact only if weight_new : weight_old = share_new * n_old : share_old * n_new, whatever the numbers of instances are.
 * What cannot be exact within the door's range is refused; nothing is rounded in silence.
 */

#include <stdbool.h>

struct weights {
    int each_new; /* of every new server */
    int each_old;
};

/* `old_count` 0: all to the new side. False: not exact with weights 0..weight_max. */
bool shares_weights(int share_new, int new_count, int old_count, int weight_max, struct weights *out);
/* The nearest share (basis points) above nothing that is exact; for the message. */
int shares_nearest(int share_new, int new_count, int old_count, int weight_max);

#endif
