#include "unit/unit.h"

#include "drivers/evidence.h"

#define WORDS(text) (text), sizeof(text) - 1

static void test_evidence_start__cuts_between_characters(void **state)
{
    assert_string_equal(evidence_start(*state, WORDS("hello"), 100), "hello");
    assert_string_equal(evidence_start(*state, WORDS("hello"), 5), "hello");
    assert_string_equal(evidence_start(*state, WORDS("hello"), 4), "hell");
    assert_string_equal(evidence_start(*state, WORDS("aäö"), 2), "a");
    assert_string_equal(evidence_start(*state, WORDS("aäö"), 3), "aä");
    assert_string_equal(evidence_start(*state, WORDS("ä"), 1), "");
    assert_string_equal(evidence_start(*state, NULL, 0, 10), "");
    assert_string_equal(evidence_start(*state, WORDS("abc"), 0), "");
}

static void test_evidence_start__is_clean(void **state)
{
    assert_string_equal(evidence_start(*state, WORDS("a\0b\x1b[31mc\xff"), 100), "abc\xef\xbf\xbd");
}

static void test_evidence_end__keeps_the_last_whole_lines(void **state)
{
    assert_string_equal(evidence_end(*state, WORDS("one\ntwo\n"), 100), "one\ntwo\n");
    assert_string_equal(evidence_end(*state, WORDS("one\ntwo\nthree\n"), 9), "three\n");
    assert_string_equal(evidence_end(*state, WORDS("0123456789"), 4), "6789");
    assert_string_equal(evidence_end(*state, WORDS("0123456789\n"), 4), "789\n");
    assert_string_equal(evidence_end(*state, WORDS("xää"), 3), "ä");
    assert_string_equal(evidence_end(*state, NULL, 0, 4), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_evidence_start__cuts_between_characters),
        TEST_WITH_ARENA(test_evidence_start__is_clean),
        TEST_WITH_ARENA(test_evidence_end__keeps_the_last_whole_lines),
    };

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
