/*
 * The way back before the pivot, written down when the plan is made, so that people can read it before they need it:
 * first the old side is seen to be healthy and gets its traffic back, then what the commands did is taken back, and
 * only then the new stamps are drained with the same care as old ones, and destroyed.
 *
 * Each step names the forward step it takes back; where that was never started, the machine skips it.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/template_names.h"

#define UNDO_RETRIES 5

/* The forward step of this verb on this target (and pool, when it has one), or -1. */
static int find_forward(const struct builder *b, enum verb verb, const char *target, const char *pool)
{
    for (int i = 0; i < b->plan->step_count; i++) {
        const struct plan_step *step = &b->plan->steps[i];

        if (step->track == TRACK_FORWARD && step->verb == verb && text_is(step->target, target) &&
            (!pool || text_is(json_get_text(step->params, "pool"), pool)))
            return i;
    }
    return -1;
}

static void undoes(struct builder *b, int first, int forward, bool cleanup)
{
    for (int i = first; i < b->plan->step_count; i++) {
        b->plan->steps[i].undoes = forward;
        b->plan->steps[i].cleanup = cleanup;
    }
}

/* One step that takes back a verb on an old instance in one pool. */
static void take_back(struct builder *b, const struct plan_instance *instance, enum verb verb, const char *pool)
{
    int forward = find_forward(b, verb, instance->name, pool);
    int first = b->plan->step_count;
    struct plan_step *step;

    if (forward < 0)
        return;
    step = builder_step(b, VERB_TRAFFIC_UNDRAIN, instance->name,
                        json_pack("{s:s, s:s}", "pool", pool, "server", instance->name),
                        arena_printf(b->arena, "%s may have traffic again", instance->name));
    step->timeout_ms = 60000;
    undoes(b, first, forward, false);
}

static void undo_old_instance(struct builder *b, const struct plan_instance *instance)
{
    int first = b->plan->step_count;
    int removed = find_forward(b, VERB_TRAFFIC_REMOVE, instance->name, NULL);
    int begun = find_forward(b, VERB_DRAIN_BEGIN, instance->name, NULL);

    expand_ready(b, instance);
    undoes(b, first, b->first_shares, false);
    if (begun >= 0) {
        first = b->plan->step_count;
        expand_drain_begin(b, instance, "cancel");
        undoes(b, first, begun, false);
    }
    if (removed >= 0) {
        first = b->plan->step_count;
        expand_add(b, instance);
        undoes(b, first, removed, false);
    }
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++)
        take_back(b, instance, VERB_TRAFFIC_DRAIN, b->pipeline->traffic.pools[i].name);
}

static void undo_traffic(struct builder *b)
{
    struct fork fork = builder_fork(b);
    int first;

    if (b->first_shares < 0 || builder_count(b, SIDE_OLD) == 0)
        return;
    for (int i = builder_next(b, SIDE_OLD, -1); i >= 0; i = builder_next(b, SIDE_OLD, i)) {
        struct plan_instance instance = b->plan->instances[i];

        builder_branch(b, &fork);
        undo_old_instance(b, &instance);
    }
    builder_join(b, &fork);
    first = b->plan->step_count;
    expand_shares(b, 0);
    undoes(b, first, b->first_shares, false);
}

static void undo_commands(struct builder *b)
{
    for (int i = b->pipeline->stage_count - 1; i >= 0; i--) {
        const struct stage_spec *stage = &b->pipeline->stages[i];
        int first = b->plan->step_count, forward;
        struct plan_step *step;

        if (stage->kind != STAGE_COMMAND || stage->undo.count == 0)
            continue;
        forward = find_forward(b, VERB_COMMAND_RUN, stage->name, NULL);
        step = builder_step(b, VERB_COMMAND_RUN, stage->name,
                            json_pack("{s:o, s:[], s:s, s:s, s:I}", "argv", template_list(b, &stage->undo, NULL), "env",
                                      "cwd", json_get_text(b->plan->steps[forward].params, "cwd"), "log",
                                      arena_printf(b->arena, "%s/logs/%s/%s.undo.log", b->facts->state_dir,
                                                   b->plan->release, stage->name),
                                      "timeout_ms", (json_int_t)command_timeout_ms(stage)),
                            arena_printf(b->arena, "take back %s", stage->name));
        step->repeatable = stage->repeatable;
        step->timeout_ms = command_timeout_ms(stage);
        undoes(b, first, forward, false);
    }
}

static void undo_new_instance(struct builder *b, const struct plan_instance *instance)
{
    const struct drain_spec *drain = pipeline_drain(b->pipeline);
    int created = find_forward(b, VERB_INSTANCE_CREATE, instance->name, NULL);
    int added = find_forward(b, VERB_TRAFFIC_ADD, instance->name, NULL);
    int first = b->plan->step_count;

    expand_traffic_drain(b, instance);
    undoes(b, first, added, true);
    if (b->first_shares >= 0) {
        first = b->plan->step_count;
        expand_drain_begin(b, instance, "begin");
        expand_drain_wait(b, instance, VERB_DRAIN_WAIT, drain);
        undoes(b, first, b->first_shares, true);
    }
    first = b->plan->step_count;
    expand_destroy_instance(b, instance, drain);
    for (int i = first; i < b->plan->step_count; i++) {
        struct plan_step *step = &b->plan->steps[i];

        step->cleanup = true;
        step->undoes = step->verb == VERB_TRAFFIC_REMOVE ? added
                       : step->verb == VERB_DRAIN_PROVE  ? (b->first_shares >= 0 ? b->first_shares : created)
                                                         : created;
    }
}

void expand_undo(struct builder *b)
{
    struct fork fork;
    int first;

    b->track = TRACK_UNDO;
    b->retries = UNDO_RETRIES;
    b->frontier = (struct ordinals){0};
    builder_stage(b, "undo", "undo", 0);
    undo_traffic(b);
    undo_commands(b);
    fork = builder_fork(b);
    for (int i = builder_next(b, SIDE_NEW, -1); i >= 0; i = builder_next(b, SIDE_NEW, i)) {
        struct plan_instance instance = b->plan->instances[i];

        builder_branch(b, &fork);
        undo_new_instance(b, &instance);
    }
    builder_join(b, &fork);
    first = b->plan->step_count;
    expand_unit_remove(b, b->plan->unit.name);
    undoes(b, first, find_forward(b, VERB_UNIT_EXPORT, b->plan->unit.name, NULL), true);
}
