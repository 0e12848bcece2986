#include "unit/unit.h"

#include "base/strbuf.h"
#include "view/screen.h"

static const struct screen plain = {.utf8 = true};
static const struct screen colors = {.utf8 = true, .color = true};
static const struct screen ascii = {0};

#define assert_cut(screen, text, width, want)                       \
    do {                                                            \
        struct strbuf cut CLEANUP(strbuf_release) = STRBUF_INIT(0); \
        screen_cut((screen), &cut, (text), (width));                \
        assert_string_equal(strbuf_view(&cut), (want));             \
    } while (0)

#define assert_bar(screen, share, cells, want)                      \
    do {                                                            \
        struct strbuf bar CLEANUP(strbuf_release) = STRBUF_INIT(0); \
        screen_bar((screen), &bar, (share), (cells));               \
        assert_string_equal(strbuf_view(&bar), (want));             \
    } while (0)

static void test_screen_mark__has_an_ascii_form(void **state)
{
    (void)state;
    assert_string_equal(screen_mark(&plain, MARK_DONE), "✓");
    assert_string_equal(screen_mark(&plain, MARK_FAILED), "✗");
    assert_string_equal(screen_mark(&ascii, MARK_DONE), "+");
    assert_string_equal(screen_mark(&ascii, MARK_FAILED), "x");
    assert_string_equal(screen_mark(&colors, MARK_WARN), "\033[33m!\033[0m");
}

static void test_screen_ink__leaves_text_alone_without_colors(void **state)
{
    assert_string_equal(screen_ink(&plain, *state, INK_RED, "no"), "no");
    assert_string_equal(screen_ink(&colors, *state, INK_RED, "no"), "\033[31mno\033[0m");
    assert_string_equal(screen_ink(&colors, *state, INK_PLAIN, "no"), "no");
}

static void test_screen_columns__does_not_count_colors(void **state)
{
    (void)state;
    assert_int_equal(screen_columns("\033[31mäß\033[0m!"), 3);
    assert_int_equal(screen_columns("日本"), 4);
    assert_int_equal(screen_columns("\033"), 0);
}

static void test_screen_cut__keeps_what_fits(void **state)
{
    (void)state;
    assert_cut(&plain, "abc", 3, "abc");
    assert_cut(&plain, "abcd", 3, "ab…");
    assert_cut(&ascii, "abcd", 3, "ab~");
    assert_cut(&plain, "abcd", 0, "abcd");
    /* Half of a wide character is not shown. */
    assert_cut(&plain, "a日本", 3, "a…");
}

static void test_screen_cut__ends_an_open_color(void **state)
{
    (void)state;
    assert_cut(&colors, "\033[31mabcd\033[0m", 3, "\033[31mab…\033[0m");
    assert_cut(&colors, "\033[31mab\033[0mcd", 3, "\033[31mab\033[0m…");
}

static void test_screen_lines__cuts_each_line_and_stops_in_time(void **state)
{
    const struct screen narrow = {.utf8 = true, .width = 3};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    assert_int_equal(screen_lines(&narrow, &out, "abcd\n\nab\nlast", 3), 3);
    assert_string_equal(strbuf_view(&out), "ab…\n\nab\n");
}

static void test_screen_whole__cuts_nothing_and_counts_rows(void **state)
{
    const struct screen narrow = {.utf8 = true, .width = 3};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    assert_int_equal(screen_whole(&narrow, &out, "abc\n\nabcdefg\n"), 5);
    assert_int_equal(screen_whole(&plain, &out, "last"), 1);
    assert_string_equal(strbuf_view(&out), "abc\n\nabcdefg\nlast\n");
}

static void assert_wrap(const struct screen *screen, const char *text, const char *wrapped)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    screen_wrap(screen, &out, text);
    assert_string_equal(strbuf_view(&out), wrapped);
}

static void test_screen_wrap__breaks_between_words_below_the_text(void **state)
{
    const struct screen narrow = {.utf8 = true, .width = 20};

    (void)state;
    assert_wrap(&plain, "  why     as long as it likes to be, here\n", "  why     as long as it likes to be, here\n");
    assert_wrap(&narrow, "  why     every step is done\nnext", "  why     every step\n          is done\nnext");
    assert_wrap(&narrow, "  ✓ build  as short as a day\n", "  ✓ build  as short\n           as a day\n");
    assert_wrap(&narrow, "  one of two, and more of them\n", "  one of two, and\n    more of them\n");
    /* A word is never broken, whatever its length. */
    assert_wrap(&narrow, "a /path/that/is/longer/than/the/screen b", "a /path/that/is/longer/than/the/screen\n  b");
    assert_wrap(&narrow, "  \033[31mred as far as it\033[0m goes", "  \033[31mred as far as it\033[0m\n    goes");
}

