#include "unit/store/story.h"

#include "plan/plan.h"
#include "store/project.h"

/* Every projection, row by row in the order of its key, as text. */
static const char *dump(const struct story *story)
{
    struct strbuf all CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (size_t i = 0; project_tables[i]; i++)
        strbuf_printf(
            &all, "%s\n%s\n", project_tables[i],
            story_ask(story, arena_printf(story->arena, "SELECT * FROM %s ORDER BY 1, 2, 3", project_tables[i])));
    return arena_text(story->arena, strbuf_view(&all));
}

static void rebuild(struct story *story)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    assert_ok(tx_begin(story->record, &tx));
    assert_ok(journal_rebuild(&tx));
    assert_ok(tx_commit(&tx));
}

static void test_project_tables__are_all_but_the_truth(void **state)
{
    struct story *story = *state;
    struct strbuf names CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (size_t i = 0; project_tables[i]; i++)
        strbuf_printf(&names, "%s%s", i ? "," : "", project_tables[i]);
    assert_rows(story,
                arena_printf(story->arena,
                             "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE type = 'table'"
                             " AND instr(',%s,', ',' || name || ',') = 0 ORDER BY name)",
                             strbuf_view(&names)),
                "event,evidence,lease,meta");
}

static void test_release_planned__makes_the_release_and_its_things(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    assert_rows(
        story, "SELECT * FROM release",
        "r-1|1|prod|release|rooms|prod-aaaaaaa-1|NULL|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|main|"
        "make rooms quieter|ana|0|NULL|NULL|feed|running|NULL|0|ana asked for it|ana|1795289136000|1795289136000|NULL|1|NULL");
    assert_rows(story, "SELECT * FROM environment",
                "prod|NULL|NULL|{\"driver\":\"haproxy\",\"url\":\"http://127.0.0.1:8080\"}");
    assert_rows(story, "SELECT * FROM unit",
                "prod-aaaaaaa-1|prod|r-1|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|1|planned|"
                "{\"driver\":\"process\"}|1795289136000|NULL");
    assert_rows(story, "SELECT name, unit, region, state FROM stamp ORDER BY name",
                "prod-aaaaaaa-1.east|prod-aaaaaaa-1|east|planned\n"
                "prod-aaaaaaa-1.west|prod-aaaaaaa-1|west|planned");
    assert_rows(story, "SELECT * FROM instance WHERE region = 'west'",
                "prod-aaaaaaa-1.west.1|prod-aaaaaaa-1.west|prod-aaaaaaa-1|west|planned|NULL|NULL|NULL|NULL|"
                "PENSTOCK_INSTANCE=rec/prod-aaaaaaa-1.west.1|/srv/prod-aaaaaaa-1.west.1|"
                "/srv/prod-aaaaaaa-1.west.1.log|NULL|NULL");
    assert_rows(story, "SELECT count(*), max(ordinal) FROM stage", "7|6");
    assert_rows(story, "SELECT * FROM stage WHERE ordinal = 3", "r-1|3|shift|shift|8|10");
    assert_rows(story, "SELECT count(*), max(ordinal), min(state), max(state) FROM step", "35|34|pending|pending");
    assert_rows(story, "SELECT stage, verb, track, target, title, key FROM step WHERE ordinal = 2",
                "1|instance.create|forward|prod-aaaaaaa-1.west.1|instance.create prod-aaaaaaa-1.west.1|"
                "k-instance.create");
}

static void test_release_planned__is_refused_beside_a_live_release(void **state)
{
    struct story *story = *state;
    struct error *error;
    json_t *body;
    struct event event = {.kind = EVENT_RELEASE_PLANNED, .step = -1, .release = "r-2"};

    story_plan_release(story, 1, NULL);
    story->unit = "prod-aaaaaaa-2";
    body = story_plan(story, 2);
    event.body = body;
    error = story_try(story, &event);
    assert_string_equal(error->hint, "penstock watch r-1");
    assert_fails(error, ERR_CONFLICT, "release 'r-1' is live in environment 'prod'");
    json_decref(body);
    assert_rows(story, "SELECT count(*) FROM event", "1");
    assert_rows(story, "SELECT count(*) FROM unit", "1");
}

