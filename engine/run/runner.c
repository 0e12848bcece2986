/*
 * The tick: fold, commit, act. There is no other order anywhere.
 *
 *   1. what happened (queue) and what people decided (journal rows of others) is folded into the state,
 *   2. machine_next() is asked until nothing more follows,
 *   3. all of it is committed in one transaction that checks the lease's epoch first,
 *   4. and only then do the effects of the new intents begin.
 */

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "run/runner.h"

#define ACTOR "penstock"
#define PATIENCE_MS 10000

static void tick(void *context);

static void tick_soon(struct runner *r)
{
    if (r->tick_due)
        return;
    r->tick_due = true;
    io_soon(r->io, tick, r);
}

struct queued *runner_queue(struct runner *r, enum event_kind kind, int step, const char *reason)
{
    struct arena *arena = arena_new();
    struct queued *queued = ARENA_NEW(arena, struct queued);

    queued->arena = arena;
    queued->event = (struct event){.kind = kind, .step = step, .actor = ACTOR, .reason = arena_text(arena, reason)};
    if (step >= 0)
        queued->event.attempt = r->state.steps[step].attempt;
    *r->queue_end = queued;
    r->queue_end = &queued->next;
    tick_soon(r);
    return queued;
}

const char *runner_keep(struct queued *queued, const char *text)
{
    return arena_text(queued->arena, text);
}

void runner_step_done(struct runner *r, int step, json_t *detail, const char *evidence)
{
    struct queued *queued = runner_queue(r, EVENT_STEP_DONE, step, r->plan->steps[step].title);

    queued->event.body = json_in_arena(queued->arena, json_pack("{s:o}", "detail", detail ? detail : json_object()));
    queued->evidence = arena_text(queued->arena, evidence);
}

void runner_step_failed(struct runner *r, int step, struct error *error, const char *evidence)
{
    struct queued *queued = runner_queue(r, EVENT_STEP_FAILED, step, "");
    char *line CLEANUP(heap_cleanup) = error_line(error);

    queued->event.reason = arena_text(queued->arena, line);
    queued->event.error_kind = error->kind;
    queued->event.body = json_in_arena(queued->arena, json_pack("{s:s, s:s, s:s?}", "code", error_code_id(error->code),
                                                                "text", line, "hint", error->hint));
    queued->evidence = arena_text(queued->arena, evidence);
    error_free(error);
}

void runner_fail(struct runner *r, struct error *error)
{
    if (r->error)
        error_free(error);
    else
        r->error = error;
    io_stop(r->io);
}

/*
 * Is something else there by now than what a person gave up? Then the numbers may come to be the same again, but they
 * would not be of the same work. What was given up is not left any more, and what died is counted as lost.
 */
static bool is_other_work(const json_t *given_up, const json_t *sampled)
{
    const char *probe;
    json_t *row;
    bool any_left = false, other = false;
    int64_t forced = 0;

    json_object_foreach(json_object_get(sampled, "ledger"), probe, row)
    {
        const json_t *left = json_object_get(row, "left");

        forced += json_get_int(row, "forced", 0);
        any_left = any_left || json_integer_value(left) > 0;
        other = other || (json_is_integer(left) && !json_equal(left, json_object_get(given_up, probe)));
    }
    return other && (any_left || forced == 0) && !json_get_bool(sampled, "gone", false);
}

/* Was the loss accepted between the two? Then nothing is given up any more: what runs there drains anew. */
static bool is_accepted(const json_t *before, const json_t *sampled)
{
    return json_get_bool(before, "gone", false) && !json_get_bool(sampled, "gone", false);
}

