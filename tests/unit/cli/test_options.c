#include "unit/unit.h"

#include "cli/options.h"

static const enum option_id own[] = {OPTION_YES, OPTION_COMMENT, OPTION_AS, OPTION_AS_IS, OPTION_NONE};

/* Parses the words, which end with NULL, as the command "x" would. */
static struct error *parse(struct arena *arena, struct options *out, int *stop_at, const char *const *words)
{
    char **argv;
    int argc = 0;

    while (words[argc])
        argc++;
    argv = arena_array(arena, (size_t)argc + 2, sizeof(*argv));
    argv[0] = arena_text(arena, "x");
    for (int i = 0; i < argc; i++)
        argv[i + 1] = arena_text(arena, words[i]);
    memset(out, 0, sizeof(*out));
    return options_parse(arena, argc + 1, argv, own, stop_at, out);
}

#define PARSE(arena, out, ...) parse((arena), (out), NULL, (const char *const[]){__VA_ARGS__, NULL})

static void assert_hint(struct error *error, const char *hint)
{
    assert_non_null(error);
    if (hint)
        assert_string_equal(error->hint, hint);
    else
        assert_null(error->hint);
    error_free(error);
}

static void test_options_parse__takes_options_and_arguments_in_any_order(void **state)
{
    struct options options;

    assert_ok(PARSE(*state, &options, "prod", "--yes", "-o", "json", "v1", "--comment=why not", "-qvv"));
    assert_int_equal(options.argument_count, 2);
    assert_string_equal(options.arguments[0], "prod");
    assert_string_equal(options.arguments[1], "v1");
    assert_null(options.arguments[2]);
    assert_string_equal(options.values[OPTION_OUTPUT], "json");
    assert_string_equal(options.values[OPTION_COMMENT], "why not");
    assert_int_equal(options.given[OPTION_YES], 1);
    assert_int_equal(options.given[OPTION_VERBOSE], 2);
}

static void test_options_parse__ends_options_at_two_dashes(void **state)
{
    struct options options;

    assert_ok(PARSE(*state, &options, "--yes", "--", "--comment", "-"));
    assert_int_equal(options.argument_count, 2);
    assert_string_equal(options.arguments[0], "--comment");
    assert_string_equal(options.arguments[1], "-");
}

static void test_options_parse__stops_at_the_command(void **state)
{
    struct options options;
    int at = 0;

    assert_ok(parse(*state, &options, &at, (const char *const[]){"-C", "/srv", "release", "--yes", NULL}));
    assert_int_equal(at, 3);
    assert_string_equal(options.values[OPTION_DIRECTORY], "/srv");
    assert_int_equal(options.given[OPTION_YES], 0);
}

static void test_options_parse__names_what_is_unknown(void **state)
{
    struct options options;

    assert_fails(PARSE(*state, &options, "--coment", "x"), ERR_USAGE, "unknown option '--coment'");
    assert_hint(PARSE(*state, &options, "--coment=x"), "did you mean '--comment'?");
    assert_hint(PARSE(*state, &options, "--zzzzzzzzzzzz"), NULL);
    assert_fails(PARSE(*state, &options, "-Z"), ERR_USAGE, "unknown option '-Z'");
    /* Known, but not to this command. */
    assert_fails(PARSE(*state, &options, "--detach"), ERR_USAGE, "unknown option '--detach'");
}

static void test_options_parse__takes_no_abbreviation(void **state)
{
    struct options options;

    assert_fails(PARSE(*state, &options, "--comm", "x"), ERR_USAGE, "unknown option '--comm'");
    assert_hint(PARSE(*state, &options, "--ye"), "did you mean '--yes'?");
    assert_hint(PARSE(*state, &options, "--comm=x"), "did you mean '--comment'?");
    /* One name that begins another. */
    assert_ok(PARSE(*state, &options, "--as", "bo", "--as-is"));
    assert_string_equal(options.values[OPTION_AS], "bo");
    assert_int_equal(options.given[OPTION_AS_IS], 1);
}

static void test_options_parse__wants_values_where_they_belong(void **state)
{
    struct options options;

    assert_fails(PARSE(*state, &options, "--comment"), ERR_USAGE, "option '--comment' needs TEXT");
    assert_fails(PARSE(*state, &options, "-o"), ERR_USAGE, "option '-o' needs FORM");
    assert_fails(PARSE(*state, &options, "--yes=1"), ERR_USAGE, "option '--yes' takes no value");
}

static void test_option_usage__shows_both_forms(void **state)
{
    assert_string_equal(option_usage(*state, OPTION_OUTPUT), "-o, --output FORM");
    assert_string_equal(option_usage(*state, OPTION_STATE), "    --state DIR");
    assert_string_equal(option_usage(*state, OPTION_SHORT_HELP), "-h");
}

static void test_option_row__has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int id = OPTION_NONE + 1; id < OPTION_COUNT; id++) {
        const struct option_row *row = option_row((enum option_id)id);

        assert_true(row->name || row->letter);
        assert_non_null(row->doc);
        assert_true(row->doc[strlen(row->doc) - 1] != '.');
        for (int other = id + 1; other < OPTION_COUNT; other++) {
            const struct option_row *next = option_row((enum option_id)other);

            assert_true(!row->letter || row->letter != next->letter);
            assert_true(!row->name || !next->name || strcmp(row->name, next->name) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_options_parse__takes_options_and_arguments_in_any_order),
        TEST_WITH_ARENA(test_options_parse__ends_options_at_two_dashes),
        TEST_WITH_ARENA(test_options_parse__stops_at_the_command),
        TEST_WITH_ARENA(test_options_parse__names_what_is_unknown),
        TEST_WITH_ARENA(test_options_parse__takes_no_abbreviation),
        TEST_WITH_ARENA(test_options_parse__wants_values_where_they_belong),
        TEST_WITH_ARENA(test_option_usage__shows_both_forms),
        cmocka_unit_test(test_option_row__has_a_name_of_its_own),
    };

    return RUN_TESTS(tests);
}