static void test_release_planned__is_refused_with_a_taken_id(void **state)
{
    struct story *story = *state;
    json_t *body;
    struct event event = {.kind = EVENT_RELEASE_PLANNED, .step = -1, .release = "r-1"};

    story_first(story);
    body = story_plan(story, 1);
    event.body = body;
    assert_fails(story_try(story, &event), ERR_CONFLICT, "release 'r-1' is in the record already");
    json_decref(body);
}

/* r-2 with its front door at another address. */
static void plan_elsewhere(struct story *story)
{
    json_t *body;

    story->release = "r-2";
    story->unit = "prod-aaaaaaa-2";
    body = story_plan(story, 2);
    json_object_set_new(body, "door", json_pack("{s:s}", "bind", "127.0.0.1:9090"));
    TELL(story, NO_STEP, body, .kind = EVENT_RELEASE_PLANNED, .actor = "ana");
}

static void test_release_planned__the_front_door_moves_with_it(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_end(story, END_ROLLED_BACK);
    plan_elsewhere(story);
    assert_rows(story, "SELECT door ->> '$.bind' FROM environment", "127.0.0.1:9090");
}

static void test_release_planned__the_front_door_stays_where_something_stands_behind_it(void **state)
{
    struct story *story = *state;

    story_first(story);
    plan_elsewhere(story);
    assert_rows(story, "SELECT door ->> '$.url' FROM environment", "http://127.0.0.1:8080");
}

static void test_release_planned__of_a_destroy_makes_no_unit(void **state)
{
    struct story *story = *state;
    json_t *body;

    story_first(story);
    story->release = "r-2";
    story->unit = "prod-aaaaaaa-2";
    story->old_unit = "prod-aaaaaaa-1";
    body = story_plan(story, 2);
    json_object_set_new(body, "kind", json_string("destroy"));
    json_object_set_new(body, "unit", json_null());
    json_object_set_new(body, "commit", json_null());
    json_object_set_new(body, "instances", json_array());
    TELL(story, NO_STEP, body, .kind = EVENT_RELEASE_PLANNED, .actor = "ana");
    assert_rows(story, "SELECT kind, unit, old_unit, commit_id FROM release WHERE id = 'r-2'",
                "destroy|NULL|prod-aaaaaaa-1|NULL");
    assert_rows(story, "SELECT count(*) FROM unit", "1");
    story_destroy_old(story);
    story_do(story, S_DOOR_REMOVE, NULL);
    story_end(story, END_SUCCEEDED);
    assert_rows(story, "SELECT live_unit, door FROM environment", "NULL|NULL");
    assert_rows(story, "SELECT count(*) FROM share", "0");
    assert_rows(story, "SELECT state FROM unit", "destroyed");
}

static void test_step_started__writes_the_intent(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k1"), .kind = EVENT_STEP_STARTED, .epoch = 3, .attempt = 1,
         .reason = "export it");
    assert_rows(story, "SELECT intent_seq, outcome_seq FROM step WHERE ordinal = 0", "2|NULL");
    assert_rows(story, "SELECT state, attempt, reason, started_ms, ended_ms FROM step WHERE ordinal = 0",
                "running|1|export it|1795289137000|NULL");
}

static void test_step_started__twice_with_one_attempt_is_a_bug(void **state)
{
    struct story *story = *state;
    struct event event = {.kind = EVENT_STEP_STARTED, .step = S_EXPORT, .attempt = 1};

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k1"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    event.body = json_pack("{s:s}", "key", "k1");
    assert_fails(story_try(story, &event), ERR_BUG, "event 'step.started' does not fit into the record");
    json_decref((json_t *)event.body);
    assert_rows(story, "SELECT count(*) FROM event", "2");
}

