#include "unit/unit.h"

#include <time.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/zone.h"

#define HOUR ((int64_t)3600000)

static int64_t at(const char *text)
{
    int64_t wall_ms = -1;

    assert_true(time_parse(text, &wall_ms));
    return wall_ms;
}

/* "from +minutes", one span a line. */
static const char *spans(void **state, const char *name, const char *from, const char *until)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct zone *zone = NULL;

    assert_ok(zone_read(*state, name, at(from), at(until), &zone));
    assert_string_equal(zone->name, name);
    assert_int_equal(zone->until_ms, at(until));
    for (int i = 0; i < zone->span_count; i++)
        strbuf_printf(&text, "%s %+lld\n", time_text(*state, zone->spans[i].from_ms),
                      (long long)zone->spans[i].east_ms / 60000);
    return arena_text(*state, strbuf_view(&text));
}

static void test_zone_read__finds_every_change(void **state)
{
    assert_string_equal(spans(state, "Europe/Warsaw", "2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
                        "2026-01-01T00:00:00Z +60\n"
                        "2026-03-29T01:00:00Z +120\n"
                        "2026-10-25T01:00:00Z +60\n"
                        "2027-03-28T01:00:00Z +120\n"
                        "2027-10-31T01:00:00Z +60\n");
    assert_string_equal(spans(state, "America/New_York", "2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z"),
                        "2026-06-01T00:00:00Z -240\n"
                        "2026-11-01T06:00:00Z -300\n"
                        "2027-03-14T07:00:00Z -240\n");
    assert_string_equal(spans(state, "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                        "2026-01-01T00:00:00Z +345\n");
    assert_string_equal(spans(state, "Australia/Lord_Howe", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"),
                        "2026-01-01T00:00:00Z +660\n"
                        "2026-04-04T15:00:00Z +630\n");
    /* The day that never was: 2011-12-30. */
    assert_string_equal(spans(state, "Pacific/Apia", "2011-12-01T00:00:00Z", "2012-01-15T00:00:00Z"),
                        "2011-12-01T00:00:00Z -600\n"
                        "2011-12-30T10:00:00Z +840\n");
}

static void test_zone_read__a_change_at_the_end_is_seen(void **state)
{
    assert_string_equal(spans(state, "Europe/Warsaw", "2026-10-25T00:59:59Z", "2026-10-25T01:00:00Z"),
                        "2026-10-25T00:59:59Z +120\n"
                        "2026-10-25T01:00:00Z +60\n");
    assert_string_equal(spans(state, "Europe/Warsaw", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z"),
                        "2026-10-25T01:00:00Z +60\n");
}

static void test_zone_read__leaves_the_process_s_own_zone(void **state)
{
    time_t noon = (time_t)(at("2026-07-01T12:00:00Z") / 1000);
    const struct zone *zone;
    struct tm tm;

    setenv("TZ", "Asia/Tokyo", 1);
    assert_ok(zone_read(*state, "Europe/Warsaw", 0, HOUR, &zone));
    assert_string_equal(getenv("TZ"), "Asia/Tokyo");
    assert_non_null(localtime_r(&noon, &tm));
    assert_int_equal(tm.tm_hour, 21);
    unsetenv("TZ");
    assert_ok(zone_read(*state, "Europe/Warsaw", 0, HOUR, &zone));
    assert_null(getenv("TZ"));
}

static void test_zone_read__knows_what_is_no_zone(void **state)
{
    static const char *const names[] = {"Europe/Warszawa", "Europe", "zone.tab", "Mars/Base"};
    const struct zone *zone;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_fails(zone_read(*state, names[i], 0, HOUR, &zone), ERR_NOT_FOUND,
                     arena_printf(*state, "there is no time zone '%s'", names[i]));
}

static void test_zone_read__says_which_package_is_not_there(void **state)
{
    const struct zone *zone;
    struct error *error;

    setenv("TZDIR", "/nonexistent/zones", 1);
    error = zone_read(*state, "Europe/Warsaw", 0, HOUR, &zone);
    assert_non_null(error);
    assert_string_equal(error->hint, "install the package tzdata");
    assert_fails(error, ERR_IO,
                 "the system has no zone data in /nonexistent/zones, so nobody knows the time in 'Europe/Warsaw'");
    assert_string_equal(spans(state, "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                        "2026-01-01T00:00:00Z +0\n");
    unsetenv("TZDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_zone_read__finds_every_change),
        TEST_WITH_ARENA(test_zone_read__a_change_at_the_end_is_seen),
        TEST_WITH_ARENA(test_zone_read__leaves_the_process_s_own_zone),
        TEST_WITH_ARENA(test_zone_read__knows_what_is_no_zone),
        TEST_WITH_ARENA(test_zone_read__says_which_package_is_not_there),
    };

    return RUN_TESTS(tests);
}
