/*
 * Spec + facts -> forward steps, stage by stage in the author's order. Each function below is one stage kind; what a
 * step's parameters mean is in docs/reference/steps.md.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/contract.h"
#include "plan/shares.h"
#include "plan/template_names.h"

#define ADD_WAIT_MS 30000
#define STEP_TIMEOUT_MS 60000
#define COMMAND_TIMEOUT_MS (10 * 60 * 1000)

static struct plan_step *step_with_timeout(struct builder *b, enum verb verb, const char *target, json_t *params,
                                           const char *title)
{
    struct plan_step *step = builder_step(b, verb, target, params, title);

    step->timeout_ms = STEP_TIMEOUT_MS;
    return step;
}

static const char *step_log(struct builder *b, const char *name)
{
    return arena_printf(b->arena, "%s/logs/%s/%s.log", b->facts->state_dir, b->plan->release, name);
}

static void expand_build(struct builder *b)
{
    const struct unit_spec *unit = &b->pipeline->unit;
    const char *name = b->plan->unit.name;
    const char *source = arena_printf(b->arena, "%s/src", b->unit_dir);
    struct plan_step *step;

    step = builder_step(b, VERB_UNIT_EXPORT, name,
                        json_pack("{s:s, s:s, s:s}", "repository", b->facts->repository, "commit", b->facts->commit,
                                  "directory", source),
                        arena_printf(b->arena, "export %.7s", b->plan->commit));
    step->timeout_ms = unit->timeout_ms;
    step->undo_text = "its directory is removed";
    if (unit->build.count) {
        step = builder_step(b, VERB_UNIT_BUILD, name,
                            json_pack("{s:o, s:s, s:[], s:s, s:s, s:I}", "argv", template_list(b, &unit->build, NULL),
                                      "cwd", source, "env", "log", step_log(b, "build"), "out", b->out_dir,
                                      "timeout_ms", (json_int_t)unit->timeout_ms),
                            arena_printf(b->arena, "build %s", name));
        step->timeout_ms = unit->timeout_ms;
    }
    step = builder_step(b, VERB_UNIT_COLLECT, name,
                        json_pack("{s:s, s:o}", "out", b->out_dir, "artifacts", contract_list(&unit->artifacts)),
                        arena_printf(b->arena, "digest the artifacts of %s", name));
    step->timeout_ms = unit->timeout_ms;
}

static json_t *health_check(const json_t *contract)
{
    const json_t *health = json_object_get(contract, "health");

    return json_pack("{s:O, s:O, s:O, s:O, s:O}", "path", json_object_get(health, "get"), "every_ms",
                     json_object_get(health, "every_ms"), "timeout_ms", json_object_get(health, "timeout_ms"),
                     "healthy", json_object_get(health, "healthy"), "unhealthy", json_object_get(health, "unhealthy"));
}

static void expand_create(struct builder *b, const struct plan_instance *instance)
{
    const struct stamps_spec *stamps = &b->pipeline->stamps;
    struct plan_step *step = step_with_timeout(
        b, VERB_INSTANCE_CREATE, instance->name,
        json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:s}", "driver", stamp_driver_text(stamps->driver), "argv",
                  template_list(b, &stamps->start, instance), "env",
                  template_env(b, stamps->env, stamps->env_count, instance), "cwd", stamps_cwd(b), "dir", instance->dir,
                  "log", instance->log, "mark", instance_mark(b, instance->name)),
        arena_printf(b->arena, "start %s", instance->name));
    step->undo_text = "it is stopped and removed";
}

void expand_ready(struct builder *b, const struct plan_instance *instance)
{
    const json_t *health = json_object_get(builder_contract(b, instance->side), "health");
    struct plan_step *step = builder_step(
        b, VERB_INSTANCE_READY, instance->name,
        json_pack("{s:O, s:O, s:O, s:O, s:O}", "get", json_object_get(health, "get"), "every_ms",
                  json_object_get(health, "every_ms"), "timeout_ms", json_object_get(health, "timeout_ms"), "healthy",
                  json_object_get(health, "healthy"), "start_ms", json_object_get(health, "start_ms")),
        arena_printf(b->arena, "%s is healthy", instance->name));

    step->retries = 0;
}

void expand_add(struct builder *b, const struct plan_instance *instance)
{
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++) {
        const char *pool = b->pipeline->traffic.pools[i].name;
        struct plan_step *step =
            step_with_timeout(b, VERB_TRAFFIC_ADD, instance->name,
                              json_pack("{s:s, s:s, s:o, s:i}", "pool", pool, "server", instance->name, "check",
                                        health_check(builder_contract(b, instance->side)), "wait_ms", ADD_WAIT_MS),
                              arena_printf(b->arena, "make %s known to the front door, share 0%%", instance->name));

        step->undo_text = "it is taken out again";
    }
}

static void expand_deploy(struct builder *b)
{
    struct plan_step *step =
        step_with_timeout(b, VERB_DOOR_ENSURE, b->plan->environment, json_object(), "the front door answers");
    struct fork fork;

    step->undo_text = "it stays; it outlives releases";
    fork = builder_fork(b);
    for (int i = builder_next(b, SIDE_NEW, -1); i >= 0; i = builder_next(b, SIDE_NEW, i)) {
        struct plan_instance instance = b->plan->instances[i];

        builder_branch(b, &fork);
        expand_create(b, &instance);
        expand_ready(b, &instance);
        expand_add(b, &instance);
    }
    builder_join(b, &fork);
}

static void expand_check(struct builder *b, const struct check_spec *check, const struct plan_instance *instance)
{
    struct plan_step *step;

    if (check->kind == CHECK_HTTP) {
        step = builder_step(b, VERB_CHECK_HTTP, instance->name,
                            json_pack("{s:s, s:o, s:{s:i, s:s?}}", "name", check->name, "http",
                                      contract_http(&check->http, check->timeout_ms), "expect", "status",
                                      check->expect.status, "contains", check->expect.contains),
                            arena_printf(b->arena, "check %s on %s", check->name, instance->name));
    } else {
        step = builder_step(b, VERB_CHECK_COMMAND, instance->name,
                            json_pack("{s:s, s:o, s:[], s:s, s:s, s:I}", "name", check->name, "argv",
                                      template_list(b, &check->command, instance), "env", "cwd", source_cwd(b), "log",
                                      step_log(b, arena_printf(b->arena, "%s.%s", check->name, instance->name)),
                                      "timeout_ms", (json_int_t)check->timeout_ms),
                            arena_printf(b->arena, "check %s on %s", check->name, instance->stamp));
    }
    step->timeout_ms = check->timeout_ms;
    step->retries = check->attempts - 1;
}

static void expand_validate(struct builder *b, const struct stage_spec *stage)
{
    struct fork fork = builder_fork(b);
    const char *last_stamp = NULL;

    for (int i = builder_next(b, SIDE_NEW, -1); i >= 0; i = builder_next(b, SIDE_NEW, i)) {
        struct plan_instance instance = b->plan->instances[i];
        bool first_of_stamp = !text_is(instance.stamp, last_stamp);

        last_stamp = instance.stamp;
        builder_branch(b, &fork);
        for (int k = 0; k < stage->check_count; k++) {
            if (stage->checks[k].kind == CHECK_HTTP || first_of_stamp)
                expand_check(b, &stage->checks[k], &instance);
        }
    }
    builder_join(b, &fork);
}

static json_t *weights_of(struct builder *b, struct weights weights)
{
    json_t *object = json_object();

    for (int i = 0; i < b->plan->instance_count; i++) {
        const struct plan_instance *instance = &b->plan->instances[i];

        json_object_set_new(object, instance->name,
                            json_integer(instance->side == SIDE_NEW ? weights.each_new : weights.each_old));
    }
    return object;
}

void expand_shares(struct builder *b, int share_new)
{
    int olds = builder_count(b, SIDE_OLD);
    struct weights weights = {0, 1};

    if (share_new > 0 && !shares_weights(share_new, builder_count(b, SIDE_NEW), olds, DOOR_WEIGHT_MAX, &weights))
        BUG("lawful_check() let share %d through", share_new);
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++) {
        const char *pool = b->pipeline->traffic.pools[i].name;
        json_t *shares = json_object();
        struct plan_step *step;

        json_object_set_new(shares, b->plan->unit.name, json_integer(olds ? share_new : SHARE_ALL));
        if (olds)
            json_object_set_new(shares, b->plan->old_unit.name, json_integer(SHARE_ALL - share_new));
        step = step_with_timeout(
            b, VERB_TRAFFIC_SHARES, pool,
            json_pack("{s:s, s:o, s:o}", "pool", pool, "shares", shares, "weights", weights_of(b, weights)),
            share_new == 0 ? arena_printf(b->arena, "%s: all traffic back to %s", pool, b->plan->old_unit.name)
                           : arena_printf(b->arena, "%s: %s of new traffic to %s", pool,
                                          share_text(b->arena, share_new), b->plan->unit.name));
        step->undo_text = olds ? arena_printf(b->arena, "all back to %s", b->plan->old_unit.name) : NULL;
    }
}

static void expand_gate(struct builder *b, const char *name, const char *what)
{
    const struct gate_spec *gate = environment_gate(b->environment, name);
    struct plan_step *step;

    if (!gate)
        return; /* spec_check_together() has said so */
    step = builder_step(b, VERB_GATE, name,
                        json_pack("{s:s, s:i, s:o, s:b, s:o, s:I, s:s}", "gate", name, "approvals", gate->approvals,
                                  "people", contract_list(&gate->people), "bar_requester", gate->bar_requester,
                                  "barred", gate->bar_authors ? json_deep_copy(b->barred) : json_array(), "expires_ms",
                                  (json_int_t)gate->expires_ms, "on_expiry",
                                  gate->on_expiry == EXPIRY_REJECT ? "reject" : "hold"),
                        arena_printf(b->arena, "gate %s opens %s", name, what));
    step->retries = 0;
}

