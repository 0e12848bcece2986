#ifndef ENGINE_DRIVERS_UNIT_H
#define ENGINE_DRIVERS_UNIT_H

/*
 * How a release unit is made, as calls: export and collect run this very program as a child (git and hashing block,
 * and a child can be killed and inherits the runner's lock), build runs the pipeline's own command in the export.
 * Each begins by clearing what an interrupted attempt left, so that running it again is running it once.
 */

#include "drivers/call.h"

enum call_status unit_export(struct call *call, const struct reply *last, struct effect *want);
enum call_status unit_build(struct call *call, const struct reply *last, struct effect *want);
/* detail: {artifacts: [{name, bytes, sha256}]} */
enum call_status unit_collect(struct call *call, const struct reply *last, struct effect *want);
enum call_status unit_remove(struct call *call, const struct reply *last, struct effect *want);

#endif
