/* The fold: what each event makes of the state. What must follow from a state is next.c. */

#include "plan/machine.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/graph.h"

static const char *const status_texts[] = {
    [STEP_PENDING] = "pending", [STEP_RUNNING] = "running", [STEP_BACKOFF] = "backoff", [STEP_DOUBT] = "doubt",
    [STEP_DONE] = "done",       [STEP_FAILED] = "failed",   [STEP_SKIPPED] = "skipped",
};

const char *step_status_text(enum step_status status)
{
    return status_texts[status];
}

static int pool_count(const struct plan *plan)
{
    return (int)json_array_size(json_object_get(plan->door, "pools"));
}

static int pool_index(const struct plan *plan, const char *pool)
{
    const json_t *pools = json_object_get(plan->door, "pools");

    for (size_t i = 0; i < json_array_size(pools); i++) {
        if (text_is(json_get_text(json_array_get(pools, i), "name"), pool))
            return (int)i;
    }
    return -1;
}

static void add_leave(struct machine_state *state, const json_t *leave)
{
    *ARENA_PUSH(state->arena, state->leaves, state->leave_count, state->leave_capacity) =
        (struct leave){arena_text(state->arena, json_get_text(leave, "rule")), json_get_int(leave, "until_ms", 0)};
}

void machine_init(struct machine_state *state, struct arena *arena, const struct plan *plan)
{
    *state =
        (struct machine_state){.plan = plan, .arena = arena, .failed_step = -1, .closed_step = -1, .prober_most = -1};
    state->steps = arena_array(arena, (size_t)plan->step_count + 1, sizeof(*state->steps));
    state->stage_since = arena_array(arena, (size_t)plan->stage_count + 1, sizeof(*state->stage_since));
    state->stage_paused = arena_array(arena, (size_t)plan->stage_count + 1, sizeof(*state->stage_paused));
    state->alarms = arena_array(arena, (size_t)plan->instance_count + 1, sizeof(*state->alarms));
    state->graph = graph_new(arena, plan);
    state->monitor_off = arena_array(arena, (size_t)plan->monitor_count + 1, sizeof(*state->monitor_off));
    state->known = arena_array(arena, (size_t)(plan->instance_count * pool_count(plan)) + 1, sizeof(*state->known));
    for (size_t i = 0; i < json_array_size(json_object_get(plan->terms.json, "leaves")); i++)
        add_leave(state, json_array_get(json_object_get(plan->terms.json, "leaves"), i));
    for (int i = 0; i < plan->monitor_count; i++) {
        if (plan->monitors[i].kind == MONITOR_PROBER)
            state->prober_most = json_get_int(plan->monitors[i].params, "max_failed", 0);
    }
    for (int i = 0; i < plan->instance_count; i++) {
        for (int p = 0; p < pool_count(plan); p++)
            state->known[i * pool_count(plan) + p].added = plan->instances[i].side == SIDE_OLD;
    }
}

static void set_status(struct machine_state *state, int step, enum step_status status)
{
    enum step_status before = state->steps[step].status;

    state->steps[step].status = status;
    graph_changed(state->graph, state->steps, step, before);
}

static struct step_state *step_of(struct machine_state *state, const struct event *event)
{
    if (event->step < 0 || event->step >= state->plan->step_count)
        BUG("event '%s' is about step %d of %d", event_kind_text(event->kind), event->step, state->plan->step_count);
    return &state->steps[event->step];
}

static void touch(struct step_state *step, const struct event *event)
{
    step->epoch = event->epoch;
    step->boot_ms = event->boot_ms;
}

/* A new runner: what was under way when the last one ended is taken up again; next.c doubts what may not be repeated. */
static void fold_runner_started(struct machine_state *state, const struct event *event)
{
    state->epoch = event->epoch;
    for (int i = 0; i < state->plan->step_count; i++) {
        struct step_state *step = &state->steps[i];

        if (step->status == STEP_BACKOFF || (step->status == STEP_RUNNING && state->plan->steps[i].repeatable))
            set_status(state, i, STEP_PENDING);
    }
    memset(state->stage_since, 0, (size_t)state->plan->stage_count * sizeof(*state->stage_since));
    memset(state->stage_paused, 0, (size_t)state->plan->stage_count * sizeof(*state->stage_paused));
}

