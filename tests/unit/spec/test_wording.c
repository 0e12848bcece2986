#include "unit/spec/spec.h"

#include "spec/names.h"
#include "spec/wording.h"

static void test_wording_quote__is_short_and_safe(void **state)
{
    assert_string_equal(wording_quote(*state, "plain"), "'plain'");
    assert_string_equal(wording_quote(*state, ""), "''");
    assert_string_equal(wording_quote(*state, "a\x1b[1m\n\x7f\xC2\x9Bz"), "'a?[1m???z'");
    assert_string_equal(wording_quote(*state, "1234567890123456789012345678901234567890"),
                        "'1234567890123456789012345678901234567890'");
    assert_string_equal(wording_quote(*state, "12345678901234567890123456789012345678901"),
                        "'1234567890123456789012345678901234567890...'");
    assert_string_equal(wording_quote(*state, "ääääääääääääääääääääääääääääääääääääääää"),
                        "'ääääääääääääääääääääääääääääääääääääääää'");
}

static void test_wording_nearest__is_bounded(void **state)
{
    const char *words[1000];
    char longest[100];

    for (int i = 0; i < 1000; i++)
        words[i] = "build";
    memset(longest, 'b', 99);
    longest[99] = '\0';
    assert_string_equal(wording_nearest(*state, "biuld", words, 500), "build");
    assert_null(wording_nearest(*state, "biuld", words, 501));
    assert_null(wording_nearest(*state, longest, words, 1));
    words[0] = NULL;
    words[1] = longest;
    assert_null(wording_nearest(*state, "bbb", words, 2));
    assert_null(wording_nearest(*state, "biuld", words, 0));
}

static void test_wording_list__ends_with_how_many_more(void **state)
{
    const char *words[30];

    for (int i = 0; i < 30; i++)
        words[i] = i % 10 == 0 ? NULL : "x";
    assert_string_equal(wording_list(*state, words, 3), "x, x");
    assert_null(wording_list(*state, words, 1));
    assert_null(wording_list(*state, words, 0));
    assert_string_equal(wording_list(*state, words, 30),
                        "x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x and 3 more");
}

static void test_wording_hint__suggests_or_lists(void **state)
{
    const char *words[] = {"share", "hold"};

    assert_string_equal(wording_hint(*state, "hodl", words, 2, "the keys here are"), "did you mean 'hold'?");
    assert_string_equal(wording_hint(*state, "zebra", words, 2, "the keys here are"), "the keys here are: share, hold");
    assert_null(wording_hint(*state, "zebra", words, 2, NULL));
    assert_null(wording_hint(*state, "zebra", words, 0, "the keys here are"));
}

static void test_names__finds_the_first_of_twins(void **state)
{
    const char *words[] = {"a", "b", NULL, "a", "c"};
    struct names names;

    names_build(*state, words, 5, &names);
    assert_int_equal(names_find(&names, "a"), 0);
    assert_int_equal(names_find(&names, "c"), 4);
    assert_int_equal(names_find(&names, "d"), -1);
    names_build(*state, words, 0, &names);
    assert_int_equal(names_find(&names, "a"), -1);
}

static void test_names__holds_many(void **state)
{
    const char **words = arena_array(*state, 50000, sizeof(*words));
    struct names names;

    for (int i = 0; i < 50000; i++)
        words[i] = arena_printf(*state, "name-%d", i);
    names_build(*state, words, 50000, &names);
    for (int i = 0; i < 50000; i++)
        assert_int_equal(names_find(&names, words[i]), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_wording_quote__is_short_and_safe),
        TEST_WITH_ARENA(test_wording_nearest__is_bounded),
        TEST_WITH_ARENA(test_wording_list__ends_with_how_many_more),
        TEST_WITH_ARENA(test_wording_hint__suggests_or_lists),
        TEST_WITH_ARENA(test_names__finds_the_first_of_twins),
        TEST_WITH_ARENA(test_names__holds_many),
    };

    return RUN_TESTS(tests);
}
