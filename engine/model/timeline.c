/* What happened in an act, as its journal says, told in the order of virtual time. */

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "model/rehearse.h"
#include "model/sim.h"
#include "plan/plan.h"
#include "spec/pipeline.h"
#include "store/record.h"

static json_t *list(const char *name)
{
    return json_object_get(rehearsal.act.told, name);
}

void timeline_begin(void)
{
    struct act *act = &rehearsal.act;

    act->began_ms = sim.now;
    act->stage = act->failed_step = -1;
    act->end = act->reason = "";
    act->told = json_pack("{s:s, s:[], s:[]}", "name", act->name, "events", "gates");
    json_array_append_new(json_object_get(rehearsal.document, "acts"), act->told);
}

static json_t *last_event(void)
{
    json_t *events = list("events");

    return json_array_size(events) ? json_array_get(events, json_array_size(events) - 1) : NULL;
}

void timeline_add(const char *kind, const char *stage, const char *text)
{
    json_t *last = last_event();

    /* The same once more is told once. */
    if (last && !stage && text_is(json_get_text(last, "kind"), kind) && text_is(json_get_text(last, "text"), text)) {
        json_object_set_new(last, "times", json_integer(json_get_int(last, "times", 1) + 1));
        return;
    }
    json_array_append_new(list("events"),
                          json_pack("{s:I, s:s, s:s*, s:s}", "at_ms", (json_int_t)(sim.now - rehearsal.act.began_ms),
                                    "kind", kind, "stage", stage, "text", text));
}

const struct stage_spec *timeline_stage(int step)
{
    const struct plan *plan = rehearsal.act.plan;
    const struct pipeline_spec *pipeline = rehearsal.cast->pipeline;
    const char *name;

    if (!plan || step < 0 || step >= plan->step_count || plan->steps[step].track == TRACK_UNDO)
        return NULL;
    name = plan->stages[plan->steps[step].stage].name;
    for (int i = 0; i < pipeline->stage_count; i++) {
        if (text_is(pipeline->stages[i].name, name))
            return &pipeline->stages[i];
    }
    return NULL;
}

static int count_of(enum side side)
{
    int count = 0;

    for (int i = 0; i < rehearsal.act.plan->instance_count; i++)
        count += rehearsal.act.plan->instances[i].side == side;
    return count;
}

static const char *instances_text(enum side side)
{
    int count = count_of(side);

    return arena_printf(rehearsal.arena, "%d %s instance%s", count, side == SIDE_OLD ? "old" : "new",
                        count == 1 ? "" : "s");
}

static const char *until_text(const struct drain_spec *drain)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < drain->until_count; i++)
        strbuf_printf(&out, "%s%s", i ? ", " : "", drain->until[i].probe);
    return out.length ? arena_text(rehearsal.arena, strbuf_view(&out)) : "connections";
}

/* What a stage is about, when it begins. */
static const char *stage_text(const struct stage_spec *stage)
{
    struct arena *arena = rehearsal.arena;

    switch (stage->kind) {
    case STAGE_BUILD:
        return rehearsal.cast->pipeline->unit.build.count
                   ? arena_printf(arena, "builds with %s", rehearsal.cast->pipeline->unit.build.items[0])
                   : "exports the commit";
    case STAGE_DEPLOY:
        return arena_printf(arena, "starts %s", instances_text(SIDE_NEW));
    case STAGE_VALIDATE:
        return stage->check_count == 1 ? "1 check" : arena_printf(arena, "%d checks", stage->check_count);
    case STAGE_SHIFT:
        return NULL;
    case STAGE_GATE:
        return NULL;
    case STAGE_DRAIN:
        return arena_printf(arena, "waits for %s on %s", until_text(&stage->drain), instances_text(SIDE_OLD));
    case STAGE_DESTROY:
        return stage->gate ? NULL : arena_printf(arena, "stops %s", instances_text(SIDE_OLD));
    case STAGE_COMMAND:
        return arena_printf(arena, "runs %s", stage->command.count ? stage->command.items[0] : "");
    case STAGE_KIND_COUNT:
        break;
    }
    return NULL;
}

/* The stage's name goes with the first thing that is told of it. */
static const char *stage_once(int step)
{
    const struct plan *plan = rehearsal.act.plan;
    int stage = step >= 0 && step < plan->step_count ? plan->steps[step].stage : -1;

    if (stage < 0 || stage == rehearsal.act.stage)
        return NULL;
    rehearsal.act.stage = stage;
    return plan->steps[step].track == TRACK_UNDO ? "back" : plan->stages[stage].name;
}

static void tell(const char *kind, int step, const char *text)
{
    timeline_add(kind, stage_once(step), text);
}

