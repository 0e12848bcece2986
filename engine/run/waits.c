/* Steps that wait and look again: an instance becoming healthy, time at a share, the prober's last answers. */

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "drivers/child.h"
#include "run/runner.h"

#define LOG_TAIL_BYTES ((size_t)4096)
#define HOLD_SLICE_MS 1000
#define HOLD_JOURNAL_MS 5000

/* instance.ready: healthy so many times in a row within its start time; a dead process ends the wait at once. */
struct ready {
    int in_row;
    int64_t began_ms;
    json_t *health_params;
    const char *answer; /* the last health answer, for people */
    bool dead;
};

static void ready_ask(void *context);

static void ready_fail(struct activity *activity, const char *log)
{
    struct ready *ready = activity->own;
    const struct plan_step *step = activity_step(activity);
    struct strbuf evidence CLEANUP(strbuf_release) = STRBUF_INIT(LOG_TAIL_BYTES * 2);
    struct error *error;

    strbuf_printf(&evidence, "last health answer: %s\n", ready->answer ? ready->answer : "none");
    strbuf_printf(&evidence, "last lines of its log:\n");
    strbuf_text(&evidence, log);
    if (ready->dead)
        error = error_new(ERR_UNHEALTHY, KIND_PERMANENT, "instance '%s' ended before it was healthy", step->target);
    else
        error = error_new(ERR_UNHEALTHY, KIND_PERMANENT, "instance '%s' was not healthy within %s", step->target,
                          duration_text(activity->arena, json_get_int(step->params, "start_ms", 0)));
    error = error_hint(error, "penstock logs %s %s", activity->runner->release, step->target);
    runner_step_failed(activity->runner, activity->step, error, strbuf_view(&evidence));
}

/* The end of its log, without the secrets that it was given. */
static enum call_status ready_read_log(struct call *call, const struct reply *last, struct effect *want)
{
    if (!last) {
        *want = (struct effect){.kind = EFFECT_READ_FILE,
                                .timeout_ms = 5000,
                                .limit_bytes = LOG_TAIL_BYTES,
                                .path = json_get_text(call->instance, "log")};
        return CALL_WANTS;
    }
    CALL_TRY(call, reply_error(last, "its log"));
    return call_done(call, NULL, child_evidence(call, last->text, last->length, LOG_TAIL_BYTES));
}

static void ready_log_read(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    const struct call *call = call_of(run);

    activity->call = NULL;
    ready_fail(activity, status == CALL_DONE ? call->evidence : call->error->text);
}

/* What it was started with says which of its words are secrets. */
static const struct plan_step *create_step(const struct activity *activity)
{
    const struct plan *plan = activity->runner->plan;

    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].verb == VERB_INSTANCE_CREATE &&
            text_is(plan->steps[i].target, activity_step(activity)->target))
            return &plan->steps[i];
    }
    return NULL;
}

static void ready_give_up(struct activity *activity)
{
    const struct plan_step *step = activity_step(activity);
    const struct plan_step *create = create_step(activity);

    if (!create || !json_get_text(json_object_get(activity->runner->instances, step->target), "log")) {
        ready_fail(activity, "");
        return;
    }
    activity->call = call_start(activity->runner, &(struct call_spec){.advance = ready_read_log,
                                                                      .verb = "instance.log",
                                                                      .target = step->target,
                                                                      .params = create->params,
                                                                      .instance = step->target,
                                                                      .env = json_object_get(create->params, "env"),
                                                                      .ended = ready_log_read,
                                                                      .context = activity});
}

static void ready_timer(void *context)
{
    struct activity *activity = context;

    activity->timer = NULL;
    ready_ask(activity);
}

static void ready_again(struct activity *activity)
{
    struct ready *ready = activity->own;
    const json_t *params = activity_step(activity)->params;

    if (io_boot_ms(activity->runner->io) - ready->began_ms >= json_get_int(params, "start_ms", 0)) {
        ready_give_up(activity);
        return;
    }
    activity->timer =
        io_timer_start(activity->runner->io, json_get_int(params, "every_ms", 1000), ready_timer, activity);
}

static void ready_observed(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct ready *ready = activity->own;

    activity->call = NULL;
    if (status == CALL_DONE && !json_get_bool(call_of(run)->detail, "alive", true)) {
        ready->dead = true;
        ready_give_up(activity);
        return;
    }
    ready_again(activity);
}

static void ready_answered(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct ready *ready = activity->own;
    struct runner *r = activity->runner;
    const struct plan_step *step = activity_step(activity);
    const struct call *call = call_of(run);
    const char *answer = status == CALL_DONE ? json_get_text(call->detail, "answer") : call->error->text;

    activity->call = NULL;
    ready->answer = arena_text(activity->arena, answer);
    if (status == CALL_DONE && json_get_bool(call->detail, "healthy", false)) {
        if (++ready->in_row >= (int)json_get_int(step->params, "healthy", 1)) {
            runner_step_done(r, activity->step, json_pack("{s:s?}", "answer", answer), call->evidence);
            return;
        }
        ready_again(activity);
        return;
    }
    ready->in_row = 0;
    activity->call = call_start(r, &(struct call_spec){.advance = runner_stamp(r, step->target)->observe,
                                                       .verb = "instance.observe",
                                                       .target = step->target,
                                                       .params = step->params,
                                                       .instance = step->target,
                                                       .ended = ready_observed,
                                                       .context = activity});
}

