/*
 * What must follow from where we stand. Each rule below either says one event or nothing; machine_next() asks them in
 * order and the first that speaks wins. The order is the policy: what people decided comes before what the pipeline
 * wants, and safety comes before both.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/calendar.h"
#include "plan/graph.h"
#include "plan/machine.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS 30000

typedef bool (*rule_fn)(struct machine_state *state, struct machine_now now, struct event *out);

static bool say(struct event *out, enum event_kind kind, int step, const char *reason)
{
    *out = (struct event){.kind = kind, .step = step, .actor = "penstock", .reason = reason};
    return true;
}

static bool turn(struct event *out, enum release_mode mode, enum release_end end, int step, const char *reason)
{
    say(out, EVENT_RELEASE_TURNED, step, reason);
    out->mode = mode;
    out->end = end;
    return true;
}

static enum track track_of(const struct machine_state *state)
{
    enum release_mode mode = state->mode == MODE_HELD ? state->before_hold : state->mode;

    return mode == MODE_UNDO ? TRACK_UNDO : TRACK_FORWARD;
}

static bool can_go_back(const struct machine_state *state)
{
    return !state->pivoted && state->plan->kind != PLAN_DESTROY;
}

static const char *name_of(const struct machine_state *state, int step)
{
    return state->plan->steps[step].title;
}

/* An intent of an earlier runner whose outcome nobody saw, of a verb that may not simply be run again. */
static bool rule_doubt(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        if (state->steps[i].status == STEP_RUNNING && state->steps[i].epoch != state->epoch &&
            !state->plan->steps[i].repeatable)
            return say(out, EVENT_STEP_DOUBTED, i, "its end was not seen, and it is not marked repeatable");
    }
    return false;
}

static bool retry_step(struct machine_state *state, struct event *out)
{
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct step_state *step = &state->steps[i];

        if (state->plan->steps[i].track == track_of(state) &&
            (step->status == STEP_FAILED || step->status == STEP_DOUBT || step->rejected || step->expired ||
             step->overdue))
            return say(out, EVENT_STEP_RENEWED, i,
                       arena_printf(state->arena, "%s asked to try again", state->asked_by));
    }
    return false;
}

/* Out of a hold, the way it went before. */
static bool go_on(struct machine_state *state, struct event *out)
{
    if (state->mode != MODE_HELD)
        return false;
    if (retry_step(state, out))
        return true;
    return turn(out, state->before_hold, state->going_to, -1,
                arena_printf(state->arena, "%s asked to try again", state->asked_by));
}

/* Who asks for the way back where it is held wants it gone on with. */
static bool go_back(struct machine_state *state, struct event *out, enum release_end end, const char *how)
{
    if (!can_go_back(state))
        return false;
    if (track_of(state) == TRACK_UNDO)
        return go_on(state, out);
    return turn(out, MODE_UNDO, end, -1, arena_printf(state->arena, "%s by %s", how, state->asked_by));
}

/* What a person asked of the whole release. */
static bool rule_asked(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    switch (state->asked) {
    case DECISION_ABORT:
        if (state->as_is) {
            say(out, EVENT_RELEASE_ENDED, -1,
                arena_printf(state->arena, "%s ended it and left everything as it is", state->asked_by));
            out->end = END_FAILED;
            return true;
        }
        return go_back(state, out, END_ABORTED, "aborted");
    case DECISION_ROLLBACK:
        return go_back(state, out, END_ROLLED_BACK, "rolled back");
    case DECISION_RETRY:
        return go_on(state, out);
    case DECISION_NONE:
    case DECISION_APPROVE:
    case DECISION_REJECT:
    case DECISION_FORCE:
    case DECISION_OVERRIDE:
    case DECISION_REVIEW:
        break;
    }
    return false;
}

