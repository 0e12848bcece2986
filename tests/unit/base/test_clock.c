#include "unit/unit.h"

#include <time.h>

#include "base/clock.h"

static void test_clock__goes_forward(void **state)
{
    int64_t boot = clock_boot_ms();
    int64_t wall = clock_wall_ms();

    (void)state;
    assert_true(boot > 0);
    assert_true(clock_boot_ms() >= boot);
    assert_true(wall / 1000 <= time(NULL) + 1); /* time() may be a tick behind */
    assert_true(wall / 1000 >= time(NULL) - 10);
}

static void test_time_text__is_utc(void **state)
{
    assert_string_equal(time_text(*state, 0), "1970-01-01T00:00:00Z");
    assert_string_equal(time_text(*state, 1795289136000), "2026-11-21T19:25:36Z");
    assert_string_equal(time_text(*state, 1795289136999), "2026-11-21T19:25:36Z");
    assert_string_equal(time_text(*state, -1), "1969-12-31T23:59:59Z");
}

static void test_time_parse__reads_with_and_without_fraction(void **state)
{
    int64_t ms = -1;

    (void)state;
    assert_true(time_parse("2026-11-21T19:25:36Z", &ms));
    assert_int_equal(ms, 1795289136000);
    assert_true(time_parse("2026-11-21T19:25:36.5Z", &ms));
    assert_int_equal(ms, 1795289136500);
    assert_true(time_parse("2026-11-21T19:25:36.123456Z", &ms));
    assert_int_equal(ms, 1795289136123);
    assert_true(time_parse("2024-02-29T00:00:00Z", &ms));
    assert_int_equal(ms, 1709164800000);
}

static void test_time_parse__refuses_the_rest(void **state)
{
    static const char *const rows[] = {
        "",
        "2026-11-21",
        "2026-11-21T19:25Z",
        "2026-11-21T19:25:36",
        "2026-11-21T19:25:36+01:00",
        "2026-11-21T19:25:36.Z",
        "2026-11-21T19:25:36Z ",
        "2026-11-21 19:25:36Z",
        "2026-13-21T19:25:36Z",
        "2026-00-21T19:25:36Z",
        "2026-11-31T19:25:36Z",
        "2026-02-29T19:25:36Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T19:60:36Z",
        "2026-11-21T19:25:60Z",
        "26-11-21T19:25:36Z",
        "2026/11-21T19:25:36Z",
        "2026-11/21T19:25:36Z",
        "2026-11-21T19-25:36Z",
        "0000-11-21T19:25:36Z",
    };
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (time_parse(rows[i], &ms))
            fail_msg("'%s' was taken for a time", rows[i]);
        assert_int_equal(ms, 7);
    }
}

static void test_clock_boot_id__is_the_kernels(void **state)
{
    const char *id = clock_boot_id();

    (void)state;
    assert_int_equal(strlen(id), 36);
    assert_ptr_equal(clock_boot_id(), id);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock__goes_forward),
        TEST_WITH_ARENA(test_time_text__is_utc),
        cmocka_unit_test(test_time_parse__reads_with_and_without_fraction),
        cmocka_unit_test(test_time_parse__refuses_the_rest),
        cmocka_unit_test(test_clock_boot_id__is_the_kernels),
    };

    return RUN_TESTS(tests);
}