static void expand_shift(struct builder *b, const struct stage_spec *stage)
{
    bool first_release = builder_count(b, SIDE_OLD) == 0;

    for (int i = 0; i < stage->step_count; i++) {
        const struct shift_step_spec *spec = &stage->steps[i];

        /* With no old side there is nobody to shift away from: one step, no gates, no holds; the plan says so. */
        if (first_release && i < stage->step_count - 1)
            continue;
        if (spec->gate && !first_release)
            expand_gate(b, spec->gate, arena_printf(b->arena, "the way to %s", share_text(b->arena, spec->share)));
        if (b->first_shares < 0)
            b->first_shares = b->plan->step_count;
        expand_shares(b, spec->share);
        if (spec->hold_ms && !first_release) {
            struct plan_step *hold =
                builder_step(b, VERB_HOLD, b->plan->unit.name, json_pack("{s:I}", "ms", (json_int_t)spec->hold_ms),
                             arena_printf(b->arena, "%s of healthy time at %s", duration_text(b->arena, spec->hold_ms),
                                          share_text(b->arena, spec->share)));

            hold->retries = 0;
        }
    }
    if (stage->prober.given)
        builder_step(b, VERB_PROBER_SETTLE, stage->name,
                     json_pack("{s:I}", "max_failed", (json_int_t)stage->prober.max_failed),
                     "the prober's last requests are answered");
    b->shift_last = b->plan->step_count - 1;
}