/* Going back, or waiting for a person where that is not possible. */
static bool back_or_hold(struct machine_state *state, struct event *out, enum release_end end, int step,
                         const char *reason)
{
    if (can_go_back(state) && track_of(state) == TRACK_FORWARD)
        return turn(out, MODE_UNDO, end, step, reason);
    return turn(out, MODE_HELD, END_NONE, step, reason);
}

static bool rule_gate_refused(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    if (state->mode != MODE_FORWARD)
        return false;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct step_state *step = &state->steps[i];
        const char *gate = state->plan->steps[i].target;

        if (state->plan->steps[i].verb != VERB_GATE || step->status != STEP_RUNNING)
            continue;
        if (step->rejected)
            return back_or_hold(state, out, END_REJECTED, i,
                                arena_printf(state->arena, "gate %s was rejected by %s", gate, state->asked_by));
        if (step->expired) {
            const char *reason = arena_printf(state->arena, "nobody opened gate %s in time", gate);

            if (text_is(json_get_text(state->plan->steps[i].params, "on_expiry"), "reject"))
                return back_or_hold(state, out, END_EXPIRED, i, reason);
            return turn(out, MODE_HELD, END_NONE, i, reason);
        }
    }
    return false;
}

/* The alarm that matters most: of the old side, which has the traffic we would go back to, before one of the new. */
static const struct alarm *standing_alarm(const struct machine_state *state, enum side *side)
{
    const struct alarm *found = NULL;

    for (int i = 0; i <= state->plan->instance_count; i++) {
        enum side of = i < state->plan->instance_count ? state->plan->instances[i].side : SIDE_NEW;

        if (state->alarms[i].reason && (!found || (of == SIDE_OLD && *side == SIDE_NEW))) {
            found = &state->alarms[i];
            *side = of;
        }
    }
    return found;
}

/* A new instance that is lost or sick before the pivot takes the release back; anything else needs a person. */
static bool rule_alarm(struct machine_state *state, struct machine_now now, struct event *out)
{
    enum side side = SIDE_NEW;
    const struct alarm *alarm = standing_alarm(state, &side);

    (void)now;
    if (!alarm || state->mode == MODE_HELD)
        return false;
    if (state->mode == MODE_UNDO && side == SIDE_NEW)
        return false; /* it is on its way out; its drain counts what was lost */
    if (side == SIDE_NEW && state->plan->rollback)
        return back_or_hold(state, out, END_ROLLED_BACK, -1, alarm->reason);
    return turn(out, MODE_HELD, END_NONE, -1, alarm->reason);
}

static bool rule_foreign(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    if (!state->foreign || state->mode == MODE_HELD)
        return false;
    return turn(out, MODE_HELD, END_NONE, -1, "somebody else changed the front door's weights");
}

static bool rule_prober(struct machine_state *state, struct machine_now now, struct event *out)
{
    const char *reason;

    (void)now;
    if (state->mode != MODE_FORWARD || state->prober_most < 0 ||
        state->prober_failed - state->prober_judged <= state->prober_most)
        return false;
    reason = arena_printf(state->arena, "the prober saw %lld failed requests, more than %lld",
                          (long long)state->prober_failed, (long long)state->prober_most);
    if (state->plan->rollback)
        return back_or_hold(state, out, END_ROLLED_BACK, -1, reason);
    return turn(out, MODE_HELD, END_NONE, -1, reason);
}

static bool rule_failed(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    if (state->mode == MODE_HELD)
        return false;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct step_state *step = &state->steps[i];

        if (state->plan->steps[i].track != track_of(state))
            continue;
        if (step->status == STEP_DOUBT)
            return turn(out, MODE_HELD, END_NONE, i,
                        arena_printf(state->arena, "in doubt: '%s' may have happened", name_of(state, i)));
        if (step->status != STEP_FAILED)
            continue;
        if (state->mode == MODE_FORWARD && state->plan->rollback)
            return back_or_hold(state, out, END_ROLLED_BACK, i,
                                arena_printf(state->arena, "failed: %s", name_of(state, i)));
        return turn(out, MODE_HELD, END_NONE, i, arena_printf(state->arena, "failed: %s", name_of(state, i)));
    }
    return false;
}

