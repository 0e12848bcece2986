/* What a unit says of how to ask, drain and stop its instances, kept for later releases. */

#include "unit/plan/rich.h"

static void test_contract__a_contract_says_how_to_ask_drain_and_stop(void **state)
{
    struct planning p =
        planning_of(*state, "pipeline: prod\nenvironment: prod\n"
                            "stamps:\n"
                            "  start: [a]\n"
                            "  stop: {signal: INT, grace: 5s}\n"
                            "  health: {get: /h, every: 2s}\n"
                            "  drain: {begin: {signal: USR1}, cancel: {put: /d, body: {on: 1}, timeout: 3s}}\n"
                            "stages: [build]\n");

    assert_string_equal(
        json_canonical(*state, planning_plan(&p)->unit.contract),
        "{\"drain\":{\"begin\":{\"driver\":\"process\",\"kind\":\"signal\",\"signal\":10},\"cancel\":{\"driver\":"
        "\"process\",\"http\":{\"body\":\"{\\\"on\\\":1}\",\"method\":\"PUT\",\"path\":\"/d\",\"timeout_ms\":3000},"
        "\"kind\":\"http\"}},\"driver\":\"process\",\"health\":{\"every_ms\":2000,\"get\":\"/h\",\"healthy\":2,"
        "\"start_ms\":30000,\"timeout_ms\":2000,\"unhealthy\":3},\"probes\":{},\"stop\":{\"grace_ms\":5000,"
        "\"signal\":2}}");
}

static void test_contract__a_contract_says_what_the_unit_knows(void **state)
{
    struct planning p = planning_of(
        *state, "pipeline: prod\nenvironment: prod\n"
                "unit: {api: {versions: [\"1.0\", \"2.0\"], breaking: true}, schema: {reads: 41-43, writes: "
                "\"42\"}}\nstamps: {start: [a]}\nstages: [build]\n");
    const json_t *contract = planning_plan(&p)->unit.contract;

    assert_string_equal(json_canonical(*state, json_object_get(contract, "api")), "{\"versions\":[\"1.0\",\"2.0\"]}");
    assert_string_equal(json_canonical(*state, json_object_get(contract, "schema")),
                        "{\"reads\":[41,43],\"writes\":[42,42]}");
}

static void test_contract__a_contract_may_ask_by_get(void **state)
{
    struct planning p = planning_of(*state, "pipeline: prod\nenvironment: prod\n"
                                            "stamps: {start: [a], drain: {begin: {get: /d}}}\nstages: [build]\n");
    const json_t *drain = json_object_get(planning_plan(&p)->unit.contract, "drain");

    assert_string_equal(json_canonical(*state, json_object_get(drain, "begin")),
                        "{\"driver\":\"process\",\"http\":{\"body\":null,\"method\":\"GET\",\"path\":\"/d\","
                        "\"timeout_ms\":5000},\"kind\":\"http\"}");
    assert_string_equal(json_canonical(*state, json_object_get(drain, "cancel")),
                        "{\"driver\":\"process\",\"kind\":\"none\"}");
}

static void test_contract__an_unknown_stamp_driver_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(stamp_driver_text(STAMP_PROCESS), "process");
    assert_null(stamp_driver_text((enum stamp_driver_kind)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_contract__a_contract_says_how_to_ask_drain_and_stop),
        TEST_WITH_ARENA(test_contract__a_contract_says_what_the_unit_knows),
        TEST_WITH_ARENA(test_contract__a_contract_may_ask_by_get),
        TEST_WITH_ARENA(test_contract__an_unknown_stamp_driver_has_no_name),
    };

    return RUN_TESTS(tests);
}