/* What of an event the runner itself must remember, besides the machine. The same for live and for read-back rows. */
static void remember(struct runner *r, const struct event *event)
{
    const char *instance = json_get_text(event->body, "instance");
    const json_t *detail = json_object_get(event->body, "detail");

    switch ((int)event->kind) {
    case EVENT_STEP_DONE:
        if (r->plan->steps[event->step].verb == VERB_INSTANCE_CREATE) {
            json_t *known = json_object_get(r->instances, r->plan->steps[event->step].target);

            json_object_update(known, (json_t *)(uintptr_t)detail);
        }
        if (json_object_get(detail, "identity") && r->plan->steps[event->step].verb == VERB_DOOR_ENSURE) {
            json_decref(r->door_identity);
            r->door_identity = json_deep_copy(json_object_get(detail, "identity"));
        }
        break;
    case EVENT_TRAFFIC_REPAIRED:
        if (json_object_get(event->body, "identity")) {
            json_decref(r->door_identity);
            r->door_identity = json_deep_copy(json_object_get(event->body, "identity"));
        }
        break;
    case EVENT_DRAIN_SAMPLED:
        if (instance && (is_other_work(json_object_get(r->forced, instance), event->body) ||
                         is_accepted(json_object_get(r->ledgers, instance), event->body)))
            json_object_del(r->forced, instance);
        if (instance)
            json_object_set_new(r->ledgers, instance, json_deep_copy(event->body));
        break;
    case EVENT_INSTANCE_LOST:
        if (instance)
            json_object_set_new(r->lost, instance, json_true());
        break;
    case EVENT_DECISION_MADE: /* good for as long as what was looked at is what is there */
        if (event->decision == DECISION_FORCE && event->step >= 0 && event->step < r->plan->step_count)
            json_object_set_new(r->forced, r->plan->steps[event->step].target,
                                json_deep_copy(json_object_get(event->body, "values")));
        break;
    default: /* nothing else is kept outside the machine's state */
        break;
    }
}

static void fold(struct runner *r, const struct event *event)
{
    machine_fold(&r->state, event);
    remember(r, event);
    if (event->seq > r->seen_seq)
        r->seen_seq = event->seq;
}

static struct error *fold_row(void *context, const struct event *event)
{
    fold(context, event);
    return NULL;
}

struct error *runner_read_journal(struct runner *r)
{
    return journal_read(r->record, r->release, r->seen_seq, fold_row, r);
}

static struct error *append(struct runner *r, struct tx *tx, struct event *event)
{
    event->release = r->release;
    event->epoch = r->lease.epoch;
    event->at_ms = io_wall_ms(r->io);
    event->boot_ms = io_boot_ms(r->io);
    TRY(journal_append(tx, event));
    fold(r, event);
    return NULL;
}

/* An outcome that comes too late (the step was given up or begun anew meanwhile) is not an outcome any more. */
static bool is_stale(const struct runner *r, const struct event *event)
{
    const struct step_state *step;

    if (event->step < 0 || (event->kind != EVENT_STEP_DONE && event->kind != EVENT_STEP_FAILED &&
                            event->kind != EVENT_HOLD_SLICE && event->kind != EVENT_DRAIN_OVERDUE))
        return false;
    step = &r->state.steps[event->step];
    return step->status != STEP_RUNNING || step->attempt != event->attempt;
}

static struct error *append_queued(struct runner *r, struct tx *tx, struct queued *queued)
{
    if (is_stale(r, &queued->event))
        return NULL;
    if (queued->evidence) {
        const char *digest;
        json_t *body = json_in_arena(
            queued->arena, queued->event.body ? json_copy((json_t *)(uintptr_t)queued->event.body) : json_object());

        TRY(evidence_put(tx, queued->arena, queued->evidence, strlen(queued->evidence), &digest));
        json_object_set_new(body, "evidence", json_string(digest));
        queued->event.body = body;
    }
    return append(r, tx, &queued->event);
}

static void queue_clear(struct runner *r)
{
    while (r->queue) {
        struct queued *queued = r->queue;

        r->queue = queued->next;
        arena_free(queued->arena);
    }
    r->queue_end = &r->queue;
}

