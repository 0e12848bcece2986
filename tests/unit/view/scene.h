#ifndef TESTS_UNIT_VIEW_SCENE_H
#define TESTS_UNIT_VIEW_SCENE_H

/*
 * A record with releases of the real planner in it, told event by event as a runner would. The clock of a scene is its
 * own: it begins when the release was planned, and goes on by a second with each event.
 *
 * Release r-1 makes unit prod-aaaaaaa-1 live; r-2 is prod-bbbbbbb-2 in its place. One region `west`, one instance.
 */

#include "unit/unit.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "plan/event.h"
#include "plan/facts.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "run/run.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"
#include "store/record.h"

#define SCENE_UNUSED __attribute__((unused))

static const char scene_project[] = "project: rooms\n"
                                    "environments:\n"
                                    "  prod:\n"
                                    "    gates:\n"
                                    "      go: {people: [ana, bo, chi], approvals: 2, barred: [requester]}\n"
                                    "      free: {}\n";

static const char scene_pipeline[] = "pipeline: prod\n"
                                     "environment: prod\n"
                                     "stamps:\n"
                                     "  driver: process\n"
                                     "  regions: [west]\n"
                                     "  start: [server, --listen, \"${instance.address}\"]\n"
                                     "  health: {get: /health}\n"
                                     "  probes:\n"
                                     "    rooms: {get: /rooms, count: $.rooms}\n"
                                     "    recordings: {get: /rooms, json: $.recordings}\n"
                                     "traffic:\n"
                                     "  driver: haproxy\n"
                                     "  managed: {bind: \"127.0.0.1:8080\"}\n"
                                     "stages:\n"
                                     "  - build\n"
                                     "  - deploy\n"
                                     "  - validate:\n"
                                     "      checks:\n"
                                     "        - {name: home, get: /}\n"
                                     "  - shift:\n"
                                     "      steps:\n"
                                     "        - {share: 20%, hold: 10s}\n"
                                     "        - {share: 100%, gate: go}\n"
                                     "      prober: {get: /}\n"
                                     "  - drain:\n"
                                     "      until: {rooms: 0, recordings: 0}\n"
                                     "      deadline: {after: 1h, do: ask}\n"
                                     "  - destroy\n";

struct scene {
    struct arena *arena;
    struct record *record;
    const char *parent;
    const char *directory; /* of the record */
    const struct plan *plan;
    int64_t now_ms;
};

static struct plan *scene_make_plan(struct scene *scene, const char *commit, struct facts *facts)
{
    struct diagnostics *problems = diagnostics_new(scene->arena);
    struct project_spec *project = NULL;
    struct pipeline_spec *pipeline = NULL;
    struct plan *plan = NULL;

    project_parse(scene->arena, "penstock.yaml", scene_project, strlen(scene_project), problems, &project);
    pipeline_parse(scene->arena, "prod.yaml", scene_pipeline, strlen(scene_pipeline), problems, &pipeline);
    assert_int_equal(diagnostics_count(problems), 0);
    facts->requester = "ana";
    facts->commit = commit;
    facts->branch = "main";
    facts->subject = "make rooms quieter";
    facts->repository = scene->parent;
    facts->state_dir = scene->directory;
    plan_release(scene->arena, project, pipeline, facts, problems, &plan);
    assert_int_equal(diagnostics_count(problems), 0);
    return plan;
}

/* The next release, planned and in the record. */
static void scene_plan(struct scene *scene, char commit)
{
    char id[41];
    struct facts facts = {0};
    json_t *row CLEANUP(json_cleanup) = NULL;
    json_t *params CLEANUP(json_cleanup) = NULL;

    memset(id, commit, 40);
    id[40] = '\0';
    assert_ok(facts_read(scene->record, scene->arena, "prod", &facts));
    scene->plan = scene_make_plan(scene, arena_text(scene->arena, id), &facts);
    assert_ok(run_begin(scene->record, scene->arena, scene->plan, facts.journal_seq));
    params = json_pack("{s:s}", "id", scene->plan->release);
    assert_ok(query_row(scene->record, "release_show", params, &row));
    scene->now_ms = json_get_int(row, "created_ms", 0);
}

