#include "unit/unit.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/print.h"

static struct cli *new_cli(struct arena *arena)
{
    struct cli *cli = ARENA_NEW(arena, struct cli);

    cli->arena = arena;
    return cli;
}

static void give(struct cli *cli, enum option_id id, const char *value)
{
    cli->options.values[id] = value;
    cli->options.given[id] = 1;
}

static void test_program_words__find_the_same_record_again(void **state)
{
    struct cli *cli = new_cli(*state);

    assert_string_equal(program_words(cli), "penstock");
    give(cli, OPTION_DIRECTORY, "/srv/app");
    give(cli, OPTION_STATE, "it's here");
    assert_string_equal(program_words(cli), "penstock -C /srv/app --state 'it'\\''s here'");
}

static void test_placed_words__find_the_same_record_again(void **state)
{
    struct cli *cli = new_cli(*state);

    assert_string_equal(placed_words(cli, "then: penstock resume"), "then: penstock resume");
    give(cli, OPTION_DIRECTORY, "/srv/app");
    assert_string_equal(placed_words(cli, "then: penstock resume"), "then: penstock -C /srv/app resume");
    assert_string_equal(placed_words(cli, "`penstock audit` lists the views"),
                        "`penstock -C /srv/app audit` lists the views");
    assert_string_equal(placed_words(cli, "use the penstock that wrote it"), "use the penstock that wrote it");
}

static void test_next_add__says_each_command_once(void **state)
{
    struct cli *cli = new_cli(*state);

    next_add(cli, "follow it", "watch %s", "r-1");
    next_add(cli, "again", "watch r-1");
    next_add(cli, "all", "status");
    assert_string_equal(json_canonical(*state, cli->next),
                        "[{\"command\":\"penstock watch r-1\",\"why\":\"follow it\"},"
                        "{\"command\":\"penstock status\",\"why\":\"all\"}]");
    json_decref(cli->next);
}

/* In a child, because it prints. */
static void print_one_error(void *context)
{
    struct cli *cli = context;
    struct mark mark = {"penstock.yaml", 3, 5};
    struct error *error = error_wrap(error_hint(error_at(ERR_CONFLICT, mark, "it is there"), "wait"), "cannot begin");

    next_add(cli, "follow it", "watch r-1");
    report_error(cli, error);
    error_free(error);
    json_decref(cli->next);
    arena_free(cli->arena);
}

static void test_report_error__has_place_help_and_next_command(void **state)
{
    struct cli *cli = new_cli(arena_new());
    struct unit_child child = unit_in_child(print_one_error, cli);

    (void)state;
    assert_string_equal(child.output, "error[E0303]: cannot begin: it is there\n"
                                      " --> penstock.yaml:3:5\n"
                                      "  = help: wait\n"
                                      "next:\n"
                                      "  penstock watch r-1   follow it\n");
    arena_free(cli->arena);
}

static void test_report_error__is_json_for_programs(void **state)
{
    struct cli *cli = new_cli(arena_new());
    struct unit_child child;
    json_t *document CLEANUP(json_cleanup) = NULL;

    (void)state;
    cli->output = OUTPUT_JSONL;
    cli->about = "r-1";
    child = unit_in_child(print_one_error, cli);
    document = json_loads(child.output, 0, NULL);
    assert_non_null(document);
    assert_string_equal(json_canonical(cli->arena, document),
                        "{\"code\":\"E0303\",\"exit_code\":7,\"expected\":null,\"hint\":\"wait\",\"kind\":\"error\","
                        "\"location\":{\"column\":5,\"file\":\"penstock.yaml\",\"line\":3},"
                        "\"message\":\"cannot begin: it is there\","
                        "\"next\":[{\"command\":\"penstock watch r-1\",\"why\":\"follow it\"}],\"release\":\"r-1\"}");
    arena_free(cli->arena);
}

static void test_ask_yes__is_answered_by_the_flag(void **state)
{
    struct cli *cli = new_cli(*state);
    bool yes = false;

    give(cli, OPTION_YES, NULL);
    assert_ok(ask_yes(cli, "go on?", &yes));
    assert_true(yes);
}

static void test_ask_yes__names_the_flag_where_nobody_can_be_asked(void **state)
{
    struct cli *cli = new_cli(*state);
    struct error *error;
    bool yes = true;

    give(cli, OPTION_NO_INPUT, NULL);
    error = ask_yes(cli, "go on?", &yes);
    assert_non_null(error);
    assert_int_equal(error->code, ERR_USAGE);
    assert_string_equal(error->text, "nobody can be asked: go on?");
    assert_string_equal(error->hint, "answer beforehand with --yes");
    error_free(error);
    assert_false(yes);
}

static void test_ask_name__takes_only_the_very_name(void **state)
{
    struct cli *cli = new_cli(*state);
    bool yes = false;

    give(cli, OPTION_CONFIRM, "int");
    assert_fails(ask_name(cli, "destroy?", "prod", &yes), ERR_USAGE, "--confirm says 'int', but this is about 'prod'");
    assert_false(yes);
    give(cli, OPTION_CONFIRM, "prod");
    assert_ok(ask_name(cli, "destroy?", "prod", &yes));
    assert_true(yes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_program_words__find_the_same_record_again),
        TEST_WITH_ARENA(test_placed_words__find_the_same_record_again),
        TEST_WITH_ARENA(test_next_add__says_each_command_once),
        cmocka_unit_test(test_report_error__has_place_help_and_next_command),
        cmocka_unit_test(test_report_error__is_json_for_programs),
        TEST_WITH_ARENA(test_ask_yes__is_answered_by_the_flag),
        TEST_WITH_ARENA(test_ask_yes__names_the_flag_where_nobody_can_be_asked),
        TEST_WITH_ARENA(test_ask_name__takes_only_the_very_name),
    };

    return RUN_TESTS(tests);
}
