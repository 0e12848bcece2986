#include "unit/view/scene.h"
#include "unit/view/schema_check.h"

#include "view/faces.h"
#include "view/release_view.h"

#define SCHEMA "docs/reference/show.schema.json"

/* The show document of the scene's release, which fits its schema. New reference. */
static json_t *shown(struct scene *scene)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    json_t *document = NULL;

    assert_ok(release_view_read(scene->record, scene->arena, scene->plan->release, "penstock", &view));
    view.now_ms = scene->now_ms;
    assert_ok(show_document(&view, &document));
    assert_schema(SCHEMA, document);
    return document;
}

static const json_t *at(const json_t *document, const char *a, const char *b)
{
    return json_object_get(json_object_get(document, a), b);
}

/* Compact JSON, sorted: for comparing whole values. */
static const char *compact(struct scene *scene, const json_t *value)
{
    return json_canonical(scene->arena, value);
}

/* The commands of next[], a line each. */
static const char *commands(struct scene *scene, const json_t *document)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *row;

    json_array_foreach(json_object_get(document, "next"), index, row)
    {
        strbuf_printf(&out, "%s\n", json_get_text(row, "command"));
    }
    return arena_text(scene->arena, strbuf_view(&out));
}

static const json_t *stage_named(const json_t *document, const char *name)
{
    size_t index;
    const json_t *stage;

    json_array_foreach(json_object_get(document, "stages"), index, stage)
    {
        if (text_is(json_get_text(stage, "name"), name))
            return stage;
    }
    return NULL;
}

static void test_show_document__of_a_release_that_succeeded(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;

    scene_first(scene);
    document = shown(scene);
    assert_string_equal(json_string_value(at(document, "release", "end")), "succeeded");
    assert_string_equal(json_string_value(at(document, "release", "unit")), "prod-aaaaaaa-1");
    assert_true(json_is_null(at(document, "release", "old_unit")));
    assert_string_equal(json_get_text(document, "plan"), scene->plan->digest);
    assert_string_equal(json_get_text(document, "why"), "every step is done");
    assert_true(json_is_null(json_object_get(document, "waiting")));
    assert_string_equal(compact(scene, json_object_get(document, "shares")), "{\"app\":{\"prod-aaaaaaa-1\":10000}}");
    assert_string_equal(compact(scene, json_object_get(document, "drain")),
                        "{\"recordings\":{\"ended\":0,\"forced\":0,\"left\":0,\"lost\":0,\"seen\":0},"
                        "\"rooms\":{\"ended\":0,\"forced\":0,\"left\":0,\"lost\":0,\"seen\":0}}");
    assert_string_equal(compact(scene, json_object_get(document, "prober")),
                        "{\"failed\":0,\"p99_ms\":null,\"sent\":0}");
    assert_string_equal(json_get_text(stage_named(document, "deploy"), "state"), "done");
    assert_string_equal(json_get_text(stage_named(document, "destroy"), "state"), "skipped");
    assert_string_equal(json_get_text(stage_named(document, "undo"), "state"), "skipped");
    assert_string_equal(commands(scene, document), "penstock status prod\n");
}

static void test_show_document__names_the_authors_who_may_not_approve(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *waiting;

    /* robert is none of the gate's people. */
    scene_ask_barring(scene, scene_at_gate(scene), json_pack("[s, s]", "robert", "bo"));
    document = shown(scene);
    waiting = json_object_get(document, "waiting");
    assert_string_equal(compact(scene, json_object_get(waiting, "people")), "[\"chi\"]");
    assert_string_equal(compact(scene, json_object_get(waiting, "barred_authors")), "[\"bo\"]");
}