/* When a stage has used its time up, what still runs in it has failed. A wait for people does not count. */
static bool rule_stage_timeout(struct machine_state *state, struct machine_now now, struct event *out)
{
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        int stage = state->plan->steps[i].stage;
        int64_t timeout_ms = state->plan->stages[stage].timeout_ms;

        if (state->steps[i].status != STEP_RUNNING || timeout_ms == 0 || state->stage_since[stage] == 0 ||
            state->stage_paused[stage] || now.boot_ms - state->stage_since[stage] < timeout_ms)
            continue;
        say(out, EVENT_STEP_FAILED, i,
            arena_printf(state->arena, "stage %s took longer than its timeout of %s", state->plan->stages[stage].name,
                         duration_text(state->arena, timeout_ms)));
        out->attempt = state->steps[i].attempt;
        out->error_kind = KIND_PERMANENT;
        return true;
    }
    return false;
}

/* Going back: what the forward track still does is given up, so that both tracks never pull at the same thing. */
static bool rule_give_up(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    if (state->mode != MODE_UNDO)
        return false;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        if (state->plan->steps[i].track == TRACK_FORWARD &&
            (state->steps[i].status == STEP_RUNNING || state->steps[i].status == STEP_BACKOFF)) {
            say(out, EVENT_STEP_SKIPPED, i, "given up: the release goes back");
            return true;
        }
    }
    return false;
}

/* Different people who approved what is asked now. `used` may be NULL; else it gets the decisions' numbers. */
static int approvals(const struct machine_state *state, int step, json_t *used)
{
    int count = 0;

    for (int i = 0; i < state->vote_count; i++) {
        const struct vote *vote = &state->votes[i];
        bool again = false;

        if (vote->step != step || !text_is(vote->subject, state->steps[step].subject))
            continue;
        for (int k = 0; k < i; k++)
            again = again || (state->votes[k].step == step && text_is(state->votes[k].person, vote->person) &&
                              text_is(state->votes[k].subject, vote->subject));
        if (again)
            continue;
        if (used)
            json_array_append_new(used, json_integer(vote->seq));
        count++;
    }
    return count;
}

static bool next_of_gate(struct machine_state *state, int i, struct machine_now now, struct event *out)
{
    const struct step_state *step = &state->steps[i];
    const json_t *params = state->plan->steps[i].params;
    json_t *used;

    if (!step->asked) {
        int64_t expires_ms = json_get_int(params, "expires_ms", 0);

        say(out, EVENT_GATE_ASKED, i, arena_printf(state->arena, "%s waits for people", name_of(state, i)));
        out->subject = machine_subject(state->arena, state, i);
        out->expires_ms = expires_ms ? now.wall_ms + expires_ms : 0;
        out->body = params;
        return true;
    }
    if (approvals(state, i, NULL) >= (int)json_get_int(params, "approvals", 1)) {
        used = json_in_arena(state->arena, json_array());
        approvals(state, i, used);
        say(out, EVENT_GATE_OPENED, i, arena_printf(state->arena, "gate %s is open", state->plan->steps[i].target));
        out->attempt = step->attempt;
        out->subject = step->subject;
        out->body = json_in_arena(state->arena, json_pack("{s:O}", "decisions", used));
        return true;
    }
    if (step->expires_ms && now.wall_ms >= step->expires_ms)
        return say(out, EVENT_GATE_EXPIRED, i, "nobody opened it in time");
    return false;
}