static struct machine_now now_of(struct runner *r)
{
    return (struct machine_now){io_boot_ms(r->io), io_wall_ms(r->io)};
}

/* Everything that happened and all that follows from it, in one transaction. */
static struct error *commit(struct runner *r, bool *any)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct event event;
    bool more = !r->stopping && machine_next(&r->state, now_of(r), &event);

    *any = r->queue || more;
    if (!*any)
        return NULL;
    fault_point("commit.before");
    TRY(tx_begin(r->record, &tx));
    TRY(lease_check(&tx, &r->lease));
    /* What people decided before we got the lock comes first, or our own rows would hide it. */
    TRY(runner_read_journal(r));
    for (struct queued *queued = r->queue; queued; queued = queued->next)
        TRY(append_queued(r, &tx, queued));
    while (!r->stopping && machine_next(&r->state, now_of(r), &event))
        TRY(append(r, &tx, &event));
    TRY(tx_commit(&tx));
    fault_point("commit.after");
    queue_clear(r);
    return NULL;
}

/* While the child of this step runs there is time to prepare for the next. */
static void expect_after(struct runner *r, int step)
{
    const struct plan_step *steps = r->plan->steps;
    int next = step + 1;

    if (next < r->plan->step_count && steps[next].track == steps[step].track &&
        r->state.steps[next].status == STEP_PENDING)
        io_expect_log(r->io, json_get_text(steps[next].params, "log"));
}

/* Starts what was intended and is not under way, stops what is not wanted any more. */
static void act(struct runner *r)
{
    int started = -1;

    for (int i = 0; i < r->plan->step_count; i++) {
        bool running = r->state.steps[i].status == STEP_RUNNING;

        if (!running && r->activities[i])
            activity_stop(r->activities[i]);
        else if (running && !r->activities[i] && !r->stopping && r->state.steps[i].epoch == r->lease.epoch) {
            activity_start(r, i);
            started = i;
        }
    }
    if (r->stopping)
        return;
    if (started >= 0)
        expect_after(r, started);
    watch_update(r);
    if (r->state.drift_open && !r->state.foreign)
        door_repair(r);
}

static bool any_call(const struct runner *r)
{
    for (int i = 0; i < r->plan->step_count; i++) {
        if (r->activities[i] && r->activities[i]->is_call)
            return true;
    }
    return false;
}

/* Is there nothing to do but wait for people? */
static bool only_people(const struct runner *r)
{
    bool any = false;

    for (int i = 0; i < r->plan->step_count; i++) {
        const struct step_state *step = &r->state.steps[i];

        if (step->status == STEP_BACKOFF)
            return false;
        if (step->status != STEP_RUNNING)
            continue;
        if (!(r->plan->steps[i].verb == VERB_GATE && step->asked) && !step->overdue)
            return false;
        any = true;
    }
    return any;
}

static void leave(struct runner *r, enum run_result result)
{
    r->outcome->result = result;
    r->outcome->end = r->state.end;
    r->outcome->signal = r->stopping;
    io_stop(r->io);
}

static void judge_leaving(struct runner *r)
{
    if (r->state.end != END_NONE)
        leave(r, RUN_ENDED);
    else if (r->stopping && !any_call(r))
        leave(r, RUN_STOPPED);
    else if (r->state.mode == MODE_HELD && !any_call(r) && !r->repairing)
        leave(r, RUN_HELD);
    else if (r->options->until_gate && only_people(r))
        leave(r, RUN_AT_GATE);
}

static void on_wake(void *context)
{
    struct runner *r = context;

    r->wake = NULL;
    tick_soon(r);
}

static void set_wake(struct runner *r)
{
    struct machine_now now = now_of(r);
    int64_t at = machine_wakes_at(&r->state, now);

    io_timer_stop(r->wake);
    r->wake = NULL;
    if (at >= 0)
        r->wake = io_timer_start(r->io, at > now.boot_ms ? at - now.boot_ms : 0, on_wake, r);
}

