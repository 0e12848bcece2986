/* The named queries, on an empty record, on a small one told by hand, and with their bounds. */

#include "unit/store/story.h"

#include "base/text.h"
#include "store/audit.h"
#include "unit/store/rows.h"

#define NOW_MS INT64_C(1795300000000)

static const char *ask_in(struct story *story, const char *name, struct audit_bounds bounds)
{
    bounds.now_ms = NOW_MS;
    return rows_of_query(story, name, &bounds);
}

#define assert_answer(story, name, want, ...) \
    assert_string_equal(ask_in((story), (name), (struct audit_bounds){__VA_ARGS__}), (want))

static void test_audit_query__of_an_empty_record_has_columns_and_no_rows(void **state)
{
    struct story *story = *state;
    int count = 0;

    for (const struct audit_text *query = audit_queries(story->arena); query->name; query++) {
        const char *rows = ask_in(story, query->name, (struct audit_bounds){0});

        assert_non_null(strchr(rows, '|'));
        assert_null(strchr(rows, '\n'));
        assert_true(strlen(query->summary) > 10);
        count++;
    }
    assert_int_equal(count, 15);
}

static void test_audit_query__refuses_bounds_that_it_has_not(void **state)
{
    struct story *story = *state;
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    struct audit_bounds of_environment = {.environment = "prod"}, since = {.since_ms = 1};

    assert_fails(audit_query(story->record, "branches", &of_environment, &sink), ERR_USAGE,
                 "query 'branches' is not about environments");
    assert_fails(audit_query(story->record, "environments", &since, &sink), ERR_USAGE,
                 "query 'environments' has no period");
    strbuf_release(&rows.text);
}

static void test_releases__answers_an_auditor(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    assert_string_equal(rows_pick(story, ask_in(story, "releases", (struct audit_bounds){.environment = "prod"}),
                                  "release kind end requester approvers duration_ms plan forced lost"),
                        "r-1|release|succeeded|ana||19000|feed|0|0\n"
                        "r-2|release|succeeded|ana|ben|57000|feed|0|0");
    assert_string_equal(rows_pick(story, ask_in(story, "releases", (struct audit_bounds){.since_ms = 1795289156000}),
                                  "release artifacts"),
                        "r-2|client.js bb, server aa");
    assert_string_equal(
        rows_pick(story, ask_in(story, "releases", (struct audit_bounds){.until_ms = 1795289156000}), "release"),
        "r-1");
    assert_string_equal(
        rows_pick(story, ask_in(story, "releases", (struct audit_bounds){.environment = "int"}), "release"), "");
}

static void test_approvals__say_who_when_and_what_was_shown(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    assert_answer(
        story, "approvals",
        "approved_at|person|release|environment|kind|gate|requester|commit_id|comment|shown|plan|opened|seq\n"
        "1795289179000|ben|r-2|prod|release|half|ana|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|looks good|beef|feed"
        "|1|44",
        .environment = "prod");
}

static void tell_exceptions(struct story *story)
{
    int64_t vote;

    story_plan_release(story, 3, "prod-aaaaaaa-2");
    TELL(story, NO_STEP, json_pack("{s:s}", "why", "ana may not abort"), .kind = EVENT_DECISION_REFUSED, .actor = "ana",
         .decision = DECISION_ABORT);
    vote = TELL(story, S_GATE, json_pack("{s:s}", "comment", "I trust me"), .kind = EVENT_DECISION_MADE, .actor = "ana",
                .decision = DECISION_APPROVE);
    TELL(story, S_GATE, json_pack("{s:[I]}", "decisions", (json_int_t)vote), .kind = EVENT_GATE_OPENED, .attempt = 1);
    TELL(story, S_WAIT_WEST, json_pack("{s:s}", "comment", "no time"), .kind = EVENT_DECISION_MADE, .actor = "cleo",
         .decision = DECISION_FORCE);
    TELL(story, S_WAIT_WEST,
         json_pack("{s:s, s:{s:{s:i, s:i, s:i, s:i, s:i}}}", "instance", "prod-aaaaaaa-2.west.1", "ledger", "rooms",
                   "seen", 5, "ended", 1, "forced", 3, "lost", 1, "left", 0),
         .kind = EVENT_DRAIN_SAMPLED);
    TELL(story, NO_STEP,
         json_pack("{s:s, s:s, s:s, s:I}", "comment", "must go", "environment", "prod", "rule", "freeze", "until_ms",
                   (json_int_t)NOW_MS),
         .kind = EVENT_DECISION_MADE, .actor = "cleo", .decision = DECISION_OVERRIDE);
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_ENDED, .end = END_FAILED, .reason = "ana ended it",
         .actor = "ana");
}

