/* The fold: what each event makes of the state. What must follow from a state is next.c. */

#include "plan/machine.h"

#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

static const char *const status_texts[] = {
    [STEP_PENDING] = "pending", [STEP_RUNNING] = "running", [STEP_BACKOFF] = "backoff", [STEP_DOUBT] = "doubt",
    [STEP_DONE] = "done",       [STEP_FAILED] = "failed",   [STEP_SKIPPED] = "skipped",
};

const char *step_status_text(enum step_status status)
{
    return status_texts[status];
}

void machine_init(struct machine_state *state, struct arena *arena, const struct plan *plan)
{
    *state = (struct machine_state){.plan = plan, .arena = arena, .failed_step = -1};
    state->steps = arena_array(arena, (size_t)plan->step_count + 1, sizeof(*state->steps));
    state->stage_since = arena_array(arena, (size_t)plan->stage_count + 1, sizeof(*state->stage_since));
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
            step->status = STEP_PENDING;
    }
    memset(state->stage_since, 0, (size_t)state->plan->stage_count * sizeof(*state->stage_since));
}

static void fold_started(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);
    int64_t *since = &state->stage_since[state->plan->steps[event->step].stage];

    step->status = STEP_RUNNING;
    step->attempt = event->attempt;
    if (!step->started || event->boot_ms < step->first_boot_ms)
        step->first_boot_ms = event->boot_ms;
    step->started = true;
    touch(step, event);
    if (!*since)
        *since = event->boot_ms;
}

static void fold_done(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    step->status = STEP_DONE;
    step->seq = event->seq;
    touch(step, event);
    if (state->plan->steps[event->step].verb == VERB_INSTANCE_STOP)
        step->exited = json_get_bool(json_object_get(event->body, "detail"), "exited", false);
}

static void fold_failed(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);
    const struct plan_step *plan = &state->plan->steps[event->step];
    bool again = event->error_kind == KIND_TRANSIENT || (event->error_kind == KIND_IN_DOUBT && plan->repeatable);

    step->failures++;
    touch(step, event);
    if (event->error_kind == KIND_IN_DOUBT && !plan->repeatable)
        step->status = STEP_DOUBT;
    else if (again && step->failures <= plan->retries)
        step->status = STEP_BACKOFF;
    else
        step->status = STEP_FAILED;
}

static void fold_renewed(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    step->status = STEP_PENDING;
    step->failures = 0;
    step->asked = step->rejected = step->expired = step->overdue = false;
    touch(step, event);
}

static void fold_gate_asked(struct machine_state *state, const struct event *event)
{
    struct step_state *step = step_of(state, event);

    step->asked = true;
    step->rejected = step->expired = false;
    step->subject = arena_text(state->arena, event->subject);
    step->expires_ms = event->expires_ms;
}

static void fold_decision(struct machine_state *state, const struct event *event)
{
    switch (event->decision) {
    case DECISION_APPROVE:
        *ARENA_PUSH(state->arena, state->votes, state->vote_count, state->vote_capacity) =
            (struct vote){event->seq, event->step, arena_text(state->arena, event->actor),
                          arena_text(state->arena, event->subject)};
        break;
    case DECISION_REJECT:
        if (text_is(step_of(state, event)->subject, event->subject)) {
            step_of(state, event)->rejected = true;
            state->asked_by = arena_text(state->arena, event->actor);
        }
        break;
    case DECISION_ABORT:
    case DECISION_ROLLBACK:
    case DECISION_RETRY:
        state->asked = event->decision;
        if (event->decision == DECISION_RETRY)
            state->foreign = false; /* "try again" puts the plan's shares back */
        state->asked_by = arena_text(state->arena, event->actor);
        state->keep = json_get_bool(json_object_get(event->body, "values"), "keep", false);
        state->as_is = json_get_bool(json_object_get(event->body, "values"), "as_is", false);
        break;
    case DECISION_ADOPT:
        state->foreign = false;
        break;
    case DECISION_FORCE: /* the runner's drain settles it, with the exact numbers; where we were held, we go on */
        if (state->mode == MODE_HELD)
            state->asked = DECISION_RETRY;
        state->asked_by = arena_text(state->arena, event->actor);
        break;
    case DECISION_NONE:
        break;
    }
}

static void fold_turned(struct machine_state *state, const struct event *event)
{
    if (event->mode == MODE_HELD && state->mode != MODE_HELD)
        state->before_hold = state->mode;
    state->mode = event->mode;
    if (event->mode == MODE_UNDO)
        state->going_to = event->end;
    state->failed_step = event->step;
    state->reason = arena_text(state->arena, event->reason);
    state->asked = DECISION_NONE;
    state->alarm = NULL;
    state->prober_judged = state->prober_failed > 0;
}

