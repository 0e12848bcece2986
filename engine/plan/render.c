/*
 * The plan as a person reads it: what will happen, in order, and what undoes each thing. What is done to every instance of
 * a unit in the same way is one line, not one line an instance.
 */

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/authors.h"
#include "plan/plan.h"
#include "plan/planner.h"

/* How a verb reads when it is done to several instances; the others are shown by their own title. */
static const char *const plural[VERB_COUNT] = {
    [VERB_INSTANCE_CREATE] = "start",
    [VERB_INSTANCE_READY] = "wait for health of",
    [VERB_INSTANCE_STOP] = "stop",
    [VERB_INSTANCE_REMOVE] = "prove the end and remove the files of",
    [VERB_TRAFFIC_ADD] = "make known to the front door, with share 0%:",
    [VERB_TRAFFIC_DRAIN] = "no new traffic to",
    [VERB_TRAFFIC_UNDRAIN] = "allow traffic again to",
    [VERB_TRAFFIC_REMOVE] = "take out of the front door:",
    [VERB_DRAIN_BEGIN] = "no new rooms on",
    [VERB_DRAIN_CANCEL] = "new rooms again on",
    [VERB_DRAIN_WAIT] = "wait until nothing is left on",
    [VERB_DRAIN_PROVE] = "right before each stop, prove once more that nothing is left on",
};

/* The verdicts that get a line each: what was broken, what did not count, and when it will be closed. */
static const char *own_line(const json_t *row)
{
    const char *verdict = json_get_text(row, "verdict"), *rule = json_get_text(row, "rule");

    if (text_is(verdict, "overridden"))
        return "broken";
    if (text_is(verdict, "exempt"))
        return "exempt";
    return text_is(rule, "window") || text_is(rule, "freeze") ? "calendar" : NULL;
}

static void render_rules(const struct plan *plan, struct strbuf *out)
{
    const json_t *rules = json_object_get(plan->terms.json, "rules"), *row;
    bool any = false;
    size_t i;

    json_array_foreach(rules, i, row)
    {
        if (own_line(row))
            continue;
        strbuf_printf(out, "%s%s: %s", any ? " | " : "  rules     ", json_get_text(row, "rule"),
                      json_get_text(row, "detail"));
        any = true;
    }
    strbuf_text(out, any ? "\n" : "");
    json_array_foreach(rules, i, row)
    {
        if (own_line(row))
            strbuf_printf(out, "  %-8s  %s: %s\n", own_line(row), json_get_text(row, "rule"),
                          json_get_text(row, "detail"));
    }
}

/* What a hotfix carries, and what it leaves out. */
static void render_lane(const struct plan *plan, struct strbuf *out)
{
    const json_t *terms = plan->terms.json, *row;
    size_t i;

    json_array_foreach(json_object_get(terms, "picks"), i, row)
    {
        strbuf_printf(out, "  pick      %.7s of %.7s%s\n", json_get_text(row, "commit"), json_get_text(row, "source"),
                      json_get_bool(row, "by_hand", false) ? ", its conflicts resolved by hand" : "");
    }
    json_array_foreach(json_object_get(terms, "shortened"), i, row)
    {
        strbuf_printf(out, "  shorter   %s: %s; was %s (%s)\n", json_get_text(row, "what"), json_get_text(row, "now"),
                      json_get_text(row, "was"), json_get_text(row, "reason"));
    }
    if (json_object_get(terms, "review_ms"))
        strbuf_text(out, "  review    due afterwards, by somebody else\n");
}

/* How long it stands, how far one can go back, and what ends that. */
static void render_horizon(const struct plan *plan, struct strbuf *out)
{
    int64_t keep_until_ms = json_get_int(plan->terms.json, "keep_until_ms", 0);
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *pivot = NULL;

    if (keep_until_ms)
        strbuf_printf(out, "  kept      until %s\n", time_text(arena, keep_until_ms));
    for (int i = 0; i < plan->step_count && !pivot; i++)
        pivot = plan->steps[i].pivots ? plan->stages[plan->steps[i].stage].name : NULL;
    if (plan->old_unit.name && pivot)
        strbuf_printf(out, "  back      to %s at once, until stage %s; then by a new release of %.7s\n",
                      plan->old_unit.name, pivot, plan->old_unit.commit);
    else if (plan->old_unit.name)
        strbuf_printf(out, "  back      to %s at once, while the release lasts\n", plan->old_unit.name);
}

