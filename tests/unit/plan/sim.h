#ifndef TESTS_UNIT_PLAN_SIM_H
#define TESTS_UNIT_PLAN_SIM_H

/*
 * A runner without a world: it asks machine_next() until nothing follows, stamps and folds each event as run/runner.c
 * does, and lets the test answer what runs. After every event the invariants of docs (architecture, section 5) that the
 * machine answers for are asserted: I1, I2, I4, I9, and that nothing starts in a release that is held or has ended.
 */

#include "unit/plan/planning.h"

#include "plan/machine.h"

#define SIM_STORM 4000 /* so many events in a row without an answer are an endless loop */

struct sim {
    struct arena *arena;
    const struct plan *plan;
    struct machine_state state;
    struct machine_now now;
    int64_t seq, epoch;
    struct event *log; /* everything that was folded, in order */
    int count, capacity;
    unsigned seed; /* of a random walk, for messages */
};

static inline void sim_fail(const struct sim *sim, const char *what)
{
    for (int i = sim->count > 60 ? sim->count - 60 : 0; i < sim->count; i++)
        print_error("  %3d %-18s step %3d attempt %d epoch %d %s: %s\n", i, event_kind_text(sim->log[i].kind),
                    sim->log[i].step, sim->log[i].attempt, (int)sim->log[i].epoch,
                    sim->log[i].step >= 0 ? sim->plan->steps[sim->log[i].step].title : "", sim->log[i].reason);
    fail_msg("seed %u, after %d events: %s", sim->seed, sim->count, what);
}

#define sim_must(sim, condition) ((condition) ? (void)0 : sim_fail((sim), #condition))

/* At most one outcome per attempt, of the current epoch, and only of what runs. */
static inline void sim_check_outcome(const struct sim *sim, const struct event *event)
{
    const struct step_state *step = &sim->state.steps[event->step];

    sim_must(sim, step->status == STEP_RUNNING);
    sim_must(sim, event->attempt == step->attempt);
    for (int i = sim->count - 1; i >= 0; i--) {
        const struct event *before = &sim->log[i];

        if (before->step == event->step && before->attempt == event->attempt)
            sim_must(sim, before->kind != EVENT_STEP_DONE && before->kind != EVENT_STEP_FAILED &&
                              before->kind != EVENT_GATE_OPENED);
    }
}

/* A new instance that may have traffic: healthy, checked, known to the front door, not on its way out. */
static inline void sim_check_new(const struct sim *sim, const struct plan_instance *instance)
{
    for (int i = 0; i < sim->plan->step_count; i++) {
        const struct plan_step *step = &sim->plan->steps[i];
        bool proves = step->verb == VERB_INSTANCE_READY || step->verb == VERB_CHECK_HTTP ||
                      step->verb == VERB_CHECK_COMMAND || step->verb == VERB_TRAFFIC_ADD;

        if (step->track == TRACK_FORWARD && proves && text_is(step->target, instance->name))
            sim_must(sim, sim->state.steps[i].status == STEP_DONE);
    }
}

static inline bool sim_stop_begun(const struct sim *sim, const char *instance)
{
    for (int i = 0; i < sim->plan->step_count; i++) {
        if (sim->plan->steps[i].verb == VERB_INSTANCE_STOP && text_is(sim->plan->steps[i].target, instance) &&
            sim->state.steps[i].started)
            return true;
    }
    return false;
}

static inline void sim_check_shares(const struct sim *sim, const struct plan_step *step)
{
    const json_t *shares = json_object_get(step->params, "shares");
    const char *unit;
    json_t *share;
    int64_t sum = 0;

    json_object_foreach((json_t *)(uintptr_t)shares, unit, share)
    {
        sum += json_integer_value(share);
        for (int i = 0; json_integer_value(share) > 0 && i < sim->plan->instance_count; i++) {
            const struct plan_instance *instance = &sim->plan->instances[i];

            if (!text_is(instance->unit, unit))
                continue;
            sim_must(sim, !sim_stop_begun(sim, instance->name));
            sim_must(sim, machine_known(&sim->state, i, step->target).added);
            sim_must(sim, !machine_known(&sim->state, i, step->target).drained);
            if (instance->side == SIDE_NEW)
                sim_check_new(sim, instance);
        }
    }
    sim_must(sim, sum == SHARE_ALL);
}