/* What is stopped on purpose is not missed. */
static void stop_watching(struct machine_state *state, const char *instance)
{
    for (int i = 0; i < state->plan->monitor_count; i++) {
        if (state->plan->monitors[i].kind == MONITOR_HEALTH && text_is(state->plan->monitors[i].target, instance))
            state->monitor_off[i] = true;
    }
}

static void fold_started(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);
    int64_t *since = &state->stage_since[state->plan->steps[event->step].stage];

    set_status(state, event->step, STEP_RUNNING);
    step->attempt = event->attempt;
    if (!step->first_boot_ms || event->boot_ms < step->first_boot_ms)
        step->first_boot_ms = event->boot_ms;
    step->started = true;
    touch(step, event);
    if (!*since)
        *since = event->boot_ms;
    if (state->plan->steps[event->step].verb == VERB_INSTANCE_STOP)
        stop_watching(state, state->plan->steps[event->step].target);
}

static void fold_known(struct machine_state *state, const struct plan_step *step)
{
    const struct plan_instance *instance = plan_instance(state->plan, step->target);
    int pool = pool_index(state->plan, json_get_text(step->params, "pool"));
    struct known *known;

    if (!instance || pool < 0)
        return;
    known = &state->known[(instance - state->plan->instances) * pool_count(state->plan) + pool];
    if (step->verb == VERB_TRAFFIC_ADD)
        *known = (struct known){.added = true};
    else if (step->verb == VERB_TRAFFIC_REMOVE)
        *known = (struct known){.added = false};
    else if (step->verb == VERB_TRAFFIC_DRAIN || step->verb == VERB_TRAFFIC_UNDRAIN)
        known->drained = step->verb == VERB_TRAFFIC_DRAIN;
}

static void fold_done(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    set_status(state, event->step, STEP_DONE);
    step->seq = event->seq;
    touch(step, event);
    if (state->plan->steps[event->step].verb == VERB_INSTANCE_STOP)
        step->exited = json_get_bool(json_object_get(event->body, "detail"), "exited", false);
    fold_known(state, &state->plan->steps[event->step]);
}

static void fold_failed(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);
    const struct plan_step *plan = &state->plan->steps[event->step];
    /* A check that says no is asked again as often as the pipeline wants: a wrong answer is an answer, not a broken step. */
    bool check = plan->verb == VERB_CHECK_HTTP || plan->verb == VERB_CHECK_COMMAND;
    bool again =
        check || event->error_kind == KIND_TRANSIENT || (event->error_kind == KIND_IN_DOUBT && plan->repeatable);

    step->failures++;
    touch(step, event);
    if (event->error_kind == KIND_IN_DOUBT && !plan->repeatable)
        set_status(state, event->step, STEP_DOUBT);
    else if (again && step->failures <= plan->retries)
        set_status(state, event->step, STEP_BACKOFF);
    else
        set_status(state, event->step, STEP_FAILED);
}

static void fold_renewed(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    set_status(state, event->step, STEP_PENDING);
    step->failures = 0;
    step->asked = step->rejected = step->expired = step->overdue = false;
    touch(step, event);
    if (state->mode != MODE_HELD)
        return;
    /* A person asked to try again: deadlines and the stage's time begin anew, or it would fail at once. */
    step->first_boot_ms = 0;
    state->stage_since[state->plan->steps[event->step].stage] = 0;
}

static void fold_gate_asked(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    step->asked = true;
    step->rejected = step->expired = false;
    step->subject = arena_text(state->arena, event->subject);
    step->expires_ms = event->expires_ms;
}

/* Who decides about a held release has seen why it is held: that is answered. */
static void fold_asked(struct machine_state *state, const struct event *event, enum decision_kind asked)
{
    state->asked = asked;
    state->asked_by = arena_text(state->arena, event->actor);
    if (state->mode != MODE_HELD)
        return;
    state->foreign = false; /* going on, or back, puts the plan's shares back */
    memset(state->alarms, 0, ((size_t)state->plan->instance_count + 1) * sizeof(*state->alarms));
    if (state->prober_most >= 0 && state->prober_failed - state->prober_judged > state->prober_most)
        state->prober_judged = state->prober_failed;
}