void expand_traffic_drain(struct builder *b, const struct plan_instance *instance)
{
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++) {
        const char *pool = b->pipeline->traffic.pools[i].name;
        struct plan_step *step = step_with_timeout(b, VERB_TRAFFIC_DRAIN, instance->name,
                                                   json_pack("{s:s, s:s}", "pool", pool, "server", instance->name),
                                                   arena_printf(b->arena, "no new traffic to %s", instance->name));

        step->undo_text = "it may have traffic again";
    }
}

/* NULL: the instances are not told. */
static const json_t *drain_action(const struct builder *b, const struct plan_instance *instance, const char *which)
{
    const json_t *action = json_object_get(json_object_get(builder_contract(b, instance->side), "drain"), which);

    return text_is(json_get_text(action, "kind"), "none") ? NULL : action;
}

void expand_drain_begin(struct builder *b, const struct plan_instance *instance, const char *which)
{
    const json_t *action = drain_action(b, instance, which);
    bool begin = text_is(which, "begin");
    json_t *params;
    struct plan_step *step;

    if (!action)
        return;
    params = json_deep_copy(action);
    if (json_object_get(action, "argv"))
        json_object_set_new(params, "argv", template_json(b, json_object_get(action, "argv"), instance));
    step = step_with_timeout(b, begin ? VERB_DRAIN_BEGIN : VERB_DRAIN_CANCEL, instance->name, params,
                             arena_printf(b->arena, "%s takes %s rooms", instance->name, begin ? "no new" : "new"));
    if (begin)
        step->undo_text = drain_action(b, instance, "cancel") ? "it is told to take new rooms again"
                                                              : "cannot be taken back: there is no drain.cancel";
}

