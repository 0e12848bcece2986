/*
 * drain.wait and drain.prove: asks the process table, the instance and the front door again and again, feeds the pure
 * judge (plan/drain.h), and journals what changed. Everything that is destroyed later rests on what this file saw.
 */

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/drain.h"
#include "run/runner.h"

struct drainer {
    struct drain_rule rule;
    struct drain_judge judge;
    struct drain_answer answer;
    int64_t *values;
    json_t *sample_params; /* owned */
    json_t *flight_params; /* owned */
    const char *identity;  /* in a fresh arena each round */
    struct arena *round;
    const char *why; /* the first reason for an unknown answer, in `round` */
    size_t pool;
    bool deadline_said, lost_said;
};

static void drainer_round(struct activity *activity);

static void drainer_timer(void *context)
{
    struct activity *activity = context;

    activity->timer = NULL;
    drainer_round(activity);
}

static json_t *drainer_body(struct activity *activity)
{
    struct drainer *own = activity->own;
    json_t *body = drain_judge_body(&own->judge);

    json_object_set_new(body, "instance", json_string(activity_step(activity)->target));
    if (own->why)
        json_object_set_new(body, "why", json_string(own->why));
    return body;
}

/* Journals the ledger; returns the new row's body. */
static void drainer_journal(struct activity *activity)
{
    struct drainer *own = activity->own;
    struct runner *r = activity->runner;
    struct queued *queued = runner_queue(r, EVENT_DRAIN_SAMPLED, activity->step, "what is left");

    queued->event.body = json_in_arena(queued->arena, drainer_body(activity));
    queued->event.reason =
        runner_keep(queued, arena_printf(own->round, "%s%s%s", drain_judge_text(own->round, &own->judge),
                                         own->why ? ": " : "", own->why ? own->why : ""));
    json_object_set(r->ledgers, activity_step(activity)->target, (json_t *)(uintptr_t)queued->event.body);
    if (own->judge.rose) {
        queued = runner_queue(r, EVENT_FINDING, activity->step, "");
        queued->event.reason =
            runner_keep(queued, arena_printf(own->round, "something new landed on %s while it drains",
                                             activity_step(activity)->target));
        queued->event.body = json_in_arena(queued->arena, drainer_body(activity));
    }
}

static void drainer_done(struct activity *activity, bool forced)
{
    struct drainer *own = activity->own;
    json_t *body = drainer_body(activity);
    const char *evidence = json_canonical(own->round, body);

    if (forced)
        json_object_set_new(body, "forced", json_true());
    runner_step_done(activity->runner, activity->step, body, evidence);
}

/* A person gave up what is left or was lost, by its exact numbers, and it is booked so. */
static enum drain_force drainer_forced(struct activity *activity)
{
    struct drainer *own = activity->own;
    struct runner *r = activity->runner;
    const char *instance = activity_step(activity)->target;
    const json_t *values = json_object_get(r->forced, instance);
    enum drain_force forced = values ? drain_judge_force(&own->judge, values) : DRAIN_NOT_GIVEN_UP;

    if (forced != DRAIN_NOT_GIVEN_UP)
        drainer_journal(activity);
    if (forced == DRAIN_LOSS_ACCEPTED) {
        json_object_del(r->forced, instance); /* it was about what is gone, not about what is there */
        own->lost_said = false;
    }
    return forced;
}

static void drainer_overdue(struct activity *activity)
{
    struct drainer *own = activity->own;
    struct runner *r = activity->runner;
    const struct plan_step *step = activity_step(activity);
    int64_t deadline_ms = json_get_int(step->params, "deadline_ms", 0);
    const char *after = duration_text(own->round, deadline_ms);

    if (deadline_ms == 0 || own->deadline_said || r->state.steps[activity->step].overdue ||
        own->answer.boot_ms - r->state.steps[activity->step].first_boot_ms < deadline_ms)
        return;
    own->deadline_said = true;
    if (text_is(json_get_text(step->params, "deadline_do"), "fail")) {
        runner_step_failed(r, activity->step,
                           error_new(ERR_TIMEOUT, KIND_PERMANENT, "%s is not empty after %s: %s", step->target, after,
                                     drain_judge_text(own->round, &own->judge)),
                           json_canonical(own->round, json_in_arena(own->round, drainer_body(activity))));
    } else {
        struct queued *queued = runner_queue(r, EVENT_DRAIN_OVERDUE, activity->step, "");

        queued->event.reason =
            runner_keep(queued, arena_printf(own->round, "%s is not empty after %s: %s", step->target, after,
                                             drain_judge_text(own->round, &own->judge)));
        queued->event.body = json_in_arena(queued->arena, drainer_body(activity));
    }
}

