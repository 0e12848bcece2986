#include "unit/unit.h"

#include "drivers/probe/extract.h"

#include <math.h>

#include "base/text.h"

/* Runs one extraction over a text. */
#define told(arena, kind, expression, body) \
    unit_told((arena), &(struct extract){(kind), (expression)}, (body), __FILE__, __LINE__)
#define unknown(arena, kind, expression, body, why) \
    unit_unknown((arena), &(struct extract){(kind), (expression)}, (body), (why), __FILE__, __LINE__)

static double unit_told(struct arena *arena, const struct extract *extract, const char *body, const char *file,
                        int line)
{
    double value = -1;
    const char *why = "";

    if (!extract_number(arena, extract, body, strlen(body), &value, &why)) {
        print_error("unknown: %s\n", why);
        _fail(file, line);
    }
    return value;
}

/* `why` is a pattern. The number must not have been touched. */
static void unit_unknown(struct arena *arena, const struct extract *extract, const char *body, const char *pattern,
                         const char *file, int line)
{
    double value = -77;
    const char *why = NULL;

    if (extract_number(arena, extract, body, strlen(body), &value, &why)) {
        print_error("%s of %s is told as %g\n", extract->expression, body, value);
        _fail(file, line);
    }
    if (!why || !text_glob(pattern, why)) {
        print_error("%s of %s says: %s\n", extract->expression, body, why ? why : "(nothing)");
        _fail(file, line);
    }
    assert_true(value == -77);
}

static void test_extract__parses_its_kinds(void **state)
{
    enum extract_kind kind = EXTRACT_JSON;

    (void)state;
    assert_true(extract_kind_parse("sql", &kind) && kind == EXTRACT_SQL);
    assert_true(extract_kind_parse("count", &kind) && kind == EXTRACT_COUNT);
    assert_true(extract_kind_parse("metric", &kind) && kind == EXTRACT_METRIC);
    assert_true(extract_kind_parse("json", &kind) && kind == EXTRACT_JSON);
    assert_false(extract_kind_parse("regex", &kind));
    assert_false(extract_kind_parse(NULL, &kind));
}

static void test_extract__json_takes_a_number(void **state)
{
    assert_true(told(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 3}") == 3);
    assert_true(told(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 0}") == 0);
    assert_true(told(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 0.25}") == 0.25);
    assert_true(told(*state, EXTRACT_JSON, "$", "17") == 17);
    assert_true(told(*state, EXTRACT_JSON, "$[1]", " [1, 9007199254740993] ") == 9007199254740993.0);
}

static void test_extract__json_takes_numbers_beyond_64_bits(void **state)
{
    assert_true(told(*state, EXTRACT_JSON, "$.n", "{\"n\": 18446744073709551615}") == 18446744073709551615.0);
    assert_true(told(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 2, \"n\": 18446744073709551615}") == 2);
}

static void test_extract__json_unknown_is_never_zero(void **state)
{
    unknown(*state, EXTRACT_JSON, "$.rooms", "{}", "the answer has no '$.rooms'");
    unknown(*state, EXTRACT_JSON, "$.rooms", "", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 0", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 0} x", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": null}", "'$.rooms' is null, not a number");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": \"0\"}", "'$.rooms' is a text, not a number");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": false}", "'$.rooms' is true or false, not a number");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": []}", "'$.rooms' is a list, not a number");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": {}}", "'$.rooms' is an object, not a number");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": -1}", "it is negative: -1");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 1e400}", "the answer is not JSON*overflow*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": NaN}", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": Infinity}", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 0, \"rooms\": 3}", "the answer is not JSON*duplicate*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "<html>0</html>", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "$.rooms", "{\"rooms\": 00}", "the answer is not JSON*");
    unknown(*state, EXTRACT_JSON, "rooms", "{\"rooms\": 0}", "path 'rooms' does not start with '$'");
    unknown(*state, EXTRACT_JSON, "$.a", "{\"rooms\": 99999999999999999999999}", "the answer has no '$.a'");
}

static void test_extract__count_counts_a_list(void **state)
{
    assert_true(told(*state, EXTRACT_COUNT, "$.rooms", "{\"rooms\": [1, {}, null]}") == 3);
    assert_true(told(*state, EXTRACT_COUNT, "$.rooms", "{\"rooms\": []}") == 0);
    assert_true(told(*state, EXTRACT_COUNT, "$", "[]") == 0);
}

