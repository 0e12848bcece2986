#include "unit/unit.h"

#include "base/embedded.h"
#include "base/text.h"

static void test_embedded__rows_are_sorted_and_terminated(void **state)
{
    (void)state;
    for (size_t i = 0; i < embedded_count; i++) {
        assert_int_equal(strlen(embedded_files[i].bytes), embedded_files[i].size);
        if (i > 0)
            assert_true(strcmp(embedded_files[i - 1].path, embedded_files[i].path) < 0);
    }
    assert_null(embedded_files[embedded_count].path);
}

static void test_embedded_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < embedded_count; i++)
        assert_ptr_equal(embedded_find(embedded_files[i].path), &embedded_files[i]);
    assert_null(embedded_find("state/schema/none.sql"));
}

static void test_embedded_next__walks_a_directory(void **state)
{
    static const char *const prefixes[] = {"", "state/schema/", "nowhere/"};

    (void)state;
    for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
        const struct embedded *at = NULL;
        size_t wanted = 0;
        size_t seen = 0;

        for (size_t i = 0; i < embedded_count; i++)
            wanted += text_starts(embedded_files[i].path, prefixes[p]);
        while ((at = embedded_next(prefixes[p], at))) {
            assert_true(text_starts(at->path, prefixes[p]));
            seen++;
        }
        assert_int_equal(seen, wanted);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embedded__rows_are_sorted_and_terminated),
        cmocka_unit_test(test_embedded_find),
        cmocka_unit_test(test_embedded_next__walks_a_directory),
    };

    return RUN_TESTS(tests);
}