static void test_step_failed__shows_what_will_be_done(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    TELL(story, S_EXPORT, json_pack("{s:s, s:s, s:s}", "code", "E0601", "text", "no such tree", "hint", "fetch it"),
         .kind = EVENT_STEP_FAILED, .attempt = 1, .error_kind = KIND_TRANSIENT, .reason = "no such tree");
    assert_rows(story, "SELECT state, attempt, reason, error, ended_ms FROM step WHERE ordinal = 0",
                "backoff|1|no such tree|{\"code\":\"E0601\",\"text\":\"no such tree\",\"hint\":\"fetch it\"}|"
                "1795289138000");
    assert_rows(story, "SELECT outcome_seq FROM step WHERE ordinal = 0", "3");
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 2);
    assert_rows(story, "SELECT state, attempt, started_ms, ended_ms FROM step WHERE ordinal = 0",
                "running|2|1795289137000|NULL");
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_FAILED, .attempt = 2, .error_kind = KIND_IN_DOUBT);
    assert_rows(story, "SELECT state FROM step WHERE ordinal = 0", "doubt");
    TELL(story, S_COLLECT, NULL, .kind = EVENT_STEP_FAILED, .attempt = 1, .error_kind = KIND_PERMANENT,
         .reason = "it is too large");
    assert_rows(story, "SELECT state, error FROM step WHERE ordinal = 1",
                "failed|{\"code\":null,\"text\":\"it is too large\",\"hint\":null}");
}

static void test_release_turned__gives_up_the_step_that_it_turned_for(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_FAILED, .attempt = 1, .error_kind = KIND_TRANSIENT);
    TELL(story, S_EXPORT, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_HELD, .reason = "failed: export");
    assert_rows(story, "SELECT state FROM step WHERE ordinal = 0", "failed");
    assert_rows(story, "SELECT state, reason, actor, state_ms FROM release",
                "held|failed: export|penstock|1795289138000");
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_UNDO, .end = END_ABORTED);
    assert_rows(story, "SELECT state, end FROM release", "rolling_back|NULL");
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_FORWARD);
    assert_rows(story, "SELECT state FROM release", "running");
}

static void test_step_skipped__settles_its_intent(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_SKIPPED, .reason = "given up: the release goes back");
    assert_rows(story, "SELECT state, reason, ended_ms FROM step WHERE ordinal = 0",
                "skipped|given up: the release goes back|1795289138000");
    assert_rows(story, "SELECT outcome_seq FROM step WHERE ordinal = 0", "3");
}

static void test_step_doubted_and_renewed__begin_again(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_DOUBTED, .reason = "its end was not seen");
    assert_rows(story, "SELECT state, reason FROM step WHERE ordinal = 0", "doubt|its end was not seen");
    assert_rows(story, "SELECT outcome_seq FROM step WHERE ordinal = 0", "NULL");
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_RENEWED, .reason = "ana asked to try again");
    assert_rows(story, "SELECT state, attempt, started_ms, ended_ms FROM step WHERE ordinal = 0",
                "pending|1|NULL|NULL");
}

