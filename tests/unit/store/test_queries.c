#include "unit/store/story.h"

#include "base/embedded.h"
#include "base/text.h"

#define PREFIX "state/queries/"

/* The rows of a query; the parameters are taken. */
static json_t *ask(struct story *story, const char *name, json_t *params)
{
    json_t *rows = NULL;

    assert_ok(query_rows(story->record, name, params, &rows));
    json_decref(params);
    return json_in_arena(story->arena, rows);
}

/* Some columns of all rows, by '|' and newline. */
static const char *pick(struct story *story, const json_t *rows, const char *columns)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        char *names CLEANUP(heap_cleanup) = heap_text(columns);
        char *rest = names;

        if (i)
            strbuf_char(&text, '\n');
        for (const char *name = strsep(&rest, " "); name; name = strsep(&rest, " ")) {
            const json_t *value = json_object_get(row, name);

            if (!value)
                fail_msg("there is no column '%s'", name);
            strbuf_printf(&text, "%s%s", name == names ? "" : "|",
                          json_is_string(value) ? json_string_value(value) : json_canonical(story->arena, value));
        }
    }
    return arena_text(story->arena, strbuf_view(&text));
}

#define assert_picked(story, name, params, columns, want) \
    assert_string_equal(pick((story), ask((story), (name), (params)), (columns)), (want))

static json_t *of_release(const char *release)
{
    return json_pack("{s:s}", "release", release);
}

static json_t *of_environment(const char *environment)
{
    return json_pack("{s:s}", "environment", environment);
}

/* r-1 and r-2 have ended; r-3 waits at its gate. */
static void tell_three(struct story *story)
{
    story_first(story);
    story_second(story);
    story_plan_release(story, 3, "prod-aaaaaaa-2");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 2500);
    story_ask_gate(story);
    TELL(story, S_GATE, json_pack("{s:s, s:s}", "comment", "mine", "why", "you asked for the release"),
         .kind = EVENT_DECISION_REFUSED, .actor = "ana", .decision = DECISION_APPROVE, .subject = "beef");
}

static void test_queries__are_one_select_and_say_what_they_answer(void **state)
{
    struct story *story = *state;
    const struct embedded *file = NULL;
    int count = 0;

    while ((file = embedded_next(PREFIX, file))) {
        char *name CLEANUP(heap_cleanup) = heap_text(file->path + strlen(PREFIX));

        assert_true(text_ends(name, ".sql"));
        name[strlen(name) - strlen(".sql")] = '\0';
        assert_true(text_starts(file->bytes, "-- "));
        assert_true(json_array_size(ask(story, name, NULL)) <= 1);
        count++;
    }
    assert_true(count > 20);
}

static void test_query_row__is_the_first_or_null(void **state)
{
    struct story *story = *state;
    json_t *row CLEANUP(json_cleanup) = NULL;

    assert_ok(query_row(story->record, "status", NULL, &row));
    assert_true(json_is_null(row));
    json_cleanup(&row);
    story_first(story);
    assert_ok(query_row(story->record, "status", NULL, &row));
    assert_string_equal(json_get_text(row, "environment"), "prod");
    json_cleanup(&row);
    assert_ok(query_row(story->record, "status", NULL, &row));
    assert_string_equal(json_get_text(row, "live_unit"), "prod-aaaaaaa-1");
}

static void unknown_query(void *context)
{
    struct story *story = context;
    json_t *rows;

    error_free(query_rows(story->record, "horoscope", NULL, &rows));
}

static void unknown_parameter(void *context)
{
    struct story *story = context;
    json_t *rows;

    error_free(query_rows(story->record, "steps", of_environment("prod"), &rows));
}

static void test_query_rows__of_an_unknown_name_is_a_bug(void **state)
{
    struct unit_child child = unit_in_child(unknown_query, *state);

    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "there is no query 'horoscope'"));
    child = unit_in_child(unknown_parameter, *state);
    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "query 'steps' has no ':environment'"));
}