static void fold_decision(struct machine_state *state, const struct event *event)
{
    switch (event->decision) {
    case DECISION_APPROVE:
        *ARENA_PUSH(state->arena, state->votes, state->vote_count, state->vote_capacity) = (struct vote){
            event->seq, event->step, arena_text(state->arena, event->actor), arena_text(state->arena, event->subject)};
        break;
    case DECISION_REJECT:
        if (text_is(step_of(state, event)->subject, event->subject)) {
            step_of(state, event)->rejected = true;
            state->asked_by = arena_text(state->arena, event->actor);
        }
        break;
    case DECISION_ABORT:
    case DECISION_ROLLBACK:
        state->keep = state->keep || json_get_bool(json_object_get(event->body, "values"), "keep", false);
        state->as_is = json_get_bool(json_object_get(event->body, "values"), "as_is", false);
        fold_asked(state, event, event->decision);
        break;
    case DECISION_RETRY:
        fold_asked(state, event, DECISION_RETRY);
        break;
    case DECISION_FORCE: /* the runner's drain settles it, with the exact numbers; where we were held, we go on */
        fold_asked(state, event, state->mode == MODE_HELD ? DECISION_RETRY : state->asked);
        break;
    case DECISION_OVERRIDE:
        add_leave(state, event->body);
        break;
    case DECISION_REVIEW:
    case DECISION_NONE:
        break;
    }
}

static void fold_turned(struct machine_state *state, const struct event *event)
{
    if (event->mode == MODE_HELD && state->mode != MODE_HELD)
        state->before_hold = state->mode;
    if (event->mode == MODE_UNDO && (state->mode != MODE_HELD || state->before_hold != MODE_UNDO))
        state->reason = arena_text(state->arena, event->reason);
    state->mode = event->mode;
    if (event->mode == MODE_UNDO) {
        state->going_to = event->end;
        state->closed_step = -1; /* going back waits for no calendar */
    }
    state->failed_step = event->step;
    state->asked = DECISION_NONE;
}

static void fold_alarm(struct machine_state *state, const struct event *event)
{
    const struct plan_instance *instance = plan_instance(state->plan, json_get_text(event->body, "instance"));
    struct alarm *alarm = &state->alarms[instance ? instance - state->plan->instances : state->plan->instance_count];

    if (alarm->lost)
        return;
    *alarm = (struct alarm){0};
    if (event->kind != EVENT_INSTANCE_WELL)
        *alarm = (struct alarm){arena_text(state->arena, event->reason), event->kind == EVENT_INSTANCE_LOST};
}

static void fold_calendar(struct machine_state *state, const struct event *event)
{
    step_of(state, event);
    state->closed_step = event->kind == EVENT_CALENDAR_CLOSED ? event->step : -1;
    state->closed_until_ms = event->expires_ms;
    state->closed_rule = arena_text(state->arena, json_get_text(event->body, "rule"));
}

/* For people, or for the calendar that people made. */
static bool waits_for_people(const struct machine_state *state, int stage)
{
    if (state->mode == MODE_HELD)
        return true;
    if (state->closed_step >= 0 && state->plan->steps[state->closed_step].stage == stage)
        return true;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];

        if (state->plan->steps[i].stage == stage && state->steps[i].status == STEP_RUNNING &&
            (state->plan->steps[i].verb == VERB_GATE || state->steps[i].overdue))
            return true;
    }
    return false;
}

/* A stage's time stands still while it waits for people. */
static void pause_stage(struct machine_state *state, int stage, int64_t boot_ms)
{
    int64_t *since = &state->stage_since[stage], *paused = &state->stage_paused[stage];

    if (!waits_for_people(state, stage)) {
        if (*paused && *since)
            *since += boot_ms - (*paused > *since ? *paused : *since);
        *paused = 0;
    } else if (!*paused) {
        *paused = boot_ms;
    }
}

static void pause_stages(struct machine_state *state, const struct event *event)
{
    if (event->kind == EVENT_RELEASE_TURNED || event->kind == EVENT_RUNNER_STARTED) {
        for (int i = 0; i < state->plan->stage_count; i++)
            pause_stage(state, i, event->boot_ms);
    } else if (event->step >= 0 && event->kind != EVENT_DECISION_MADE && event->kind != EVENT_DECISION_REFUSED) {
        step_of(state, event);
        pause_stage(state, state->plan->steps[event->step].stage, event->boot_ms);
    }
}

