#ifndef ENGINE_PLAN_HOTFIX_H
#define ENGINE_PLAN_HOTFIX_H

/*
 * The fast lane: a pipeline as a hotfix runs it. Its first stage is the hotfix's gate, and the environment's ladder stands
 * in place of the pipeline's own shares. Nothing else changes: what is built, checked, drained, proved and destroyed is
 * the pipeline's. Pure.
 */

#include <jansson.h>

struct arena;
struct environment_spec;
struct pipeline_spec;

/*
 * A copy in the arena; `pipeline` is left as it is. The environment has hotfix settings. *shortened becomes a new
 * reference: [{what, was, now, reason}], empty when nothing is left out.
 */
const struct pipeline_spec *hotfix_pipeline(struct arena *arena, const struct environment_spec *environment,
                                            const struct pipeline_spec *pipeline, json_t **shortened);

#endif