static void test_query_rows__binds_by_name(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "release_list", json_pack("{s:s, s:i}", ":environment", "prod", ":most", 1), "id", "r-3");
    assert_picked(story, "release_list", json_pack("{s:n, s:i}", "environment", "most", 2), "id", "r-3\nr-2");
    assert_picked(story, "units", json_pack("{s:s, s:b}", "environment", "prod", "standing", 1), "name",
                  "prod-aaaaaaa-3\nprod-aaaaaaa-2");
}

static void test_query_rows__names_what_it_cannot_read(void **state)
{
    struct story *story = *state;
    json_t *rows;

    story_first(story);
    story_harm(story, "UPDATE environment SET door = '{nonsense'");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(query_rows(story->record, "status", NULL, &rows), ERR_RECORD_DAMAGED,
                 "the record holds a 'door' that cannot be read");
}

static void test_release_show__is_one_release(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "release_show", json_pack("{s:s}", "id", "r-2"),
                  "id number environment kind pipeline unit old_unit branch subject requester plan state end pivot "
                  "reason actor duration_ms environment_live_unit door steps steps_over runner_epoch",
                  "r-2|2|prod|release|rooms|prod-aaaaaaa-2|prod-aaaaaaa-1|main|make rooms quieter|ana|feed|ended|"
                  "succeeded|1|every step is done|penstock|57000|prod-aaaaaaa-2|"
                  "{\"driver\":\"haproxy\",\"url\":\"http://127.0.0.1:8080\"}|24|24|null");
    assert_picked(story, "release_show", json_pack("{s:s}", "id", "r-3"), "state end ended_ms duration_ms steps_over",
                  "waiting|null|null|null|9");
    assert_picked(story, "release_show", json_pack("{s:s}", "id", "r-9"), "id", "");
}

static void test_release_list__pages_from_the_newest(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "release_list", NULL, "id state end duration_ms",
                  "r-3|waiting|null|null\nr-2|ended|succeeded|57000\nr-1|ended|succeeded|19000");
    assert_picked(story, "release_list", json_pack("{s:s, s:i}", "environment", "prod", "before", 3), "id", "r-2\nr-1");
    assert_picked(story, "release_list", of_environment("int"), "id", "");
}

static void test_release_list__leaves_nothing_out_where_the_clock_was_set_back(void **state)
{
    struct story *story = *state;

    tell_three(story);
    story_harm(story, "UPDATE release SET created_ms = created_ms - 86400000 WHERE number = 3");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_picked(story, "release_list", NULL, "id", "r-2\nr-1\nr-3");
    assert_picked(story, "release_list", json_pack("{s:i, s:i}", "before", 2, "most", 1), "id", "r-1");
    assert_picked(story, "release_list", json_pack("{s:i, s:i}", "before", 1, "most", 1), "id", "r-3");
    assert_picked(story, "release_list", json_pack("{s:s, s:i}", "environment", "prod", "before", 1), "id", "r-3");
    assert_picked(story, "release_list", json_pack("{s:i}", "before", 3), "id", "");
}

static void test_release_live__says_where_it_is(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "release_live", NULL, "id environment state reason stage step",
                  "r-3|prod|waiting|gate half waits for people|shift|gate half");
    assert_picked(story, "release_live", of_environment("int"), "id", "");
}

static void test_stages__are_judged_by_their_steps(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "stages", of_release("r-2"), "ordinal name kind track state steps steps_over",
                  "0|build|build|forward|done|2|2\n"
                  "1|deploy|deploy|forward|done|4|4\n"
                  "2|validate|validate|forward|done|2|2\n"
                  "3|shift|shift|forward|done|3|3\n"
                  "4|drain|drain|forward|done|4|4\n"
                  "5|destroy|destroy|forward|done|9|9\n"
                  "6|undo|undo|undo|skipped|11|0");
    assert_picked(story, "stages", of_release("r-3"), "name state first_step last_step steps_over",
                  "build|done|0|1|2\ndeploy|done|2|5|4\nvalidate|done|6|7|2\nshift|waiting|8|10|1\n"
                  "drain|pending|11|14|0\ndestroy|pending|15|23|0\nundo|pending|24|34|0");
}