/* The old instances still have work when their drain begins: of what it waits for a little, of all else very much. */
static void drain_begins(const struct plan_step *step)
{
    const int64_t minute = 60 * 1000;
    const struct stage_spec *stage = timeline_stage(step->ordinal);
    int64_t little = 5 * minute, much = 240 * minute, of[WORK_NONE] = {0};

    if (!stage || stage->kind != STAGE_DRAIN)
        return;
    if (stage->drain.deadline_ms && stage->drain.deadline_ms / 3 < little)
        little = stage->drain.deadline_ms / 3;
    if (rehearsal.act.forgotten)
        little = 365 * 24 * 60 * minute;
    for (int i = 0; i < WORK_NONE; i++)
        of[i] = !service_has((enum work_kind)i) ? 0 : verdict_waits_for(i) ? little + i * minute / 2 : much;
    if (world_instance(step->target))
        rooms_linger(world_instance(step->target), of[WORK_ROOMS], of[WORK_RECORDINGS], of[WORK_QUEUE]);
}

static void step_started(const struct plan_step *step)
{
    const struct stage_spec *stage = timeline_stage(step->ordinal);
    json_t *last = last_event();

    if (step->verb == VERB_DRAIN_WAIT)
        drain_begins(step);
    if (step->verb == VERB_HOLD && last && text_is(json_get_text(last, "kind"), "share")) {
        json_object_set_new(
            last, "text",
            json_string(arena_printf(rehearsal.arena, "%s, watched for %s", json_get_text(last, "text"),
                                     duration_text(rehearsal.arena, json_get_int(step->params, "ms", 0)))));
        return;
    }
    if (step->stage != rehearsal.act.stage && stage && stage_text(stage))
        tell("stage", step->ordinal, stage_text(stage));
    else if (stage && stage->kind == STAGE_DESTROY && step->verb == VERB_TRAFFIC_REMOVE && last &&
             text_is(json_get_text(last, "kind"), "gate"))
        timeline_add("stage", NULL, arena_printf(rehearsal.arena, "stops %s", instances_text(SIDE_OLD)));
}

/* One line for all pools. */
static void shares_done(const struct plan_step *step)
{
    const json_t *shares = json_object_get(step->params, "shares");
    const json_t *last = last_event();
    const char *text = arena_printf(
        rehearsal.arena, "%s of new traffic to the %s unit",
        share_text(rehearsal.arena,
                   step->track == TRACK_UNDO ? SHARE_ALL : (int)json_get_int(shares, rehearsal.act.plan->unit.name, 0)),
        step->track == TRACK_UNDO ? "old" : "new");

    if (!last || !text_starts(json_get_text(last, "text"), text))
        tell("share", step->ordinal, text);
}

static json_t *gate_of(int step)
{
    size_t i;
    json_t *gate, *found = NULL;

    json_array_foreach(list("gates"), i, gate)
    {
        if (json_get_int(gate, "step", -1) == step)
            found = gate;
    }
    return found;
}

static void gate_asked(const struct plan_step *step, const json_t *body)
{
    tell("gate", step->ordinal, arena_printf(rehearsal.arena, "gate %s asks", step->target));
    json_array_append_new(list("gates"),
                          json_pack("{s:s, s:i, s:I, s:n, s:[], s:s, s:i}", "gate", step->target, "step", step->ordinal,
                                    "at_ms", (json_int_t)(sim.now - rehearsal.act.began_ms), "waited_ms", "by", "end",
                                    "asked", "event", (int)json_array_size(list("events")) - 1));
    crew_gate(step->ordinal, body);
}

static void gate_over(int step, const char *end)
{
    json_t *gate = gate_of(step), *event;
    int64_t waited_ms;
    struct strbuf by CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!gate)
        return;
    waited_ms = sim.now - rehearsal.act.began_ms - json_get_int(gate, "at_ms", 0);
    json_object_set_new(gate, "waited_ms", json_integer(waited_ms));
    json_object_set_new(gate, "end", json_string(end));
    for (size_t i = 0; i < json_array_size(json_object_get(gate, "by")); i++)
        strbuf_printf(&by, "%s%s", i ? ", " : "", json_string_value(json_array_get(json_object_get(gate, "by"), i)));
    event = json_array_get(list("events"), (size_t)json_get_int(gate, "event", 0));
    json_object_set_new(
        event, "text",
        json_string(text_is(end, "opened")
                        ? arena_printf(rehearsal.arena, "gate %s: opened by %s after %s", json_get_text(gate, "gate"),
                                       strbuf_view(&by), duration_text(rehearsal.arena, waited_ms / 1000 * 1000))
                        : arena_printf(rehearsal.arena, "gate %s: %s", json_get_text(gate, "gate"), end)));
}

static void decided(const json_t *row)
{
    const char *decision = json_get_text(row, "decision"), *actor = json_get_text(row, "actor");
    json_t *gate = gate_of((int)json_get_int(row, "step", -1));

    if (text_is(decision, "approve") && gate)
        json_array_append_new(json_object_get(gate, "by"), json_string(actor));
    else
        timeline_add("person", NULL, arena_printf(rehearsal.arena, "%s decides: %s", actor, decision));
}