static void fold_alarm(struct machine_state *state, const struct event *event)
{
    const char *name = json_get_text(event->body, "instance");
    const struct plan_instance *instance = name ? plan_instance(state->plan, name) : NULL;

    state->alarm = arena_text(state->arena, event->reason);
    state->alarm_side = instance ? instance->side : SIDE_NEW;
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
        step_of(state, event)->status = STEP_SKIPPED;
        break;
    case EVENT_STEP_DOUBTED:
        step_of(state, event)->status = STEP_DOUBT;
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
        state->foreign = text_is(json_get_text(event->body, "cause"), "foreign");
        break;
    case EVENT_TRAFFIC_REPAIRED:
        state->drift_open = state->foreign = false;
        break;
    case EVENT_INSTANCE_LOST:
    case EVENT_INSTANCE_SICK:
        fold_alarm(state, event);
        break;
    case EVENT_INSTANCE_WELL:
        state->alarm = NULL;
        break;
    case EVENT_RELEASE_ENDED:
        state->end = event->end;
        break;
    case EVENT_RELEASE_PLANNED:
    case EVENT_RUNNER_STOPPED:
    case EVENT_DRAIN_SAMPLED:
    case EVENT_DECISION_REFUSED:
    case EVENT_FINDING:
        break;
    case EVENT_KIND_COUNT:
        BUG("event kind");
    }
}

const char *machine_subject(struct arena *arena, const struct machine_state *state, int step)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct digest digest;
    char *hex = arena_alloc(arena, DIGEST_HEX);

    strbuf_printf(&text, "%s\n%s\n", state->plan->digest, state->plan->steps[step].key);
    for (int i = 0; i < state->plan->step_count; i++) {
        if (state->steps[i].status == STEP_DONE)
            strbuf_printf(&text, "%d %lld\n", i, (long long)state->steps[i].seq);
    }
    digest = digest_of(strbuf_view(&text), text.length);
    digest_hex(&digest, hex);
    return hex;
}

static bool in_pool(const struct plan_step *step, const char *pool)
{
    return !pool || text_is(json_get_text(step->params, "pool"), pool);
}

int machine_shares_step(const struct machine_state *state, const char *pool)
{
    int last = -1;

    for (int i = 0; i < state->plan->step_count; i++) {
        if (state->plan->steps[i].verb == VERB_TRAFFIC_SHARES && state->steps[i].status == STEP_DONE &&
            in_pool(&state->plan->steps[i], pool) && (last < 0 || state->steps[i].seq > state->steps[last].seq))
            last = i;
    }
    return last;
}

static int64_t last_done(const struct machine_state *state, enum verb verb, const char *target, const char *pool)
{
    int64_t seq = 0;

    for (int i = 0; i < state->plan->step_count; i++) {
        const struct plan_step *step = &state->plan->steps[i];

        if (step->verb == verb && state->steps[i].status == STEP_DONE && text_is(step->target, target) &&
            in_pool(step, pool) && state->steps[i].seq > seq)
            seq = state->steps[i].seq;
    }
    return seq;
}

bool machine_in_force(const struct machine_state *state, enum verb verb, enum verb inverse, const char *target,
                      const char *pool)
{
    return last_done(state, verb, target, pool) > last_done(state, inverse, target, pool);
}

static bool is_over(const struct step_state *step)
{
    return step->status == STEP_DONE || step->status == STEP_SKIPPED;
}

bool machine_monitor_live(const struct machine_state *state, const struct plan_monitor *monitor)
{
    bool forward = state->mode == MODE_FORWARD || (state->mode == MODE_HELD && state->before_hold == MODE_FORWARD);

    if (state->end != END_NONE || !is_over(&state->steps[monitor->first_step]))
        return false;
    if (monitor->last_step >= 0 && is_over(&state->steps[monitor->last_step]))
        return false;
    if (monitor->kind == MONITOR_PROBER || monitor->kind == MONITOR_LIMIT)
        return forward;
    if (monitor->kind != MONITOR_HEALTH)
        return true;
    for (int i = 0; i < state->plan->step_count; i++) {
        if (state->plan->steps[i].verb == VERB_INSTANCE_STOP && state->steps[i].started &&
            text_is(state->plan->steps[i].target, monitor->target))
            return false;
    }
    return true;
}
