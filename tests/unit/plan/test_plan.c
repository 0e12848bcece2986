/* The vocabulary of plans, and looking things up in one. */

#include "unit/plan/rich.h"

static void test_plan__every_verb_has_a_word_that_is_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < VERB_COUNT; i++) {
        enum verb verb;

        assert_non_null(verb_text((enum verb)i));
        assert_true(verb_parse(verb_text((enum verb)i), &verb));
        assert_int_equal(verb, i);
    }
}

static void test_plan__other_words_are_no_verbs(void **state)
{
    enum verb verb;

    (void)state;
    assert_false(verb_parse("instance.burn", &verb));
    assert_false(verb_parse("", &verb));
    assert_false(verb_parse(NULL, &verb));
}

static void test_plan__an_instance_is_found_by_its_name(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT, 1);

    assert_ptr_equal(plan_instance(plan, OLD_UNIT ".west.1"), &plan->instances[1]);
    assert_null(plan_instance(plan, "nobody"));
    assert_null(plan_instance(plan, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_plan__every_verb_has_a_word_that_is_read_back),
        TEST_WITH_ARENA(test_plan__other_words_are_no_verbs),
        TEST_WITH_ARENA(test_plan__an_instance_is_found_by_its_name),
    };

    return RUN_TESTS(tests);
}
