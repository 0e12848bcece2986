/* Which verb is carried out by what: one row a verb. Most are one driver call; a few are activities of their own. */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/unit.h"
#include "run/runner.h"

/* Effects end at their own timeouts, with better words; the call's deadline only catches what does not. */
#define CALL_SLACK_MS 10000

/* Where a verb's function comes from. */
enum executor { BY_CALL, BY_STAMP, BY_TRAFFIC, BY_ACTION, BY_ACTIVITY, BY_MACHINE };

struct verb_row {
    enum executor by;
    advance_fn call;                             /* BY_CALL */
    size_t member;                               /* BY_STAMP, BY_TRAFFIC: where in the driver's table */
    void (*activity)(struct activity *activity); /* BY_ACTIVITY */
    bool with_env;
};

static enum call_status command_run(struct call *call, const struct reply *last, struct effect *want)
{
    return registry_command("command")->run(call, last, want);
}

static enum call_status probe_check(struct call *call, const struct reply *last, struct effect *want)
{
    return registry_probe("http")->check(call, last, want);
}

#define STAMP(function) .by = BY_STAMP, .member = offsetof(struct stamp_driver, function)
#define TRAFFIC(function) .by = BY_TRAFFIC, .member = offsetof(struct traffic_driver, function)

static const struct verb_row rows[VERB_COUNT] = {
    [VERB_UNIT_EXPORT] = {.by = BY_CALL, .call = unit_export},
    [VERB_UNIT_BUILD] = {.by = BY_CALL, .call = unit_build, .with_env = true},
    [VERB_UNIT_COLLECT] = {.by = BY_CALL, .call = unit_collect},
    [VERB_UNIT_REMOVE] = {.by = BY_CALL, .call = unit_remove},
    [VERB_DOOR_ENSURE] = {TRAFFIC(ensure)},
    [VERB_DOOR_SINGLE] = {.by = BY_ACTIVITY, .activity = single_start},
    [VERB_DOOR_REMOVE] = {TRAFFIC(stop)},
    [VERB_INSTANCE_CREATE] = {STAMP(create), .with_env = true},
    [VERB_INSTANCE_READY] = {.by = BY_ACTIVITY, .activity = ready_start},
    [VERB_INSTANCE_STOP] = {STAMP(stop)},
    [VERB_INSTANCE_KILL] = {STAMP(kill)},
    [VERB_INSTANCE_REMOVE] = {STAMP(remove)},
    [VERB_CHECK_HTTP] = {.by = BY_CALL, .call = probe_check},
    [VERB_CHECK_COMMAND] = {.by = BY_CALL, .call = command_run, .with_env = true},
    [VERB_TRAFFIC_ADD] = {TRAFFIC(add)},
    [VERB_TRAFFIC_SHARES] = {TRAFFIC(set_shares)},
    [VERB_TRAFFIC_DRAIN] = {TRAFFIC(drain)},
    [VERB_TRAFFIC_UNDRAIN] = {TRAFFIC(undrain)},
    [VERB_TRAFFIC_REMOVE] = {TRAFFIC(remove)},
    [VERB_HOLD] = {.by = BY_ACTIVITY, .activity = hold_start},
    [VERB_GATE] = {.by = BY_MACHINE},
    [VERB_PROBER_SETTLE] = {.by = BY_ACTIVITY, .activity = settle_start},
    [VERB_DRAIN_BEGIN] = {.by = BY_ACTION},
    [VERB_DRAIN_CANCEL] = {.by = BY_ACTION},
    [VERB_DRAIN_WAIT] = {.by = BY_ACTIVITY, .activity = drainer_start},
    [VERB_DRAIN_PROVE] = {.by = BY_ACTIVITY, .activity = drainer_start},
    [VERB_COMMAND_RUN] = {.by = BY_CALL, .call = command_run, .with_env = true},
};

const struct plan_step *activity_step(const struct activity *activity)
{
    return &activity->runner->plan->steps[activity->step];
}

const struct traffic_driver *runner_traffic(const struct runner *r)
{
    const struct traffic_driver *driver = registry_traffic(json_get_text(r->plan->door, "driver"));

    MUST(driver);
    return driver;
}

const struct stamp_driver *runner_stamp(const struct runner *r, const char *instance)
{
    const char *name = json_get_text(json_object_get(r->instances, instance), "driver");
    const struct stamp_driver *driver = registry_stamp(name ? name : "process");

    MUST(driver);
    return driver;
}

const char *runner_address(const struct runner *r, const char *instance)
{
    return json_get_text(json_object_get(r->instances, instance), "address");
}

json_t *runner_health_params(const struct runner *r, const char *instance, const json_t *health)
{
    return json_pack("{s:s?, s:O, s:O}", "address", runner_address(r, instance), "get", json_object_get(health, "get"),
                     "timeout_ms", json_object_get(health, "timeout_ms"));
}

static advance_fn member(const void *driver, size_t offset)
{
    advance_fn function;

    memcpy(&function, (const char *)driver + offset, sizeof(function));
    return function;
}

/* Telling an instance something: by HTTP, by a signal or by a command, as its unit's contract says. */
static advance_fn action_function(const struct runner *r, const struct plan_step *step)
{
    const char *kind = json_get_text(step->params, "kind");

    if (text_is(kind, "http"))
        return registry_probe("http")->request;
    if (text_is(kind, "signal"))
        return runner_stamp(r, step->target)->signal;
    return registry_command("command")->run;
}