static void nudge_drains(struct runner *r)
{
    for (int i = 0; i < r->plan->step_count; i++) {
        enum verb verb = r->plan->steps[i].verb;

        if (r->activities[i] && (verb == VERB_DRAIN_WAIT || verb == VERB_DRAIN_PROVE))
            drainer_nudge(r->activities[i]);
    }
}

static void tick(void *context)
{
    struct runner *r = context;
    struct error *error = NULL;
    bool any = false;

    r->tick_due = false;
    if (r->error)
        return;
    if (r->bell) {
        r->bell = false;
        error = runner_read_journal(r);
        nudge_drains(r);
        any = true;
    }
    if (!error)
        error = commit(r, &any);
    if (error) {
        /* No journal, no effect: the state in memory may be ahead of the record, so nothing acts on it. */
        runner_fail(r, error);
        return;
    }
    act(r);
    record_checkpoint(r->record);
    set_wake(r);
    if (any && r->options->changed)
        r->options->changed(r->options->context);
    judge_leaving(r);
}

static void on_bell(void *context)
{
    struct runner *r = context;

    r->bell = true;
    tick_soon(r);
}

static void on_patience(void *context)
{
    struct runner *r = context;

    r->patience = NULL;
    for (int i = 0; i < r->plan->step_count; i++) {
        if (r->activities[i])
            activity_stop(r->activities[i]);
    }
    tick_soon(r);
}

/* Asked to leave: no new intents; what has effects under way may end, within reason. Traffic stays as it is. */
static void on_signal(void *context, int signal)
{
    struct runner *r = context;

    if (r->stopping) {
        on_patience(r);
        return;
    }
    watch_stop(r);
    r->stopping = signal;
    for (int i = 0; i < r->plan->step_count; i++) {
        if (r->activities[i] && !r->activities[i]->is_call)
            activity_stop(r->activities[i]);
    }
    r->patience = io_timer_start(r->io, PATIENCE_MS, on_patience, r);
    tick_soon(r);
}

static void on_heartbeat(void *context)
{
    struct runner *r = context;

    r->heartbeat = io_timer_start(r->io, 1000, on_heartbeat, r);
    if (r->options->changed)
        r->options->changed(r->options->context);
}

struct error *runner_loop(struct runner *r, const char *bell_path)
{
    r->queue_end = &r->queue;
    TRY(io_on_signals(r->io, on_signal, r));
    TRY(io_on_bell(r->io, bell_path, on_bell, r));
    if (r->options->changed)
        r->heartbeat = io_timer_start(r->io, 1000, on_heartbeat, r);
    r->bell = true; /* who decided after we had read the journal rang where nobody listened yet */
    tick_soon(r);
    io_run(r->io);
    if (!r->error && r->outcome->result != RUN_ENDED) {
        struct tx tx CLEANUP(tx_rollback) = TX_INIT;
        struct event event = {.kind = EVENT_RUNNER_STOPPED,
                              .step = -1,
                              .actor = ACTOR,
                              .reason = r->outcome->result == RUN_STOPPED ? "asked by a signal to leave"
                                        : r->outcome->result == RUN_HELD  ? "a person is needed"
                                                                          : "waits at a gate"};

        watch_stop(r);
        TRY(tx_begin(r->record, &tx));
        TRY(lease_check(&tx, &r->lease));
        for (struct queued *queued = r->queue; queued; queued = queued->next)
            TRY(append_queued(r, &tx, queued));
        TRY(append(r, &tx, &event));
        TRY(tx_commit(&tx));
    }
    return NULL;
}

void runner_close(struct runner *r)
{
    watch_stop(r);
    for (int i = 0; r->activities && i < r->plan->step_count; i++) {
        if (r->activities[i])
            activity_stop(r->activities[i]);
    }
    io_timer_stop(r->wake);
    io_timer_stop(r->heartbeat);
    io_timer_stop(r->patience);
    queue_clear(r);
}
