#include "unit/unit.h"

#include "base/template.h"
#include "base/text.h"

static const struct mark here = {"prod.yaml", 7, 9};

static const char *lookup(const void *context, const char *name)
{
    if (text_is(name, "unit.out"))
        return "/tmp/a b";
    if (text_is(name, "stamp-name_2"))
        return "blue";
    if (text_is(name, "value"))
        return context;
    return NULL;
}

static struct error *expand(struct arena *arena, enum template_format format, const char *text, const char *value,
                            const char **out)
{
    struct template_values values = {format, lookup, value};

    return template_expand(arena, &values, text, here, out);
}

static void test_template_expand__fills_names_in(void **state)
{
    const char *out = NULL;

    assert_ok(expand(*state, TEMPLATE_ARGV, "OUT=${unit.out}/${stamp-name_2}!", NULL, &out));
    assert_string_equal(out, "OUT=/tmp/a b/blue!");
    assert_ok(expand(*state, TEMPLATE_ARGV, "", NULL, &out));
    assert_string_equal(out, "");
    assert_ok(expand(*state, TEMPLATE_ARGV, "$$5 $${value}", "x", &out));
    assert_string_equal(out, "$5 ${value}");
    assert_ok(expand(*state, TEMPLATE_ARGV, "${value}", "", &out));
    assert_string_equal(out, "");
}

static void test_template_expand__does_not_expand_values(void **state)
{
    const char *out = NULL;

    assert_ok(expand(*state, TEMPLATE_ARGV, "${value}", "${unit.out}$(id);`id`", &out));
    assert_string_equal(out, "${unit.out}$(id);`id`");
}

static void test_template_expand__refuses_bad_syntax_and_unknown_names(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"${nobody}", "unknown name '${nobody}'"},
        {"a $HOME", "a lone '$' in 'a $HOME'"},
        {"5$", "a lone '$' in '5$'"},
        {"${unit.out", "'${' is not closed in '${unit.out'"},
        {"${", "'${' is not closed in '${'"},
        {"${}", "bad name after '${' in '${}'"},
        {"${unit out}", "bad name after '${' in '${unit out}'"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *out = NULL;
        struct error *error CLEANUP(error_cleanup) = expand(*state, TEMPLATE_ARGV, rows[i].text, NULL, &out);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_SPEC_INVALID);
        assert_string_equal(error->text, rows[i].message);
        assert_string_equal(error->mark.file, "prod.yaml");
        assert_int_equal(error->mark.line, 7);
        assert_null(out);
    }
}

static void test_template_expand__haproxy_refuses_what_could_become_a_directive(void **state)
{
    static const char *const bad[] = {"a b", "a\nserver x", "a\tb", "\"", "'", "\\", "#", "$", "\x7f", "\x01"};
    const char *out = NULL;

    assert_ok(expand(*state, TEMPLATE_HAPROXY, "server blue ${value} check", "127.0.0.1:8080", &out));
    assert_string_equal(out, "server blue 127.0.0.1:8080 check");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error *error CLEANUP(error_cleanup) = expand(*state, TEMPLATE_HAPROXY, "${value}", bad[i], &out);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_SPEC_INVALID);
    }
    assert_fails(expand(*state, TEMPLATE_HAPROXY, "${value}", "a b", &out), ERR_SPEC_INVALID,
                 "the value of '${value}' has byte 0x20, which cannot stand in an HAProxy configuration");
}

static void test_template_expand__has_a_limit(void **state)
{
    char *value = arena_alloc(*state, 600001);
    const char *out = NULL;

    memset(value, 'x', 600000);
    assert_ok(expand(*state, TEMPLATE_ARGV, "${value}", value, &out));
    assert_fails(expand(*state, TEMPLATE_ARGV, "${value}${value}", value, &out), ERR_LIMIT,
                 "the text expands to more than 1048576 bytes");
}

struct visits {
    char seen[200];
    const char *stop_at;
};

static struct error *visit(void *context, const char *name, int offset)
{
    struct visits *visits = context;
    size_t length = strlen(visits->seen);

    if (text_is(name, visits->stop_at))
        return error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "stopped at '%s'", name);
    snprintf(visits->seen + length, sizeof(visits->seen) - length, "%s@%d ", name, offset);
    return NULL;
}

static void test_template_names__visits_each(void **state)
{
    struct visits visits = {.seen = ""};

    (void)state;
    assert_ok(template_names("$$x ${a} and ${b.c}${a}", here, visit, &visits));
    assert_string_equal(visits.seen, "a@4 b.c@13 a@19 ");
}

static void test_template_names__stops_at_the_first_error(void **state)
{
    struct visits visits = {.seen = "", .stop_at = "b"};

    (void)state;
    assert_fails(template_names("${a} ${b} ${c}", here, visit, &visits), ERR_SPEC_INVALID, "stopped at 'b'");
    assert_string_equal(visits.seen, "a@0 ");
    assert_fails(template_names("${c} ${", here, visit, &visits), ERR_SPEC_INVALID, "'${' is not closed in '${c} ${'");
    assert_string_equal(visits.seen, "a@0 c@0 ");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_template_expand__fills_names_in),
        TEST_WITH_ARENA(test_template_expand__does_not_expand_values),
        TEST_WITH_ARENA(test_template_expand__refuses_bad_syntax_and_unknown_names),
        TEST_WITH_ARENA(test_template_expand__haproxy_refuses_what_could_become_a_directive),
        TEST_WITH_ARENA(test_template_expand__has_a_limit),
        cmocka_unit_test(test_template_names__visits_each),
        cmocka_unit_test(test_template_names__stops_at_the_first_error),
    };

    return RUN_TESTS(tests);
}