void machine_fold(struct machine_state *state, const struct event *event)
{
    switch (event->kind) {
    case EVENT_RUNNER_STARTED:
        fold_runner_started(state, event);
        break;
    case EVENT_STEP_STARTED:
        fold_started(state, event);
        break;
    case EVENT_STEP_DONE:
    case EVENT_GATE_OPENED:
        fold_done(state, event);
        break;
    case EVENT_STEP_FAILED:
        fold_failed(state, event);
        break;
    case EVENT_STEP_SKIPPED:
    case EVENT_STEP_DOUBTED:
        step_of(state, event);
        set_status(state, event->step, event->kind == EVENT_STEP_SKIPPED ? STEP_SKIPPED : STEP_DOUBT);
        break;
    case EVENT_STEP_RENEWED:
        fold_renewed(state, event);
        break;
    case EVENT_HOLD_SLICE:
        step_of(state, event)->held_ms += event->number;
        break;
    case EVENT_DRAIN_OVERDUE:
        step_of(state, event)->overdue = true;
        break;
    case EVENT_PROBER_TALLIED:
        state->prober_failed = event->number;
        break;
    case EVENT_GATE_ASKED:
        fold_gate_asked(state, event);
        break;
    case EVENT_GATE_EXPIRED:
        step_of(state, event)->expired = true;
        step_of(state, event)->asked = false;
        break;
    case EVENT_DECISION_MADE:
        fold_decision(state, event);
        break;
    case EVENT_RELEASE_TURNED:
        fold_turned(state, event);
        break;
    case EVENT_RELEASE_PIVOTED:
        state->pivoted = true;
        break;
    case EVENT_TRAFFIC_DRIFTED:
        state->drift_open = true;
        state->foreign = state->foreign || text_is(json_get_text(event->body, "cause"), "foreign");
        break;
    case EVENT_TRAFFIC_REPAIRED:
        state->drift_open = state->foreign = false;
        state->repaired_seq = event->seq;
        break;
    case EVENT_CALENDAR_CLOSED:
    case EVENT_CALENDAR_OPENED:
        fold_calendar(state, event);
        break;
    case EVENT_INSTANCE_LOST:
    case EVENT_INSTANCE_SICK:
    case EVENT_INSTANCE_WELL:
        fold_alarm(state, event);
        break;
    case EVENT_RELEASE_ENDED:
        state->end = event->end;
        break;
    case EVENT_RELEASE_PLANNED:
    case EVENT_RUNNER_STOPPED:
    case EVENT_DRAIN_SAMPLED:
    case EVENT_DECISION_REFUSED:
    case EVENT_BRANCH_MADE:
    case EVENT_FINDING:
        break;
    case EVENT_KIND_COUNT:
        BUG("event kind");
    }
    pause_stages(state, event);
}

const char *machine_subject(struct arena *arena, const struct machine_state *state, int step)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct digest digest;
    char *hex = arena_alloc(arena, DIGEST_HEX);

    strbuf_printf(&text, "%s\n%s\n%d\n", state->plan->digest, state->plan->steps[step].key, state->steps[step].attempt);
    for (int i = 0; i < state->plan->step_count; i++) {
        if (state->steps[i].status == STEP_DONE)
            strbuf_printf(&text, "%d %lld\n", i, (long long)state->steps[i].seq);
    }
    digest = digest_of(strbuf_view(&text), text.length);
    digest_hex(&digest, hex);
    return hex;
}

int machine_shares_step(const struct machine_state *state, const char *pool)
{
    int last = -1;

    for (int i = 0; i < state->plan->step_count; i++) {
        if (state->plan->steps[i].verb == VERB_TRAFFIC_SHARES && state->steps[i].status == STEP_DONE &&
            text_is(json_get_text(state->plan->steps[i].params, "pool"), pool) &&
            (last < 0 || state->steps[i].seq > state->steps[last].seq))
            last = i;
    }
    return last;
}

struct known machine_known(const struct machine_state *state, int instance, const char *pool)
{
    int index = pool_index(state->plan, pool);

    MUST(index >= 0 && instance >= 0 && instance < state->plan->instance_count);
    return state->known[instance * pool_count(state->plan) + index];
}

static bool is_over(const struct step_state *step)
{
    return step->status == STEP_DONE || step->status == STEP_SKIPPED;
}

bool machine_monitor_live(const struct machine_state *state, const struct plan_monitor *monitor)
{
    bool forward = state->mode == MODE_FORWARD || (state->mode == MODE_HELD && state->before_hold == MODE_FORWARD);

    if (state->end != END_NONE || state->steps[monitor->first_step].status != STEP_DONE)
        return false;
    if (monitor->last_step >= 0 && is_over(&state->steps[monitor->last_step]))
        return false;
    if (monitor->kind == MONITOR_PROBER || monitor->kind == MONITOR_LIMIT)
        return forward;
    return !state->monitor_off[monitor - state->plan->monitors];
}