static void test_step_done__builds_deploys_and_validates(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_do(story, S_EXPORT, NULL);
    assert_rows(story, "SELECT state, evidence FROM step WHERE ordinal = 0", "done|e0");
    story_do(story, S_COLLECT,
             json_pack("{s:[{s:s, s:i, s:s}]}", "artifacts", "name", "server", "bytes", 4096, "sha256", "aa"));
    assert_rows(story, "SELECT * FROM artifact", "prod-aaaaaaa-1|server|4096|aa");
    assert_rows(story, "SELECT state FROM unit", "built");
    story_create(story, S_CREATE_WEST, 4000);
    assert_rows(story, "SELECT state, address, pid, start, boot_id, created_ms FROM instance WHERE region = 'west'",
                "running|127.0.0.1:4000|4001|4002|boot|1795289142000");
    assert_rows(story, "SELECT name, state FROM stamp ORDER BY name",
                "prod-aaaaaaa-1.east|planned\nprod-aaaaaaa-1.west|running");
    assert_rows(story, "SELECT state FROM unit", "deployed");
    story_create(story, S_CREATE_EAST, 5000);
    story_do_all(story, S_READY_WEST, S_READY_EAST);
    assert_rows(story, "SELECT DISTINCT state FROM instance", "ready");
    story_do(story, S_CHECK_WEST, NULL);
    assert_rows(story, "SELECT name, state FROM stamp ORDER BY name",
                "prod-aaaaaaa-1.east|running\nprod-aaaaaaa-1.west|validated");
    assert_rows(story, "SELECT state FROM unit", "deployed");
    story_do(story, S_CHECK_EAST, NULL);
    assert_rows(story, "SELECT state FROM unit", "validated");
    story_shares(story, S_SHARES_ALL, 10000);
    assert_rows(story, "SELECT * FROM share", "prod|rooms|prod-aaaaaaa-1|10000");
    assert_rows(story, "SELECT state FROM unit", "live");
    assert_rows(story, "SELECT live_unit FROM environment", "NULL");
    story_end(story, END_SUCCEEDED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
    assert_rows(story, "SELECT state, end, reason, ended_ms = state_ms FROM release",
                "ended|succeeded|every step is done|1");
}

static void test_step_done__drains_and_destroys_the_old_side(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_ALL, 10000);
    assert_rows(story, "SELECT unit, basis_points FROM share ORDER BY unit", "prod-aaaaaaa-1|0\nprod-aaaaaaa-2|10000");
    story_do(story, S_BEGIN_WEST, NULL);
    assert_rows(story, "SELECT name, state FROM instance WHERE unit = 'prod-aaaaaaa-1' ORDER BY name",
                "prod-aaaaaaa-1.east.1|ready\nprod-aaaaaaa-1.west.1|draining");
    assert_rows(story, "SELECT state FROM unit WHERE number = 1", "draining");
    story_do(story, S_BEGIN_EAST, NULL);
    story_do(story, S_WAIT_WEST, NULL);
    assert_rows(story, "SELECT name, state FROM stamp WHERE unit = 'prod-aaaaaaa-1' ORDER BY name",
                "prod-aaaaaaa-1.east|draining\nprod-aaaaaaa-1.west|drained");
    TELL(story, S_WAIT_WEST, NULL, .kind = EVENT_STEP_RENEWED, .reason = "the proof is not fresh any more");
    assert_rows(story, "SELECT state FROM instance WHERE name = 'prod-aaaaaaa-1.west.1'", "draining");
    assert_rows(story, "SELECT state FROM stamp WHERE name = 'prod-aaaaaaa-1.west'", "draining");
    TELL(story, S_STOP_WEST, NULL, .kind = EVENT_RELEASE_PIVOTED);
    assert_rows(story, "SELECT pivot FROM release WHERE id = 'r-2'", "1");
    story_do_all(story, S_PROVE_WEST, S_PROVE_EAST);
    story_do(story, S_STOP_WEST, json_pack("{s:b}", "exited", 1));
    story_do(story, S_STOP_EAST, json_pack("{s:b}", "exited", 0));
    assert_rows(story, "SELECT name, state FROM instance WHERE unit = 'prod-aaaaaaa-1' ORDER BY name",
                "prod-aaaaaaa-1.east.1|drained\nprod-aaaaaaa-1.west.1|stopped");
    story_do(story, S_KILL_EAST, NULL);
    story_do(story, S_REMOVE_WEST, NULL);
    assert_rows(story, "SELECT name, state FROM stamp WHERE unit = 'prod-aaaaaaa-1' ORDER BY name",
                "prod-aaaaaaa-1.east|drained\nprod-aaaaaaa-1.west|destroyed");
    story_do(story, S_REMOVE_EAST, NULL);
    story_do(story, S_OLD_REMOVE, NULL);
    assert_rows(story, "SELECT state, ended_ms IS NOT NULL FROM unit WHERE number = 1", "destroyed|1");
    assert_rows(story, "SELECT unit FROM share", "prod-aaaaaaa-2");
    assert_rows(story, "SELECT DISTINCT state FROM stamp WHERE unit = 'prod-aaaaaaa-1'", "destroyed");
    /* Until the end, what was live is what the record calls live. */
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
    story_end(story, END_SUCCEEDED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-2");
    assert_rows(story, "SELECT state FROM unit ORDER BY number", "destroyed\nlive");
}

static void go_back(struct story *story)
{
    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 5000);
    story_do_all(story, S_BEGIN_WEST, S_BEGIN_EAST);
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_TURNED, .mode = MODE_UNDO, .end = END_ROLLED_BACK,
         .reason = "the prober saw 9 failed requests");
    story_do_all(story, S_UNDO_CANCEL_WEST, S_UNDO_CANCEL_EAST);
    story_shares(story, S_UNDO_SHARES, 0);
}