static void test_stages__show_failed_and_running(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    TELL(story, S_EXPORT, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .attempt = 1);
    assert_picked(story, "stages", of_release("r-1"), "state started_ms ended_ms",
                  "running|1795289137000|null\npending|null|null\npending|null|null\npending|null|null\n"
                  "pending|null|null\npending|null|null\npending|null|null");
    TELL(story, S_EXPORT, NULL, .kind = EVENT_STEP_FAILED, .attempt = 1);
    TELL(story, S_CREATE_WEST, NULL, .kind = EVENT_STEP_SKIPPED);
    story_do(story, S_CREATE_EAST, NULL);
    assert_picked(story, "stages", of_release("r-1"), "state steps_over ended_ms",
                  "failed|0|1795289138000\nrunning|2|null\npending|0|null\npending|0|null\npending|0|null\n"
                  "pending|0|null\npending|0|null");
    story_end(story, END_FAILED);
    assert_picked(story, "stages", of_release("r-1"), "state",
                  "failed\nskipped\nskipped\nskipped\nskipped\nskipped\nskipped");
}

static void test_steps__have_their_outcome(void **state)
{
    struct story *story = *state;
    const json_t *steps;

    tell_three(story);
    steps = ask(story, "steps", of_release("r-3"));
    assert_int_equal(json_array_size(steps), S_COUNT);
    assert_string_equal(
        pick(story,
             json_in_arena(story->arena,
                           json_pack("[O, O]", json_array_get(steps, S_SHARES_HALF), json_array_get(steps, S_GATE))),
             "ordinal stage verb track target title state attempt error detail evidence started_ms ended_ms"),
        "8|shift|traffic.shares|forward|rooms|traffic.shares rooms|done|1|null|"
        "{\"shares\":{\"prod-aaaaaaa-2\":7500,\"prod-aaaaaaa-3\":2500}}|e0|1795289231000|1795289232000\n"
        "9|shift|gate|forward|half|gate half|running|1|null|null|null|1795289233000|null");
}

static void test_stamps_and_instances__are_of_both_sides(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "stamps", of_release("r-3"), "side unit name region state instances standing",
                  "new|prod-aaaaaaa-3|prod-aaaaaaa-3.east|east|validated|1|1\n"
                  "new|prod-aaaaaaa-3|prod-aaaaaaa-3.west|west|validated|1|1\n"
                  "old|prod-aaaaaaa-2|prod-aaaaaaa-2.east|east|validated|1|1\n"
                  "old|prod-aaaaaaa-2|prod-aaaaaaa-2.west|west|validated|1|1");
    assert_picked(story, "stamps", of_release("r-1"), "side name state instances standing",
                  "new|prod-aaaaaaa-1.east|destroyed|1|0\nnew|prod-aaaaaaa-1.west|destroyed|1|0");
    assert_picked(story, "instances", of_release("r-3"), "side stamp name state address pid",
                  "new|prod-aaaaaaa-3.east|prod-aaaaaaa-3.east.1|ready|127.0.0.1:5000|5001\n"
                  "new|prod-aaaaaaa-3.west|prod-aaaaaaa-3.west.1|ready|127.0.0.1:4000|4001\n"
                  "old|prod-aaaaaaa-2.east|prod-aaaaaaa-2.east.1|ready|127.0.0.1:5000|5001\n"
                  "old|prod-aaaaaaa-2.west|prod-aaaaaaa-2.west.1|ready|127.0.0.1:4000|4001");
}

static void test_shares__are_the_last_shown(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "shares", of_environment("prod"), "pool unit basis_points unit_state",
                  "rooms|prod-aaaaaaa-2|7500|live\nrooms|prod-aaaaaaa-3|2500|live");
    assert_picked(story, "shares", of_environment("int"), "pool", "");
}

