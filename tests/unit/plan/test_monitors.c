/* What is watched, from when to when, and how it is asked. */

#include "unit/plan/rich.h"

/* "target first..last params", one line a monitor of this kind. */
static const char *monitor_lines(struct arena *arena, const struct plan *plan, int kind)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < plan->monitor_count; i++) {
        const struct plan_monitor *m = &plan->monitors[i];

        if ((int)m->kind == kind)
            strbuf_printf(&text, "%s %d..%d %s\n", m->target, m->first_step, m->last_step,
                          json_canonical(arena, m->params));
    }
    return arena_text(arena, strbuf_view(&text));
}

static void test_monitors__every_pool_is_watched_from_the_front_doors_first_answer(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 1);

    assert_string_equal(monitor_lines(*state, plan, MONITOR_TRAFFIC),
                        "app 3..-1 {\"every_ms\":1000,\"pool\":\"app\",\"weights\":{\"" OLD_UNIT ".west.1\":1}}\n"
                        "api 3..-1 {\"every_ms\":1000,\"pool\":\"api\",\"weights\":{\"" OLD_UNIT ".west.1\":1}}\n");
}

static void test_monitors__every_instance_is_watched_as_its_own_contract_says(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    json_object_set_new(json_object_get(p.facts.live.contract, "health"), "get", json_string("/old"));
    assert_string_equal(monitor_lines(*state, planning_plan(&p), MONITOR_HEALTH), NEW_UNIT
                        ".west.1 4..-1 {\"every_ms\":1000,\"get\":\"/health\",\"healthy\":2,\"start_ms\":30000,"
                        "\"timeout_ms\":2000,\"unhealthy\":3}\n" OLD_UNIT
                        ".west.1 2..-1 {\"every_ms\":1000,\"get\":\"/old\",\"healthy\":2,\"start_ms\":30000,"
                        "\"timeout_ms\":2000,\"unhealthy\":3}\n");
}

#define PROBED_TEXT                                                                                           \
    HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"                                                \
              "  - shift: {steps: [{share: 50%}, {share: 100%}], prober: {get: /p, every: 1s, timeout: 2s}, " \
              "watch: [{probe: rooms, max: 9, failures: 4, every: 3s}]}\n"

static void test_monitors__the_prober_begins_before_the_first_change(void **state)
{
    assert_string_equal(monitor_lines(*state, plan_of(*state, PROBED_TEXT, 1), MONITOR_PROBER),
                        "shift 5..8 {\"every_ms\":1000,\"max_failed\":0,\"path\":\"/p\",\"timeout_ms\":2000}\n");
}

static void test_monitors__on_a_first_release_the_prober_begins_when_there_is_somebody_to_ask(void **state)
{
    assert_string_equal(monitor_lines(*state, plan_of(*state, PROBED_TEXT, 0), MONITOR_PROBER),
                        "shift 6..7 {\"every_ms\":1000,\"max_failed\":0,\"path\":\"/p\",\"timeout_ms\":2000}\n");
}

static void test_monitors__limits_are_asked_of_every_new_instance(void **state)
{
    assert_string_equal(monitor_lines(*state, plan_of(*state, PROBED_TEXT, 1), MONITOR_LIMIT),
                        NEW_UNIT ".west.1 6..8 {\"every_ms\":3000,\"failures\":4,\"max\":9,\"probe\":\"rooms\","
                                 "\"probes\":{\"rooms\":{\"expression\":\"$.rooms\",\"http\":{\"body\":null,\"method\":"
                                 "\"GET\",\"path\":\"/rooms\",\"timeout_ms\":5000},\"identity\":\"$.boot\",\"kind\":"
                                 "\"count\"}}}\n");
}

static void test_monitors__without_a_deploy_nothing_is_watched(void **state)
{
    assert_int_equal(plan_of(*state, HEAD_TEXT "stages: [build]\n", 1)->monitor_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_monitors__every_pool_is_watched_from_the_front_doors_first_answer),
        TEST_WITH_ARENA(test_monitors__every_instance_is_watched_as_its_own_contract_says),
        TEST_WITH_ARENA(test_monitors__the_prober_begins_before_the_first_change),
        TEST_WITH_ARENA(test_monitors__on_a_first_release_the_prober_begins_when_there_is_somebody_to_ask),
        TEST_WITH_ARENA(test_monitors__limits_are_asked_of_every_new_instance),
        TEST_WITH_ARENA(test_monitors__without_a_deploy_nothing_is_watched),
    };

    return RUN_TESTS(tests);
}