void expand_drain_wait(struct builder *b, const struct plan_instance *instance, enum verb verb,
                       const struct drain_spec *drain)
{
    bool prove = verb == VERB_DRAIN_PROVE;
    json_t *until = json_object(), *pools = json_array();
    struct plan_step *step;

    for (int i = 0; drain && i < drain->until_count; i++)
        json_object_set_new(until, drain->until[i].probe, json_integer(drain->until[i].max));
    for (int i = 0; i < b->pipeline->traffic.pool_count; i++)
        json_array_append_new(pools, json_string(b->pipeline->traffic.pools[i].name));
    step = builder_step(
        b, verb, instance->name,
        json_pack("{s:O, s:o, s:i, s:I, s:I, s:I, s:s, s:o, s:s, s:b}", "probes",
                  json_object_get(builder_contract(b, instance->side), "probes"), "until", until, "samples",
                  prove   ? 1
                  : drain ? drain->settle_samples
                          : 1,
                  "over_ms", (json_int_t)(prove || !drain ? 0 : drain->settle_over_ms), "every_ms",
                  (json_int_t)(drain ? drain->every_ms : 1000), "deadline_ms",
                  (json_int_t)(prove || !drain ? 0 : drain->deadline_ms), "deadline_do",
                  drain && drain->deadline_do == DEADLINE_FAIL ? "fail" : "ask", "pools", pools, "server",
                  instance->name, "accept_lost", b->track == TRACK_UNDO),
        arena_printf(b->arena, prove ? "once more: nothing is left on %s" : "nothing is left on %s", instance->name));
    step->retries = 0;
}

static void expand_drain(struct builder *b, const struct stage_spec *stage)
{
    struct fork fork = builder_fork(b);

    for (int i = builder_next(b, SIDE_OLD, -1); i >= 0; i = builder_next(b, SIDE_OLD, i)) {
        struct plan_instance instance = b->plan->instances[i];

        builder_branch(b, &fork);
        expand_traffic_drain(b, &instance);
        expand_drain_begin(b, &instance, "begin");
        expand_drain_wait(b, &instance, VERB_DRAIN_WAIT, &stage->drain);
    }
    builder_join(b, &fork);
}

