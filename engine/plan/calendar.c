#include "plan/calendar.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

/* The wall clock may be put right while we sleep, so nobody sleeps through it. */
#define LOOK_AGAIN_MS 60000

static bool is_bound(const struct machine_state *state, int step)
{
    const struct plan_step *plan = &state->plan->steps[step];

    return state->plan->kind == PLAN_RELEASE && plan->track == TRACK_FORWARD && plan->verb == VERB_TRAFFIC_SHARES;
}

static bool is_let_through(const struct machine_state *state, const char *rule, int64_t wall_ms)
{
    for (int i = 0; i < state->leave_count; i++) {
        if (text_is(state->leaves[i].rule, rule) && wall_ms < state->leaves[i].until_ms)
            return true;
    }
    return false;
}

/* What of the closure holds: one rule may be let through while the other one still closes. */
static const char *rule_of(const struct machine_state *state, const struct plan_closure *closure, int64_t wall_ms)
{
    if (!is_let_through(state, closure->rule, wall_ms))
        return closure->rule;
    return closure->also && !is_let_through(state, closure->also, wall_ms) ? closure->also : NULL;
}

static const struct plan_closure *closure_now(const struct machine_state *state, int64_t wall_ms)
{
    const struct plan_terms *terms = &state->plan->terms;

    for (int i = 0; i < terms->closure_count; i++) {
        const struct plan_closure *closure = &terms->closures[i];

        if (wall_ms >= closure->from_ms && (closure->until_ms == 0 || wall_ms < closure->until_ms) &&
            rule_of(state, closure, wall_ms))
            return closure;
    }
    return NULL;
}

static void say(struct event *out, enum event_kind kind, int step, const char *reason)
{
    *out = (struct event){.kind = kind, .step = step, .actor = "penstock", .reason = reason};
}

static void say_closed(const struct machine_state *state, int step, const struct plan_closure *closure, int64_t wall_ms,
                       struct event *out)
{
    const char *rule = rule_of(state, closure, wall_ms);
    const char *reason = text_is(rule, closure->rule) ? closure->reason : "outside the windows";
    const char *until =
        closure->until_ms ? arena_printf(state->arena, " until %s", time_text(state->arena, closure->until_ms)) : "";

    say(out, EVENT_CALENDAR_CLOSED, step, arena_printf(state->arena, "no more traffic%s: %s", until, reason));
    out->expires_ms = closure->until_ms;
    out->body = json_in_arena(state->arena, json_pack("{s:s}", "rule", rule));
}

enum calendar_answer calendar_ask(const struct machine_state *state, int step, struct machine_now now,
                                  struct event *out)
{
    const struct plan_closure *closure;

    if (!is_bound(state, step))
        return CALENDAR_OPEN;
    closure = closure_now(state, now.wall_ms);
    if (state->closed_step >= 0 && closure && closure->until_ms == state->closed_until_ms &&
        text_is(rule_of(state, closure, now.wall_ms), state->closed_rule))
        return CALENDAR_WAITS;
    if (state->closed_step >= 0)
        say(out, EVENT_CALENDAR_OPENED, state->closed_step, "more traffic may be given again");
    else if (closure)
        say_closed(state, step, closure, now.wall_ms, out);
    else
        return CALENDAR_OPEN;
    return CALENDAR_SAYS;
}

int64_t calendar_wakes_at(const struct machine_state *state, struct machine_now now)
{
    int64_t left_ms = LOOK_AGAIN_MS;

    if (state->closed_step < 0 || state->mode == MODE_HELD)
        return -1;
    if (state->closed_until_ms && state->closed_until_ms - now.wall_ms < left_ms)
        left_ms = state->closed_until_ms - now.wall_ms;
    return now.boot_ms + (left_ms > 0 ? left_ms : 0);
}