/* Appends one event of the release. `body` is taken and may be NULL. Returns its seq. */
static int64_t scene_tell(struct scene *scene, struct event event, json_t *body)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    json_t *owned CLEANUP(json_cleanup) = body;

    scene->now_ms += 1000;
    event.release = scene->plan->release;
    event.at_ms = scene->now_ms;
    event.boot_ms = scene->now_ms / 2;
    event.actor = event.actor ? event.actor : "penstock";
    event.reason = event.reason ? event.reason : event_kind_text(event.kind);
    event.body = owned;
    assert_ok(tx_begin(scene->record, &tx));
    assert_ok(journal_append(&tx, &event));
    assert_ok(tx_commit(&tx));
    return event.seq;
}

/* The first step of that verb at or after `from`; fails the test when there is none. */
static int scene_find(const struct scene *scene, enum verb verb, int from)
{
    for (int i = from; i < scene->plan->step_count; i++)
        if (scene->plan->steps[i].verb == verb)
            return i;
    fail_msg("the plan has no step %s", verb_text(verb));
    return -1;
}

static void scene_start(struct scene *scene, int step)
{
    scene_tell(scene,
               (struct event){.kind = EVENT_STEP_STARTED,
                              .step = step,
                              .attempt = 1,
                              .epoch = 1,
                              .reason = scene->plan->steps[step].title},
               json_pack("{s:s}", "key", "k"));
}

/* `detail` is taken. */
static void scene_done(struct scene *scene, int step, json_t *detail)
{
    scene_tell(scene, (struct event){.kind = EVENT_STEP_DONE, .step = step, .attempt = 1, .epoch = 1, .reason = "done"},
               detail ? json_pack("{s:o}", "detail", detail) : json_object());
}

SCENE_UNUSED static void scene_fail(struct scene *scene, int step, const char *text, const char *evidence)
{
    const char *digest = NULL;

    if (evidence) {
        struct tx tx CLEANUP(tx_rollback) = TX_INIT;

        assert_ok(tx_begin(scene->record, &tx));
        assert_ok(evidence_put(&tx, scene->arena, evidence, strlen(evidence), &digest));
        assert_ok(tx_commit(&tx));
    }
    scene_tell(
        scene, (struct event){.kind = EVENT_STEP_FAILED, .step = step, .attempt = 1, .epoch = 1, .reason = text},
        json_pack("{s:s, s:s, s:s, s:s*}", "code", "E0702", "text", text, "hint", "look at it", "evidence", digest));
}

static int64_t scene_ask_with(struct scene *scene, int step, const char *subject, json_t *params)
{
    return scene_tell(scene,
                      (struct event){.kind = EVENT_GATE_ASKED,
                                     .step = step,
                                     .epoch = 1,
                                     .subject = subject,
                                     .expires_ms = scene->now_ms + 3600000,
                                     .reason = "gate go waits for people"},
                      params);
}

static int64_t scene_ask(struct scene *scene, int step, const char *subject)
{
    return scene_ask_with(scene, step, subject, json_deep_copy(scene->plan->steps[step].params));
}

/* Asks again, as if these people had written commits of the release. `logins` is stolen. */
SCENE_UNUSED static void scene_ask_barring(struct scene *scene, int step, json_t *logins)
{
    json_t *params = json_deep_copy(scene->plan->steps[step].params);

    json_object_set_new(params, "barred", logins);
    scene_ask_with(scene, step, "beef", params);
}

SCENE_UNUSED static int64_t scene_vote(struct scene *scene, int step, const char *person, const char *subject)
{
    return scene_tell(scene,
                      (struct event){.kind = EVENT_DECISION_MADE,
                                     .step = step,
                                     .actor = person,
                                     .decision = DECISION_APPROVE,
                                     .subject = subject,
                                     .reason = arena_printf(scene->arena, "approved by %s", person)},
                      json_pack("{s:s, s:s}", "person", person, "comment", "fine"));
}

/* What a step of that verb says when it is done. */
static json_t *scene_detail(const struct plan_step *step)
{
    switch ((int)step->verb) {
    case VERB_INSTANCE_CREATE:
        return json_pack("{s:s, s:i, s:i, s:s}", "address", "127.0.0.1:4711", "pid", 4242, "start", 7, "boot_id", "b");
    case VERB_TRAFFIC_SHARES:
        return json_pack("{s:O}", "shares", json_object_get(step->params, "shares"));
    case VERB_UNIT_COLLECT:
        return json_pack("{s:[]}", "artifacts");
    default:
        return NULL;
    }
}

