#include "unit/unit.h"

#include "base/text.h"

static void test_text_is__compares_and_knows_null(void **state)
{
    (void)state;
    assert_true(text_is("a", "a"));
    assert_false(text_is("a", "b"));
    assert_true(text_is(NULL, NULL));
    assert_false(text_is("a", NULL));
    assert_false(text_is(NULL, "a"));
}

static void test_text_starts_and_ends(void **state)
{
    (void)state;
    assert_true(text_starts("stage", "sta"));
    assert_true(text_starts("stage", ""));
    assert_false(text_starts("sta", "stage"));
    assert_true(text_ends("pipeline.yaml", ".yaml"));
    assert_true(text_ends("x", ""));
    assert_false(text_ends("yaml", ".yaml"));
    assert_false(text_ends("pipeline.json", ".yaml"));
}

static void test_text_glob__star_is_any_run(void **state)
{
    (void)state;
    assert_true(text_glob("release/*", "release/1.2/x"));
    assert_true(text_glob("*", ""));
    assert_true(text_glob("**", "x"));
    assert_true(text_glob("a*b*c", "a-b-b-c"));
    assert_true(text_glob("a*bc", "abbc"));
    assert_true(text_glob("main", "main"));
    assert_true(text_glob("main*", "main"));
    assert_false(text_glob("main", "mainly"));
    assert_false(text_glob("mainly", "main"));
    assert_false(text_glob("a*c", "a-b"));
    assert_false(text_glob("", "x"));
}

static void test_text_glob__many_stars_are_not_slow(void **state)
{
    char text[2001];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void test_duration_parse__reads_what_people_write(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"90s", 90000},
        {"10m", 600000},
        {"1h30m", 5400000},
        {"250ms", 250},
        {"3d", 259200000},
        {"0s", 0},
        {"1d2h3m4s5ms", 93784005},
        {"1m250ms", 60250},
        {"3650d", 315360000000},
        {"315360000000ms", 315360000000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = -1;

        assert_true(duration_parse(rows[i].text, &ms));
        assert_int_equal(ms, rows[i].ms);
    }
}

static void test_duration_parse__refuses_the_rest(void **state)
{
    static const char *const rows[] = {
        "",      "s",        "10",   "10 s",           " 10s", "10s ",     "-1s",
        "+1s",   "1.5s",     "1m1h", "1s1s",           "1x",   "1sm",      "1hms",
        "3651d", "3650d1ms", "10S",  "315360000001ms", "1h30", "9999999d", "99999999999999999999s"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = -1;

        if (duration_parse(rows[i], &ms))
            fail_msg("'%s' was taken for a duration", rows[i]);
        assert_int_equal(ms, -1);
    }
}

static void test_text_spaced__is_for_people(void **state)
{
    assert_string_equal(text_spaced(*state, "rolled_back"), "rolled back");
    assert_string_equal(text_spaced(*state, "failed"), "failed");
    assert_string_equal(text_spaced(*state, ""), "");
}

static void test_duration_text__is_the_shortest_exact_form(void **state)
{
    struct arena *arena = *state;

    assert_string_equal(duration_text(arena, 0), "0s");
    assert_string_equal(duration_text(arena, 90000), "1m30s");
    assert_string_equal(duration_text(arena, 3600000), "1h");
    assert_string_equal(duration_text(arena, 93784005), "1d2h3m4s5ms");
    assert_string_equal(duration_text(arena, 250), "250ms");
    assert_string_equal(duration_text(arena, -1500), "-1s500ms");
    assert_string_equal(duration_text(arena, INT64_MIN), "-106751991167d7h12m55s808ms");
}

static void test_share_parse__reads_percents(void **state)
{
    static const struct {
        const char *text;
        int share;
    } rows[] = {{"0%", 0},    {"5%", 500},         {"12.25%", 1225},   {"12.5%", 1250},
                {"0.01%", 1}, {"100%", SHARE_ALL}, {"100.00%", 10000}, {"99.99%", 9999}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int share = -1;

        assert_true(share_parse(rows[i].text, &share));
        assert_int_equal(share, rows[i].share);
    }
}

