/* Windows and freezes as closures, over both changes of the clocks, over midnight, and on top of each other. */

#include "unit/unit.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/zone.h"
#include "plan/closures.h"
#include "plan/plan.h"
#include "spec/diagnostics.h"
#include "spec/project.h"

static int64_t at(const char *text)
{
    int64_t wall_ms = -1;

    if (!time_parse(text, &wall_ms))
        fail_msg("no time: %s", text);
    return wall_ms;
}

static const json_t *closures(void **state, const char *rules, const char *from, const char *until)
{
    const char *text = arena_printf(*state, "project: p\nenvironments: {e: {%s}}\n", rules);
    struct diagnostics *problems = diagnostics_new(*state);
    struct project_spec *project;
    const struct environment_spec *environment;
    const struct zone **zones;

    project_parse(*state, "penstock.yaml", text, strlen(text), problems, &project);
    if (diagnostics_count(problems))
        fail_msg("%s", diagnostics_get(problems, 0)->text);
    environment = &project->environments[0];
    zones = arena_array(*state, (size_t)environment->window_count + 1, sizeof(struct zone *));
    for (int i = 0; i < environment->window_count; i++)
        assert_ok(zone_read(*state, environment->windows[i].zone, at(from), at(until), &zones[i]));
    return closures_of(*state, environment, zones, at(from), at(until));
}

/* "from until reason", one closure a line; the machine can read them, too. */
static const char *lines(void **state, const char *rules, const char *from, const char *until)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const json_t *list = closures(state, rules, from, until);
    struct plan_terms terms = {.json =
                                   json_in_arena(*state, json_pack("{s:O}", "closures", (json_t *)(uintptr_t)list))};

    assert_true(plan_read_terms(*state, &terms));
    for (int i = 0; i < terms.closure_count; i++) {
        const struct plan_closure *closure = &terms.closures[i];

        strbuf_printf(&text, "%.16s %.16s %s%s%s: %s\n", time_text(*state, closure->from_ms),
                      closure->until_ms ? time_text(*state, closure->until_ms) : "-", closure->rule,
                      closure->also ? "+" : "", closure->also ? closure->also : "", closure->reason);
    }
    return arena_text(*state, strbuf_view(&text));
}

/* The same, without the last closure and without reasons. */
static const char *times(void **state, const char *rules, const char *from, const char *until)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const json_t *list = closures(state, rules, from, until);

    for (size_t i = 0; i + 1 < json_array_size(list); i++) {
        const json_t *closure = json_array_get(list, i);

        strbuf_printf(&text, "%.16s ", time_text(*state, json_get_int(closure, "from_ms", 0)));
        strbuf_printf(&text, "%.16s\n", time_text(*state, json_get_int(closure, "until_ms", 0)));
    }
    return arena_text(*state, strbuf_view(&text));
}

static void test_closures__without_rules_there_are_none(void **state)
{
    assert_null(closures(state, "", "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z"));
}

static void test_closures__a_week_of_windows(void **state)
{
    assert_string_equal(
        lines(state, "windows: [{days: [mon, tue, wed, thu], from: 09:00, to: 16:00, zone: Europe/Warsaw}]",
              "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z"),
        "2026-11-21T00:00 2026-11-23T08:00 window: outside the windows (mon-thu 09:00-16:00 Europe/Warsaw)\n"
        "2026-11-23T15:00 2026-11-24T08:00 window: outside the windows (mon-thu 09:00-16:00 Europe/Warsaw)\n"
        "2026-11-24T15:00 2026-11-25T08:00 window: outside the windows (mon-thu 09:00-16:00 Europe/Warsaw)\n"
        "2026-11-25T15:00 2026-11-26T08:00 window: outside the windows (mon-thu 09:00-16:00 Europe/Warsaw)\n"
        "2026-11-26T15:00 2026-11-28T00:00 window: outside the windows (mon-thu 09:00-16:00 Europe/Warsaw)\n"
        "2026-11-28T00:00 - window: so far the calendar was looked up\n");
}

