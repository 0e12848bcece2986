#ifndef TESTS_UNIT_RUN_SCENE_H
#define TESTS_UNIT_RUN_SCENE_H

/*
 * A scene: the real plan, run, store and drivers over the simulator's world, in which nothing goes wrong unless the
 * test says so. Time is virtual; what the test wants to happen is tied to rows of the journal.
 *
 *     scene_begin(&scene, (struct scene_pipeline){.steps = "{share: 100%}"});
 *     scene_release(&scene);                           // the first one, to its good end
 *     scene_on(&scene, "drain.begin", 100, old_dies);  // 100 ms after that step of the next release is done
 *     scene_release(&scene);
 */

#include "unit/unit.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "control/control.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "simulation/check.h"
#include "simulation/sim.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "store/record.h"

struct scene_pipeline {
    const char *steps;  /* of the shift, separated by ", " */
    const char *shift;  /* more keys of the shift, a line each with 6 blanks */
    const char *health; /* NULL = every second, two are healthy, three are not */
    const char *pools;  /* NULL = app */
    const char *after;  /* stages between shift and drain, a line each */
    const char *drain;  /* deadline: "{after: 20s, do: ask}" */
    bool hold;          /* on_failure: hold */
};

struct scene_row {
    char kind[32], verb[32], target[64], reason[300];
    json_t *event;
    int64_t boot_ms;
};

static struct scene {
    struct arena *arena;
    char directory[128];
    struct record *record, *people;
    struct project_spec *project;
    struct pipeline_spec *pipeline;
    const char *release;
    struct run_outcome outcome;
    struct error *error;
    struct scene_row *rows; /* of this release */
    int count, capacity;
    struct {
        const char *verb; /* of a step that is done, or the kind of a row */
        int64_t after_ms;
        void (*happens)(void *);
    } plots[8];
    int plot_count;
    int number;
    bool until_gate;
    json_t *closures; /* when the next release may not get more traffic; as in its plan's terms */
} scene;

static void scene_row_seen(const struct row *row)
{
    const struct checked_release *release = check_release(row->release);
    json_t *step = json_object_get(row->event, "step");
    const char *reason = json_string_value(json_object_get(row->event, "reason"));
    struct scene_row *kept = ARENA_PUSH(scene.arena, scene.rows, scene.count, scene.capacity);

    *kept = (struct scene_row){.event = json_in_arena(scene.arena, json_incref(row->event)), .boot_ms = row->boot_ms};
    snprintf(kept->kind, sizeof(kept->kind), "%s", row->kind);
    snprintf(kept->reason, sizeof(kept->reason), "%s", reason ? reason : "");
    if (release && json_is_integer(step) && json_integer_value(step) >= 0) {
        snprintf(kept->verb, sizeof(kept->verb), "%s", release->steps[json_integer_value(step)].verb);
        snprintf(kept->target, sizeof(kept->target), "%s", release->steps[json_integer_value(step)].target);
    }
    for (int i = 0; i < scene.plot_count; i++) {
        if (!scene.plots[i].happens)
            continue;
        if (!text_is(scene.plots[i].verb, kept->kind) &&
            !(text_is(scene.plots[i].verb, kept->verb) && text_is(kept->kind, "step.done")))
            continue;
        (void)sim_after(scene.plots[i].after_ms, NULL, scene.plots[i].happens, NULL);
        scene.plots[i].happens = NULL;
    }
}

/* `what`: a kind of row, or the verb of a step that is done. Once, `after_ms` later. */
static inline void scene_on(const char *what, int64_t after_ms, void (*happens)(void *))
{
    scene.plots[scene.plot_count].verb = what;
    scene.plots[scene.plot_count].after_ms = after_ms;
    scene.plots[scene.plot_count++].happens = happens;
}

static inline void scene_must(struct error *error)
{
    if (error)
        fail_msg("%s", error->text);
}