void expand_destroy_instance(struct builder *b, const struct plan_instance *instance, const struct drain_spec *drain)
{
    const json_t *contract = builder_contract(b, instance->side);
    const json_t *stop = json_object_get(contract, "stop");
    const char *driver = json_get_text(contract, "driver");
    int64_t grace_ms = json_get_int(stop, "grace_ms", 0);
    int proof;
    struct plan_step *step;

    for (int i = 0; i < b->pipeline->traffic.pool_count; i++) {
        const char *pool = b->pipeline->traffic.pools[i].name;

        step = step_with_timeout(b, VERB_TRAFFIC_REMOVE, instance->name,
                                 json_pack("{s:s, s:s}", "pool", pool, "server", instance->name),
                                 arena_printf(b->arena, "take %s out of the front door", instance->name));
        step->undo_text = "it is made known again";
    }
    expand_drain_wait(b, instance, VERB_DRAIN_PROVE, drain);
    proof = b->plan->step_count - 1;
    step = builder_step(b, VERB_INSTANCE_STOP, instance->name,
                        json_pack("{s:s, s:O, s:O}", "driver", driver, "signal", json_object_get(stop, "signal"),
                                  "grace_ms", json_object_get(stop, "grace_ms")),
                        arena_printf(b->arena, "stop %s", instance->name));
    step->timeout_ms = grace_ms + STEP_TIMEOUT_MS;
    step->proof = proof;
    step->pivots = b->track == TRACK_FORWARD && b->plan->kind != PLAN_DESTROY;
    step_with_timeout(b, VERB_INSTANCE_KILL, instance->name, json_pack("{s:s}", "driver", driver),
                      arena_printf(b->arena, "kill %s if its grace was not enough", instance->name));
    step_with_timeout(b, VERB_INSTANCE_REMOVE, instance->name, json_pack("{s:s}", "driver", driver),
                      arena_printf(b->arena, "%s is gone", instance->name));
}

const struct drain_spec *pipeline_drain(const struct pipeline_spec *pipeline)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        if (pipeline->stages[i].kind == STAGE_DRAIN)
            return &pipeline->stages[i].drain;
    }
    return NULL;
}

bool pipeline_has_pool(const struct pipeline_spec *pipeline, const char *name)
{
    for (int i = 0; i < pipeline->traffic.pool_count; i++) {
        if (text_is(pipeline->traffic.pools[i].name, name))
            return true;
    }
    return false;
}

void expand_door_single(struct builder *b)
{
    enum side stays = b->track == TRACK_FORWARD ? SIDE_NEW : SIDE_OLD;
    json_t *pools = json_array(), *keep = json_array();

    for (int i = 0; i < b->pipeline->traffic.pool_count; i++)
        json_array_append_new(pools, json_string(b->pipeline->traffic.pools[i].name));
    for (int i = builder_next(b, stays, -1); i >= 0; i = builder_next(b, stays, i))
        json_array_append_new(keep, json_string(b->plan->instances[i].name));
    step_with_timeout(b, VERB_DOOR_SINGLE, b->plan->environment, json_pack("{s:o, s:o}", "pools", pools, "keep", keep),
                      "the front door refers to one unit only");
}

void expand_unit_remove(struct builder *b, const char *unit)
{
    step_with_timeout(b, VERB_UNIT_REMOVE, unit,
                      json_pack("{s:[s, s]}", "directories",
                                arena_printf(b->arena, "%s/stamps/%s", b->facts->state_dir, unit),
                                arena_printf(b->arena, "%s/units/%s", b->facts->state_dir, unit)),
                      arena_printf(b->arena, "remove the files of %s", unit));
}

static void expand_destroy(struct builder *b, const struct stage_spec *stage)
{
    if (builder_count(b, SIDE_OLD) == 0)
        return;
    if (stage->gate)
        expand_gate(b, stage->gate, "the destruction of the old stamps");
    for (int i = builder_next(b, SIDE_OLD, -1); i >= 0; i = builder_next(b, SIDE_OLD, i)) {
        struct plan_instance instance = b->plan->instances[i];

        expand_destroy_instance(b, &instance, pipeline_drain(b->pipeline));
    }
    expand_door_single(b);
    expand_unit_remove(b, b->plan->old_unit.name);
}