/* The instance died or was replaced: what was on it is lost. Said once; only a person's decision goes on from here. */
static void drainer_lost(struct activity *activity)
{
    struct drainer *own = activity->own;
    struct runner *r = activity->runner;
    const char *instance = activity_step(activity)->target;
    struct queued *queued;

    if (own->lost_said)
        return;
    own->lost_said = true;
    queued = runner_queue(r, EVENT_INSTANCE_LOST, activity->step, "");
    queued->event.reason = runner_keep(
        queued, arena_printf(own->round, "%s ended by itself or was replaced before it was drained", instance));
    queued->event.body = json_in_arena(queued->arena, drainer_body(activity));
}

static void drainer_judge(struct activity *activity)
{
    struct drainer *own = activity->own;
    struct runner *r = activity->runner;
    const json_t *params = activity_step(activity)->params;
    enum drain_verdict verdict;
    enum drain_force forced;

    own->answer.boot_ms = io_boot_ms(r->io);
    own->answer.values = own->values;
    own->answer.identity = own->identity;
    /* A front door that does not show what we asked for proves nothing. */
    if (r->state.drift_open)
        own->answer.in_flight = DRAIN_UNKNOWN;
    verdict = drain_judge_feed(&own->judge, &own->answer);
    if (own->judge.changed)
        drainer_journal(activity);
    if (verdict == DRAIN_SETTLED) {
        drainer_done(activity, false);
        return;
    }
    forced = drainer_forced(activity);
    if (forced == DRAIN_GIVEN_UP) {
        drainer_done(activity, true);
        return;
    }
    if (verdict == DRAIN_LOST && forced == DRAIN_NOT_GIVEN_UP)
        drainer_lost(activity);
    drainer_overdue(activity);
    activity->timer = io_timer_start(r->io, json_get_int(params, "every_ms", 1000), drainer_timer, activity);
}

static void drainer_ask_door(struct activity *activity);

/* Who was made known to this pool and not taken out again has to be there; else the front door has forgotten it. */
static bool drainer_is_forgotten(const struct activity *activity, const struct call *call)
{
    const struct drainer *own = activity->own;
    const struct plan *plan = activity->runner->plan;
    const struct plan_step *step = activity_step(activity);
    const char *pool = json_string_value(json_array_get(json_object_get(step->params, "pools"), own->pool));
    const struct plan_instance *instance = plan_instance(plan, step->target);

    return json_get_bool(call->detail, "absent", false) &&
           machine_known(&activity->runner->state, (int)(instance - plan->instances), pool).added;
}

static void drainer_door_answered(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct drainer *own = activity->own;
    const struct call *call = call_of(run);
    int64_t in_flight = status == CALL_DONE ? json_get_int(call->detail, "in_flight", DRAIN_UNKNOWN) : DRAIN_UNKNOWN;

    activity->call = NULL;
    if (status == CALL_DONE && drainer_is_forgotten(activity, call)) {
        in_flight = DRAIN_UNKNOWN;
        own->why = own->why ? own->why : "the front door does not know it any more";
    }
    if (in_flight < 0 && !own->why)
        own->why = arena_text(own->round, json_get_text(call->detail, "why"));
    if (in_flight < 0 || own->answer.in_flight == DRAIN_UNKNOWN)
        own->answer.in_flight = DRAIN_UNKNOWN;
    else
        own->answer.in_flight += in_flight;
    own->pool++;
    drainer_ask_door(activity);
}

static void drainer_ask_door(struct activity *activity)
{
    struct drainer *own = activity->own;
    const struct plan_step *step = activity_step(activity);
    const json_t *pools = json_object_get(step->params, "pools");

    if (own->pool >= json_array_size(pools)) {
        drainer_judge(activity);
        return;
    }
    json_decref(own->flight_params);
    own->flight_params = json_pack("{s:O, s:O}", "pool", json_array_get(pools, own->pool), "server",
                                   json_object_get(step->params, "server"));
    activity->call =
        call_start(activity->runner, &(struct call_spec){.advance = runner_traffic(activity->runner)->in_flight,
                                                         .verb = "traffic.in_flight",
                                                         .target = step->target,
                                                         .params = own->flight_params,
                                                         .timeout_ms = 10000,
                                                         .ended = drainer_door_answered,
                                                         .context = activity});
}