static inline const char *scene_yaml(const struct scene_pipeline *p)
{
    return arena_printf(
        scene.arena,
        "pipeline: prod\nenvironment: prod\non_failure: %s\n"
        "unit: {build: [make], artifacts: [rooms]}\n"
        "stamps:\n  driver: process\n  start: [./rooms]\n  stop: {signal: TERM, grace: 3s}\n  health: %s\n"
        "  probes:\n    rooms: {get: /rooms, count: $.rooms, identity: $.boot}\n"
        "    recordings: {get: /rooms, json: $.recordings.running, identity: $.boot}\n"
        "  drain:\n    begin: {post: /drain, body: {accept: false}}\n    cancel: {post: /drain, body: {accept: true}}\n"
        "traffic:\n  driver: haproxy\n  managed: {bind: \"127.0.0.1:8080\"}\n  pools: %s\n"
        "stages:\n  - build\n  - deploy\n  - validate: {checks: [{name: smoke, get: /smoke}]}\n"
        "  - shift:\n      steps: [%s]\n%s%s"
        "  - drain: {until: {rooms: 0, recordings: 0}, settle: {samples: 3, over: 2s}, every: 1s, deadline: %s}\n"
        "  - destroy\n",
        p->hold ? "hold" : "rollback",
        p->health ? p->health : "{get: /health, every: 1s, timeout: 2s, healthy: 2, unhealthy: 3, start: 20s}",
        p->pools ? p->pools : "{app: {match: /}}", p->steps ? p->steps : "{share: 100%}", p->shift ? p->shift : "",
        p->after ? p->after : "", p->drain ? p->drain : "{after: 20s, do: ask}");
}

static inline void scene_begin(struct scene_pipeline pipeline)
{
    static const char project[] =
        "project: sim\nenvironments:\n  prod:\n    gates:\n      managers: {people: [bo, chi], "
        "approvals: 1, barred: [requester], expires: 60s, on_expiry: hold}\n";
    struct diagnostics *problems;
    const char *text;
    char path[200];

    memset(&scene, 0, sizeof(scene));
    faults_off = UINT64_MAX;
    sim_begin(1);
    world_begin();
    hooks_begin();
    door_begin();
    faults_begin();
    scene.arena = arena_new();
    snprintf(scene.directory, sizeof(scene.directory), "/dev/shm/penstock-scene.XXXXXX");
    assert_non_null(mkdtemp(scene.directory));
    world.managed = true;
    world.pool_count = pipeline.pools ? 2 : 1;
    world.room_every = 1 << 30; /* nobody comes by himself */
    world.room_mean = 1000;
    problems = diagnostics_new(scene.arena);
    text = scene_yaml(&pipeline);
    project_parse(scene.arena, "penstock.yaml", project, strlen(project), problems, &scene.project);
    pipeline_parse(scene.arena, "prod.yaml", text, strlen(text), problems, &scene.pipeline);
    assert_int_equal(diagnostics_count(problems), 0);
    spec_check_together(scene.project, scene.pipeline, problems);
    assert_int_equal(diagnostics_count(problems), 0);
    hooks_people(true);
    scene_must(record_open(scene.directory, RECORD_CREATE, &scene.record));
    scene_must(record_open(scene.directory, RECORD_WRITE, &scene.people));
    hooks_people(false);
    snprintf(path, sizeof(path), "%s/record.db", scene.directory);
    check_begin(path);
    check_row_hook = scene_row_seen;
    door.config = sim_text("%s/doors/prod/haproxy.cfg", record_directory(scene.record));
    door.map = sim_text("%s/doors/prod/checks.map", record_directory(scene.record));
}