/* Steps that the machine itself ends: gates by decisions, holds by time. */
static bool rule_waits(struct machine_state *state, struct machine_now now, struct event *out)
{
    if (state->mode == MODE_HELD)
        return false;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct plan_step *plan = &state->plan->steps[i];

        if (state->steps[i].status != STEP_RUNNING || plan->track != track_of(state))
            continue;
        if (plan->verb == VERB_GATE && next_of_gate(state, i, now, out))
            return true;
        if (plan->verb == VERB_HOLD && state->steps[i].held_ms >= json_get_int(plan->params, "ms", 0)) {
            say(out, EVENT_STEP_DONE, i, "held long enough");
            out->attempt = state->steps[i].attempt;
            return true;
        }
    }
    return false;
}

static int64_t backoff_ms(const struct step_state *step)
{
    int64_t ms = BACKOFF_FIRST_MS;

    for (int i = 1; i < step->failures && ms < BACKOFF_MOST_MS; i++)
        ms *= 2;
    return ms < BACKOFF_MOST_MS ? ms : BACKOFF_MOST_MS;
}

/* Why a step that could start is not wanted; NULL when it is. */
static const char *not_wanted(const struct machine_state *state, int i)
{
    const struct plan_step *plan = &state->plan->steps[i];

    if (plan->undoes >= 0 && !state->steps[plan->undoes].started)
        return "nothing to take back";
    if (plan->track == TRACK_UNDO && plan->cleanup && state->keep)
        return "kept for inspection";
    if (plan->verb == VERB_INSTANCE_KILL) {
        for (int k = i - 1; k >= 0; k--) {
            if (state->plan->steps[k].verb == VERB_INSTANCE_STOP && text_is(state->plan->steps[k].target, plan->target))
                return state->steps[k].exited || state->steps[k].status == STEP_SKIPPED ? "it ended within its grace"
                                                                                        : NULL;
        }
    }
    return NULL;
}

/* While the front door does not show what we asked for, nothing that builds on it may begin. */
static bool needs_calm_traffic(enum verb verb)
{
    switch (verb) {
    case VERB_TRAFFIC_ADD:
    case VERB_TRAFFIC_SHARES:
    case VERB_TRAFFIC_DRAIN:
    case VERB_TRAFFIC_UNDRAIN:
    case VERB_TRAFFIC_REMOVE:
    case VERB_INSTANCE_STOP:
    case VERB_INSTANCE_KILL:
    case VERB_DRAIN_WAIT:
    case VERB_DRAIN_PROVE:
    case VERB_DOOR_SINGLE:
        return true;
    case VERB_UNIT_EXPORT:
    case VERB_UNIT_BUILD:
    case VERB_UNIT_COLLECT:
    case VERB_UNIT_REMOVE:
    case VERB_DOOR_ENSURE:
    case VERB_DOOR_REMOVE:
    case VERB_INSTANCE_CREATE:
    case VERB_INSTANCE_READY:
    case VERB_INSTANCE_REMOVE:
    case VERB_CHECK_HTTP:
    case VERB_CHECK_COMMAND:
    case VERB_HOLD:
    case VERB_GATE:
    case VERB_PROBER_SETTLE:
    case VERB_DRAIN_BEGIN:
    case VERB_DRAIN_CANCEL:
    case VERB_COMMAND_RUN:
    case VERB_COUNT:
        break;
    }
    return false;
}

/* Nothing but its own pause is in the way. */
static bool may_start(const struct machine_state *state, int i)
{
    return state->graph->waiting[i] == 0 && !(state->drift_open && needs_calm_traffic(state->plan->steps[i].verb));
}

/*
 * A proof that somebody else took, or that is old, does not count: it is asked for again. Nor does one from before a
 * repair: while the front door had forgotten what it was told, something new may have landed.
 */
static bool is_stale(const struct machine_state *state, int proof, struct machine_now now)
{
    const struct step_state *step = &state->steps[proof];

    return step->status == STEP_DONE && (step->epoch != state->epoch || step->seq < state->repaired_seq ||
                                         now.boot_ms - step->boot_ms > PROOF_FRESH_MS);
}