/* Only on a proof that this runner took, not long ago; or of an instance that never had any traffic. */
static inline void sim_check_stop(const struct sim *sim, const struct plan_step *step)
{
    const struct step_state *proof;

    sim_must(sim, step->proof >= 0 && sim->plan->steps[step->proof].verb == VERB_DRAIN_PROVE);
    sim_must(sim, text_is(sim->plan->steps[step->proof].target, step->target));
    proof = &sim->state.steps[step->proof];
    if (proof->status == STEP_SKIPPED) {
        sim_must(sim, step->track == TRACK_UNDO);
        sim_must(sim, !sim->state.steps[sim->plan->steps[step->proof].undoes].started);
        return;
    }
    sim_must(sim, proof->status == STEP_DONE);
    sim_must(sim, proof->epoch == sim->epoch);
    sim_must(sim, proof->seq > sim->state.repaired_seq);
    sim_must(sim, sim->now.boot_ms - proof->boot_ms <= PROOF_FRESH_MS);
    if (step->pivots)
        sim_must(sim, sim->state.pivoted);
}

static inline void sim_check_start(const struct sim *sim, const struct event *event)
{
    const struct plan_step *step = &sim->plan->steps[event->step];
    const struct step_state *now = &sim->state.steps[event->step];

    sim_must(sim, sim->state.mode != MODE_HELD);
    sim_must(sim, (step->track == TRACK_UNDO) == (sim->state.mode == MODE_UNDO));
    sim_must(sim, now->status == STEP_PENDING || now->status == STEP_BACKOFF);
    sim_must(sim, event->attempt == now->attempt + 1);
    sim_must(sim, text_is(json_get_text(event->body, "key"), step->key));
    for (int i = 0; i < step->need_count; i++) {
        enum step_status need = sim->state.steps[step->needs[i]].status;

        sim_must(sim, need == STEP_DONE || need == STEP_SKIPPED);
    }
    for (int i = 0; step->track == TRACK_UNDO && i < sim->plan->step_count; i++)
        sim_must(sim, sim->plan->steps[i].track == TRACK_UNDO || sim->state.steps[i].status != STEP_RUNNING);
    if (step->verb == VERB_TRAFFIC_SHARES)
        sim_check_shares(sim, step);
    if (step->verb == VERB_INSTANCE_STOP)
        sim_check_stop(sim, step);
    if (sim->state.drift_open)
        sim_must(sim, step->verb != VERB_TRAFFIC_SHARES && step->verb != VERB_TRAFFIC_DRAIN &&
                          step->verb != VERB_TRAFFIC_REMOVE && step->verb != VERB_INSTANCE_STOP &&
                          step->verb != VERB_DRAIN_PROVE && step->verb != VERB_TRAFFIC_ADD);
}

/* What no event may break. */
static inline void sim_check(const struct sim *sim)
{
    sim_must(sim, !(sim->state.pivoted && sim->state.mode == MODE_UNDO));
    sim_must(sim, sim->plan->kind == PLAN_RELEASE || sim->state.mode != MODE_UNDO);
    if (sim->state.end != END_NONE && sim->state.mode == MODE_FORWARD && sim->state.end == END_SUCCEEDED) {
        for (int i = 0; i < sim->plan->step_count; i++)
            sim_must(sim, sim->plan->steps[i].track == TRACK_UNDO || sim->state.steps[i].status == STEP_DONE ||
                              sim->state.steps[i].status == STEP_SKIPPED);
    }
}

/* Stamps, checks and folds one event; a person's has no epoch. */
static inline void sim_fold(struct sim *sim, struct event event)
{
    event.seq = ++sim->seq;
    event.release = sim->plan->release;
    event.epoch = event.kind == EVENT_DECISION_MADE ? 0 : sim->epoch;
    event.at_ms = sim->now.wall_ms;
    event.boot_ms = sim->now.boot_ms;
    if (!event.actor)
        event.actor = "penstock";
    if (!event.reason)
        event.reason = "told by the test";
    sim_must(sim, sim->state.end == END_NONE || event.kind == EVENT_RUNNER_STARTED);
    if (event.kind == EVENT_STEP_DONE || event.kind == EVENT_STEP_FAILED || event.kind == EVENT_GATE_OPENED)
        sim_check_outcome(sim, &event);
    if (event.kind == EVENT_STEP_STARTED)
        sim_check_start(sim, &event);
    machine_fold(&sim->state, &event);
    *ARENA_PUSH(sim->arena, sim->log, sim->count, sim->capacity) = event;
    sim_check(sim);
}