static void test_show_document__of_a_release_at_its_gate(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *waiting;
    int gate = scene_at_gate(scene);

    scene_vote(scene, gate, "bo", "beef");
    document = shown(scene);
    waiting = json_object_get(document, "waiting");
    assert_string_equal(json_string_value(at(document, "release", "state")), "waiting");
    assert_string_equal(json_get_text(waiting, "kind"), "gate");
    assert_string_equal(json_get_text(waiting, "gate"), "go");
    assert_string_equal(json_get_text(waiting, "subject"), "beef");
    assert_string_equal(compact(scene, json_object_get(waiting, "approved_by")), "[\"bo\"]");
    /* ana asked for the release, bo has approved. */
    assert_string_equal(compact(scene, json_object_get(waiting, "people")), "[\"chi\"]");
    assert_string_equal(json_get_text(waiting, "barred"), "ana");
    assert_int_equal(json_get_int(waiting, "approvals", 0), 2);
    assert_string_equal(compact(scene, json_object_get(document, "shares")),
                        "{\"app\":{\"prod-aaaaaaa-1\":8000,\"prod-bbbbbbb-2\":2000}}");
    assert_string_equal(compact(scene, json_object_get(document, "prober")),
                        "{\"failed\":0,\"p99_ms\":5,\"sent\":120}");
    assert_string_equal(json_get_text(stage_named(document, "shift"), "state"), "waiting");
    assert_string_equal(json_get_text(stage_named(document, "shift"), "now"), scene->plan->steps[gate].title);
    assert_string_equal(json_get_text(json_array_get(json_object_get(document, "decisions"), 0), "gate"), "go");
    assert_string_equal(commands(scene, document), "penstock approve r-2 go\n"
                                                   "penstock reject r-2 go\n"
                                                   "penstock resume r-2\n");
}

static void test_show_document__counts_no_approval_of_another_question(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    int gate = scene_at_gate(scene);

    scene_vote(scene, gate, "bo", "beef");
    scene_ask(scene, gate, "cafe");
    document = shown(scene);
    assert_string_equal(compact(scene, at(document, "waiting", "approved_by")), "[]");
}

static void test_show_document__knows_both_sides(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *stamps;

    scene_at_gate(scene);
    document = shown(scene);
    stamps = json_object_get(document, "stamps");
    assert_int_equal(json_array_size(stamps), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *stamp = json_array_get(stamps, i);
        const json_t *instance = json_array_get(json_object_get(stamp, "instances"), 0);
        bool new_side = text_is(json_get_text(stamp, "side"), "new");

        assert_string_equal(json_get_text(stamp, "name"), new_side ? "prod-bbbbbbb-2.west" : "prod-aaaaaaa-1.west");
        assert_string_equal(json_get_text(instance, "address"), "127.0.0.1:4711");
        assert_int_equal(json_get_int(instance, "pid", 0), 4242);
    }
}

static void test_show_document__says_unknown_where_nobody_could_count(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;

    scene_overdue(scene);
    document = shown(scene);
    assert_string_equal(compact(scene, json_object_get(document, "drain")),
                        "{\"recordings\":{\"ended\":0,\"forced\":0,\"left\":null,\"lost\":0,\"seen\":1},"
                        "\"rooms\":{\"ended\":1,\"forced\":0,\"left\":2,\"lost\":0,\"seen\":3}}");
    assert_string_equal(json_string_value(at(document, "waiting", "kind")), "overdue");
    assert_string_equal(compact(scene, at(document, "waiting", "left")), "{\"recordings\":null,\"rooms\":2}");
    assert_string_equal(commands(scene, document),
                        "penstock approve r-2 --abandon recordings=unknown,rooms=2 --instance prod-aaaaaaa-1.west.1 "
                        "--comment WHY\n"
                        "penstock resume r-2\n");
}

/* r-2 whose new instance does not become healthy; its log and the last answer are there. */
static int broken(struct scene *scene)
{
    int ready;

    scene_first(scene);
    scene_plan(scene, 'b');
    ready = scene_find(scene, VERB_INSTANCE_READY, 0);
    scene_run(scene, 0, ready);
    scene_start(scene, ready);
    return ready;
}

static void put_log(const struct plan_instance *instance, const char *text)
{
    char *directory = heap_text(instance->log);

    *strrchr(directory, '/') = '\0';
    assert_ok(file_make_dirs(directory));
    assert_ok(file_put(instance->log, text, strlen(text), 0600));
    free(directory);
}