static void drainer_read_sample(struct drainer *own, const struct call *call)
{
    const json_t *values = json_object_get(call->detail, "values");
    const json_t *why = json_object_get(call->detail, "why");

    own->identity = arena_text(own->round, json_get_text(call->detail, "identity"));
    for (int i = 0; i < own->rule.limit_count; i++) {
        const char *probe = own->rule.limits[i].probe;

        own->values[i] = json_get_int(values, probe, DRAIN_UNKNOWN);
        if (own->values[i] < 0 && !own->why)
            own->why = arena_text(own->round, json_get_text(why, probe));
    }
}

static void drainer_sampled(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct drainer *own = activity->own;

    activity->call = NULL;
    if (status == CALL_DONE)
        drainer_read_sample(own, call_of(run));
    else
        own->why = arena_text(own->round, call_of(run)->error->text);
    drainer_ask_door(activity);
}

static void drainer_observed(void *context, struct call_run *run, enum call_status status)
{
    struct activity *activity = context;
    struct drainer *own = activity->own;
    const struct plan_step *step = activity_step(activity);

    activity->call = NULL;
    own->answer.process_known = status == CALL_DONE;
    own->answer.process_there = status == CALL_DONE && json_get_bool(call_of(run)->detail, "alive", false);
    if (own->rule.limit_count == 0 || !own->answer.process_there) {
        drainer_ask_door(activity);
        return;
    }
    activity->call = call_start(activity->runner, &(struct call_spec){.advance = registry_probe("http")->sample,
                                                                      .verb = "probe.sample",
                                                                      .target = step->target,
                                                                      .params = own->sample_params,
                                                                      .instance = step->target,
                                                                      .ended = drainer_sampled,
                                                                      .context = activity});
}

static void drainer_round(struct activity *activity)
{
    struct drainer *own = activity->own;

    arena_free(own->round);
    own->round = arena_new();
    own->identity = own->why = NULL;
    own->pool = 0;
    own->answer = (struct drain_answer){.in_flight = 0};
    for (int i = 0; i < own->rule.limit_count; i++)
        own->values[i] = DRAIN_UNKNOWN;
    activity_observe(activity, drainer_observed);
}

void drainer_nudge(struct activity *activity)
{
    if (!activity->timer)
        return;
    io_timer_stop(activity->timer);
    activity->timer = io_timer_start(activity->runner->io, 0, drainer_timer, activity);
}

static void drainer_stop(struct activity *activity)
{
    struct drainer *own = activity->own;

    arena_free(own->round);
    json_decref(own->sample_params);
    json_decref(own->flight_params);
}

static void drainer_rule(struct activity *activity, struct drain_rule *rule)
{
    const json_t *params = activity_step(activity)->params;
    const json_t *until = json_object_get(params, "until");
    const struct runner *r = activity->runner;
    const char *probe;
    json_t *most;

    rule->samples = (int)json_get_int(params, "samples", 1);
    rule->over_ms = json_get_int(params, "over_ms", 0);
    rule->accept_lost = json_get_bool(params, "accept_lost", false);
    /* A proof that is taken again after its stop was begun (a runner died in between) may find what we stopped ourselves. */
    for (int i = activity->step; i < r->plan->step_count; i++) {
        if (r->plan->steps[i].proof == activity->step && r->state.steps[i].started)
            rule->accept_lost = true;
    }
    rule->limits = arena_array(activity->arena, json_object_size(until) + 1, sizeof(*rule->limits));
    json_object_foreach((json_t *)(uintptr_t)until, probe, most) rule->limits[rule->limit_count++] =
        (struct drain_limit){probe, json_integer_value(most)};
}

void drainer_start(struct activity *activity)
{
    struct drainer *own = ARENA_NEW(activity->arena, struct drainer);
    const struct plan_step *step = activity_step(activity);
    const json_t *before = json_object_get(activity->runner->ledgers, step->target);
    json_t *probes = json_object();

    activity->own = own;
    activity->stop = drainer_stop;
    drainer_rule(activity, &own->rule);
    own->values = arena_array(activity->arena, (size_t)own->rule.limit_count + 1, sizeof(*own->values));
    for (int i = 0; i < own->rule.limit_count; i++) {
        const char *name = own->rule.limits[i].probe;

        json_object_set(probes, name, json_object_get(json_object_get(step->params, "probes"), name));
    }
    own->sample_params =
        json_pack("{s:s?, s:o}", "address", runner_address(activity->runner, step->target), "probes", probes);
    drain_judge_init(&own->judge, activity->arena, &own->rule);
    if (before)
        drain_judge_restore(&own->judge, before);
    drainer_round(activity);
}