static void test_release_ended__rolled_back_leaves_the_old_unit_live(void **state)
{
    struct story *story = *state;

    go_back(story);
    assert_rows(story, "SELECT DISTINCT state FROM instance WHERE unit = 'prod-aaaaaaa-1'", "ready");
    assert_rows(story, "SELECT DISTINCT state FROM stamp WHERE unit = 'prod-aaaaaaa-1'", "validated");
    assert_rows(story, "SELECT state FROM unit WHERE number = 1", "live");
    story_do_all(story, S_UNDO_BEGIN_WEST, S_UNDO_WAIT_WEST);
    story_do(story, S_UNDO_STOP_WEST, json_pack("{s:b}", "exited", 1));
    story_do(story, S_UNDO_REMOVE_WEST, NULL);
    story_do(story, S_UNDO_STOP_EAST, json_pack("{s:b}", "exited", 1));
    story_do_all(story, S_UNDO_REMOVE_EAST, S_UNDO_UNIT_REMOVE);
    story_end(story, END_ROLLED_BACK);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
    assert_rows(story, "SELECT number, state FROM unit ORDER BY number", "1|live\n2|destroyed");
    assert_rows(story, "SELECT end, state FROM release WHERE id = 'r-2'", "rolled_back|ended");
}

static void test_release_ended__keeps_a_unit_that_still_stands(void **state)
{
    struct story *story = *state;

    go_back(story);
    story_end(story, END_ABORTED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
    assert_rows(story, "SELECT number, state FROM unit ORDER BY number", "1|live\n2|kept");
}

static void test_release_ended__as_it_is_makes_live_what_has_most_traffic(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 7000);
    story_end(story, END_FAILED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-2");
    assert_rows(story, "SELECT number, state FROM unit ORDER BY number", "1|kept\n2|live");
}

static void test_release_ended__what_is_lost_is_not_live(void **state)
{
    static const char *const lost[] = {"prod-aaaaaaa-1.west.1", "prod-aaaaaaa-1.east.1"};
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 2500);
    for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
        TELL(story, NO_STEP, json_pack("{s:s}", "instance", lost[i]), .kind = EVENT_INSTANCE_LOST, .reason = "it died");
    story_end(story, END_FAILED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-2");
    assert_rows(story, "SELECT number, state FROM unit ORDER BY number", "1|kept\n2|live");
}

static void test_release_ended__half_and_half_leaves_what_was_live(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 5000);
    story_end(story, END_FAILED);
    assert_rows(story, "SELECT live_unit FROM environment", "prod-aaaaaaa-1");
}

static void test_release_ended__before_anything_stood_leaves_nothing_live(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    story_do(story, S_EXPORT, NULL);
    story_do(story, S_UNDO_UNIT_REMOVE, NULL);
    story_end(story, END_ABORTED);
    assert_rows(story, "SELECT live_unit FROM environment", "NULL");
    assert_rows(story, "SELECT state FROM unit", "destroyed");
    assert_rows(story, "SELECT DISTINCT state FROM instance", "destroyed");
    assert_rows(story, "SELECT DISTINCT state FROM stamp", "destroyed");
}