static void test_decisions_and_gates__say_who_and_what(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "decisions", of_release("r-2"),
                  "seq step gate decision person comment subject refused used_seq",
                  "44|9|half|approve|ben|looks good|beef|null|45");
    assert_picked(story, "decisions", of_release("r-3"), "gate decision person comment refused used_seq",
                  "half|approve|ana|mine|you asked for the release|null");
    assert_picked(story, "gates", of_release("r-2"), "step name state approvals people bar_requester approvers",
                  "9|half|opened|1|[\"ben\",\"cleo\"]|1|[\"ben\"]");
}

static void test_gates_open__wait_for_people_now(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "gates_open", NULL,
                  "release environment step name approvals people bar_requester subject state requester approvers",
                  "r-3|prod|9|half|1|[\"ben\",\"cleo\"]|1|beef|asked|ana|[]");
    TELL(story, S_GATE, NULL, .kind = EVENT_DECISION_MADE, .actor = "cleo", .decision = DECISION_APPROVE,
         .subject = "beef");
    TELL(story, S_GATE, NULL, .kind = EVENT_DECISION_MADE, .actor = "ben", .decision = DECISION_APPROVE,
         .subject = "cafe");
    /* Only what is bound to the question counts. */
    assert_picked(story, "gates_open", of_release("r-3"), "name approvers", "half|[\"cleo\"]");
    assert_picked(story, "gates_open", of_release("r-2"), "name", "");
    assert_picked(story, "gates_open", of_environment("int"), "name", "");
}

static void test_prober__gives_percentiles_by_bucket(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "prober", of_release("r-2"), "sent failed answers p50_ms p99_ms buckets",
                  "110|1|109|5|100|{\"100\":9,\"5\":100}");
    TELL(story, NO_STEP, json_pack("{s:i, s:i, s:{}}", "sent", 3, "failed", 3, "buckets"), .kind = EVENT_PROBER_TALLIED,
         .number = 3);
    assert_picked(story, "prober", of_release("r-3"), "sent failed answers p50_ms p99_ms buckets",
                  "3|3|0|null|null|{}");
    assert_picked(story, "prober", of_release("r-1"), "sent", "");
    TELL(story, NO_STEP, json_pack("{s:i, s:i, s:{s:i, s:i}}", "sent", 100, "failed", 0, "buckets", "1", 99, "1000", 1),
         .kind = EVENT_PROBER_TALLIED, .number = 3);
    assert_picked(story, "prober", of_release("r-3"), "p50_ms p99_ms", "1|1");
}

static void test_drains__sum_over_instances(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "drains", of_release("r-2"), "probe instances seen ended forced lost left",
                  "rooms|2|8|8|0|0|0");
    assert_picked(story, "drain_instances", of_release("r-2"), "instance side state probe seen ended forced lost left",
                  "prod-aaaaaaa-1.east.1|old|destroyed|rooms|5|5|0|0|0\n"
                  "prod-aaaaaaa-1.west.1|old|destroyed|rooms|3|3|0|0|0");
    story_sample(story, S_WAIT_WEST, 4, 1, 3);
    story_sample(story, S_WAIT_EAST, 2, 1, -1);
    assert_picked(story, "drains", of_release("r-3"), "probe instances seen left", "rooms|2|6|null");
}

static void test_events__come_in_pages(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "events", json_pack("{s:s, s:i}", "release", "r-2", "most", 2),
                  "seq kind actor reason step title attempt",
                  "21|release.planned|ana|ana asked for it|null|null|null\n"
                  "22|step.started|penstock|step.started|0|unit.export "
                  "prod-aaaaaaa-2|1");
    assert_picked(story, "events", json_pack("{s:s, s:i, s:i}", "release", "r-2", "after", 43, "most", 2),
                  "seq kind actor decision subject body",
                  "44|decision.made|ben|approve|beef|{\"comment\":\"looks good\"}\n"
                  "45|gate.opened|penstock|null|beef|{\"decisions\":[44]}");
    assert_picked(story, "events", json_pack("{s:s, s:i}", "release", "r-2", "after", 77), "seq kind end",
                  "78|release.ended|succeeded");
}

