#ifndef TESTS_UNIT_PLAN_PLANNING_H
#define TESTS_UNIT_PLAN_PLANNING_H

/*
 * Plans for the tests of the room: a pipeline's text, a project's text, and facts written down by hand.
 *
 *     struct planning p = planning_of(arena, pipeline_text);
 *     planning_live(&p, 2);
 *     struct plan *plan = planning_plan(&p);
 *
 * The new unit is "prod-aaaaaaa-7". The live one, when there is one, is "prod-0000000-3" with its instances in "west".
 */

#include "unit/unit.h"

#include <jansson.h>

#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/contract.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OLD_COMMIT "0000000000000000000000000000000000000000"
#define NEW_UNIT "prod-aaaaaaa-7"
#define OLD_UNIT "prod-0000000-3"

#define PROJECT_TEXT                                                   \
    "project: rooms\n"                                                 \
    "environments:\n"                                                  \
    "  prod:\n"                                                        \
    "    gates:\n"                                                     \
    "      managers: {people: [ana, bo], approvals: 2, expires: 1h}\n" \
    "      on-call: {expires: 30m, on_expiry: reject}\n"

/* The blocks that every pipeline of these tests begins with; stages follow. */
#define HEAD_TEXT                                                  \
    "pipeline: prod\n"                                             \
    "environment: prod\n"                                          \
    "stamps:\n"                                                    \
    "  regions: [west]\n"                                          \
    "  start: [bin/rooms, \"${instance.address}\"]\n"              \
    "  health: {get: /health}\n"                                   \
    "  probes:\n"                                                  \
    "    rooms: {get: /rooms, count: $.rooms, identity: $.boot}\n" \
    "  drain: {begin: {post: /drain}, cancel: {post: /undrain}}\n" \
    "traffic:\n"                                                   \
    "  managed: {bind: \"127.0.0.1:8080\"}\n"

/* A whole release in its shortest form. Its lines 13.. are the stages. */
#define WHOLE_TEXT                                        \
    HEAD_TEXT                                             \
    "stages:\n"                                           \
    "  - build\n"                                         \
    "  - deploy\n"                                        \
    "  - validate: {checks: [{name: home, get: /}]}\n"    \
    "  - shift: {steps: [{share: 50%}, {share: 100%}]}\n" \
    "  - drain: {until: {rooms: 0}}\n"                    \
    "  - destroy\n"

struct planning {
    struct arena *arena;
    struct diagnostics *problems;
    struct project_spec *project;
    struct pipeline_spec *pipeline;
    struct facts facts;
};

/* With a project file of the test's own. */
static inline struct planning planning_with(struct arena *arena, const char *project, const char *pipeline)
{
    struct planning p = {.arena = arena, .problems = diagnostics_new(arena)};

    project_parse(arena, "penstock.yaml", project, strlen(project), p.problems, &p.project);
    pipeline_parse(arena, "p.yaml", pipeline, strlen(pipeline), p.problems, &p.pipeline);
    if (diagnostics_count(p.problems) == 0)
        spec_check_together(p.project, p.pipeline, p.problems);
    if (diagnostics_count(p.problems) > 0)
        fail_msg("the pipeline of this test is wrong: line %d: %s", diagnostics_get(p.problems, 0)->mark.line,
                 diagnostics_get(p.problems, 0)->text);
    p.facts = (struct facts){.release = "r-9",
                             .unit_number = 7,
                             .requester = "ana",
                             .commit = COMMIT,
                             .branch = "main",
                             .subject = "make rooms larger",
                             .repository = "/repo",
                             .state_dir = "/state",
                             .record = "rec"};
    return p;
}

static inline struct planning planning_of(struct arena *arena, const char *pipeline)
{
    return planning_with(arena, PROJECT_TEXT, pipeline);
}