int64_t command_timeout_ms(const struct stage_spec *stage)
{
    return stage->timeout_ms ? stage->timeout_ms : COMMAND_TIMEOUT_MS;
}

/* In the exported sources; what is run before they are there runs in the state directory. */
static const char *command_cwd(struct builder *b)
{
    for (int i = 0; i < b->plan->step_count; i++) {
        if (b->plan->steps[i].verb == VERB_UNIT_EXPORT)
            return source_cwd(b);
    }
    return b->facts->state_dir;
}

static void expand_command(struct builder *b, const struct stage_spec *stage)
{
    int64_t timeout_ms = command_timeout_ms(stage);
    struct plan_step *step = builder_step(
        b, VERB_COMMAND_RUN, stage->name,
        json_pack("{s:o, s:[], s:s, s:s, s:I}", "argv", template_list(b, &stage->command, NULL), "env", "cwd",
                  command_cwd(b), "log", step_log(b, stage->name), "timeout_ms", (json_int_t)timeout_ms),
        arena_printf(b->arena, "run %s", stage->name));

    step->repeatable = stage->repeatable;
    step->timeout_ms = timeout_ms;
    step->undo_text = stage->undo.count ? "its undo command is run" : "cannot be taken back";
}

static void expand_stage(struct builder *b, const struct stage_spec *stage)
{
    switch (stage->kind) {
    case STAGE_BUILD:
        expand_build(b);
        break;
    case STAGE_DEPLOY:
        expand_deploy(b);
        break;
    case STAGE_VALIDATE:
        expand_validate(b, stage);
        break;
    case STAGE_SHIFT:
        expand_shift(b, stage);
        break;
    case STAGE_GATE:
        expand_gate(b, stage->gate, arena_printf(b->arena, "the way past stage %s", stage->name));
        break;
    case STAGE_DRAIN:
        expand_drain(b, stage);
        break;
    case STAGE_DESTROY:
        expand_destroy(b, stage);
        break;
    case STAGE_COMMAND:
        expand_command(b, stage);
        break;
    case STAGE_KIND_COUNT: /* GCOVR_EXCL_LINE: as below */
        BUG("stage kind"); /* GCOVR_EXCL_LINE: a fault of ours */
    }
}

static int stage_index(const struct pipeline_spec *pipeline, const char *name)
{
    for (int i = 0; i < pipeline->stage_count; i++) {
        if (text_is(pipeline->stages[i].name, name))
            return i;
    }
    BUG("stage '%s' passed the checks", name);
}

/* Where a stage begins: behind the stages it names, or behind the one before it. */
static void set_frontier(struct builder *b, int index, const struct ordinals *ends)
{
    const struct stage_spec *stage = &b->pipeline->stages[index];

    b->frontier = (struct ordinals){0};
    if (!stage->needs_given) {
        if (index > 0)
            b->frontier = ends[index - 1];
        return;
    }
    for (int i = 0; i < stage->needs.count; i++) {
        const struct ordinals *end = &ends[stage_index(b->pipeline, stage->needs.items[i])];

        for (int k = 0; k < end->count; k++)
            ordinals_add(b->arena, &b->frontier, end->items[k]);
    }
}

void expand_stages(struct builder *b)
{
    struct ordinals *ends = arena_array(b->arena, (size_t)b->pipeline->stage_count + 1, sizeof(*ends));

    b->track = TRACK_FORWARD;
    for (int i = 0; i < b->pipeline->stage_count; i++) {
        const struct stage_spec *stage = &b->pipeline->stages[i];

        b->retries = stage->retries;
        set_frontier(b, i, ends);
        builder_stage(b, stage->name, stage_kind_text(stage->kind), stage->timeout_ms);
        expand_stage(b, stage);
        ends[i] = b->frontier;
    }
}