/* All that follows from where we stand. Returns how many events that were. */
static inline int sim_next(struct sim *sim)
{
    struct event event;
    int said = 0;
    int64_t wakes_at;

    while (machine_next(&sim->state, sim->now, &event)) {
        sim_fold(sim, event);
        sim_must(sim, ++said < SIM_STORM);
    }
    /* Nothing follows now, so nothing may want to be woken now: that would be a busy loop. */
    wakes_at = machine_wakes_at(&sim->state, sim->now);
    sim_must(sim, sim->state.end != END_NONE || wakes_at < 0 || wakes_at > sim->now.boot_ms);
    return said;
}

/* A runner begins: the first, or one that takes over. */
static inline void sim_runner(struct sim *sim)
{
    sim->epoch++;
    sim_fold(sim, (struct event){.kind = EVENT_RUNNER_STARTED, .step = -1});
}

static inline struct sim *sim_new(struct arena *arena, const struct plan *plan)
{
    struct sim *sim = ARENA_NEW(arena, struct sim);

    *sim = (struct sim){.arena = arena, .plan = plan, .now = {1000000, 1700000000000}};
    machine_init(&sim->state, arena, plan);
    sim_fold(sim, (struct event){.kind = EVENT_RELEASE_PLANNED, .step = -1});
    sim_runner(sim);
    sim_next(sim);
    return sim;
}

/* Another process that reads the first `count` rows of the journal, and takes over. */
static inline struct sim *sim_resumed(struct arena *arena, const struct sim *before, int count)
{
    struct sim *sim = ARENA_NEW(arena, struct sim);

    *sim = (struct sim){.arena = arena, .plan = before->plan, .now = before->now, .seed = before->seed};
    machine_init(&sim->state, arena, before->plan);
    for (int i = 0; i < count; i++) {
        const struct event *event = &before->log[i];
        struct event row = *event;

        if (!event_body_is_folded(row.kind))
            row.body = NULL; /* as the journal is read back */
        machine_fold(&sim->state, &row);
        *ARENA_PUSH(arena, sim->log, sim->count, sim->capacity) = *event;
        sim->seq = event->seq;
        sim->epoch = event->epoch > sim->epoch ? event->epoch : sim->epoch;
        sim->now = (struct machine_now){event->boot_ms, event->at_ms};
    }
    return sim;
}

static inline void sim_pass(struct sim *sim, int64_t ms)
{
    sim->now.boot_ms += ms;
    sim->now.wall_ms += ms;
}

static inline enum step_status sim_status(const struct sim *sim, int step)
{
    return sim->state.steps[step].status;
}

static inline int sim_step(const struct sim *sim, enum verb verb, const char *target)
{
    return step_of_plan(sim->plan, TRACK_FORWARD, verb, target);
}

static inline int sim_undo(const struct sim *sim, enum verb verb, const char *target)
{
    return step_of_plan(sim->plan, TRACK_UNDO, verb, target);
}

/* The world did it. A stop says that the process ended within its grace. */
static inline void sim_done(struct sim *sim, int step)
{
    json_t *body = json_in_arena(sim->arena, json_pack("{s:{s:b}}", "detail", "exited", 1));

    sim_fold(sim, (struct event){.kind = EVENT_STEP_DONE,
                                 .step = step,
                                 .attempt = sim->state.steps[step].attempt,
                                 .body = sim->plan->steps[step].verb == VERB_INSTANCE_STOP ? body : NULL});
}

static inline void sim_failed(struct sim *sim, int step, enum error_kind kind)
{
    sim_fold(sim, (struct event){.kind = EVENT_STEP_FAILED,
                                 .step = step,
                                 .attempt = sim->state.steps[step].attempt,
                                 .error_kind = kind});
}

/* A person decides; `values` is stolen, may be NULL. For a gate the subject is the one that stands. */
static inline void sim_decide(struct sim *sim, enum decision_kind decision, const char *person, int step,
                              json_t *values)
{
    struct event event = {.kind = EVENT_DECISION_MADE, .decision = decision, .actor = person, .step = step};

    if (step >= 0)
        event.subject = sim->state.steps[step].subject;
    if (values)
        event.body = json_in_arena(sim->arena, json_pack("{s:o}", "values", values));
    sim_fold(sim, event);
}

