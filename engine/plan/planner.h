#ifndef ENGINE_PLAN_PLANNER_H
#define ENGINE_PLAN_PLANNER_H

/* Pure: spec + facts -> plan. What is unlawful is refused with the line of the pipeline. */

#include "base/error.h"

struct arena;
struct diagnostics;
struct facts;
struct pipeline_spec;
struct plan;
struct project_spec;
struct strbuf;

/*
 * Plans a release, as facts->request wants it; a hotfix runs the pipeline as hotfix_pipeline() makes it, in an environment
 * that has hotfix settings. Unlawful orders and impossible facts are added to `problems` (all of them); *out is NULL then.
 * Everything in *out lives in the arena and borrows nothing from spec or facts.
 */
void plan_release(struct arena *arena, const struct project_spec *project, const struct pipeline_spec *pipeline,
                  const struct facts *facts, struct diagnostics *problems, struct plan **out);

/*
 * Plans a destruction without a release: of the unit that is named (a leftover; never the live one), or, with NULL, of
 * the whole environment, front door and all. The same drain and proof as in a release.
 */
NODISCARD struct error *plan_destroy(struct arena *arena, const struct project_spec *project,
                                     const struct pipeline_spec *pipeline, const struct facts *facts, const char *unit,
                                     struct plan **out);

/* The plan as a person reads it: what is built, deployed, shifted, waited for, destroyed, and what undoes each. */
void plan_render(const struct plan *plan, struct strbuf *out);

#endif