static void test_extract__count_unknown_is_never_zero(void **state)
{
    unknown(*state, EXTRACT_COUNT, "$.rooms", "{}", "the answer has no '$.rooms'");
    unknown(*state, EXTRACT_COUNT, "$.rooms", "{\"rooms\": {}}", "'$.rooms' is an object, not a list");
    unknown(*state, EXTRACT_COUNT, "$.rooms", "{\"rooms\": 0}", "'$.rooms' is a number, not a list");
    unknown(*state, EXTRACT_COUNT, "$.rooms", "{\"rooms\": null}", "'$.rooms' is null, not a list");
    unknown(*state, EXTRACT_COUNT, "$.rooms", "[]", "the answer has no '$.rooms'");
}

static const char page[] = "# HELP rooms open rooms\n"
                           "# TYPE rooms gauge\n"
                           "rooms{region=\"west\",kind=\"audio\"} 3 1700000000000\n"
                           "rooms{region=\"north\",kind=\"audio\"} 4\n"
                           "rooms_total 17\r\n"
                           "odd{label=\"a\\\"b,c}\"} 5\n"
                           "bad nothing\n"
                           "hex 0x10\n"
                           "nan NaN\n"
                           "inf +Inf\n"
                           "minus -2\n"
                           "float 1.5e3\n"
                           "empty\n"
                           "open{a=\"b\n"
                           "last 8\n";

static void test_extract__metric_takes_the_one_series(void **state)
{
    assert_true(told(*state, EXTRACT_METRIC, "rooms_total", page) == 17);
    assert_true(told(*state, EXTRACT_METRIC, "rooms{region=\"west\"}", page) == 3);
    assert_true(told(*state, EXTRACT_METRIC, "rooms{kind=\"audio\", region=\"north\"}", page) == 4);
    assert_true(told(*state, EXTRACT_METRIC, "odd{label=\"a\\\"b,c}\"}", page) == 5);
    assert_true(told(*state, EXTRACT_METRIC, "float", page) == 1500);
    assert_true(told(*state, EXTRACT_METRIC, "last", page) == 8);
}

static void test_extract__metric_unknown_is_never_zero(void **state)
{
    unknown(*state, EXTRACT_METRIC, "rooms", page, "2 series are named 'rooms': add labels");
    unknown(*state, EXTRACT_METRIC, "rooms{kind=\"audio\"}", page, "2 series are named *");
    unknown(*state, EXTRACT_METRIC, "rooms{region=\"south\"}", page, "the answer has no metric *");
    unknown(*state, EXTRACT_METRIC, "rooms{zone=\"west\"}", page, "the answer has no metric *");
    unknown(*state, EXTRACT_METRIC, "room", page, "the answer has no metric 'room'");
    unknown(*state, EXTRACT_METRIC, "HELP", page, "the answer has no metric 'HELP'");
    unknown(*state, EXTRACT_METRIC, "bad", page, "the sample of 'bad' has no number");
    unknown(*state, EXTRACT_METRIC, "hex", page, "the sample of 'hex' has no number");
    unknown(*state, EXTRACT_METRIC, "empty", page, "the sample of 'empty' has no number");
    unknown(*state, EXTRACT_METRIC, "open", page, "the answer has no metric 'open'");
    unknown(*state, EXTRACT_METRIC, "nan", page, "it is not a finite number");
    unknown(*state, EXTRACT_METRIC, "inf", page, "it is not a finite number");
    unknown(*state, EXTRACT_METRIC, "minus", page, "it is negative: -2");
    unknown(*state, EXTRACT_METRIC, "rooms", "", "the answer has no metric 'rooms'");
    unknown(*state, EXTRACT_METRIC, "rooms", "rooms 1e400\n", "it is not a finite number");
    unknown(*state, EXTRACT_METRIC, "rooms", "rooms 1", "the answer ends in the middle of a line");
    unknown(*state, EXTRACT_METRIC, "rooms", "rooms{a=\"1\"} 0\nrooms{a=\"2\"",
            "the answer ends in the middle of a line");
    unknown(*state, EXTRACT_METRIC, "2rooms", page, "'2rooms' is no metric");
    unknown(*state, EXTRACT_METRIC, "rooms{", page, "'rooms{' is no metric");
}

