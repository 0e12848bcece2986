#include "unit/unit.h"

#include "base/file.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/help.h"

static bool has_exit(long code)
{
    for (const struct exit_row *row = exit_rows(); row->meaning; row++)
        if (row->code == code)
            return true;
    return false;
}

/* Numbers of the exit code table, with blanks between them. */
static void assert_exits(const char *exits)
{
    while (*exits) {
        char *end;

        assert_true(has_exit(strtol(exits, &end, 10)));
        assert_true(end > exits);
        exits = end + strspn(end, " ");
    }
}

static void test_commands__each_says_what_it_does(void **state)
{
    (void)state;
    for (const struct command *row = commands(); row->name; row++) {
        assert_non_null(row->run);
        assert_non_null(row->arguments);
        assert_true(row->most < 0 || row->least <= row->most);
        if (row->hidden)
            continue;
        assert_true(row->summary[0] >= 'a' && row->summary[0] <= 'z');
        assert_true(row->summary[strlen(row->summary) - 1] != '.');
        assert_non_null(row->doc);
        assert_exits(row->exits);
    }
}

static void test_commands__names_are_found(void **state)
{
    (void)state;
    for (const struct command *row = commands(); row->name; row++)
        assert_ptr_equal(command_find(row->name), row);
    assert_null(command_find("realese"));
}

static void test_commands__fit_the_help_page(void **state)
{
    (void)state;
    for (const struct command *row = commands(); row->name; row++)
        assert_true(row->hidden || strlen(row->name) + strlen(row->summary) <= 98);
    for (const struct help_topic *topic = help_topics(); topic->name; topic++) {
        size_t column = 0;

        for (const char *at = topic->text ? topic->text : ""; *at; at++) {
            column = *at == '\n' ? 0 : column + 1;
            assert_true(column <= 80);
        }
    }
}

static void test_exit_rows__agree_with_the_errors(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++)
        assert_true(has_exit(error_exit_code((enum error_code)code)));
}

static bool names(const struct command *row, const char *code)
{
    char *exits CLEANUP(heap_cleanup) = heap_printf(" %s ", row->exits);

    return strstr(exits, code) != NULL;
}

/* What an option makes of the exit code stands with the command that has it. */
static void test_commands__name_the_exits_of_their_options(void **state)
{
    (void)state;
    for (const struct command *row = commands(); row->name; row++) {
        for (const enum option_id *id = row->options; *id != OPTION_NONE; id++) {
            bool waits = *id == OPTION_UNTIL_GATE || (*id == OPTION_TIMEOUT && !row->rows);

            if ((waits && !names(row, " 8 ")) || (*id == OPTION_AS && !names(row, " 4 ")))
                fail_msg("%s has --%s, but its exits are %s", row->name, option_row(*id)->name, row->exits);
        }
    }
}

static void test_help_reference__is_what_docs_have(void **state)
{
    struct strbuf page CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct strbuf file CLEANUP(strbuf_release) = STRBUF_INIT(0);

    help_reference(*state, &page);
    assert_ok(file_read("docs/reference/command-line.md", &file));
    if (strcmp(strbuf_view(&page), strbuf_view(&file)) != 0)
        fail_msg("run: build/penstock __reference commands >docs/reference/command-line.md");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands__each_says_what_it_does),
        cmocka_unit_test(test_commands__names_are_found),
        cmocka_unit_test(test_commands__fit_the_help_page),
        cmocka_unit_test(test_commands__name_the_exits_of_their_options),
        cmocka_unit_test(test_exit_rows__agree_with_the_errors),
        TEST_WITH_ARENA(test_help_reference__is_what_docs_have),
    };

    return RUN_TESTS(tests);
}
