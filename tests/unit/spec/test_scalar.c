#include "unit/spec/spec.h"

#include "spec/scalar.h"

static void test_scalar_type__is_the_core_schema(void **state)
{
    static const struct {
        const char *text;
        enum scalar_type type;
    } rows[] = {
        {"", SCALAR_NULL},
        {"~", SCALAR_NULL},
        {"null", SCALAR_NULL},
        {"nULL", SCALAR_TEXT},
        {"true", SCALAR_BOOL},
        {"False", SCALAR_BOOL},
        {"tRue", SCALAR_TEXT},
        {"yes", SCALAR_TEXT},
        {"0", SCALAR_INT},
        {"-12", SCALAR_INT},
        {"+1", SCALAR_INT},
        {"010", SCALAR_INT},
        {"1_000", SCALAR_TEXT},
        {"1.", SCALAR_FLOAT},
        {".5", SCALAR_FLOAT},
        {"1e3", SCALAR_FLOAT},
        {"1.5E-3", SCALAR_FLOAT},
        {"1e", SCALAR_TEXT},
        {"1e+", SCALAR_TEXT},
        {".", SCALAR_TEXT},
        {"-", SCALAR_TEXT},
        {"-.", SCALAR_TEXT},
        {"1x", SCALAR_TEXT},
        {"0x1F", SCALAR_OTHER_NUMBER},
        {"0x", SCALAR_TEXT},
        {"0xg", SCALAR_TEXT},
        {"0o17", SCALAR_OTHER_NUMBER},
        {"0o8", SCALAR_TEXT},
        {"-.inf", SCALAR_OTHER_NUMBER},
        {".nan", SCALAR_OTHER_NUMBER},
        {"10s", SCALAR_TEXT},
        {"5%", SCALAR_TEXT},
        {"1.2.3", SCALAR_TEXT},
        {"12:30", SCALAR_TEXT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(scalar_type(rows[i].text), rows[i].type);
}

static void test_scalar_type_words(void **state)
{
    (void)state;
    assert_string_equal(scalar_type_words("1.5"), "number");
    assert_string_equal(scalar_type_words("0x1"), "number");
    assert_string_equal(scalar_type_words("TRUE"), "boolean");
    assert_null(scalar_type_words("text"));
    assert_null(scalar_type_words("~"));
}

static void test_scalar_is_ambiguous(void **state)
{
    (void)state;
    assert_true(scalar_is_ambiguous("Yes"));
    assert_true(scalar_is_ambiguous("OFF"));
    assert_true(scalar_is_ambiguous("n"));
    assert_false(scalar_is_ambiguous("true"));
    assert_false(scalar_is_ambiguous("none"));
}

static void test_scalar_is_json_number(void **state)
{
    static const char *const good[] = {"0", "-1", "12", "1.50", "1e3", "-0.5E+2", "0.0", NULL};
    static const char *const bad[] = {"+1", "01", "1.", ".5", "-.5", "-", "", "1e", "0x1", ".inf", "1.e3", "00", NULL};

    (void)state;
    for (size_t i = 0; good[i] != NULL; i++)
        assert_true(scalar_is_json_number(good[i]));
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(scalar_is_json_number(bad[i]));
}

static void test_scalar_clock(void **state)
{
    static const char *const bad[] = {"", "9:00", "09:60", "24:01", "25:00", "09.00", "09:00:00", "0900", "09:0", NULL};
    int minutes = -1;

    (void)state;
    assert_true(scalar_clock("00:00", &minutes) && minutes == 0);
    assert_true(scalar_clock("09:30", &minutes) && minutes == 570);
    assert_true(scalar_clock("24:00", &minutes) && minutes == 1440);
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(scalar_clock(bad[i], &minutes));
}

static void test_scalar_time(void **state)
{
    static const struct {
        const char *text;
        int64_t wall_ms;
    } rows[] = {
        {"1970-01-01", 0},
        {"2026-12-19", INT64_C(1797638400000)},
        {"2026-12-19T00:00Z", INT64_C(1797638400000)},
        {"2026-12-19T01:00:30+01:00", INT64_C(1797638430000)},
        {"2026-12-18T18:15-05:45", INT64_C(1797638400000)},
        {"2028-02-29", INT64_C(1835395200000)},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "1969-12-31",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "2026-12-32",
                                      "2026-12-19 18:00Z",
                                      "2026-12-19T",
                                      "2026-12-19T18Z",
                                      "2026-12-19T18:00",
                                      "2026-12-19T24:00Z",
                                      "2026-12-19T18:00:60Z",
                                      "2026-12-19T18:00:0Z",
                                      "2026-12-19T18:00z",
                                      "2026-12-19T18:00ZZ",
                                      "2026-12-19T18:00+0100",
                                      "2026-12-19T18:00+24:00",
                                      "2026-12-19T18:00+01:60",
                                      "2026-12-19Z",
                                      NULL};
    int64_t wall_ms;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_true(scalar_time(rows[i].text, &wall_ms));
        assert_int_equal(wall_ms, rows[i].wall_ms);
    }
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(scalar_time(bad[i], &wall_ms));
}

static void test_scalar_range(void **state)
{
    static const char *const bad[] = {
        "", "-", "41-", "-43", "43-41", "041", "41-043", "41 - 43", "41-43-45", "1234567890123456789", "a", "4a", NULL};
    int64_t first = -1, last = -1;

    (void)state;
    assert_true(scalar_range("43", &first, &last) && first == 43 && last == 43);
    assert_true(scalar_range("0-43", &first, &last) && first == 0 && last == 43);
    assert_true(scalar_range("7-7", &first, &last) && first == 7 && last == 7);
    for (size_t i = 0; bad[i] != NULL; i++)
        assert_false(scalar_range(bad[i], &first, &last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalar_type__is_the_core_schema),
        cmocka_unit_test(test_scalar_type_words),
        cmocka_unit_test(test_scalar_is_ambiguous),
        cmocka_unit_test(test_scalar_is_json_number),
        cmocka_unit_test(test_scalar_clock),
        cmocka_unit_test(test_scalar_time),
        cmocka_unit_test(test_scalar_range),
    };

    return RUN_TESTS(tests);
}
