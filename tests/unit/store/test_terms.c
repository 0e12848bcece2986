/* The terms of a release, and what people do about them, in the tables that an auditor reads. */

#include "unit/store/story.h"

static const char terms_text[] =
    "{\"base_commit\":\"bbbb\",\"scheduled\":true,\"review_ms\":1000,\"keep_until_ms\":99,"
    "\"authors\":[{\"name\":\"Bo\",\"mail\":\"bo@x.org\",\"logins\":[\"bo\"]},{\"name\":\"Bo\",\"mail\":\"bo@x.org\",\"logins\":[]}],"
    "\"rules\":[{\"rule\":\"branches\",\"verdict\":\"met\",\"detail\":\"on release/1\"},"
    "{\"rule\":\"freeze\",\"verdict\":\"overridden\",\"detail\":\"holidays\",\"override_seq\":3}],"
    "\"picks\":[{\"commit\":\"aaaa\",\"source\":\"cccc\",\"by_hand\":false}],"
    "\"shortened\":[{\"what\":\"shift.steps\",\"was\":\"5%, 100%\",\"now\":\"100%\",\"reason\":\"hotfix.ladder\"}]}";

static void plan_with_terms(struct story *story)
{
    json_t *body;
    struct event event = {.kind = EVENT_RELEASE_PLANNED, .step = -1, .release = "r-1", .actor = "ana"};

    story->release = "r-1";
    story->unit = "prod-aaaaaaa-1";
    event.body = body = story_plan(story, 1);
    json_object_set_new(body, "kind", json_string("hotfix"));
    json_object_set_new(body, "terms", json_loads(terms_text, 0, NULL));
    assert_ok(story_try(story, &event));
    json_decref(body);
}

static void tell(struct story *story, struct event event, const char *body)
{
    json_t *json = json_loads(body, 0, NULL);

    event.body = json;
    assert_ok(story_try(story, &event));
    json_decref(json);
}

static void test_terms__stand_beside_their_release(void **state)
{
    struct story *story = *state;

    plan_with_terms(story);
    assert_rows(story, "SELECT kind, scheduled, base_commit, back_to FROM release", "hotfix|1|bbbb|NULL");
    assert_rows(story, "SELECT * FROM author", "r-1|bo@x.org|Bo");
    assert_rows(story, "SELECT * FROM rule", "r-1|branches|met|on release/1|NULL\nr-1|freeze|overridden|holidays|3");
    assert_rows(story, "SELECT * FROM pick", "r-1|0|aaaa|cccc|0");
    assert_rows(story, "SELECT * FROM shortened", "r-1|0|shift.steps|5%, 100%|100%|hotfix.ladder");
    assert_rows(story, "SELECT release, due_ms - (SELECT created_ms FROM release), closed_ms FROM review",
                "r-1|1000|NULL");
    assert_rows(story, "SELECT name, keep_until_ms FROM environment", "prod|99");
}

static void test_terms__none_is_no_fault(void **state)
{
    struct story *story = *state;

    story_plan_release(story, 1, NULL);
    assert_rows(story,
                "SELECT (SELECT count(*) FROM author) + (SELECT count(*) FROM rule) + (SELECT count(*) FROM pick)"
                " + (SELECT count(*) FROM shortened) + (SELECT count(*) FROM review)",
                "0");
}

static void test_review__is_closed_once(void **state)
{
    struct story *story = *state;

    plan_with_terms(story);
    tell(story, (struct event){.kind = EVENT_DECISION_MADE, .step = -1, .actor = "chi", .decision = DECISION_REVIEW},
         "{\"comment\":\"was right\"}");
    tell(story, (struct event){.kind = EVENT_DECISION_MADE, .step = -1, .actor = "bo", .decision = DECISION_REVIEW},
         "{\"comment\":\"me too\"}");
    assert_rows(story, "SELECT person, comment, closed_seq FROM review", "chi|was right|2");
}

static void test_override__stands_with_its_end(void **state)
{
    struct story *story = *state;

    plan_with_terms(story);
    tell(story, (struct event){.kind = EVENT_DECISION_MADE, .step = -1, .actor = "chi", .decision = DECISION_OVERRIDE},
         "{\"comment\":\"must go\",\"environment\":\"prod\",\"rule\":\"freeze\",\"until_ms\":77}");
    assert_rows(story, "SELECT seq, environment, release, rule, person, reason, until_ms FROM override",
                "2|prod|r-1|freeze|chi|must go|77");
    assert_rows(story, "SELECT decision, person FROM decision", "override|chi");
}

static void test_closure__opens_with_the_calendar_or_the_way_back(void **state)
{
    struct story *story = *state;
    static const struct event closed = {
        .kind = EVENT_CALENDAR_CLOSED, .step = 9, .expires_ms = 55, .reason = "no more traffic: freeze"};

    plan_with_terms(story);
    tell(story, closed, "{\"rule\":\"freeze\"}");
    assert_rows(story, "SELECT state, reason FROM release", "waiting|no more traffic: freeze");
    assert_rows(story, "SELECT step, rule, until_ms, opened_ms FROM closure", "9|freeze|55|NULL");
    tell(story, (struct event){.kind = EVENT_CALENDAR_OPENED, .step = 9}, "{}");
    assert_rows(story, "SELECT state FROM release", "running");
    assert_rows(story, "SELECT opened_seq FROM closure", "3");
    tell(story, closed, "{\"rule\":\"freeze\"}");
    tell(story, (struct event){.kind = EVENT_RELEASE_TURNED, .step = -1, .mode = MODE_UNDO, .end = END_ROLLED_BACK},
         "{}");
    assert_rows(story, "SELECT state FROM release", "rolling_back");
    assert_rows(story, "SELECT count(*) FROM closure WHERE opened_ms IS NULL", "0");
}

static void test_branch_made__is_of_no_release(void **state)
{
    struct story *story = *state;

    tell(story, (struct event){.kind = EVENT_BRANCH_MADE, .step = -1, .release = "", .actor = "ana"},
         "{\"branch\":\"release/1\",\"commit\":\"aaaa\",\"trunk\":\"main\"}");
    assert_rows(story, "SELECT name, commit_id, trunk, person, seq FROM branch", "release/1|aaaa|main|ana|1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY_TEST(test_terms__stand_beside_their_release),
        STORY_TEST(test_terms__none_is_no_fault),
        STORY_TEST(test_review__is_closed_once),
        STORY_TEST(test_override__stands_with_its_end),
        STORY_TEST(test_closure__opens_with_the_calendar_or_the_way_back),
        STORY_TEST(test_branch_made__is_of_no_release),
    };

    return RUN_TESTS(tests);
}