static bool start_step(struct machine_state *state, int i, struct machine_now now, struct event *out)
{
    const struct plan_step *plan = &state->plan->steps[i];
    const char *unwanted = not_wanted(state, i);

    if (unwanted)
        return say(out, EVENT_STEP_SKIPPED, i, unwanted);
    if (state->drift_open && needs_calm_traffic(plan->verb))
        return false;
    if (plan->proof >= 0 && is_stale(state, plan->proof, now))
        return say(out, EVENT_STEP_RENEWED, plan->proof, "the proof is not fresh any more");
    switch (calendar_ask(state, i, now, out)) {
    case CALENDAR_SAYS:
        return true;
    case CALENDAR_WAITS:
        return false;
    case CALENDAR_OPEN:
        break;
    }
    if (plan->pivots && !state->pivoted)
        return say(out, EVENT_RELEASE_PIVOTED, i, "the first old stamp is destroyed next");
    say(out, EVENT_STEP_STARTED, i, plan->title);
    out->attempt = state->steps[i].attempt + 1;
    out->body = json_in_arena(state->arena, json_pack("{s:s}", "key", plan->key));
    return true;
}

static bool rule_start(struct machine_state *state, struct machine_now now, struct event *out)
{
    if (state->mode == MODE_HELD)
        return false;
    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct step_state *step = &state->steps[i];
        bool again = step->status == STEP_BACKOFF && now.boot_ms >= step->boot_ms + backoff_ms(step);

        if (state->plan->steps[i].track != track_of(state) || (step->status != STEP_PENDING && !again) ||
            state->graph->waiting[i] > 0)
            continue;
        if (start_step(state, i, now, out))
            return true;
    }
    return false;
}

static bool rule_end(struct machine_state *state, struct machine_now now, struct event *out)
{
    (void)now;
    /* Nobody repairs the front door after the end. */
    if (state->mode == MODE_HELD || state->graph->open[track_of(state)] > 0 || state->drift_open)
        return false;
    say(out, EVENT_RELEASE_ENDED, -1, state->mode == MODE_UNDO ? state->reason : "every step is done");
    out->end = state->mode == MODE_UNDO ? state->going_to : END_SUCCEEDED;
    return true;
}

bool machine_next(struct machine_state *state, struct machine_now now, struct event *out)
{
    static const rule_fn rules[] = {
        rule_doubt,  rule_asked,         rule_gate_refused, rule_foreign, rule_alarm, rule_prober,
        rule_failed, rule_stage_timeout, rule_give_up,      rule_waits,   rule_start, rule_end,
    };

    if (state->end != END_NONE)
        return false;
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        if (rules[i](state, now, out))
            return true;
    }
    return false;
}

static void earlier(int64_t *when, int64_t candidate)
{
    if (*when < 0 || candidate < *when)
        *when = candidate;
}

int64_t machine_wakes_at(const struct machine_state *state, struct machine_now now)
{
    int64_t when = calendar_wakes_at(state, now);

    for (int at = 0; at < state->graph->active_count; at++) {
        int i = state->graph->active[at];
        const struct step_state *step = &state->steps[i];
        int stage = state->plan->steps[i].stage;
        int64_t timeout_ms = state->plan->stages[stage].timeout_ms;

        if (step->status == STEP_BACKOFF && state->mode != MODE_HELD && may_start(state, i))
            earlier(&when, step->boot_ms + backoff_ms(step));
        if (step->status != STEP_RUNNING)
            continue;
        if (state->plan->steps[i].verb == VERB_GATE && state->mode != MODE_HELD && step->asked && step->expires_ms)
            earlier(&when, now.boot_ms + (step->expires_ms > now.wall_ms ? step->expires_ms - now.wall_ms : 0));
        if (timeout_ms && state->stage_since[stage] && !state->stage_paused[stage])
            earlier(&when, state->stage_since[stage] + timeout_ms);
    }
    return when;
}
