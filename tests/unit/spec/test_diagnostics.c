#include "unit/spec/spec.h"

#define FILE_TEXT "one\n\ttwo: ä日本 $x\nthree\r\nfour\rfive\n"

static struct mark at(int line, int column)
{
    return (struct mark){"f.yaml", line, column};
}

static struct diagnostics *new_list(void **state)
{
    struct diagnostics *list = diagnostics_new(*state);

    diagnostics_add_file(list, "f.yaml", FILE_TEXT, strlen(FILE_TEXT));
    return list;
}

static const char *rendered(void **state, struct diagnostics *list)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    diagnostics_render(list, &text);
    return arena_text(*state, strbuf_view(&text));
}

static void test_diagnostics__empty_list_is_no_error(void **state)
{
    struct diagnostics *list = new_list(state);

    assert_int_equal(diagnostics_count(list), 0);
    assert_null(diagnostics_get(list, 0));
    assert_null(diagnostics_get(list, -1));
    assert_ok(diagnostics_error(list));
    assert_string_equal(rendered(state, list), "");
    assert_ptr_equal(diagnostics_arena(list), *state);
}

static void test_diagnostics__renders_the_frame(void **state)
{
    struct diagnostics *list = new_list(state);
    struct diagnostic *own = diagnostics_add(list, ERR_SPEC_INVALID, at(2, 11), "bad %s", "thing");

    own->width = 2;
    own->hint = "try another";
    own->see = "stages.shift";
    assert_string_equal(rendered(state, list), "error[E0201]: bad thing\n"
                                               " --> f.yaml:2:11\n"
                                               "  |\n"
                                               "2 |  two: ä日本 $x\n"
                                               "  |             ^^\n"
                                               "  = help: try another\n"
                                               "  = see:  penstock explain stages.shift\n");
    assert_string_equal(diagnostics_get(list, 0)->source, "\ttwo: ä日本 $x");
}

static void test_diagnostics__caret_is_as_wide_as_its_characters(void **state)
{
    struct diagnostics *list = new_list(state);

    diagnostics_add(list, ERR_SPEC_INVALID, at(2, 7), "wide")->width = 3;
    assert_string_equal(rendered(state, list), "error[E0201]: wide\n"
                                               " --> f.yaml:2:7\n"
                                               "  |\n"
                                               "2 |  two: ä日本 $x\n"
                                               "  |       ^^^^^\n");
}

static void test_diagnostics__sorts_by_file_and_place(void **state)
{
    struct diagnostics *list = new_list(state);
    struct mark other = {"b.yaml", 1, 1};

    diagnostics_add_file(list, "b.yaml", "x\n", 2);
    diagnostics_add(list, ERR_SPEC_INVALID, other, "6");
    diagnostics_add(list, ERR_SPEC_INVALID, at(3, 1), "5");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 3), "2");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 3), "3");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 1), "1");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 4), "4");
    diagnostics_add(list, ERR_SPEC_INVALID, (struct mark){"f.yaml", 0, 0}, "0");
    diagnostics_add(list, ERR_SPEC_INVALID, (struct mark){"nowhere.yaml", 1, 1}, "7");
    for (int i = 0; i < 8; i++)
        assert_int_equal(diagnostics_get(list, i)->text[0], '0' + i);
    assert_null(diagnostics_get(list, 0)->source);
    assert_null(diagnostics_get(list, 7)->source);
}

static void test_diagnostics__lines_end_as_in_libyaml(void **state)
{
    struct diagnostics *list = diagnostics_new(*state);
    const char *text = "a\r\nb\rc\xC2\x85"
                       "d\xE2\x80\xA8"
                       "e\xE2\x80\xA9"
                       "f\n\n";

    diagnostics_add_file(list, "f.yaml", text, strlen(text));
    for (int line = 1; line <= 9; line++)
        diagnostics_add(list, ERR_SPEC_INVALID, at(line, 1), "x");
    for (int line = 1; line <= 6; line++)
        assert_int_equal(diagnostics_get(list, line - 1)->source[0], 'a' + line - 1);
    assert_string_equal(diagnostics_get(list, 6)->source, "");
    assert_string_equal(diagnostics_get(list, 7)->source, "");
    assert_null(diagnostics_get(list, 8)->source);
}

static void test_diagnostics__same_problem_counts_once(void **state)
{
    struct diagnostics *list = new_list(state);

    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 1), "twice");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 1), "twice")->hint = "lost";
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 2), "twice");
    assert_int_equal(diagnostics_count(list), 2);
    assert_null(diagnostics_get(list, 0)->hint);
}

static void test_diagnostics__keeps_those_that_stand_first(void **state)
{
    struct diagnostics *list = new_list(state);

    for (int line = 100; line > 0; line--)
        diagnostics_add(list, ERR_SPEC_INVALID, at(line, 1), "problem %d", line)->hint = "kept";
    diagnostics_add(list, ERR_SPEC_INVALID, at(101, 1), "too late")->hint = "dropped";
    assert_int_equal(diagnostics_count(list), 101);
    for (int i = 0; i < DIAGNOSTICS_MOST; i++) {
        assert_int_equal(diagnostics_get(list, i)->mark.line, i + 1);
        assert_string_equal(diagnostics_get(list, i)->hint, "kept");
    }
    assert_null(diagnostics_get(list, DIAGNOSTICS_MOST));
    assert_non_null(strstr(rendered(state, list), "\nand 51 more problems\n"));
}

