/* The plan as a person reads it: what will happen, in order, and what undoes each thing. */

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/planner.h"
#include "plan/plan.h"

static void render_head(const struct plan *plan, struct strbuf *out)
{
    if (plan->kind == PLAN_DESTROY) {
        strbuf_printf(out, "plan %.12s: destroy in environment %s\n", plan->digest, plan->environment);
        return;
    }
    strbuf_printf(out, "plan %.12s: release %.7s to %s\n", plan->digest, plan->commit, plan->environment);
    strbuf_printf(out, "  commit    %.7s %s%s%s%s\n", plan->commit, plan->subject, *plan->branch ? " (" : "", plan->branch,
                  *plan->branch ? ")" : "");
    strbuf_printf(out, "  new unit  %s\n", plan->unit.name);
    if (plan->old_unit.name)
        strbuf_printf(out, "  old unit  %s\n", plan->old_unit.name);
    else
        strbuf_text(out, "  old unit  none: a first release; it gets all traffic in one step, nothing is drained or "
                         "destroyed\n");
    strbuf_printf(out, "  door      %s\n", json_get_text(plan->door, "url") ? json_get_text(plan->door, "url")
                                                                            : json_get_text(plan->door, "socket"));
}

static void render_step(const struct plan *plan, const struct plan_step *step, struct strbuf *out)
{
    const char *mark = step->verb == VERB_GATE ? "gate" : "-";
    bool pivot = step->pivots;

    for (int i = 0; i < step->ordinal && pivot; i++)
        pivot = !plan->steps[i].pivots;
    if (pivot)
        strbuf_text(out, "    == from here on nothing goes backward by itself ==\n");
    strbuf_printf(out, "    %-4s %s", mark, step->title);
    if (step->verb == VERB_GATE) {
        const json_t *people = json_object_get(step->params, "people");
        const json_t *person;
        size_t i;

        strbuf_printf(out, " (%lld of ", (long long)json_get_int(step->params, "approvals", 1));
        if (json_array_size(people) == 0)
            strbuf_text(out, "anyone");
        json_array_foreach(people, i, person)
            strbuf_printf(out, "%s%s", i ? ", " : "", json_string_value(person));
        strbuf_text(out, json_get_bool(step->params, "bar_requester", false) ? "; not the requester)" : ")");
    }
    if (step->undo_text)
        strbuf_printf(out, "  [undo: %s]", step->undo_text);
    strbuf_char(out, '\n');
}

static void render_wait(const struct plan_step *step, struct strbuf *out)
{
    const json_t *most;
    const char *probe;
    bool any = false;

    strbuf_printf(out, "    -    %s: ", step->title);
    json_object_foreach((json_t *)json_object_get(step->params, "until"), probe, most) {
        strbuf_printf(out, "%s%s %lld", any ? ", " : "", probe, (long long)json_integer_value(most));
        any = true;
    }
    strbuf_printf(out, "%snothing in flight, %lld times in a row\n", any ? ", " : "",
                  (long long)json_get_int(step->params, "samples", 1));
}

void plan_render(const struct plan *plan, struct strbuf *out)
{
    render_head(plan, out);
    for (int i = 0; i < plan->stage_count; i++) {
        const struct plan_stage *stage = &plan->stages[i];

        if (text_is(stage->kind, "undo")) {
            strbuf_printf(out, "  if it fails before the pivot: %s\n",
                          plan->rollback ? "rolled back in this order" : "held for a person; `penstock rollback` would");
        } else {
            strbuf_printf(out, "  %s%s\n", stage->name,
                          stage->last_step < stage->first_step ? ": nothing to do" : "");
        }
        for (int k = stage->first_step; k <= stage->last_step; k++) {
            const struct plan_step *step = &plan->steps[k];

            if (step->verb == VERB_DRAIN_WAIT)
                render_wait(step, out);
            else if (step->verb != VERB_INSTANCE_KILL)
                render_step(plan, step, out);
        }
    }
}
