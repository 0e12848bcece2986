/* What an environment's rules ask of the record. */

#include "unit/store/story.h"

#include "plan/facts.h"

/* A release of prod with that commit and end, told by its rows alone. */
static void tell_release(struct story *story, int number, const char *commit, enum release_end end, bool scheduled)
{
    json_t *body;
    struct event event = {.kind = EVENT_RELEASE_PLANNED, .step = -1, .actor = "ana"};

    story->release = arena_printf(story->arena, "r-%d", number);
    story->unit = arena_printf(story->arena, "prod-aaaaaaa-%d", number);
    event.body = body = story_plan(story, number);
    json_object_set_new(body, "commit", json_string(commit));
    json_object_set_new(body, "terms",
                        json_pack("{s:b, s:[{s:s, s:s, s:b}]}", "scheduled", scheduled, "picks", "commit", commit,
                                  "source", "5555", "by_hand", number % 2));
    assert_ok(story_try(story, &event));
    json_decref(body);
    if (end != END_NONE)
        assert_ok(story_try(story, &(struct event){.kind = EVENT_RELEASE_ENDED, .step = -1, .end = end}));
}

static void test_facts_succeeded__is_of_that_commit_and_environment(void **state)
{
    struct story *story = *state;
    const char *release;

    tell_release(story, 1, "1111", END_SUCCEEDED, false);
    tell_release(story, 2, "2222", END_ROLLED_BACK, false);
    tell_release(story, 3, "1111", END_SUCCEEDED, false);
    assert_ok(facts_succeeded(story->record, story->arena, "prod", "1111", &release));
    assert_string_equal(release, "r-3");
    assert_ok(facts_succeeded(story->record, story->arena, "prod", "2222", &release));
    assert_null(release);
    assert_ok(facts_succeeded(story->record, story->arena, "int", "1111", &release));
    assert_null(release);
}

static void test_facts_released__are_newest_first(void **state)
{
    struct story *story = *state;
    struct fact_release *released;
    int count;

    tell_release(story, 1, "1111", END_SUCCEEDED, false);
    tell_release(story, 2, "2222", END_FAILED, false);
    tell_release(story, 3, "3333", END_SUCCEEDED, false);
    assert_ok(facts_released(story->record, story->arena, "prod", &released, &count));
    assert_int_equal(count, 2);
    assert_string_equal(released[0].id, "r-3");
    assert_string_equal(released[1].commit, "1111");
}

static void test_facts_picked_by_hand__only_what_a_person_resolved(void **state)
{
    struct story *story = *state;
    bool by_hand;

    tell_release(story, 1, "1111", END_SUCCEEDED, false);
    tell_release(story, 2, "2222", END_SUCCEEDED, false);
    assert_ok(facts_picked_by_hand(story->record, "1111", "5555", &by_hand));
    assert_true(by_hand);
    assert_ok(facts_picked_by_hand(story->record, "2222", "5555", &by_hand));
    assert_false(by_hand);
    assert_ok(facts_picked_by_hand(story->record, "1111", "6666", &by_hand));
    assert_false(by_hand);
}

static void tell_override(struct story *story, const char *release, const char *rule, int64_t until_ms)
{
    json_t *body = json_pack("{s:s, s:s, s:I, s:s}", "environment", "prod", "rule", rule, "until_ms",
                             (json_int_t)until_ms, "comment", "why");
    struct event event = {.kind = EVENT_DECISION_MADE,
                          .decision = DECISION_OVERRIDE,
                          .release = release,
                          .step = -1,
                          .actor = "chi",
                          .body = body};

    assert_ok(story_try(story, &event));
    json_decref(body);
}

static void test_facts_overrides__are_those_in_force_for_any_release(void **state)
{
    struct story *story = *state;
    struct fact_rules rules = {0};

    tell_release(story, 1, "1111", END_NONE, false);
    tell_override(story, "", "freeze", 100);
    tell_override(story, "", "window", 50);
    tell_override(story, "r-1", "freeze", 500);
    assert_ok(facts_overrides(story->record, story->arena, "prod", 50, &rules));
    assert_int_equal(rules.override_count, 1);
    assert_string_equal(rules.overrides[0].rule, "freeze");
    assert_string_equal(rules.overrides[0].person, "chi");
    assert_int_equal(rules.overrides[0].until_ms, 100);
    assert_ok(facts_overrides(story->record, story->arena, "int", 50, &rules));
    assert_int_equal(rules.override_count, 0);
}

static void test_facts_scheduled_failed__is_the_last_scheduled_one(void **state)
{
    struct story *story = *state;
    const char *failed;

    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_null(failed);
    tell_release(story, 1, "1111", END_ROLLED_BACK, true);
    tell_release(story, 2, "2222", END_ABORTED, false);
    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_string_equal(failed, "r-1");
    tell_release(story, 3, "2222", END_SUCCEEDED, false); /* by hand: put right */
    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_null(failed);
    tell_release(story, 4, "2222", END_FAILED, true);
    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_string_equal(failed, "r-4");
    tell_release(story, 5, "3333", END_SUCCEEDED, true);
    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_null(failed);
    tell_release(story, 6, "4444", END_NONE, true);
    assert_ok(facts_scheduled_failed(story->record, story->arena, "prod", &failed));
    assert_string_equal(failed, "r-6");
}

static void test_facts_earlier__is_the_last_other_commit(void **state)
{
    struct story *story = *state;
    struct fact_release earlier;

    tell_release(story, 1, "1111", END_SUCCEEDED, false);
    assert_ok(facts_earlier(story->record, story->arena, "int", NULL, &earlier));
    assert_null(earlier.id);
    tell_release(story, 2, "2222", END_SUCCEEDED, false);
    tell_release(story, 3, "3333", END_ROLLED_BACK, false);
    assert_ok(facts_earlier(story->record, story->arena, "prod", NULL, &earlier));
    assert_string_equal(earlier.id, "r-2");
    assert_string_equal(earlier.commit, "2222");
    assert_ok(facts_earlier(story->record, story->arena, "prod", "r-2", &earlier));
    assert_string_equal(earlier.unit, "prod-aaaaaaa-2");
    assert_ok(facts_earlier(story->record, story->arena, "prod", "r-1", &earlier)); /* that is what is live */
    assert_null(earlier.id);
    assert_ok(facts_earlier(story->record, story->arena, "prod", "r-3", &earlier));
    assert_null(earlier.id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY_TEST(test_facts_succeeded__is_of_that_commit_and_environment),
        STORY_TEST(test_facts_released__are_newest_first),
        STORY_TEST(test_facts_picked_by_hand__only_what_a_person_resolved),
        STORY_TEST(test_facts_overrides__are_those_in_force_for_any_release),
        STORY_TEST(test_facts_scheduled_failed__is_the_last_scheduled_one),
        STORY_TEST(test_facts_earlier__is_the_last_other_commit),
    };

    return RUN_TESTS(tests);
}