/* A unit with so many instances in "west", released with this pipeline's contract. */
static inline struct fact_unit planning_unit(const struct planning *p, const char *name, int count)
{
    struct fact_unit unit = {.name = name,
                             .commit = OLD_COMMIT,
                             .state = "live",
                             .contract = json_in_arena(p->arena, contract_of(p->pipeline)),
                             .instance_count = count};

    unit.instances = arena_array(p->arena, (size_t)count + 1, sizeof(*unit.instances));
    for (int i = 0; i < count; i++) {
        const char *stamp = arena_printf(p->arena, "%s.west", name);
        const char *instance = arena_printf(p->arena, "%s.%d", stamp, i + 1);

        unit.instances[i] = (struct fact_instance){
            .name = instance,
            .stamp = stamp,
            .region = "west",
            .address = arena_printf(p->arena, "127.0.0.1:%d", 4701 + i),
            .dir = arena_printf(p->arena, "/state/stamps/%s/west.%d", name, i + 1),
            .log = arena_printf(p->arena, "/state/logs/r-1/%s.log", instance),
            .identity =
                json_in_arena(p->arena, json_pack("{s:i, s:i, s:s}", "pid", 100 + i, "start", 5, "boot_id", "b")),
        };
    }
    return unit;
}

/* The live unit stands behind the front door that the pipeline names. */
static inline void planning_live(struct planning *p, int count)
{
    p->facts.live = planning_unit(p, OLD_UNIT, count);
    p->facts.door = json_in_arena(p->arena, json_pack("{s:s, s:b, s:s, s:s}", "driver", "haproxy", "managed", 1, "bind",
                                                      "127.0.0.1:8080", "socket", "/state/doors/prod/admin.sock"));
}

static inline struct plan *planning_try(struct planning *p)
{
    struct plan *plan;

    plan_release(p->arena, p->project, p->pipeline, &p->facts, p->problems, &plan);
    return plan;
}

static inline struct plan *planning_plan(struct planning *p)
{
    struct plan *plan = planning_try(p);

    if (!plan)
        fail_msg("refused: line %d: %s", diagnostics_get(p->problems, 0)->mark.line,
                 diagnostics_get(p->problems, 0)->text);
    return plan;
}

/* The plan of this pipeline over so many old instances. */
static inline struct plan *plan_of(struct arena *arena, const char *pipeline, int old_count)
{
    struct planning p = planning_of(arena, pipeline);

    if (old_count)
        planning_live(&p, old_count);
    return planning_plan(&p);
}

/* The index of the n-th stage of this name, or the test fails. */
static inline int stage_of(const struct plan *plan, const char *name)
{
    for (int i = 0; i < plan->stage_count; i++) {
        if (text_is(plan->stages[i].name, name))
            return i;
    }
    fail_msg("no stage '%s'", name);
    return -1;
}

/* The step of this verb on this target ("" = any), or -1. */
static inline int find_step_of(const struct plan *plan, enum track track, enum verb verb, const char *target)
{
    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].track == track && plan->steps[i].verb == verb &&
            (!*target || text_is(plan->steps[i].target, target)))
            return i;
    }
    return -1;
}

static inline int step_of_plan(const struct plan *plan, enum track track, enum verb verb, const char *target)
{
    int step = find_step_of(plan, track, verb, target);

    if (step < 0)
        fail_msg("no step %s %s", verb_text(verb), target);
    return step;
}

/* "verb target <- needs", one line a step of the stage; the units' names are shortened to "new" and "old". */
static inline const char *stage_lines(struct arena *arena, const struct plan *plan, const char *stage)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int index = stage_of(plan, stage);

    for (int i = plan->stages[index].first_step; i <= plan->stages[index].last_step; i++) {
        const struct plan_step *step = &plan->steps[i];
        const char *target = step->target;

        strbuf_printf(&text, "%d %s ", i, verb_text(step->verb));
        if (text_starts(target, NEW_UNIT))
            strbuf_printf(&text, "new%s", target + strlen(NEW_UNIT));
        else if (text_starts(target, OLD_UNIT))
            strbuf_printf(&text, "old%s", target + strlen(OLD_UNIT));
        else
            strbuf_text(&text, target);
        for (int k = 0; k < step->need_count; k++)
            strbuf_printf(&text, "%s%d", k ? "," : " <- ", step->needs[k]);
        if (step->undoes >= 0)
            strbuf_printf(&text, " undoes %d", step->undoes);
        if (step->cleanup)
            strbuf_text(&text, " cleanup");
        if (step->proof >= 0)
            strbuf_printf(&text, " proof %d", step->proof);
        if (step->pivots)
            strbuf_text(&text, " pivots");
        strbuf_char(&text, '\n');
    }
    return arena_text(arena, strbuf_view(&text));
}

/* The step's params as canonical JSON. */
static inline const char *params_of(struct arena *arena, const struct plan *plan, int step)
{
    return json_canonical(arena, plan->steps[step].params);
}

#endif