/* Everything of the forward track from step `from` until before step `until` is done. */
static void scene_run(struct scene *scene, int from, int until)
{
    for (int i = from; i < until && scene->plan->steps[i].track == TRACK_FORWARD; i++) {
        if (scene->plan->steps[i].verb == VERB_GATE) {
            scene_start(scene, i);
            scene_ask(scene, i, "beef");
            scene_tell(
                scene,
                (struct event){.kind = EVENT_GATE_OPENED, .step = i, .attempt = 1, .epoch = 1, .subject = "beef"},
                json_pack("{s:[]}", "decisions"));
            continue;
        }
        scene_start(scene, i);
        scene_done(scene, i, scene_detail(&scene->plan->steps[i]));
    }
}

static void scene_end(struct scene *scene, enum release_end end, const char *reason)
{
    scene_tell(scene, (struct event){.kind = EVENT_RELEASE_ENDED, .step = -1, .epoch = 1, .end = end, .reason = reason},
               NULL);
}

/* r-1, whole. */
static void scene_first(struct scene *scene)
{
    scene_plan(scene, 'a');
    scene_run(scene, 0, scene->plan->step_count);
    scene_end(scene, END_SUCCEEDED, "every step is done");
}

/* r-2 up to its gate, which asks with the subject "beef". Returns the gate's step. */
SCENE_UNUSED static int scene_at_gate(struct scene *scene)
{
    int gate;

    scene_first(scene);
    scene_plan(scene, 'b');
    gate = scene_find(scene, VERB_GATE, 0);
    scene_run(scene, 0, gate);
    scene_tell(scene, (struct event){.kind = EVENT_PROBER_TALLIED, .step = -1, .epoch = 1},
               json_pack("{s:s, s:i, s:i, s:{s:i}}", "stage", "shift", "sent", 120, "failed", 0, "buckets", "5", 120));
    scene_start(scene, gate);
    scene_ask(scene, gate, "beef");
    return gate;
}

/* What is on the old instance, as the drain's ledger. left < 0: unknown. */
SCENE_UNUSED static void scene_sample(struct scene *scene, int step, int seen, int left)
{
    const char *instance = scene->plan->steps[step].target;
    json_t *rooms = json_pack("{s:i, s:i, s:i, s:i, s:o}", "seen", seen, "ended", left < 0 ? 0 : seen - left, "forced",
                              0, "lost", 0, "left", left < 0 ? json_null() : json_integer(left));
    json_t *recordings = json_pack("{s:i, s:i, s:i, s:i, s:n}", "seen", 1, "ended", 0, "forced", 0, "lost", 0, "left");

    scene_tell(
        scene, (struct event){.kind = EVENT_DRAIN_SAMPLED, .step = step, .epoch = 1},
        json_pack("{s:s, s:{s:o, s:o}}", "instance", instance, "ledger", "rooms", rooms, "recordings", recordings));
}

/* r-2 where the old instance is overdue: 2 rooms of 3 are left, recordings are unknown. Returns the drain's step. */
SCENE_UNUSED static int scene_overdue(struct scene *scene)
{
    int wait;

    scene_first(scene);
    scene_plan(scene, 'b');
    wait = scene_find(scene, VERB_DRAIN_WAIT, 0);
    scene_run(scene, 0, wait);
    scene_start(scene, wait);
    scene_sample(scene, wait, 3, 2);
    scene_tell(
        scene,
        (struct event){.kind = EVENT_DRAIN_OVERDUE, .step = wait, .epoch = 1, .reason = "it is not empty after 1h"},
        json_pack("{s:{s:i, s:n}}", "left", "rooms", 2, "recordings"));
    return wait;
}

/* Checks the error's hint; frees it. */
SCENE_UNUSED static void assert_hint(struct error *error, const char *hint)
{
    assert_non_null(error);
    assert_non_null(error->hint);
    assert_string_equal(error->hint, hint);
    error_free(error);
}

SCENE_UNUSED static int scene_setup(void **state)
{
    struct arena *arena = arena_new();
    struct scene *scene = ARENA_NEW(arena, struct scene);
    char parent[] = "/tmp/penstock-scene-XXXXXX";

    if (!mkdtemp(parent))
        return -1;
    scene->arena = arena;
    scene->parent = arena_text(arena, parent);
    scene->directory = arena_printf(arena, "%s/state", parent);
    assert_ok(record_open(scene->directory, RECORD_CREATE, &scene->record));
    *state = scene;
    return 0;
}

SCENE_UNUSED static int scene_teardown(void **state)
{
    struct scene *scene = *state;

    record_close(scene->record);
    assert_ok(file_remove_tree(scene->parent));
    arena_free(scene->arena);
    return 0;
}

#define SCENE_TEST(f) cmocka_unit_test_setup_teardown(f, scene_setup, scene_teardown)

#endif