static void render_head(const struct plan *plan, struct strbuf *out)
{
    const char *url = json_get_text(plan->door, "url");

    if (plan->kind == PLAN_DESTROY) {
        strbuf_printf(out, "plan %.12s: destroy in environment %s\n", plan->digest, plan->environment);
        return;
    }
    strbuf_printf(out, "plan %.12s: %s %.7s to %s\n", plan->digest, plan_kind_text(plan->kind), plan->commit,
                  plan->environment);
    strbuf_printf(out, "  commit    %.7s %s%s%s%s\n", plan->commit, plan->subject, *plan->branch ? " (" : "",
                  plan->branch, *plan->branch ? ")" : "");
    strbuf_printf(out, "  new unit  %s\n", plan->unit.name);
    if (plan->old_unit.name)
        strbuf_printf(out, "  old unit  %s\n", plan->old_unit.name);
    else
        strbuf_text(out, "  old unit  none: a first release. It gets all traffic in one step, without gates or holds; "
                         "nothing is drained or destroyed\n");
    if (plan->door)
        strbuf_printf(out, "  door      %s\n", url ? url : json_get_text(plan->door, "socket"));
    render_rules(plan, out);
    render_lane(plan, out);
    render_horizon(plan, out);
}

/* While a plan is shown: which unit an instance is of, and how often each thing is done. */
struct shown {
    struct arena *arena;
    const struct plan *plan;
    struct strbuf *out;
    json_t *units;  /* {instance: unit} */
    json_t *counts; /* {group: steps that are not shown yet} */
};

static const char *unit_of(const struct shown *shown, const char *instance)
{
    const char *unit = json_get_text(shown->units, instance);

    return unit ? unit : instance;
}

/* The same for what is the same thing done to two instances of one unit. */
static const char *group_of(const struct shown *shown, const struct plan_step *step)
{
    const char *name = json_get_text(step->params, "name"), *pool = json_get_text(step->params, "pool");

    return arena_printf(shown->arena, "%d %d %s %s %s", step->stage, (int)step->verb, name ? name : "",
                        pool ? pool : "", unit_of(shown, step->target));
}

static bool is_grouped(const struct plan_step *step)
{
    return plural[step->verb] || step->verb == VERB_CHECK_HTTP || step->verb == VERB_CHECK_COMMAND;
}

static void count_groups(struct shown *shown)
{
    for (int i = 0; i < shown->plan->instance_count; i++)
        json_object_set_new(shown->units, shown->plan->instances[i].name, json_string(shown->plan->instances[i].unit));
    for (int i = 0; i < shown->plan->step_count; i++) {
        const char *group = group_of(shown, &shown->plan->steps[i]);

        json_object_set_new(shown->counts, group, json_integer(json_get_int(shown->counts, group, 0) + 1));
    }
}

/* How many steps of the group this one stands for: all of them the first time, 0 later. */
static int take_group(struct shown *shown, const struct plan_step *step)
{
    const char *group = group_of(shown, step);
    int count = (int)json_get_int(shown->counts, group, 0);

    if (!is_grouped(step))
        return 1;
    json_object_set_new(shown->counts, group, json_integer(0));
    return count;
}