static inline void sim_alarm(struct sim *sim, enum event_kind kind, const char *instance)
{
    sim_fold(sim, (struct event){.kind = kind,
                                 .step = -1,
                                 .reason = arena_printf(sim->arena, "%s %s", event_kind_text(kind), instance),
                                 .body = json_in_arena(sim->arena, json_pack("{s:s}", "instance", instance))});
}

static inline void sim_drifted(struct sim *sim, const char *cause)
{
    sim_fold(sim, (struct event){.kind = EVENT_TRAFFIC_DRIFTED,
                                 .step = -1,
                                 .body = json_in_arena(sim->arena, json_pack("{s:s}", "cause", cause))});
}

static inline void sim_repaired(struct sim *sim)
{
    sim_fold(sim, (struct event){.kind = EVENT_TRAFFIC_REPAIRED, .step = -1});
}

static inline void sim_tally(struct sim *sim, int64_t failed)
{
    sim_fold(sim, (struct event){.kind = EVENT_PROBER_TALLIED, .step = -1, .number = failed});
}

/* The first running step that the world answers, or -1; gates are people's. */
static inline int sim_running(const struct sim *sim)
{
    for (int i = 0; i < sim->plan->step_count; i++) {
        if (sim_status(sim, i) == STEP_RUNNING && sim->plan->steps[i].verb != VERB_GATE)
            return i;
    }
    return -1;
}

/* The gate that asks, or -1. */
static inline int sim_asking(const struct sim *sim)
{
    for (int i = 0; i < sim->plan->step_count; i++) {
        if (sim_status(sim, i) == STEP_RUNNING && sim->plan->steps[i].verb == VERB_GATE && sim->state.steps[i].asked)
            return i;
    }
    return -1;
}

/* What runs is done: a hold by its time, the rest by an outcome. */
static inline void sim_answer(struct sim *sim, int step)
{
    if (sim->plan->steps[step].verb == VERB_HOLD)
        sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE,
                                     .step = step,
                                     .attempt = sim->state.steps[step].attempt,
                                     .number = json_get_int(sim->plan->steps[step].params, "ms", 0)});
    else
        sim_done(sim, step);
}

static inline void sim_approve(struct sim *sim, int gate)
{
    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
}

/* All goes well, until this step runs (-1: until nothing can go on). Gates are approved. */
static inline void sim_go(struct sim *sim, int until)
{
    sim_next(sim);
    for (int round = 0;; round++) {
        int step = sim_running(sim);
        int gate = sim_asking(sim);
        int64_t wakes_at;

        sim_must(sim, round < 10000);
        if (until >= 0 && (sim_status(sim, until) == STEP_RUNNING))
            return;
        sim_pass(sim, 10);
        if (step >= 0 && sim->state.end == END_NONE) {
            sim_answer(sim, step);
        } else if (gate >= 0 && sim->state.mode == MODE_FORWARD) {
            sim_approve(sim, gate);
        } else {
            wakes_at = sim->state.end == END_NONE ? machine_wakes_at(&sim->state, sim->now) : -1;
            if (wakes_at < 0)
                break;
            sim_pass(sim, wakes_at - sim->now.boot_ms);
        }
        sim_next(sim);
    }
    if (until >= 0)
        sim_fail(sim, "the step never ran");
}

static inline const struct event *sim_last(const struct sim *sim)
{
    return &sim->log[sim->count - 1];
}

/* The last event of this kind, or NULL. */
static inline const struct event *sim_find(const struct sim *sim, enum event_kind kind)
{
    for (int i = sim->count - 1; i >= 0; i--) {
        if (sim->log[i].kind == kind)
            return &sim->log[i];
    }
    return NULL;
}

static inline int sim_count_of(const struct sim *sim, enum event_kind kind)
{
    int count = 0;

    for (int i = 0; i < sim->count; i++)
        count += sim->log[i].kind == kind;
    return count;
}

/* The release turned last to this mode for this reason. */
static inline void assert_turned(const struct sim *sim, enum release_mode mode, const char *reason)
{
    const struct event *turned = sim_find(sim, EVENT_RELEASE_TURNED);

    assert_non_null(turned);
    assert_string_equal(turned->reason, reason);
    assert_string_equal(mode_text(turned->mode), mode_text(mode));
    assert_string_equal(mode_text(sim->state.mode), mode_text(mode));
}

static inline void assert_status(const struct sim *sim, int step, enum step_status want)
{
    assert_string_equal(step_status_text(sim_status(sim, step)), step_status_text(want));
}

#endif
