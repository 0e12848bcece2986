#ifndef ENGINE_SPEC_PIPELINE_CHECK_H
#define ENGINE_SPEC_PIPELINE_CHECK_H

/* What one row of the table cannot say about a pipeline: names that must exist, be unique, and not go in circles. */

struct arena;
struct diagnostics;
struct pipeline_spec;

void pipeline_check(struct arena *arena, const struct pipeline_spec *pipeline, struct diagnostics *problems);
/* The part about `needs:`; in stage_order.c. */
void stage_order_check(struct arena *arena, const struct pipeline_spec *pipeline, struct diagnostics *problems);

#endif