static void render_gate(const struct plan_step *step, struct strbuf *out)
{
    const json_t *people = json_object_get(step->params, "people");
    int64_t approvals = json_get_int(step->params, "approvals", 1);
    const json_t *person;
    int authors = 0;
    size_t i;

    strbuf_printf(out, " (%lld of ", (long long)approvals);
    if (json_array_size(people) == 0)
        strbuf_text(out, "anyone");
    json_array_foreach(people, i, person) strbuf_printf(out, "%s%s", i ? ", " : "", json_string_value(person));
    strbuf_text(out, json_get_bool(step->params, "bar_requester", false) ? "; not the requester" : "");
    json_array_foreach(json_object_get(step->params, "barred"), i, person)
    {
        if (json_array_size(people) == 0 || authors_has(people, json_string_value(person)))
            strbuf_printf(out, "%s%s", authors++ ? ", " : "; not the authors: ", json_string_value(person));
    }
    strbuf_char(out, ')');
}

static void render_until(struct shown *shown, const struct plan_step *step)
{
    struct strbuf *out = shown->out;
    int64_t samples = json_get_int(step->params, "samples", 1);
    int64_t over_ms = json_get_int(step->params, "over_ms", 0),
            deadline_ms = json_get_int(step->params, "deadline_ms", 0);
    const json_t *most;
    const char *probe;

    strbuf_text(out, ": ");
    json_object_foreach((json_t *)(uintptr_t)json_object_get(step->params, "until"), probe, most)
        strbuf_printf(out, "%s %lld, ", probe, (long long)json_integer_value(most));
    strbuf_text(out, "nothing in flight");
    if (samples > 1)
        strbuf_printf(out, "; %lld times in a row", (long long)samples);
    if (over_ms)
        strbuf_printf(out, " over %s", duration_text(shown->arena, over_ms));
    if (deadline_ms)
        strbuf_printf(out, "; after %s %s", duration_text(shown->arena, deadline_ms),
                      text_is(json_get_text(step->params, "deadline_do"), "fail") ? "it fails" : "a person is asked");
}

static void render_step(struct shown *shown, const struct plan_step *step)
{
    struct strbuf *out = shown->out;
    int count = take_group(shown, step);

    if (count == 0)
        return;
    if (step->pivots)
        strbuf_text(out, "    == the pivot: from here on nothing goes backward by itself ==\n");
    strbuf_text(out, step->verb == VERB_GATE ? "    gate  " : "    -     ");
    if (count == 1)
        strbuf_text(out, step->title);
    else if (plural[step->verb])
        strbuf_printf(out, "%s %d instances of %s", plural[step->verb], count, unit_of(shown, step->target));
    else
        strbuf_printf(out, "check %s on %d %s", json_get_text(step->params, "name"), count,
                      step->verb == VERB_CHECK_HTTP ? "instances" : "stamps");
    if (step->verb == VERB_GATE)
        render_gate(step, out);
    if (step->verb == VERB_DRAIN_WAIT)
        render_until(shown, step);
    if (step->undo_text && step->track == TRACK_FORWARD && shown->plan->kind != PLAN_DESTROY)
        strbuf_printf(out, "  [undo: %s]", step->undo_text);
    strbuf_char(out, '\n');
}

static void render_stage(struct shown *shown, const struct plan_stage *stage)
{
    if (text_is(stage->kind, "undo"))
        strbuf_printf(shown->out, "  if it fails before the pivot: %s\n",
                      shown->plan->rollback
                          ? "it is taken back, in this order, as far as it got"
                          : "it is held for a person; `penstock rollback` does this, as far as it got");
    else
        strbuf_printf(shown->out, "  %s%s\n", stage->name,
                      stage->last_step < stage->first_step ? ": nothing to do" : "");
    for (int i = stage->first_step; i <= stage->last_step; i++) {
        /* A kill is only what happens when a grace was not enough: the stop says so. */
        if (shown->plan->steps[i].verb != VERB_INSTANCE_KILL)
            render_step(shown, &shown->plan->steps[i]);
    }
}

void plan_render(const struct plan *plan, struct strbuf *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct shown shown = {.arena = arena,
                          .plan = plan,
                          .out = out,
                          .units = json_in_arena(arena, json_object()),
                          .counts = json_in_arena(arena, json_object())};

    render_head(plan, out);
    count_groups(&shown);
    for (int i = 0; i < plan->stage_count; i++)
        render_stage(&shown, &plan->stages[i]);
}
