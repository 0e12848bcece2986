/* Deliberate faults of the engine: each must be found by the checks, or the checks are not worth their time. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "simulation/hooks.h"
#include "simulation/sim.h"

const char *mutation;

#define WITH(fault) (1ull << FAULT_##fault)

const struct mutation mutations[] = {
    {"skip-lease-check", "a runner that was taken over goes on writing", "I8", 0},
    {"act-before-commit", "effects begin, and their intents are never written", "I1", 0},
    {"repeat-unrepeatable", "a command that may have run is run again", "I1", WITH(KILL)},
    {"shares-before-validate", "new instances get traffic before they are checked", "I2", 0},
    {"no-readback", "what the front door says yes to is taken for done", "I2", WITH(DOOR_DEAF)},
    {"drain-in-traffic", "instances are told to drain before their share is taken", "I2", 0},
    {"lower-first", "the old side's weight falls before the new side's rises", "I3", 0},
    {"settle-at-once", "the first answer is the last", "I4", 0},
    {"skip-prove", "no proof right before the stop", "I4 I5", 0},
    {"unknown-is-zero", "no answer means nothing is left", "I4 I5", WITH(PROBE_TIMEOUT) | WITH(PROBE_500)},
    {"ignore-restart", "who started anew is taken for who was drained", "I5", WITH(REBOOT)},
    {"stale-proof", "a proof never grows old", "I5", WITH(KILL)},
    {"reuse-approval", "an approval counts, whatever it was given for", "I6", 0},
    {"undo-after-pivot", "the release forgets that it passed the pivot", "I9", 0},
    {"other-plan", "a resumed release runs a plan that was made anew", "I11", 0},
    {"blind-limit", "nobody watches the limits of the new instances", "I13", WITH(LIMIT)},
    {"stale-projection", "what people read of a sample is not written", "I7", 0},
    {"no-reason", "something is skipped without a word", "I12", 0},
    {NULL, NULL, NULL, 0},
};

bool mutated(const char *name)
{
    return mutation && strcmp(mutation, name) == 0;
}

void __wrap_bug_at(const char *file, int line, const char *format, ...)
{
    (void)format;
    sim_violation("BUG", "at %s:%d", file, line);
    printf("seed %llu: %s\n", (unsigned long long)sim.seed, sim.violation);
    fflush(stdout);
    _exit(1);
}

struct error *__wrap_lease_check(struct tx *tx, const struct lease *lease)
{
    if (mutated("skip-lease-check"))
        return NULL;
    return __real_lease_check(tx, lease);
}

/* The kind of event that is being written, and not folded once more. */
static enum event_kind appending = EVENT_KIND_COUNT;

struct error *__wrap_journal_append(struct tx *tx, struct event *event)
{
    struct error *error;

    if (mutated("no-reason") && event->kind == EVENT_STEP_SKIPPED)
        event->reason = "";
    appending = event->kind;
    error = __real_journal_append(tx, event);
    appending = EVENT_KIND_COUNT;
    return error;
}

struct error *__wrap_project_event(struct record *record, const struct journal_row *row, const json_t *event)
{
    if (mutated("stale-projection") && appending == EVENT_DRAIN_SAMPLED)
        return NULL;
    return __real_project_event(record, row, event);
}

/* Steps of `later` wait no more for `earlier`, but for what that one waited for. */
static void jump(struct arena *arena, struct plan *plan, enum verb later, enum verb earlier)
{
    for (int i = 0; i < plan->step_count; i++) {
        struct plan_step *step = &plan->steps[i];
        int *needs, count = 0;

        if ((step->verb != later && later != VERB_COUNT) || step->need_count == 0)
            continue;
        needs = arena_array(arena, (size_t)plan->step_count * 4, sizeof(*needs));
        for (int k = 0; k < step->need_count; k++) {
            const struct plan_step *need = &plan->steps[step->needs[k]];

            if (need->verb != earlier) {
                needs[count++] = step->needs[k];
                continue;
            }
            for (int n = 0; n < need->need_count; n++)
                needs[count++] = need->needs[n];
        }
        step->needs = needs;
        step->need_count = count;
    }
}

struct error *__wrap_plan_decode(struct arena *arena, const char *text, size_t length, struct plan **out)
{
    struct plan *plan;

