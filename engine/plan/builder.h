#ifndef ENGINE_PLAN_BUILDER_H
#define ENGINE_PLAN_BUILDER_H

/*
 * How the planner writes steps down: a growing plan, a frontier (the steps that must end before the next begins) and
 * chains side by side. Internal to the room.
 */

#include <jansson.h>

#include "plan/facts.h"
#include "plan/plan.h"
#include "spec/pipeline.h"
#include "spec/project.h"

struct ordinals {
    int *items;
    int count, capacity;
};

struct builder {
    struct arena *arena;
    const struct project_spec *project;
    const struct environment_spec *environment;
    const struct pipeline_spec *pipeline;
    const struct facts *facts;
    struct diagnostics *problems;
    struct plan *plan;
    int step_capacity, stage_capacity, instance_capacity, monitor_capacity;
    int stage; /* index of the stage being written */
    enum track track;
    int retries; /* of the stage */
    struct ordinals frontier;
    const char *unit_dir; /* of the new unit: export in src/, artifacts in out/ */
    const char *out_dir;
    int first_shares;        /* the first step that gives the new unit traffic, or -1 */
    int shift_last;          /* the shift stage's last step, or -1 */
    const json_t *authors;   /* of the release's commits: [{name, mail, logins}] */
    const json_t *barred;    /* all their logins */
    json_t *rules;           /* verdicts (plan.h) */
    const json_t *shortened; /* what a hotfix leaves out (plan.h); NULL = nothing */
};

/* Starts a stage; its first step's needs are the frontier. */
void builder_stage(struct builder *b, const char *name, const char *kind, int64_t timeout_ms);
/*
 * Adds a step behind the frontier and makes it the frontier. `params` is stolen. Returns it for the few fields that are
 * not the usual ones; the pointer is good until the next step.
 */
struct plan_step *builder_step(struct builder *b, enum verb verb, const char *target, json_t *params,
                               const char *title);
/*
 * Chains side by side: all start where builder_fork() was called; builder_join() makes the ends of all the frontier.
 *
 *     struct fork fork = builder_fork(b);
 *     for each thing { builder_branch(b, &fork); steps... }
 *     builder_join(b, &fork);
 */
struct fork {
    struct ordinals from, ends;
    bool any, any_empty;
    int steps; /* of the plan, where this chain began */
};
struct fork builder_fork(struct builder *b);
void builder_branch(struct builder *b, struct fork *fork);
void builder_join(struct builder *b, struct fork *fork);
void ordinals_add(struct arena *arena, struct ordinals *list, int ordinal);

struct plan_instance *builder_instance(struct builder *b);
struct plan_monitor *builder_monitor(struct builder *b);

/* Instances of one side, in the plan's order: index of the next one after `after` (-1 to begin), or -1. */
int builder_next(const struct builder *b, enum side side, int after);
int builder_count(const struct builder *b, enum side side);
const json_t *builder_contract(const struct builder *b, enum side side);

/* What the one traffic driver there is can take: HAProxy's weights are 0..256. */
#define DOOR_WEIGHT_MAX 256

/* expand.c: the stages of the pipeline as forward steps. undo.c: the track back. destroy.c: both use it. */
void expand_stages(struct builder *b);
void expand_monitors(struct builder *b);
void expand_undo(struct builder *b);
void expand_traffic_drain(struct builder *b, const struct plan_instance *instance);
void expand_drain_begin(struct builder *b, const struct plan_instance *instance, const char *which);
void expand_drain_wait(struct builder *b, const struct plan_instance *instance, enum verb verb,
                       const struct drain_spec *drain);
void expand_destroy_instance(struct builder *b, const struct plan_instance *instance, const struct drain_spec *drain);
void expand_door_single(struct builder *b);
void expand_unit_remove(struct builder *b, const char *unit);
void expand_ready(struct builder *b, const struct plan_instance *instance);
void expand_add(struct builder *b, const struct plan_instance *instance);
/* How long a command stage's command (or its undo) may take. */
int64_t command_timeout_ms(const struct stage_spec *stage);
/* The pipeline's drain stage, or NULL. */
const struct drain_spec *pipeline_drain(const struct pipeline_spec *pipeline);
bool pipeline_has_pool(const struct pipeline_spec *pipeline, const char *name);
/* shift of all pools to `share_new` for the new unit; adds one step a pool. */
void expand_shares(struct builder *b, int share_new);

/* lawful.c: what is refused; adds to b->problems. */
void lawful_check(struct builder *b);
/* terms.c: plan->terms, from the request, the verdicts and the calendar. */
void terms_build(struct builder *b);
/* After the expansion: keys. */
void builder_finish(struct builder *b);

#endif