static void test_extract__metric_refuses_bytes_that_are_no_text(void **state)
{
    double value;
    const char *why;

    assert_false(
        extract_number(*state, &(struct extract){EXTRACT_METRIC, "rooms"}, "rooms 1\n\0rooms 2\n", 18, &value, &why));
    assert_string_equal(why, "the answer is not text");
}

static void test_extract__takes_an_identity(void **state)
{
    static const char body[] = "{\"id\": \"boot-1\", \"n\": 5, \"none\": null, \"empty\": \"\", \"f\": 1.5}";

    assert_string_equal(extract_identity(*state, "$.id", body, strlen(body)), "boot-1");
    assert_string_equal(extract_identity(*state, "$.n", body, strlen(body)), "5");
    assert_null(extract_identity(*state, "$.none", body, strlen(body)));
    assert_null(extract_identity(*state, "$.empty", body, strlen(body)));
    assert_null(extract_identity(*state, "$.f", body, strlen(body)));
    assert_null(extract_identity(*state, "$.x", body, strlen(body)));
    assert_null(extract_identity(*state, "$.id", "{", 1));
    assert_null(extract_identity(*state, "id", body, strlen(body)));
    assert_null(extract_identity(*state, "$.id", NULL, 0));
}

/* A small fuzzer with a fixed seed: the page's one number is told, or unknown, and never another one by accident. */
static void test_extract__takes_any_bytes(void **state)
{
    static const char *const bodies[] = {"{\"rooms\": [1, 2], \"n\": 2}", "# TYPE n gauge\nn{a=\"b\"} 2\n"};
    static const char *const expressions[] = {"$.n", "$.rooms", "n", "select :body ->> '$.n'"};
    unsigned seed = 20261121;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();
        const struct extract extract = {(enum extract_kind)(i % 4), expressions[i % 4]};
        char *body = arena_text(arena, bodies[i / 4 % 2]);
        size_t length = strlen(body);
        const char *why = NULL;
        double value = -77;

        for (int k = 0; k < 1 + i % 3; k++) {
            seed = seed * 1103515245u + 12345u;
            body[(seed >> 8) % length] = "\n,} []\"e\0\xff-a:{.+"[(seed >> 24) % 16];
        }
        if (extract_number(arena, &extract, body, length, &value, &why))
            assert_true(isfinite(value) && value >= 0);
        else
            assert_true(why && *why && value == -77);
    }
}

static void test_extract__checks_expressions_ahead(void **state)
{
    (void)state;
    assert_ok(extract_check(&(struct extract){EXTRACT_JSON, "$.a"}));
    assert_ok(extract_check(&(struct extract){EXTRACT_COUNT, "$.a"}));
    assert_ok(extract_check(&(struct extract){EXTRACT_METRIC, "a{b=\"c\"}"}));
    assert_ok(extract_check(&(struct extract){EXTRACT_SQL, "select :body ->> 'a'"}));
    assert_fails(extract_check(&(struct extract){EXTRACT_COUNT, "a"}), ERR_SPEC_INVALID,
                 "path 'a' does not start with '$'");
    assert_fails(extract_check(&(struct extract){EXTRACT_METRIC, NULL}), ERR_SPEC_INVALID, "'' is no metric");
    assert_fails(extract_check(&(struct extract){EXTRACT_SQL, "select 0"}), ERR_SPEC_INVALID,
                 "the SQL does not read :body");
    assert_fails(extract_check(&(struct extract){EXTRACT_SQL, NULL}), ERR_SPEC_INVALID, "there is no SQL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extract__parses_its_kinds),
        TEST_WITH_ARENA(test_extract__json_takes_a_number),
        TEST_WITH_ARENA(test_extract__json_takes_numbers_beyond_64_bits),
        TEST_WITH_ARENA(test_extract__json_unknown_is_never_zero),
        TEST_WITH_ARENA(test_extract__count_counts_a_list),
        TEST_WITH_ARENA(test_extract__count_unknown_is_never_zero),
        TEST_WITH_ARENA(test_extract__metric_takes_the_one_series),
        TEST_WITH_ARENA(test_extract__metric_unknown_is_never_zero),
        TEST_WITH_ARENA(test_extract__metric_refuses_bytes_that_are_no_text),
        TEST_WITH_ARENA(test_extract__takes_an_identity),
        cmocka_unit_test(test_extract__takes_any_bytes),
        cmocka_unit_test(test_extract__checks_expressions_ahead),
    };

    return cmocka_run_group_tests_name("extract", tests, NULL, NULL);
}