static inline void scene_end(void)
{
    char command[200];

    check_row_hook = NULL;
    error_free(scene.error);
    check_end();
    record_close(scene.record);
    record_close(scene.people);
    door_end();
    world_end();
    sim_end();
    arena_free(scene.arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", scene.directory);
    assert_int_equal(system(command), 0);
    if (sim.failed)
        fail_msg("%s", sim.violation);
}

/* Something must not go on for ever. */
static inline void scene_too_late(void)
{
    sim_violation("scene", "the release stands still");
}

/* Takes the release up (again): scene.outcome, scene.error. */
static inline void scene_run(void)
{
    const struct run_options options = {.person = "ana", .until_gate = scene.until_gate};

    error_free(scene.error);
    sim.killed = false;
    sim.deadline = sim.now + 3600 * 1000;
    sim.overtime = scene_too_late;
    scene.error = run_release(scene.record, scene.release, &options, &scene.outcome);
    sim.deadline = INT64_MAX;
    check_journal();
}

static inline struct plan *scene_plan(int64_t *seq)
{
    struct diagnostics *problems = diagnostics_new(scene.arena);
    struct facts facts = {0};
    struct plan *plan;

    scene_must(facts_read(scene.record, scene.arena, "prod", &facts));
    facts.commit = arena_printf(scene.arena, "%07x%033x", 0xabc0001 + scene.number++, 1);
    facts.branch = "main";
    facts.subject = "a commit";
    facts.requester = "ana";
    facts.repository = "/sim/repository";
    facts.state_dir = record_directory(scene.record);
    facts.record = record_id(scene.record);
    facts.rules.closures = scene.closures;
    *seq = facts.journal_seq;
    plan_release(scene.arena, scene.project, scene.pipeline, &facts, problems, &plan);
    assert_int_equal(diagnostics_count(problems), 0);
    return plan;
}

/* Begins the next release and runs it: first prod-abc0001-1, then prod-abc0002-2 ... */
static inline void scene_release(void)
{
    int64_t seq;
    struct plan *plan = scene_plan(&seq);

    scene.count = 0;
    scene_must(run_begin(scene.record, scene.arena, plan, seq));
    scene.release = plan->release;
    scene_run();
}

static inline const struct scene_row *scene_find(const char *kind, const char *verb)
{
    for (int i = 0; i < scene.count; i++) {
        if (text_is(scene.rows[i].kind, kind) && (!verb || text_is(scene.rows[i].verb, verb)))
            return &scene.rows[i];
    }
    return NULL;
}

/* The first row of this kind (and verb) must give exactly this reason. */
static inline const struct scene_row *scene_says(const char *kind, const char *verb, const char *reason)
{
    const struct scene_row *row = scene_find(kind, verb);

    if (!row)
        fail_msg("no row '%s' %s", kind, verb ? verb : "");
    assert_string_equal(row->reason, reason);
    return row;
}

static inline int scene_rows(const char *kind, const char *verb)
{
    int count = 0;

    for (int i = 0; i < scene.count; i++)
        count += text_is(scene.rows[i].kind, kind) && (!verb || text_is(scene.rows[i].verb, verb));
    return count;
}

static inline void scene_ended(enum release_end end)
{
    if (scene.error)
        fail_msg("%s", scene.error->text);
    assert_int_equal(scene.outcome.result, RUN_ENDED);
    assert_string_equal(end_text(scene.outcome.end), end_text(end));
}

static inline void scene_held(void)
{
    if (scene.error)
        fail_msg("%s", scene.error->text);
    assert_int_equal(scene.outcome.result, RUN_HELD);
}

/* NULL: taken; else why not. In the scene's arena. */
static inline const char *scene_decide(const char *person, enum decision_kind decision, const char *target,
                                       json_t *values)
{
    struct decision_request request = {.release = scene.release,
                                       .gate = target,
                                       .decision = decision,
                                       .person = person,
                                       .comment = "because",
                                       .values = json_in_arena(scene.arena, values)};
    struct error *error CLEANUP(error_cleanup) = NULL;

    hooks_people(true);
    error = control_decide(scene.people, scene.arena, &request);
    hooks_people(false);
    return error ? arena_text(scene.arena, error->text) : NULL;
}

static inline struct instance *scene_old(void)
{
    return world_instance("prod-abc0001-1.local.1");
}

static inline struct instance *scene_new(void)
{
    return world_instance("prod-abc0002-2.local.1");
}

/* A room on it, for so long; with a recording that lasts so long. */
static inline void scene_room(struct instance *instance, int64_t ms, int64_t recorded_ms)
{
    instance->rooms[instance->room_count++] = (struct room){
        .ends = sim.now + ms, .recorded = recorded_ms ? sim.now + recorded_ms : 0, .door = door.process->pid};
}

static inline void scene_crash(struct instance *instance)
{
    instance->broken = true;
    world_die(instance->process);
}

#endif
