#include "unit/unit.h"

#include "base/strbuf.h"

static void test_strbuf__grows_and_stays_terminated(void **state)
{
    struct strbuf buf CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    assert_string_equal(strbuf_view(&buf), "");
    strbuf_text(&buf, "sta");
    strbuf_char(&buf, 'g');
    strbuf_add(&buf, "exx", 1);
    strbuf_printf(&buf, " %d", 5);
    assert_string_equal(strbuf_view(&buf), "stage 5");
    assert_int_equal(buf.length, 7);
    for (int i = 0; i < 1000; i++)
        strbuf_text(&buf, "0123456789");
    assert_int_equal(buf.length, 10007);
    assert_int_equal(strlen(strbuf_view(&buf)), 10007);
    assert_false(buf.cut);
}

static void test_strbuf__an_empty_append_gives_bytes(void **state)
{
    struct strbuf buf CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    strbuf_add(&buf, NULL, 0);
    assert_non_null(buf.bytes);
    assert_string_equal(buf.bytes, "");
}

static void test_strbuf__drops_what_passes_the_limit(void **state)
{
    struct strbuf buf CLEANUP(strbuf_release) = STRBUF_INIT(5);

    (void)state;
    strbuf_text(&buf, "stage");
    assert_false(buf.cut);
    strbuf_char(&buf, '!');
    assert_true(buf.cut);
    assert_string_equal(strbuf_view(&buf), "stage");
    strbuf_reset(&buf);
    assert_false(buf.cut);
    assert_string_equal(strbuf_view(&buf), "");
    strbuf_printf(&buf, "%s", "stages");
    assert_true(buf.cut);
    assert_string_equal(strbuf_view(&buf), "stage");
}

static void test_strbuf_reset__of_a_new_buffer(void **state)
{
    struct strbuf buf CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    strbuf_reset(&buf);
    assert_string_equal(strbuf_view(&buf), "");
}

static void test_strbuf_take__hands_the_text_over(void **state)
{
    struct strbuf buf CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *empty CLEANUP(heap_cleanup) = strbuf_take(&buf);
    char *text CLEANUP(heap_cleanup) = NULL;

    (void)state;
    assert_string_equal(empty, "");
    strbuf_text(&buf, "stage");
    text = strbuf_take(&buf);
    assert_string_equal(text, "stage");
    assert_string_equal(strbuf_view(&buf), "");
    assert_int_equal(buf.length, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strbuf__grows_and_stays_terminated),
        cmocka_unit_test(test_strbuf__an_empty_append_gives_bytes),
        cmocka_unit_test(test_strbuf__drops_what_passes_the_limit),
        cmocka_unit_test(test_strbuf_reset__of_a_new_buffer),
        cmocka_unit_test(test_strbuf_take__hands_the_text_over),
    };

    return RUN_TESTS(tests);
}