static void test_share_parse__refuses_the_rest(void **state)
{
    static const char *const rows[] = {"",    "%",    "5",    "5 %",    " 5%",   "-5%",     "+5%",
                                       ".5%", "5.%",  "5,5%", "1.234%", "101%",  "100.01%", "5%%",
                                       "5% ", "half", "1.x%", "1e1%",   "1..2%", "1.000%",  "99999999999999999999%"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int share = -1;

        if (share_parse(rows[i], &share))
            fail_msg("'%s' was taken for a share", rows[i]);
        assert_int_equal(share, -1);
    }
}

static void test_share_text(void **state)
{
    struct arena *arena = *state;

    assert_string_equal(share_text(arena, 0), "0%");
    assert_string_equal(share_text(arena, 500), "5%");
    assert_string_equal(share_text(arena, 1250), "12.5%");
    assert_string_equal(share_text(arena, 1225), "12.25%");
    assert_string_equal(share_text(arena, 1), "0.01%");
    assert_string_equal(share_text(arena, SHARE_ALL), "100%");
    assert_string_equal(share_text(arena, 12000), "120%");
    assert_string_equal(share_text(arena, -50), "-0.5%");
}

static void test_text_nearest__finds_what_was_meant(void **state)
{
    static const char *const words[] = {"release", "resume", "status", "abort", "validate", "plan", NULL};

    (void)state;
    assert_string_equal(text_nearest("relaese", words), "release");
    assert_string_equal(text_nearest("stauts", words), "status");
    assert_string_equal(text_nearest("statu", words), "status");
    assert_string_equal(text_nearest("statuss", words), "status");
    assert_string_equal(text_nearest("valid", words), "validate");
    assert_string_equal(text_nearest("plan", words), "plan");
}

static void test_text_nearest__says_nothing_when_none_is_near(void **state)
{
    static const char *const words[] = {"release", "up", NULL};

    (void)state;
    assert_null(text_nearest("kubernetes", words));
    assert_null(text_nearest("x", words));
    assert_null(text_nearest("", words));
}

static void test_text_nearest__does_not_guess_at_short_words(void **state)
{
    const char *const words[] = {"demo", "ps", "init", "ops", "e2e", NULL};

    (void)state;
    assert_null(text_nearest("db", words));
    assert_null(text_nearest("is", words));
    assert_null(text_nearest("xs", words));
    assert_null(text_nearest("s", words));
    assert_null(text_nearest("dba", words));
    assert_string_equal(text_nearest("d", words), "demo");
    assert_string_equal(text_nearest("sp", words), "ps");
    assert_string_equal(text_nearest("do", words), "demo");
    assert_string_equal(text_nearest("e3e", words), "e2e");
}

static void test_text_nearest__weighs_like_git(void **state)
{
    /* Two characters too many cost 8, two missing ones 2. */
    static const char *const longer[] = {"sharexx", NULL};
    static const char *const shorter[] = {"share", NULL};
    /* A swap is free, a wrong character costs 2. */
    static const char *const both[] = {"wight", "weight", NULL};

    (void)state;
    assert_string_equal(text_nearest("xhare", longer), "sharexx");
    assert_null(text_nearest("sharexx", shorter));
    assert_string_equal(text_nearest("wieght", both), "weight");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is__compares_and_knows_null),
        cmocka_unit_test(test_text_starts_and_ends),
        cmocka_unit_test(test_text_glob__star_is_any_run),
        cmocka_unit_test(test_text_glob__many_stars_are_not_slow),
        cmocka_unit_test(test_duration_parse__reads_what_people_write),
        cmocka_unit_test(test_duration_parse__refuses_the_rest),
        TEST_WITH_ARENA(test_text_spaced__is_for_people),
        TEST_WITH_ARENA(test_duration_text__is_the_shortest_exact_form),
        cmocka_unit_test(test_share_parse__reads_percents),
        cmocka_unit_test(test_share_parse__refuses_the_rest),
        TEST_WITH_ARENA(test_share_text),
        cmocka_unit_test(test_text_nearest__finds_what_was_meant),
        cmocka_unit_test(test_text_nearest__says_nothing_when_none_is_near),
        cmocka_unit_test(test_text_nearest__does_not_guess_at_short_words),
        cmocka_unit_test(test_text_nearest__weighs_like_git),
    };

    return RUN_TESTS(tests);
}