void activity_observe(struct activity *activity, call_end_fn ended)
{
    const struct plan_step *step = activity_step(activity);

    activity->call = call_start(activity->runner,
                                &(struct call_spec){.advance = runner_stamp(activity->runner, step->target)->observe,
                                                    .verb = "instance.observe",
                                                    .target = step->target,
                                                    .params = step->params,
                                                    .instance = step->target,
                                                    .timeout_ms = 10000,
                                                    .ended = ended,
                                                    .context = activity});
}

/* An instance that could not be told something: why, until it is known whether it is there at all. */
struct untold {
    struct error *error;
    const char *evidence;
};

static void untold_stop(struct activity *activity)
{
    error_free(((struct untold *)activity->own)->error);
}

/* A process that is gone cannot be told anything; its drain will say what was lost with it. */
static void untold_observed(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct untold *own = activity->own;
    struct error *error = own->error;

    activity->call = NULL;
    if (status == CALL_DONE && !json_get_bool(call_of(run)->detail, "alive", true)) {
        runner_step_done(activity->runner, activity->step, json_pack("{s:b}", "lost", true), NULL);
        return;
    }
    own->error = NULL;
    runner_step_failed(activity->runner, activity->step, error, own->evidence);
}

static void untold(struct activity *activity, struct call *call)
{
    struct untold *own = ARENA_NEW(activity->arena, struct untold);

    *own = (struct untold){call->error, arena_text(activity->arena, call->evidence)};
    call->error = NULL;
    activity->own = own;
    activity->stop = untold_stop;
    activity_observe(activity, untold_observed);
}

static void on_call_end(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct runner *r = activity->runner;
    const struct plan_step *step = activity_step(activity);
    struct call *call = call_of(run);
    json_t *detail = call->detail;

    activity->call = NULL;
    call->detail = NULL;
    if (step->verb >= VERB_TRAFFIC_ADD && step->verb <= VERB_TRAFFIC_REMOVE)
        r->traffic_epoch++;
    if (status == CALL_FAILED && (step->verb == VERB_DRAIN_BEGIN || step->verb == VERB_DRAIN_CANCEL)) {
        json_decref(detail);
        untold(activity, call);
        return;
    }
    if (status == CALL_FAILED) {
        struct error *error = call->error;

        call->error = NULL;
        json_decref(detail);
        runner_step_failed(r, activity->step, error, call->evidence);
        return;
    }
    if (step->verb == VERB_TRAFFIC_SHARES) {
        if (!detail)
            detail = json_object();
        json_object_set(detail, "shares", json_object_get(step->params, "shares"));
    }
    runner_step_done(r, activity->step, detail, call->evidence);
}

/* The driver reads the address from the parameters where its verb is not about an instance's process. */
static const json_t *params_with_address(struct activity *activity)
{
    const struct plan_step *step = activity_step(activity);
    const char *address = runner_address(activity->runner, step->target);
    json_t *params;

    if (!address)
        return step->params;
    params = json_in_arena(activity->arena, json_copy((json_t *)(uintptr_t)step->params));
    json_object_set_new(params, "address", json_string(address));
    /* What a person gave up may be cut off; nothing else ever is. */
    if (step->verb == VERB_TRAFFIC_REMOVE && json_object_get(activity->runner->forced, step->target))
        json_object_set_new(params, "cut", json_true());
    return params;
}

void activity_start(struct runner *r, int step)
{
    const struct plan_step *plan = &r->plan->steps[step];
    const struct verb_row *row = &rows[plan->verb];
    struct activity *activity = heap_alloc(sizeof(*activity));
    advance_fn function = row->call;

    *activity = (struct activity){.runner = r, .step = step, .arena = arena_new()};
    r->activities[step] = activity;
    switch (row->by) {
    case BY_MACHINE:
        return;
    case BY_ACTIVITY:
        row->activity(activity);
        return;
    case BY_STAMP:
        function = member(runner_stamp(r, plan->target), row->member);
        break;
    case BY_TRAFFIC:
        function = member(runner_traffic(r), row->member);
        break;
    case BY_ACTION:
        function = action_function(r, plan);
        break;
    case BY_CALL:
        break;
    }
    MUST(function);
    if (row->by == BY_TRAFFIC)
        r->traffic_epoch++;
    activity->is_call = true;
    activity->call = call_start(r, &(struct call_spec){
                                       .advance = function,
                                       .verb = verb_text(plan->verb),
                                       .target = plan->target,
                                       .key = plan->key,
                                       .params = params_with_address(activity),
                                       .instance = plan->target,
                                       .env = row->with_env ? json_object_get(plan->params, "env") : NULL,
                                       .timeout_ms = plan->timeout_ms ? plan->timeout_ms + CALL_SLACK_MS : 0,
                                       .ended = on_call_end,
                                       .context = activity,
                                   });
}

void activity_stop(struct activity *activity)
{
    struct runner *r = activity->runner;

    r->activities[activity->step] = NULL;
    call_cancel(activity->call);
    io_timer_stop(activity->timer);
    if (activity->stop)
        activity->stop(activity);
    arena_free(activity->arena);
    free(activity);
}