static void turned(const json_t *row, const char *reason)
{
    const char *mode = json_get_text(row, "mode");
    json_t *events = list("events");
    const json_t *last = last_event();

    /* What was seen, and is the reason, is told once. */
    if (last && text_is(json_get_text(last, "text"), arena_printf(rehearsal.arena, "penstock sees: %s", reason)))
        json_array_remove(events, json_array_size(events) - 1);
    rehearsal.act.failed_step = (int)json_get_int(row, "step", -1);
    rehearsal.act.reason = arena_text(rehearsal.arena, reason);
    timeline_add("engine", NULL,
                 arena_printf(rehearsal.arena, "penstock %s: %s",
                              text_is(mode, "undo")   ? "goes back"
                              : text_is(mode, "held") ? "holds"
                                                      : "goes on",
                              reason));
}

static void failed(const struct plan_step *step, const json_t *row)
{
    const char *text = json_get_text(json_object_get(row, "body"), "text");

    if (!text)
        text = json_get_text(row, "reason");
    rehearsal.act.failure = arena_text(rehearsal.arena, text);
    tell("engine", step->ordinal,
         arena_printf(rehearsal.arena, "%s%s: %s", step->title,
                      text_is(json_get_text(row, "error_kind"), "transient") ? ", failed for now" : ", failed", text));
}

static void about_step(const struct plan_step *step, const char *kind, const json_t *row)
{
    if (text_is(kind, "step.started"))
        step_started(step);
    else if (text_is(kind, "step.done") && step->verb == VERB_TRAFFIC_SHARES)
        shares_done(step);
    else if (text_is(kind, "step.failed"))
        failed(step, row);
    else if (text_is(kind, "step.doubted"))
        tell("engine", step->ordinal, arena_printf(rehearsal.arena, "%s: it may have happened", step->title));
    else if (text_is(kind, "gate.asked"))
        gate_asked(step, json_object_get(row, "body"));
    else if (text_is(kind, "gate.opened"))
        gate_over(step->ordinal, "opened");
    else if (text_is(kind, "gate.expired"))
        gate_over(step->ordinal, "expired, nobody opened it");
    else if (text_is(kind, "drain.overdue"))
        tell("engine", step->ordinal, arena_printf(rehearsal.arena, "%s: overdue, people are asked", step->target));
}

/* Kinds whose reason says all that there is to say. */
static bool is_told_by_reason(const char *kind)
{
    return text_is(kind, "traffic.drifted") || text_is(kind, "traffic.repaired") || text_is(kind, "instance.lost") ||
           text_is(kind, "instance.sick") || text_is(kind, "instance.well");
}

/* Who decides takes the release up at once. */
static bool is_after_decision(void)
{
    const json_t *last = last_event();

    return last && text_is(json_get_text(last, "kind"), "person");
}

static void about_release(const char *kind, const char *reason, const json_t *row)
{
    struct act *act = &rehearsal.act;

    if (text_is(kind, "release.turned")) {
        turned(row, reason);
    } else if (text_is(kind, "release.pivoted")) {
        timeline_add("engine", NULL, "from here nothing goes back by itself");
    } else if (is_told_by_reason(kind)) {
        timeline_add("engine", NULL, arena_printf(rehearsal.arena, "penstock sees: %s", reason));
    } else if (text_is(kind, "decision.made")) {
        decided(row);
    } else if (text_is(kind, "runner.started")) {
        if (act->epoch && !is_after_decision() && json_get_int(row, "epoch", 0) > act->epoch)
            timeline_add("engine", NULL, "another runner goes on from the journal");
        act->epoch = json_get_int(row, "epoch", 0);
    } else if (text_is(kind, "release.ended")) {
        act->end = arena_text(rehearsal.arena, json_get_text(row, "end"));
        json_object_set_new(act->told, "end", json_string(act->end));
        json_object_set_new(act->told, "reason", json_string(reason));
        timeline_add("end", NULL, act->end);
    }
    if (text_is(kind, "instance.lost"))
        crew_lost(json_get_text(json_object_get(row, "body"), "instance"));
}

static void see(const json_t *row)
{
    const struct plan *plan = rehearsal.act.plan;
    const char *kind = json_get_text(row, "kind"), *reason = json_get_text(row, "reason");
    int step = (int)json_get_int(row, "step", -1);

    rehearsal.act.last_seq = json_get_int(row, "seq", 0);
    if (text_is(kind, "hold.slice"))
        return;
    if (step >= 0 && step < plan->step_count && !text_is(kind, "decision.made"))
        about_step(&plan->steps[step], kind, row);
    about_release(kind, reason ? reason : "", row);
}

void timeline_read(void)
{
    json_t *params, *rows = NULL;
    size_t index;
    json_t *row;

    if (!rehearsal.act.plan || !rehearsal.people)
        return;
    params =
        json_pack("{s:s, s:I}", "release", rehearsal.act.plan->release, "after", (json_int_t)rehearsal.act.last_seq);
    error_free(query_rows(rehearsal.people, "events", params, &rows));
    json_array_foreach(rows, index, row)
    {
        see(row);
    }
    if (json_array_size(rows) > 0 && sim.deadline != INT64_MAX)
        sim.deadline = sim.now + rehearse_patience_ms();
    json_decref(rows);
    json_decref(params);
}