static void test_journal__shows_the_chain(void **state)
{
    struct story *story = *state;
    const json_t *rows;

    story_first(story);
    rows = ask(story, "journal", json_pack("{s:i, s:i}", "after", 18, "most", 5));
    assert_string_equal(pick(story, rows, "seq kind event"),
                        "19|step.done|{\"attempt\":1,\"body\":{\"detail\":{\"shares\":{\"prod-aaaaaaa-1\":10000}},"
                        "\"evidence\":\"e0\"},\"reason\":\"step.done\",\"step\":10}\n"
                        "20|release.ended|{\"end\":\"succeeded\",\"reason\":\"every step is done\"}");
    assert_string_equal(json_get_text(json_array_get(rows, 0), "hash"), json_get_text(json_array_get(rows, 1), "prev"));
    assert_int_equal(strlen(json_get_text(json_array_get(rows, 0), "hash")), 64);
}

static void test_status__is_one_row_an_environment(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "status", NULL,
                  "environment live_unit live_commit live_release live_state live_instances release release_kind "
                  "release_unit release_state release_reason release_pivot gate gates last_release last_end",
                  "prod|prod-aaaaaaa-2|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|r-2|live|2|r-3|release|"
                  "prod-aaaaaaa-3|waiting|gate half waits for people|0|half|1|r-2|succeeded");
    assert_picked(story, "status", of_environment("int"), "environment", "");
}

static void test_units_and_artifacts__are_what_was_built(void **state)
{
    struct story *story = *state;

    tell_three(story);
    assert_picked(story, "units", of_environment("prod"), "name number release state live instances standing artifacts",
                  "prod-aaaaaaa-3|3|r-3|live|0|2|2|2\n"
                  "prod-aaaaaaa-2|2|r-2|live|1|2|2|2\n"
                  "prod-aaaaaaa-1|1|r-1|destroyed|0|2|0|2");
    assert_picked(story, "artifacts", json_pack("{s:s}", "unit", "prod-aaaaaaa-2"), "name bytes sha256",
                  "client.js|512|bb\nserver|4096|aa");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_queries__are_one_select_and_say_what_they_answer),
        STORY_TEST(test_query_row__is_the_first_or_null),
        STORY_TEST(test_query_rows__of_an_unknown_name_is_a_bug),
        STORY_TEST(test_query_rows__binds_by_name),
        STORY_TEST(test_query_rows__names_what_it_cannot_read),
        STORY_TEST(test_release_show__is_one_release),
        STORY_TEST(test_release_list__pages_from_the_newest),
        STORY_TEST(test_release_list__leaves_nothing_out_where_the_clock_was_set_back),
        STORY_TEST(test_release_live__says_where_it_is),
        STORY_TEST(test_stages__are_judged_by_their_steps),
        STORY_TEST(test_stages__show_failed_and_running),
        STORY_TEST(test_steps__have_their_outcome),
        STORY_TEST(test_stamps_and_instances__are_of_both_sides),
        STORY_TEST(test_shares__are_the_last_shown),
        STORY_TEST(test_decisions_and_gates__say_who_and_what),
        STORY_TEST(test_gates_open__wait_for_people_now),
        STORY_TEST(test_prober__gives_percentiles_by_bucket),
        STORY_TEST(test_drains__sum_over_instances),
        STORY_TEST(test_events__come_in_pages),
        STORY_TEST(test_journal__shows_the_chain),
        STORY_TEST(test_status__is_one_row_an_environment),
        STORY_TEST(test_units_and_artifacts__are_what_was_built),
    };

    return RUN_TESTS(tests);
}
