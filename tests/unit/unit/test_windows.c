/* The calendar of an environment from the system's zone data, and what is said of zones that are not there. */

#include "unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "spec/diagnostics.h"
#include "spec/project.h"
#include "unit/windows.h"

#define HOUR ((int64_t)3600000)
#define DAY (24 * HOUR)
/* 2026-11-21T12:00:00Z, a Saturday. */
#define NOW INT64_C(1795262400000)

static const struct environment_spec *environment_of(void **state, const char *rules, struct diagnostics **problems)
{
    const char *text = arena_printf(*state, "project: p\nenvironments:\n  e:\n%s", rules);
    struct project_spec *project;

    *problems = diagnostics_new(*state);
    project_parse(*state, "penstock.yaml", text, strlen(text), *problems, &project);
    assert_int_equal(diagnostics_count(*problems), 0);
    return &project->environments[0];
}

static void test_windows_closures__are_the_same_all_day_long(void **state)
{
    struct diagnostics *problems;
    const struct environment_spec *e =
        environment_of(state, "    windows: [{days: [mon], from: 09:00, to: 16:00, zone: Europe/Warsaw}]\n", &problems);
    const json_t *list, *evening;
    int64_t from_ms;

    assert_ok(windows_closures(*state, e, NOW, problems, &list));
    assert_ok(windows_closures(*state, e, NOW + 11 * HOUR, problems, &evening));
    assert_true(json_equal(list, evening));
    assert_int_equal(diagnostics_count(problems), 0);
    assert_int_equal(json_get_int(json_array_get(list, 0), "from_ms", 0), NOW - 36 * HOUR);
    assert_int_equal(json_get_int(json_array_get(list, 0), "until_ms", 0), NOW + 44 * HOUR);
    from_ms = json_get_int(json_array_get(list, json_array_size(list) - 1), "from_ms", 0);
    assert_true(from_ms - NOW > (WINDOWS_HORIZON_DAYS - 1) * DAY && from_ms - NOW <= WINDOWS_HORIZON_DAYS * DAY);
    /* One a week. */
    assert_in_range(json_array_size(list), WINDOWS_HORIZON_DAYS / 7, WINDOWS_HORIZON_DAYS / 7 + 3);
}

static void test_windows_closures__without_rules_there_are_none(void **state)
{
    struct diagnostics *problems;
    const struct environment_spec *e = environment_of(state, "    allow_as: true\n", &problems);
    const json_t *list;

    assert_ok(windows_closures(*state, e, NOW, problems, &list));
    assert_null(list);
    assert_ok(windows_check(*state, e, NOW, problems));
}

static void test_windows__zones_that_are_not_there_are_told_with_their_places(void **state)
{
    struct diagnostics *problems;
    const struct environment_spec *e =
        environment_of(state, "    windows: [{zone: Europe/Warszawa}, {}, {zone: CET2}]\n", &problems);
    const struct diagnostic *first;
    const json_t *list;

    assert_ok(windows_check(*state, e, NOW, problems));
    assert_int_equal(diagnostics_count(problems), 2);
    first = diagnostics_get(problems, 0);
    assert_string_equal(first->text, "there is no time zone 'Europe/Warszawa'");
    assert_string_equal(first->hint, "the zones are the files below /usr/share/zoneinfo, such as Europe/Warsaw");
    assert_int_equal(first->mark.line, 4);
    assert_int_equal(first->mark.column, 22);
    assert_int_equal(diagnostics_get(problems, 1)->mark.column, 51);
    assert_ok(windows_closures(*state, e, NOW, problems, &list));
    assert_null(list);
}

static void test_windows__a_machine_without_zone_data_is_told_what_to_install(void **state)
{
    struct diagnostics *problems;
    const struct environment_spec *e = environment_of(state, "    windows: [{zone: Europe/Warsaw}]\n", &problems);
    const json_t *list;

    setenv("TZDIR", "/nonexistent", 1);
    assert_fails(windows_check(*state, e, NOW, problems), ERR_IO,
                 "the system has no zone data in /nonexistent, so nobody knows the time in 'Europe/Warsaw'");
    assert_fails(windows_closures(*state, e, NOW, problems, &list), ERR_IO,
                 "the system has no zone data in /nonexistent, so nobody knows the time in 'Europe/Warsaw'");
    unsetenv("TZDIR");
    assert_int_equal(diagnostics_count(problems), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_windows_closures__are_the_same_all_day_long),
        TEST_WITH_ARENA(test_windows_closures__without_rules_there_are_none),
        TEST_WITH_ARENA(test_windows__zones_that_are_not_there_are_told_with_their_places),
        TEST_WITH_ARENA(test_windows__a_machine_without_zone_data_is_told_what_to_install),
    };

    return RUN_TESTS(tests);
}