    TRY(__real_plan_decode(arena, text, length, out));
    plan = *out;
    /* Several checks stand behind each other. */
    for (int i = 0; i < 6 && mutated("shares-before-validate"); i++) {
        jump(arena, plan, VERB_TRAFFIC_SHARES, VERB_CHECK_HTTP);
        jump(arena, plan, VERB_TRAFFIC_SHARES, VERB_CHECK_COMMAND);
        jump(arena, plan, VERB_CHECK_HTTP, VERB_CHECK_HTTP);
    }
    if (mutated("skip-prove")) {
        jump(arena, plan, VERB_INSTANCE_STOP, VERB_DRAIN_PROVE);
        jump(arena, plan, VERB_DRAIN_PROVE, VERB_TRAFFIC_REMOVE);
        jump(arena, plan, VERB_INSTANCE_STOP, VERB_TRAFFIC_REMOVE);
        jump(arena, plan, VERB_INSTANCE_STOP, VERB_DRAIN_WAIT);
    }
    for (int i = 0; mutated("blind-limit") && i < plan->monitor_count; i++) {
        if (plan->monitors[i].kind == MONITOR_LIMIT)
            plan->monitors[i--] = plan->monitors[--plan->monitor_count];
    }
    for (int i = 0; i < plan->step_count; i++) {
        struct plan_step *step = &plan->steps[i];

        if (mutated("repeat-unrepeatable"))
            step->repeatable = true;
        if (mutated("stale-proof") || mutated("skip-prove"))
            step->proof = -1;
        if (mutated("other-plan"))
            step->key = arena_printf(arena, "%s-anew", step->key);
        if (mutated("drain-in-traffic") && step->verb == VERB_DRAIN_BEGIN && step->track == TRACK_FORWARD)
            step->need_count = 0;
    }
    return NULL;
}

enum drain_verdict __wrap_drain_judge_feed(struct drain_judge *judge, const struct drain_answer *answer)
{
    struct drain_answer changed = *answer;
    int64_t values[16];

    if (mutated("unknown-is-zero")) {
        for (int i = 0; i < judge->rule->limit_count && i < 16; i++)
            values[i] = answer->values[i] < 0 ? 0 : answer->values[i];
        changed.values = values;
        changed.in_flight = answer->in_flight < 0 ? 0 : answer->in_flight;
        if (!changed.identity)
            changed.identity = judge->identity;
    }
    if (mutated("ignore-restart") && changed.identity && judge->identity)
        changed.identity = judge->identity;
    if (mutated("settle-at-once")) {
        __real_drain_judge_feed(judge, &changed);
        return judge->gone ? DRAIN_LOST : DRAIN_SETTLED;
    }
    return __real_drain_judge_feed(judge, &changed);
}

void __wrap_machine_fold(struct machine_state *state, const struct event *event)
{
    struct event changed = *event;

    if (mutated("reuse-approval") && event->kind == EVENT_DECISION_MADE && event->decision == DECISION_APPROVE &&
        event->step >= 0 && state->steps[event->step].subject)
        changed.subject = state->steps[event->step].subject;
    __real_machine_fold(state, &changed);
    if (mutated("undo-after-pivot"))
        state->pivoted = false;
}

bool __wrap_machine_next(struct machine_state *state, struct machine_now now, struct event *out)
{
    bool more = __real_machine_next(state, now, out);

    /* Without its memory of the pivot it would say it for ever. */
    if (more && mutated("undo-after-pivot") && out->kind == EVENT_RELEASE_PIVOTED) {
        state->pivoted = true;
        more = __real_machine_next(state, now, out);
        state->pivoted = false;
    }
    return more;
}

/* Done as soon as the socket answered, whatever it shows. */
static enum call_status blind_shares(struct call *call, const struct reply *last, struct effect *want)
{
    struct traffic_driver driver = *__real_registry_traffic("haproxy");
    enum call_status status;

    if (last && call->evidence && text_is(call->evidence, "blind"))
        return call_done(call, NULL, NULL);
    status = driver.set_shares(call, last, want);
    if (status == CALL_WANTS && want->kind == EFFECT_LINE && text_starts(want->text, "set server"))
        call->evidence = "blind";
    return status;
}

/* The commands of a line in the reverse order. */
static enum call_status lower_first(struct call *call, const struct reply *last, struct effect *want)
{
    enum call_status status = __real_registry_traffic("haproxy")->set_shares(call, last, want);
    struct strbuf line CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t end;

    if (status != CALL_WANTS || want->kind != EFFECT_LINE || !text_starts(want->text, "set server"))
        return status;
    end = strcspn(want->text, "\n");
    while (end > 0) {
        size_t begin = end;

        while (begin > 0 && want->text[begin - 1] != ';')
            begin--;
        strbuf_printf(&line, "%s%.*s", line.length ? "; " : "", (int)(end - begin - strspn(want->text + begin, " ")),
                      want->text + begin + strspn(want->text + begin, " "));
        end = begin > 0 ? begin - 1 : 0;
    }
    strbuf_text(&line, "\n");
    want->text = arena_text(call->arena, strbuf_view(&line));
    return status;
}

const struct traffic_driver *__wrap_registry_traffic(const char *name)
{
    static struct traffic_driver changed;
    const struct traffic_driver *driver = __real_registry_traffic(name);

    if (!mutated("no-readback") && !mutated("lower-first"))
        return driver;
    changed = *driver;
    changed.set_shares = mutated("no-readback") ? blind_shares : lower_first;
    return &changed;
}
