#include "unit/unit.h"

#include <locale.h>

#include "base/strbuf.h"
#include "base/text.h"

static void test_text_columns__counts_what_a_terminal_needs(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("stage"), 5);
    assert_int_equal(text_columns("grün"), 4);
    assert_int_equal(text_columns("漢字"), 4);
    assert_int_equal(text_columns("e\xcc\x81"), 1); /* a combining accent */
    assert_int_equal(text_columns("\xf0\x9f\x9a\x80"), 2);
    assert_int_equal(text_columns("a\tb"), 2); /* a control needs none */
}

static void test_text_columns__bad_bytes_count_one(void **state)
{
    (void)state;
    assert_int_equal(text_columns("\xff"), 1);
    assert_int_equal(text_columns("a\xc3"), 2);            /* cut off */
    assert_int_equal(text_columns("\xc3("), 2);            /* no continuation */
    assert_int_equal(text_columns("\xc0\xaf"), 2);         /* too long a form */
    assert_int_equal(text_columns("\xed\xa0\x80"), 3);     /* half a surrogate pair */
    assert_int_equal(text_columns("\xf4\x90\x80\x80"), 4); /* past the last character */
}

static void test_text_columns__does_not_depend_on_the_locale(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C"));
    assert_int_equal(text_columns("漢字"), 4);
    assert_string_equal(setlocale(LC_ALL, NULL), "C");
}

static void test_text_is_utf8__says_what_json_can_hold(void **state)
{
    (void)state;
    assert_true(text_is_utf8(""));
    assert_true(text_is_utf8("release/gr\u00fcn \U0001f600"));
    assert_false(text_is_utf8("caf\xe9"));
    assert_false(text_is_utf8("\xff"));
    assert_false(text_is_utf8("cut \xe2\x82"));
    assert_false(text_is_utf8("too long \xc0\xaf"));
}

static void assert_cleaned(const char *outside, const char *clean)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    text_clean(&out, outside, strlen(outside));
    assert_string_equal(strbuf_view(&out), clean);
}

static void test_text_clean__keeps_text_newline_and_tab(void **state)
{
    (void)state;
    assert_cleaned("", "");
    assert_cleaned("a\tb\ngrün 漢字", "a\tb\ngrün 漢字");
}

static void test_text_clean__drops_controls(void **state)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    assert_cleaned("a\r\nb\x07\x08\x7f", "a\nb");
    assert_cleaned("a\xc2\x9b"
                   "31mb",
                   "a31mb"); /* the one-character CSI */
    assert_cleaned("user\xe2\x80\xae"
                   "txt.exe",
                   "usertxt.exe");
    assert_cleaned("\xe2\x81\xa6x\xe2\x81\xa9", "x");
    text_clean(&out, "a\0b", 3);
    assert_string_equal(strbuf_view(&out), "ab");
}

static void test_text_clean__drops_ansi_sequences(void **state)
{
    (void)state;
    assert_cleaned("\x1b[31mred\x1b[0m", "red");
    assert_cleaned("\x1b[38;5;12m\x1b[2Kx", "x");
    assert_cleaned("\x1b[?25 qx", "x");
    assert_cleaned("\x1b]0;title\x07x", "x");
    assert_cleaned("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link");
    assert_cleaned("\x1bP1$r\x1b\\x", "x");
    assert_cleaned("\x1b(Bx", "x");
    assert_cleaned("\x1b"
                   "cx",
                   "x");
}

static void test_text_clean__a_broken_sequence_takes_little_with_it(void **state)
{
    (void)state;
    assert_cleaned("x\x1b", "x");
    assert_cleaned("x\x1b[", "x");
    assert_cleaned("x\x1b[31", "x");
    assert_cleaned("x\x1b[3\ny", "x\ny");
    assert_cleaned("x\x1b]0;never closed\ny", "x\ny");
    assert_cleaned("x\x1b]0;\x1b[31my", "xy");
    assert_cleaned("x\x1b]0;", "x");
    assert_cleaned("x\x1b(", "x");
    assert_cleaned("x\x1b\ny", "x\ny");
}

static void test_text_clean__bad_bytes_become_the_replacement(void **state)
{
    (void)state;
    assert_cleaned("a\xff"
                   "b\xc3",
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_columns__counts_what_a_terminal_needs),
        cmocka_unit_test(test_text_columns__bad_bytes_count_one),
        cmocka_unit_test(test_text_columns__does_not_depend_on_the_locale),
        cmocka_unit_test(test_text_is_utf8__says_what_json_can_hold),
        cmocka_unit_test(test_text_clean__keeps_text_newline_and_tab),
        cmocka_unit_test(test_text_clean__drops_controls),
        cmocka_unit_test(test_text_clean__drops_ansi_sequences),
        cmocka_unit_test(test_text_clean__a_broken_sequence_takes_little_with_it),
        cmocka_unit_test(test_text_clean__bad_bytes_become_the_replacement),
    };

    return RUN_TESTS(tests);
}