static void test_closures__the_hour_that_comes_twice_is_in_the_window_twice(void **state)
{
    /* 2026-10-25: 01:00Z is 03:00 and becomes 02:00 in Warsaw. */
    assert_string_equal(times(state, "windows: [{from: 02:00, to: 03:00, zone: Europe/Warsaw}]", "2026-10-24T00:00:00Z",
                              "2026-10-27T00:00:00Z"),
                        "2026-10-24T01:00 2026-10-25T00:00\n"
                        "2026-10-25T02:00 2026-10-26T01:00\n"
                        "2026-10-26T02:00 2026-10-27T00:00\n");
    /* The clock shows 02:30 until 03:00, then 02:00 until 02:30, which is no time of the window, then 02:30 again. */
    assert_string_equal(times(state, "windows: [{from: 02:30, to: 03:30, zone: Europe/Warsaw}]", "2026-10-25T00:00:00Z",
                              "2026-10-25T12:00:00Z"),
                        "2026-10-25T00:00 2026-10-25T00:30\n"
                        "2026-10-25T01:00 2026-10-25T01:30\n"
                        "2026-10-25T02:30 2026-10-25T12:00\n");
    /* New York, 2026-11-01: 06:00Z is 02:00 and becomes 01:00. */
    assert_string_equal(times(state, "windows: [{days: [sun], from: 01:00, to: 04:00, zone: America/New_York}]",
                              "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
                        "2026-11-01T00:00 2026-11-01T05:00\n"
                        "2026-11-01T09:00 2026-11-02T00:00\n");
}

static void test_closures__the_hour_that_is_left_out_opens_nothing(void **state)
{
    /* 2027-03-28: 01:00Z is 02:00 and becomes 03:00 in Warsaw. */
    assert_string_equal(times(state, "windows: [{from: 02:00, to: 03:00, zone: Europe/Warsaw}]", "2027-03-27T00:00:00Z",
                              "2027-03-29T12:00:00Z"),
                        "2027-03-27T00:00 2027-03-27T01:00\n"
                        "2027-03-27T02:00 2027-03-29T00:00\n"
                        "2027-03-29T01:00 2027-03-29T12:00\n");
    /* Its other ends are where the clock jumps. */
    assert_string_equal(times(state, "windows: [{from: 02:30, to: 04:00, zone: Europe/Warsaw}]", "2027-03-28T00:00:00Z",
                              "2027-03-28T12:00:00Z"),
                        "2027-03-28T00:00 2027-03-28T01:00\n"
                        "2027-03-28T02:00 2027-03-28T12:00\n");
    assert_string_equal(times(state, "windows: [{from: 01:00, to: 02:30, zone: Europe/Warsaw}]", "2027-03-28T00:00:00Z",
                              "2027-03-28T12:00:00Z"),
                        "2027-03-28T01:00 2027-03-28T12:00\n");
    assert_string_equal(times(state, "windows: [{from: 01:00, to: 04:00, zone: America/New_York}]",
                              "2027-03-14T00:00:00Z", "2027-03-15T00:00:00Z"),
                        "2027-03-14T00:00 2027-03-14T06:00\n"
                        "2027-03-14T08:00 2027-03-15T00:00\n");
}

static void test_closures__a_window_over_midnight_begins_on_its_day(void **state)
{
    assert_string_equal(times(state, "windows: [{days: [fri], from: 22:00, to: 04:00, zone: Asia/Kathmandu}]",
                              "2026-11-26T00:00:00Z", "2026-11-29T00:00:00Z"),
                        "2026-11-26T00:00 2026-11-27T16:15\n"
                        "2026-11-27T22:15 2026-11-29T00:00\n");
    /* It is open when the look-up begins, and over the change to winter time it is an hour longer. */
    assert_string_equal(times(state, "windows: [{days: [sat], from: 22:00, to: 04:00, zone: Europe/Warsaw}]",
                              "2026-10-24T21:00:00Z", "2026-10-25T12:00:00Z"),
                        "2026-10-25T03:00 2026-10-25T12:00\n");
    assert_string_equal(times(state, "windows: [{days: [sun], from: 23:00, to: 24:00}, {days: [mon], to: 01:00}]",
                              "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"),
                        "2026-11-22T12:00 2026-11-22T23:00\n"
                        "2026-11-23T01:00 2026-11-23T12:00\n");
}

static void test_closures__a_day_that_never_was(void **state)
{
    /* In Apia 2011-12-29 was followed by the 31st: no window of that Friday; the others by their own days. */
    assert_string_equal(times(state, "windows: [{days: [fri], from: 09:00, to: 17:00, zone: Pacific/Apia}]",
                              "2011-12-29T00:00:00Z", "2012-01-02T00:00:00Z"),
                        "2011-12-29T00:00 2012-01-02T00:00\n");
    assert_string_equal(times(state, "windows: [{days: [thu, sat], zone: Pacific/Apia}]", "2011-12-29T00:00:00Z",
                              "2012-01-02T00:00:00Z"),
                        "2011-12-29T00:00 2011-12-29T10:00\n"
                        "2011-12-31T10:00 2012-01-02T00:00\n");
    assert_string_equal(times(state, "windows: [{days: [mon], from: 09:00, to: 17:00, zone: Pacific/Apia}]",
                              "2026-11-21T00:00:00Z", "2026-11-25T00:00:00Z"),
                        "2026-11-21T00:00 2026-11-22T20:00\n"
                        "2026-11-23T04:00 2026-11-25T00:00\n");
}

static void test_closures__windows_that_overlap_or_touch_are_one(void **state)
{
    assert_string_equal(times(state,
                              "windows: [{from: 09:00, to: 12:00}, {from: 10:00, to: 11:00}, {from: 12:00, to: 13:00},"
                              " {from: 12:00, to: 16:00, zone: Asia/Kathmandu}]",
                              "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
                        "2026-11-21T00:00 2026-11-21T06:15\n"
                        "2026-11-21T13:00 2026-11-22T00:00\n");
    assert_string_equal(times(state, "windows: [{}]", "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z"), "");
}

static void test_closures__a_freeze_is_said_before_a_window(void **state)
{
    assert_string_equal(
        lines(state,
              "windows: [{from: 09:00, to: 16:00}], freezes: [{from: 2026-11-21T10:00Z, to: 2026-11-21T12:00Z, reason: "
              "inventory}, {from: 2026-11-21T15:00Z, to: 2026-11-22T10:00Z, reason: move}]",
              "2026-11-21T06:00:00Z", "2026-11-22T18:00:00Z"),
        "2026-11-21T06:00 2026-11-21T09:00 window: outside the windows (every day 09:00-16:00 UTC)\n"
        "2026-11-21T10:00 2026-11-21T12:00 freeze: freeze: inventory\n"
        "2026-11-21T15:00 2026-11-21T16:00 freeze: freeze: move\n"
        "2026-11-21T16:00 2026-11-22T09:00 freeze+window: freeze: move\n"
        "2026-11-22T09:00 2026-11-22T10:00 freeze: freeze: move\n"
        "2026-11-22T16:00 2026-11-22T18:00 window: outside the windows (every day 09:00-16:00 UTC)\n"
        "2026-11-22T18:00 - window: so far the calendar was looked up\n");
}

static void test_closures__freezes_alone_and_over_each_other(void **state)
{
    assert_string_equal(lines(state,
                              "freezes: [{from: 2026-11-20, to: 2026-11-23, reason: one}, {from: 2026-11-22, to: "
                              "2026-11-25, reason: two}, {from: 2026-11-22, to: 2026-11-24, reason: three}, {from: "
                              "2027-06-01, to: 2027-06-02, reason: later}]",
                              "2026-11-21T00:00:00Z", "2026-11-30T00:00:00Z"),
                        "2026-11-21T00:00 2026-11-23T00:00 freeze: freeze: one\n"
                        "2026-11-23T00:00 2026-11-25T00:00 freeze: freeze: two\n"
                        "2026-11-30T00:00 - freeze: so far the calendar was looked up\n");
}

static void test_closures__words_of_days(void **state)
{
    assert_true(
        text_starts(lines(state,
                          "windows: [{days: [mon, tue, thu, sat, sun], to: 12:00}, {days: [wed]}, {days: [fri], "
                          "from: 23:30}, {days: [sun, mon, tue], from: 22:00, to: 04:00}, {days: [fri]}, {}]",
                          "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z"),
                    "2026-11-28T00:00 - window"));
    assert_true(text_ends(
        lines(state,
              "windows: [{days: [mon, tue, thu, sat, sun], to: 12:00}, {days: [wed]}, {days: [fri], "
              "from: 23:30}, {days: [sun, mon, tue], from: 22:00, to: 04:00}, {days: [wed]}, {days: [wed]}]",
              "2026-11-27T00:00:00Z", "2026-11-27T12:00:00Z"),
        "2026-11-27T00:00 2026-11-27T12:00 window: outside the windows (mon, tue, thu, sat, sun 00:00-12:00 UTC; wed "
        "00:00-24:00 UTC; fri 23:30-24:00 UTC; mon, tue, sun 22:00-04:00 UTC; and 2 more)\n"
        "2026-11-27T12:00 - window: so far the calendar was looked up\n"));
}

/* "until" of what closes at that time, or "open". */
static const char *closed(void **state, const json_t *list, const char *rule, const char *when)
{
    int64_t until_ms;
    const json_t *closure = closures_at(list, rule, at(when), &until_ms);

    if (!closure)
        return "open";
    return until_ms ? time_text(*state, until_ms) : "no end";
}

static void test_closures_at__knows_what_closes_and_until_when(void **state)
{
    const json_t *list = closures(
        state,
        "windows: [{from: 09:00, to: 16:00}], freezes: [{from: 2026-11-21T18:00Z, to: 2026-11-22T10:00Z, reason: move}]",
        "2026-11-21T00:00:00Z", "2026-11-24T00:00:00Z");

    assert_string_equal(closed(state, list, "window", "2026-11-21T08:59:59Z"), "2026-11-21T09:00:00Z");
    assert_string_equal(closed(state, list, "window", "2026-11-21T09:00:00Z"), "open");
    /* The night is one, although a freeze begins in it. */
    assert_string_equal(closed(state, list, "window", "2026-11-21T16:00:00Z"), "2026-11-22T09:00:00Z");
    assert_string_equal(closed(state, list, "window", "2026-11-21T20:00:00Z"), "2026-11-22T09:00:00Z");
    assert_string_equal(closed(state, list, "freeze", "2026-11-21T17:00:00Z"), "open");
    assert_string_equal(closed(state, list, "freeze", "2026-11-21T18:00:00Z"), "2026-11-22T10:00:00Z");
    assert_string_equal(closed(state, list, "window", "2026-11-22T09:30:00Z"), "open");
    assert_string_equal(closed(state, list, "window", "2026-11-23T20:00:00Z"), "no end");
    assert_string_equal(closed(state, list, "window", "2027-11-23T20:00:00Z"), "no end");
    assert_string_equal(closed(state, NULL, "window", "2026-11-21T00:00:00Z"), "open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_closures__without_rules_there_are_none),
        TEST_WITH_ARENA(test_closures__a_week_of_windows),
        TEST_WITH_ARENA(test_closures__the_hour_that_comes_twice_is_in_the_window_twice),
        TEST_WITH_ARENA(test_closures__the_hour_that_is_left_out_opens_nothing),
        TEST_WITH_ARENA(test_closures__a_window_over_midnight_begins_on_its_day),
        TEST_WITH_ARENA(test_closures__a_day_that_never_was),
        TEST_WITH_ARENA(test_closures__windows_that_overlap_or_touch_are_one),
        TEST_WITH_ARENA(test_closures__a_freeze_is_said_before_a_window),
        TEST_WITH_ARENA(test_closures__freezes_alone_and_over_each_other),
        TEST_WITH_ARENA(test_closures__words_of_days),
        TEST_WITH_ARENA(test_closures_at__knows_what_closes_and_until_when),
    };

    return RUN_TESTS(tests);
}