static void test_screen_bar__never_rounds_to_nothing_or_all(void **state)
{
    (void)state;
    assert_bar(&plain, 5000, 4, "██░░");
    assert_bar(&plain, 1, 4, "█░░░");
    assert_bar(&plain, 9999, 4, "███░");
    assert_bar(&plain, 10000, 4, "████");
    assert_bar(&ascii, 0, 4, "....");
    assert_bar(&ascii, 2500, 4, "#...");
}

static void test_ago_text__names_the_largest_unit(void **state)
{
    assert_string_equal(ago_text(*state, 1000, 1500), "now");
    assert_string_equal(ago_text(*state, 0, 59999), "59 s ago");
    assert_string_equal(ago_text(*state, 0, 3 * 60000 + 5000), "3 m ago");
    assert_string_equal(ago_text(*state, 0, INT64_C(47) * 3600000), "47 h ago");
    assert_string_equal(ago_text(*state, 0, INT64_C(49) * 3600000), "2 d ago");
    /* The clock was set back. */
    assert_string_equal(ago_text(*state, 5000, 0), "now");
}

static void test_lasting_text__has_two_units_at_most(void **state)
{
    assert_string_equal(lasting_text(*state, -5), "0ms");
    assert_string_equal(lasting_text(*state, 850), "850ms");
    assert_string_equal(lasting_text(*state, 3000), "3s");
    assert_string_equal(lasting_text(*state, 3250), "3.2s");
    assert_string_equal(lasting_text(*state, 42900), "42s");
    assert_string_equal(lasting_text(*state, 250000), "4m10s");
    assert_string_equal(lasting_text(*state, 2 * 3600000 + 5 * 60000), "2h05m");
    assert_string_equal(lasting_text(*state, INT64_C(76) * 3600000), "3d4h");
    assert_string_equal(waited_text(*state, 850), "0s");
    assert_string_equal(waited_text(*state, 3250), "3s");
}

static void set_or_not(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* What screen_of() says of a pipe, with these variables. */
static bool colored(enum color_choice choice, const char *no_color, const char *force)
{
    int fds[2];
    struct screen screen;

    set_or_not("NO_COLOR", no_color);
    set_or_not("CLICOLOR_FORCE", force);
    unsetenv("FORCE_COLOR");
    setenv("TERM", "xterm", 1);
    assert_int_equal(pipe(fds), 0);
    screen = screen_of(fds[1], choice);
    close(fds[0]);
    close(fds[1]);
    assert_false(screen.terminal);
    assert_false(screen.live);
    assert_int_equal(screen.width, 0);
    return screen.color;
}

static void test_screen_of__follows_the_flag_then_the_environment(void **state)
{
    (void)state;
    assert_false(colored(COLOR_AUTO, NULL, NULL));
    assert_true(colored(COLOR_ALWAYS, "1", NULL));
    assert_false(colored(COLOR_NEVER, NULL, "1"));
    assert_true(colored(COLOR_AUTO, NULL, "1"));
    assert_false(colored(COLOR_AUTO, NULL, "0"));
    assert_false(colored(COLOR_AUTO, "1", "1"));
    assert_true(colored(COLOR_AUTO, "", "1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_mark__has_an_ascii_form),
        TEST_WITH_ARENA(test_screen_ink__leaves_text_alone_without_colors),
        cmocka_unit_test(test_screen_columns__does_not_count_colors),
        cmocka_unit_test(test_screen_cut__keeps_what_fits),
        cmocka_unit_test(test_screen_cut__ends_an_open_color),
        cmocka_unit_test(test_screen_lines__cuts_each_line_and_stops_in_time),
        cmocka_unit_test(test_screen_wrap__breaks_between_words_below_the_text),
        cmocka_unit_test(test_screen_whole__cuts_nothing_and_counts_rows),
        cmocka_unit_test(test_screen_bar__never_rounds_to_nothing_or_all),
        TEST_WITH_ARENA(test_ago_text__names_the_largest_unit),
        TEST_WITH_ARENA(test_lasting_text__has_two_units_at_most),
        cmocka_unit_test(test_screen_of__follows_the_flag_then_the_environment),
    };

    return RUN_TESTS(tests);
}