static void test_other_kinds__change_nothing(void **state)
{
    static const enum event_kind kinds[] = {
        EVENT_RUNNER_STARTED, EVENT_RUNNER_STOPPED, EVENT_TRAFFIC_DRIFTED, EVENT_TRAFFIC_REPAIRED,
        EVENT_INSTANCE_SICK,  EVENT_INSTANCE_WELL,  EVENT_FINDING,
    };
    struct story *story = *state;
    const char *before;

    story_first(story);
    before = dump(story);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        TELL(story, NO_STEP, NULL, .kind = kinds[i]);
    assert_string_equal(dump(story), before);
}

static void test_step_of_no_plan__is_a_bug(void **state)
{
    struct story *story = *state;
    struct event event = {.kind = EVENT_STEP_DONE, .step = 77, .attempt = 1};

    story_plan_release(story, 1, NULL);
    assert_fails(story_try(story, &event), ERR_BUG, "event 'step.done' is about step 77, which release 'r-1' has not");
}

static void test_journal_rebuild__gives_the_same_bytes(void **state)
{
    struct story *story = *state;
    const char *before;

    story_first(story);
    story_second(story);
    /* And a third that is under way, with text that is not UTF-8 in its reason. */
    story_plan_release(story, 3, "prod-aaaaaaa-2");
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_FAILED, .attempt = 1, .reason = "git said \xfe\x01!\n");
    story_ask_gate(story);
    before = dump(story);
    assert_non_null(strstr(before, "git said \xef\xbf\xbd!\n|"));
    rebuild(story);
    assert_string_equal(dump(story), before);
    /* Even from nothing at all, and by a process that wrote none of it. */
    for (size_t i = 0; project_tables[i]; i++)
        story_harm(story, arena_printf(story->arena, "DELETE FROM %s", project_tables[i]));
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    rebuild(story);
    assert_string_equal(dump(story), before);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_project_tables__are_all_but_the_truth),
        STORY_TEST(test_release_planned__makes_the_release_and_its_things),
        STORY_TEST(test_release_planned__is_refused_beside_a_live_release),
        STORY_TEST(test_release_planned__is_refused_with_a_taken_id),
        STORY_TEST(test_release_planned__the_front_door_moves_with_it),
        STORY_TEST(test_release_planned__the_front_door_stays_where_something_stands_behind_it),
        STORY_TEST(test_release_planned__of_a_destroy_makes_no_unit),
        STORY_TEST(test_step_started__writes_the_intent),
        STORY_TEST(test_step_started__twice_with_one_attempt_is_a_bug),
        STORY_TEST(test_step_failed__shows_what_will_be_done),
        STORY_TEST(test_release_turned__gives_up_the_step_that_it_turned_for),
        STORY_TEST(test_step_skipped__settles_its_intent),
        STORY_TEST(test_step_doubted_and_renewed__begin_again),
        STORY_TEST(test_step_done__builds_deploys_and_validates),
        STORY_TEST(test_step_done__drains_and_destroys_the_old_side),
        STORY_TEST(test_release_ended__rolled_back_leaves_the_old_unit_live),
        STORY_TEST(test_release_ended__keeps_a_unit_that_still_stands),
        STORY_TEST(test_release_ended__as_it_is_makes_live_what_has_most_traffic),
        STORY_TEST(test_release_ended__what_is_lost_is_not_live),
        STORY_TEST(test_release_ended__half_and_half_leaves_what_was_live),
        STORY_TEST(test_release_ended__before_anything_stood_leaves_nothing_live),
        STORY_TEST(test_other_kinds__change_nothing),
        STORY_TEST(test_step_of_no_plan__is_a_bug),
        STORY_TEST(test_journal_rebuild__gives_the_same_bytes),
    };

    return RUN_TESTS(tests);
}
