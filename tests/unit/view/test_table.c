#include "unit/unit.h"

#include "base/strbuf.h"
#include "view/screen.h"
#include "view/table.h"

static const struct table_column columns[] = {
    {"id", 1, false},
    {"took", 3, true},
    {"subject", 2, false},
    {NULL, 0, false},
};

static struct table *two_rows(struct arena *arena)
{
    struct table *table = table_new(arena, columns);

    table_row(table, (const char *[]){"r-9", "3s", "make rooms quieter"});
    table_row(table, (const char *[]){"r-10", NULL, "fix"});
    return table;
}

static const char *rendered(struct arena *arena, int width)
{
    const struct screen screen = {.utf8 = true, .terminal = width > 0, .width = width};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    table_render(two_rows(arena), &screen, &out);
    return arena_text(arena, strbuf_view(&out));
}

static void test_table_render__aligns_and_leaves_no_blanks_at_ends(void **state)
{
    assert_string_equal(rendered(*state, 0), "id    took  subject\n"
                                             "r-9     3s  make rooms quieter\n"
                                             "r-10        fix\n");
}

static void test_table_render__gives_up_the_least_important_first(void **state)
{
    assert_string_equal(rendered(*state, 25), "id    subject\n"
                                              "r-9   make rooms quieter\n"
                                              "r-10  fix\n");
    assert_string_equal(rendered(*state, 16), "id    subject\n"
                                              "r-9   make room…\n"
                                              "r-10  fix\n");
    assert_string_equal(rendered(*state, 10), "id\n"
                                              "r-9\n"
                                              "r-10\n");
}

static void test_table_go_on__keeps_the_widths_and_shows_titles_once(void **state)
{
    const struct screen screen = {.utf8 = true};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct table *table = two_rows(*state);
    int widths[3] = {0};

    table_go_on(table, widths);
    table_render(table, &screen, &out);
    table = table_new(*state, columns);
    assert_int_equal(table_rows(table), 0);
    table_row(table, (const char *[]){"r-1", "1m00s", "x"});
    assert_int_equal(table_rows(table), 1);
    table_go_on(table, widths);
    table_render(table, &screen, &out);
    assert_string_equal(strbuf_view(&out), "id    took  subject\n"
                                           "r-9     3s  make rooms quieter\n"
                                           "r-10        fix\n"
                                           "r-1   1m00s  x\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_table_render__aligns_and_leaves_no_blanks_at_ends),
        TEST_WITH_ARENA(test_table_render__gives_up_the_least_important_first),
        TEST_WITH_ARENA(test_table_go_on__keeps_the_widths_and_shows_titles_once),
    };

    return RUN_TESTS(tests);
}
