#include "unit/store/story.h"

static struct error *unchanged(struct story *story, const char *environment, int64_t seq)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    TRY(tx_begin(story->record, &tx));
    return facts_unchanged(&tx, environment, seq);
}

static void test_facts_unchanged__when_nothing_happened_since(void **state)
{
    struct story *story = *state;
    int64_t seq;

    assert_ok(unchanged(story, "prod", 0));
    story_first(story);
    assert_ok(journal_seq(story->record, &seq));
    assert_ok(unchanged(story, "prod", seq));
}

static void test_facts_unchanged__refuses_a_live_release(void **state)
{
    struct story *story = *state;
    struct error *error;
    int64_t seq;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    assert_ok(journal_seq(story->record, &seq));
    error = unchanged(story, "prod", seq);
    assert_non_null(error);
    assert_string_equal(error->hint, "penstock watch r-2");
    assert_fails(error, ERR_CONFLICT, "environment 'prod' has a live release, r-2");
}

static void test_facts_unchanged__refuses_a_stale_plan(void **state)
{
    struct story *story = *state;
    struct error *error;

    story_first(story);
    error = unchanged(story, "prod", 3);
    assert_non_null(error);
    assert_string_equal(error->hint, "penstock plan prod");
    assert_fails(error, ERR_CONFLICT, "the plan is stale: release r-1 changed environment 'prod' since");
}

static void test_facts_unchanged__does_not_mind_other_environments(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    assert_ok(unchanged(story, "int", 0));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_facts_unchanged__when_nothing_happened_since),
        STORY_TEST(test_facts_unchanged__refuses_a_live_release),
        STORY_TEST(test_facts_unchanged__refuses_a_stale_plan),
        STORY_TEST(test_facts_unchanged__does_not_mind_other_environments),
    };

    return RUN_TESTS(tests);
}