static void test_diagnostics__says_when_one_is_not_shown(void **state)
{
    struct diagnostics *list = new_list(state);

    for (int line = 1; line <= DIAGNOSTICS_MOST + 1; line++)
        diagnostics_add(list, ERR_SPEC_INVALID, at(line, 1), "problem");
    assert_non_null(strstr(rendered(state, list), "\nand 1 more problem\n"));
    assert_false(diagnostics_enough(list));
    for (int line = 1; line <= DIAGNOSTICS_ENOUGH; line++)
        diagnostics_add(list, ERR_SPEC_INVALID, at(line, 2), "problem");
    assert_true(diagnostics_enough(list));
    assert_non_null(strstr(rendered(state, list), "\nand at least 1001 more problems\n"));
}

static void test_diagnostics__gutter_fits_the_longest_number(void **state)
{
    struct diagnostics *list = new_list(state);

    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 1), "first");
    diagnostics_add(list, ERR_SPEC_INVALID, at(1234, 1), "far away");
    assert_string_equal(rendered(state, list), "error[E0201]: first\n"
                                               "    --> f.yaml:1:1\n"
                                               "     |\n"
                                               "   1 | one\n"
                                               "     | ^\n"
                                               "\n"
                                               "error[E0201]: far away\n"
                                               "    --> f.yaml:1234:1\n");
}

static void test_diagnostics__cuts_long_lines_around_the_caret(void **state)
{
    struct diagnostics *list = diagnostics_new(*state);
    char text[1001];

    memset(text, 'x', 1000);
    text[1000] = '\0';
    text[500] = '!';
    diagnostics_add_file(list, "f.yaml", text, 1000);
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 501), "here")->width = 400;
    {
        const char *out = rendered(state, list);
        const char *line = strstr(out, "1 | ...");
        const char *carets = strstr(out, "\n  | ") + 5;

        assert_int_equal(strcspn(line, "\n"), 4 + 3 + 160 + 3);
        assert_int_equal(strspn(carets, " "), 3 + 100);
        assert_int_equal(line[4 + 3 + 100], '!');
        /* It does not go past what is shown. */
        assert_int_equal(strspn(carets + 103, "^"), 60);
    }
}

static void test_diagnostics__shows_nothing_that_a_terminal_obeys(void **state)
{
    struct diagnostics *list = diagnostics_new(*state);
    const char *text = "a\x1b[31mb\x7f\xC2\x9B\xFFz";

    diagnostics_add_file(list, "f.yaml", text, strlen(text));
    diagnostics_add(list, ERR_SPEC_INVALID, at(1, 1), "here");
    assert_non_null(strstr(rendered(state, list), "1 | a [31mb  ?z\n"));
}

static void test_diagnostics__without_place_or_file(void **state)
{
    struct diagnostics *list = new_list(state);

    diagnostics_add(list, ERR_LIMIT, (struct mark){"f.yaml", 0, 0}, "too long");
    assert_non_null(strstr(rendered(state, list), "too long\n --> f.yaml\n"));
    list = new_list(state);
    diagnostics_add(list, ERR_LIMIT, (struct mark){NULL, 0, 0}, "somewhere");
    assert_null(strstr(rendered(state, list), "-->"));
}

static void test_diagnostics_error__says_the_first_and_how_many(void **state)
{
    struct diagnostics *list = new_list(state);
    struct error *error = NULL;

    diagnostics_add(list, ERR_SPEC_INVALID, at(2, 1), "second");
    assert_fails(diagnostics_error(list), ERR_SPEC_INVALID, "second");
    diagnostics_add(list, ERR_LIMIT, at(1, 1), "first")->hint = "do that";
    error = diagnostics_error(list);
    assert_int_equal(error->mark.line, 1);
    assert_string_equal(error->hint, "do that");
    assert_fails(error, ERR_LIMIT, "first (the first of 2 problems)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_diagnostics__empty_list_is_no_error),
        TEST_WITH_ARENA(test_diagnostics__renders_the_frame),
        TEST_WITH_ARENA(test_diagnostics__caret_is_as_wide_as_its_characters),
        TEST_WITH_ARENA(test_diagnostics__sorts_by_file_and_place),
        TEST_WITH_ARENA(test_diagnostics__lines_end_as_in_libyaml),
        TEST_WITH_ARENA(test_diagnostics__same_problem_counts_once),
        TEST_WITH_ARENA(test_diagnostics__keeps_those_that_stand_first),
        TEST_WITH_ARENA(test_diagnostics__says_when_one_is_not_shown),
        TEST_WITH_ARENA(test_diagnostics__gutter_fits_the_longest_number),
        TEST_WITH_ARENA(test_diagnostics__cuts_long_lines_around_the_caret),
        TEST_WITH_ARENA(test_diagnostics__shows_nothing_that_a_terminal_obeys),
        TEST_WITH_ARENA(test_diagnostics__without_place_or_file),
        TEST_WITH_ARENA(test_diagnostics_error__says_the_first_and_how_many),
    };

    return RUN_TESTS(tests);
}
