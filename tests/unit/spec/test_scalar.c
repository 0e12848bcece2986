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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalar_type__is_the_core_schema),
        cmocka_unit_test(test_scalar_type_words),
        cmocka_unit_test(test_scalar_is_ambiguous),
        cmocka_unit_test(test_scalar_is_json_number),
    };

    return RUN_TESTS(tests);
}