static void test_show_document__has_the_log_and_the_answer_of_a_failure(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *failure;
    struct strbuf log CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int ready = broken(scene);

    for (int i = 1; i <= 30; i++)
        strbuf_printf(&log, "line %d\033[31m red\033[0m\n", i);
    put_log(plan_instance(scene->plan, "prod-bbbbbbb-2.west.1"), strbuf_view(&log));
    scene_fail(scene, ready, "it ended before it was healthy",
               "last health answer: 503 not yet\nlast lines of its log:\nline 1\n");
    scene_tell(
        scene,
        (struct event){
            .kind = EVENT_RELEASE_TURNED, .step = ready, .epoch = 1, .mode = MODE_HELD, .reason = "failed: ready"},
        NULL);
    document = shown(scene);
    failure = json_array_get(json_object_get(document, "failures"), 0);
    assert_string_equal(json_get_text(failure, "code"), "E0702");
    assert_string_equal(json_get_text(failure, "text"), "it ended before it was healthy");
    assert_string_equal(json_get_text(failure, "stage"), "deploy");
    assert_string_equal(json_get_text(failure, "hint"), "look at it");
    assert_string_equal(json_get_text(failure, "health"), "503 not yet\n");
    assert_int_equal(json_array_size(at(failure, "log", "lines")), 20);
    assert_string_equal(json_string_value(json_array_get(at(failure, "log", "lines"), 0)), "line 11 red");
    assert_string_equal(json_string_value(json_array_get(at(failure, "log", "lines"), 19)), "line 30 red");
    assert_string_equal(commands(scene, document), "penstock show r-2\n"
                                                   "penstock retry r-2\n"
                                                   "penstock rollback r-2\n");
    assert_string_equal(json_get_text(stage_named(document, "deploy"), "state"), "failed");
}

static void test_show_document__takes_the_log_from_the_evidence_when_the_file_is_gone(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *failure;
    int ready = broken(scene);

    scene_fail(scene, ready, "it ended", "last health answer: none\nlast lines of its log:\nfirst\nsecond\n");
    document = shown(scene);
    failure = json_array_get(json_object_get(document, "failures"), 0);
    assert_string_equal(compact(scene, at(failure, "log", "lines")), "[\"first\",\"second\"]");
}

static void test_show_document__puts_the_cause_first(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *failures;
    int ready = broken(scene);
    int check = scene_find(scene, VERB_CHECK_HTTP, 0);

    /* The check comes later in the plan and failed earlier. */
    scene_start(scene, check);
    scene_fail(scene, check, "the cause", NULL);
    scene_fail(scene, ready, "what followed", NULL);
    document = shown(scene);
    failures = json_object_get(document, "failures");
    assert_int_equal(json_array_size(failures), 2);
    assert_string_equal(json_get_text(json_array_get(failures, 0), "text"), "the cause");
    assert_string_equal(json_get_text(json_array_get(failures, 1), "text"), "what followed");
    assert_true(json_is_null(json_object_get(json_array_get(failures, 0), "health")));
}

static void test_show_document__names_a_lost_instance(void **state)
{
    struct scene *scene = *state;
    json_t *document CLEANUP(json_cleanup) = NULL;
    const json_t *failure;

    scene_at_gate(scene);
    scene_tell(scene, (struct event){.kind = EVENT_INSTANCE_LOST, .step = -1, .epoch = 1, .reason = "it died"},
               json_pack("{s:s}", "instance", "prod-bbbbbbb-2.west.1"));
    document = shown(scene);
    failure = json_array_get(json_object_get(document, "failures"), 0);
    assert_string_equal(json_get_text(failure, "title"), "instance prod-bbbbbbb-2.west.1 was lost");
    assert_true(json_is_null(json_object_get(failure, "step")));
}

static void test_event_json__has_its_time_as_text(void **state)
{
    json_t *row CLEANUP(json_cleanup) =
        json_pack("{s:i, s:s, s:I, s:n}", "seq", 4, "kind", "finding", "at_ms", (json_int_t)1795289136000, "body");
    json_t *event CLEANUP(json_cleanup) = event_json(*state, row);

    assert_string_equal(json_canonical(*state, event),
                        "{\"at\":\"2026-11-21T19:25:36Z\",\"body\":null,\"kind\":\"finding\",\"seq\":4}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_show_document__of_a_release_that_succeeded),
        SCENE_TEST(test_show_document__of_a_release_at_its_gate),
        SCENE_TEST(test_show_document__names_the_authors_who_may_not_approve),
        SCENE_TEST(test_show_document__counts_no_approval_of_another_question),
        SCENE_TEST(test_show_document__knows_both_sides),
        SCENE_TEST(test_show_document__says_unknown_where_nobody_could_count),
        SCENE_TEST(test_show_document__has_the_log_and_the_answer_of_a_failure),
        SCENE_TEST(test_show_document__takes_the_log_from_the_evidence_when_the_file_is_gone),
        SCENE_TEST(test_show_document__puts_the_cause_first),
        SCENE_TEST(test_show_document__names_a_lost_instance),
        TEST_WITH_ARENA(test_event_json__has_its_time_as_text),
    };

    return RUN_TESTS(tests);
}