static void test_exceptions__are_all_there_is(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    assert_answer(story, "exceptions", "happened_at|what|release|environment|person|detail|amount|seq",
                  .timeout_ms = 0);
    tell_exceptions(story);
    assert_string_equal(rows_pick(story, ask_in(story, "exceptions", (struct audit_bounds){.environment = "prod"}),
                                  "what release person detail amount"),
                        "refused|r-3|ana|ana may not abort|\n"
                        "own approval|r-3|ana|I trust me|\n"
                        "forced|r-3|cleo|no time|\n"
                        "given up|r-3||prod-aaaaaaa-2.west.1 rooms|3\n"
                        "lost|r-3||prod-aaaaaaa-2.west.1 rooms|1\n"
                        "override given|r-3|cleo|freeze until 2026-11-21T22:26:40Z: must go|\n"
                        "left as it is|r-3|ana|ana ended it|");
    assert_string_equal(
        rows_pick(story, ask_in(story, "exceptions", (struct audit_bounds){.environment = "int"}), "what"), "");
}

static void test_drains_and_cost_and_mixed_versions__of_a_second_release(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    assert_string_equal(rows_pick(story, ask_in(story, "drains", (struct audit_bounds){0}),
                                  "release probe instances seen ended forced lost left waited_ms"),
                        "r-2|rooms|2|8|8|0|0|0|3000");
    assert_string_equal(rows_pick(story, ask_in(story, "mixed-versions", (struct audit_bounds){0}),
                                  "release pool old_unit unit mixed_ms changes"),
                        "r-2|rooms|prod-aaaaaaa-1|prod-aaaaaaa-2|8000|1");
    assert_string_equal(rows_pick(story, ask_in(story, "cost", (struct audit_bounds){0}),
                                  "release old_unit unit both_ms old_instances new_instances instance_ms"),
                        "r-2|prod-aaaaaaa-1|prod-aaaaaaa-2|44000|2|2|169000");
}

static void test_rates__count_what_had_to_be_mended(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    assert_answer(story, "change-failure-rate",
                  "environment|changes|failed|failed_percent|rolled_back|left|mended\n"
                  "prod|2|0|0.0|0|0|0");
    assert_answer(story, "lead-time",
                  "environment|releases|shortest_ms|p50_ms|p90_ms|longest_ms\n"
                  "prod|2|19000|19000|57000|57000");
    assert_answer(story, "deployment-frequency",
                  "environment|month|went_live|hotfixes|rollbacks|days|begun\n"
                  "prod|2026-11|2|0|0|1|2");
    assert_answer(story, "time-to-restore", "environment|failures|restored|shortest_ms|p50_ms|longest_ms");
    /* r-3 gets half of the traffic, is left as it is; r-4 is good. */
    story_plan_release(story, 3, "prod-aaaaaaa-2");
    story_shares(story, S_SHARES_HALF, 5000);
    story_end(story, END_FAILED);
    story_plan_release(story, 4, "prod-aaaaaaa-3");
    story_shares(story, S_SHARES_ALL, 10000);
    story_end(story, END_SUCCEEDED);
    assert_answer(story, "change-failure-rate",
                  "environment|changes|failed|failed_percent|rolled_back|left|mended\n"
                  "prod|4|1|25.0|0|1|0");
    assert_answer(story, "time-to-restore",
                  "environment|failures|restored|shortest_ms|p50_ms|longest_ms\n"
                  "prod|1|1|4000|4000|4000");
}

static void test_environments__say_what_stands(void **state)
{
    struct story *story = *state;

    story_first(story);
    assert_answer(story, "environments",
                  "environment|live_unit|live_commit|kept_until_at|overdue|units|instances|last_release\n"
                  "prod|prod-aaaaaaa-1|aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa||0|1|2|r-1");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_audit_query__of_an_empty_record_has_columns_and_no_rows),
        STORY_TEST(test_audit_query__refuses_bounds_that_it_has_not),
        STORY_TEST(test_releases__answers_an_auditor),
        STORY_TEST(test_approvals__say_who_when_and_what_was_shown),
        STORY_TEST(test_exceptions__are_all_there_is),
        STORY_TEST(test_drains_and_cost_and_mixed_versions__of_a_second_release),
        STORY_TEST(test_rates__count_what_had_to_be_mended),
        STORY_TEST(test_environments__say_what_stands),
    };

    return RUN_TESTS(tests);
}