static void ready_ask(void *context)
{
    struct activity *activity = context;
    struct ready *ready = activity->own;
    const struct plan_step *step = activity_step(activity);

    activity->call = call_start(activity->runner, &(struct call_spec){.advance = registry_probe("http")->health,
                                                                      .verb = "instance.health",
                                                                      .target = step->target,
                                                                      .params = ready->health_params,
                                                                      .instance = step->target,
                                                                      .ended = ready_answered,
                                                                      .context = activity});
}

static void ready_stop(struct activity *activity)
{
    struct ready *ready = activity->own;

    json_decref(ready->health_params);
}

void ready_start(struct activity *activity)
{
    struct ready *ready = ARENA_NEW(activity->arena, struct ready);
    const struct plan_step *step = activity_step(activity);

    activity->own = ready;
    activity->stop = ready_stop;
    ready->began_ms = io_boot_ms(activity->runner->io);
    ready->health_params = runner_health_params(activity->runner, step->target, step->params);
    ready_ask(activity);
}

/* hold: time counts only while everything that has a share answers well and the front door shows what we asked for. */
struct hold {
    int64_t since_ms;   /* of the slice that is being counted */
    int64_t counted_ms; /* not journaled yet */
};

static void hold_flush(struct activity *activity)
{
    struct hold *hold = activity->own;
    struct queued *queued;

    if (hold->counted_ms == 0)
        return;
    queued = runner_queue(activity->runner, EVENT_HOLD_SLICE, activity->step, "observed healthy time");
    queued->event.number = hold->counted_ms;
    hold->counted_ms = 0;
}

static void hold_tick(void *context)
{
    struct activity *activity = context;
    struct hold *hold = activity->own;
    struct runner *r = activity->runner;
    int64_t now = io_boot_ms(r->io), wanted = json_get_int(activity_step(activity)->params, "ms", 0);
    int64_t left;

    activity->timer = NULL;
    /* A slice that is much longer than its timer was not observed: we slept, or the machine did. */
    if (now - hold->since_ms <= HOLD_SLICE_MS * 2 && watch_all_well(r) && !r->state.drift_open)
        hold->counted_ms += now - hold->since_ms;
    hold->since_ms = now;
    left = wanted - r->state.steps[activity->step].held_ms - hold->counted_ms;
    if (left <= 0 || hold->counted_ms >= HOLD_JOURNAL_MS)
        hold_flush(activity);
    activity->timer =
        io_timer_start(r->io, left > 0 && left < HOLD_SLICE_MS ? left : HOLD_SLICE_MS, hold_tick, activity);
}

void hold_start(struct activity *activity)
{
    struct hold *hold = ARENA_NEW(activity->arena, struct hold);

    activity->own = hold;
    hold->since_ms = io_boot_ms(activity->runner->io);
    activity->timer = io_timer_start(activity->runner->io, 1, hold_tick, activity);
}

static void settled(void *context)
{
    struct activity *activity = context;

    runner_step_done(activity->runner, activity->step, NULL, NULL);
}

static void settle_soon(void *context)
{
    struct activity *activity = context;

    activity->timer = NULL;
    prober_settle(activity->runner, settled, activity);
}

/* The prober goes on without it when its stage is over for another reason. */
static void settle_stop(struct activity *activity)
{
    prober_unsettle(activity->runner);
}

void settle_start(struct activity *activity)
{
    activity->stop = settle_stop;
    activity->timer = io_timer_start(activity->runner->io, 0, settle_soon, activity);
}

/* door.single: every pool of the front door knows the instances that stay, and no others. */
struct single {
    size_t pool;
    json_t *params;
};

static void single_ask(struct activity *activity);

static bool is_kept(const json_t *keep, const char *server)
{
    const json_t *name;
    size_t i;

    json_array_foreach(keep, i, name)
    {
        if (text_is(json_string_value(name), server))
            return true;
    }
    return false;
}

static void single_observed(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct single *single = activity->own;
    const json_t *params = activity_step(activity)->params;
    struct call *call = call_of(run);
    const char *server;
    json_t *ignored;

    activity->call = NULL;
    if (status == CALL_FAILED) {
        struct error *error = call->error;

        call->error = NULL;
        runner_step_failed(activity->runner, activity->step, error, call->evidence);
        return;
    }
    json_object_foreach(json_object_get(call->detail, "servers"), server, ignored)
    {
        if (!is_kept(json_object_get(params, "keep"), server)) {
            runner_step_failed(activity->runner, activity->step,
                               error_new(ERR_CONFLICT, KIND_TRANSIENT,
                                         "the front door still refers to '%s' besides the one unit", server),
                               call->evidence);
            return;
        }
    }
    if (++single->pool < json_array_size(json_object_get(params, "pools")))
        single_ask(activity);
    else
        runner_step_done(activity->runner, activity->step, NULL, call->evidence);
}

static void single_ask(struct activity *activity)
{
    struct single *single = activity->own;
    const struct plan_step *step = activity_step(activity);

    json_decref(single->params);
    single->params = json_pack("{s:O}", "pool", json_array_get(json_object_get(step->params, "pools"), single->pool));
    activity->call =
        call_start(activity->runner, &(struct call_spec){.advance = runner_traffic(activity->runner)->observe,
                                                         .verb = "traffic.observe",
                                                         .target = step->target,
                                                         .params = single->params,
                                                         .ended = single_observed,
                                                         .context = activity});
}

static void single_stop(struct activity *activity)
{
    json_decref(((struct single *)activity->own)->params);
}

void single_start(struct activity *activity)
{
    activity->own = ARENA_NEW(activity->arena, struct single);
    activity->stop = single_stop;
    single_ask(activity);
}
