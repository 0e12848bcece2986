/* The way back: written down beforehand, each step with the forward step that it takes back. */

#include "unit/plan/rich.h"

static void test_undo__gives_traffic_back_then_takes_the_new_stamps_away(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - command: {name: up, run: [up], undo: [down]}\n"
                                          "  - command: {name: warm, run: [warm]}\n"
                                          "  - shift: {steps: [{share: 100%}]}\n"
                                          "  - drain: {until: {rooms: 0}}\n  - destroy\n",
                                1);

    assert_string_equal(stage_lines(*state, plan, "undo"),
                        "19 instance.ready old.west.1 undoes 8\n"
                        "20 drain.cancel old.west.1 <- 19 undoes 10\n"
                        "21 traffic.add old.west.1 <- 20 undoes 12\n"
                        "22 traffic.undrain old.west.1 <- 21 undoes 9\n"
                        "23 traffic.shares app <- 22 undoes 8\n"
                        "24 command.run up <- 23 undoes 6\n"
                        "25 traffic.drain new.west.1 <- 24 undoes 5 cleanup\n"
                        "26 drain.begin new.west.1 <- 25 undoes 8 cleanup\n"
                        "27 drain.wait new.west.1 <- 26 undoes 8 cleanup\n"
                        "28 traffic.remove new.west.1 <- 27 undoes 5 cleanup\n"
                        "29 drain.prove new.west.1 <- 28 undoes 8 cleanup\n"
                        "30 instance.stop new.west.1 <- 29 undoes 3 cleanup proof 29\n"
                        "31 instance.kill new.west.1 <- 30 undoes 3 cleanup\n"
                        "32 instance.remove new.west.1 <- 31 undoes 3 cleanup\n"
                        "33 unit.remove new <- 32 undoes 0 cleanup\n");
    assert_int_equal(plan->steps[23].retries, 5);
}

static void test_undo__the_old_side_gets_all_its_shares_back(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 2);
    int shares = step_of_plan(plan, TRACK_UNDO, VERB_TRAFFIC_SHARES, "api");

    assert_string_equal(params_of(*state, plan, shares),
                        "{\"pool\":\"api\",\"shares\":{\"" OLD_UNIT "\":10000,\"" NEW_UNIT
                        "\":0},\"weights\":{\"" OLD_UNIT ".west.1\":1,\"" OLD_UNIT ".west.2\":1,\"" NEW_UNIT
                        ".north.1\":0,\"" NEW_UNIT ".north.2\":0,\"" NEW_UNIT ".west.1\":0,\"" NEW_UNIT
                        ".west.2\":0}}");
    assert_string_equal(plan->steps[shares].title, "api: all traffic back to " OLD_UNIT);
}

static void test_undo__every_old_instance_is_eligible_before_the_shares_go_back(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 2);
    int shares = step_of_plan(plan, TRACK_UNDO, VERB_TRAFFIC_SHARES, "app");

    assert_int_equal(plan->steps[shares].need_count, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(plan->steps[plan->steps[shares].needs[i]].verb, VERB_TRAFFIC_UNDRAIN);
}

static void test_undo__every_step_names_an_earlier_forward_step(void **state)
{
    for (int olds = 0; olds < 3; olds++) {
        struct plan *plan = plan_of(*state, RICH_TEXT, olds);

        for (int i = 0; i < plan->step_count; i++) {
            const struct plan_step *step = &plan->steps[i];

            if (step->track == TRACK_FORWARD) {
                assert_int_equal(step->undoes, -1);
                assert_false(step->cleanup);
                continue;
            }
            assert_in_range(step->undoes, 0, i - 1);
            assert_int_equal(plan->steps[step->undoes].track, TRACK_FORWARD);
        }
    }
}

static void test_undo__tracks_do_not_wait_for_each_other(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 2);

    for (int i = 0; i < plan->step_count; i++) {
        for (int k = 0; k < plan->steps[i].need_count; k++)
            assert_int_equal(plan->steps[plan->steps[i].needs[k]].track, plan->steps[i].track);
    }
}

static void test_undo__drains_the_new_side_with_the_same_care(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT, 1);
    int wait = step_of_plan(plan, TRACK_UNDO, VERB_DRAIN_WAIT, "");

    assert_string_equal(json_canonical(*state, json_object_get(plan->steps[wait].params, "until")), "{\"rooms\":0}");
    assert_int_equal(json_get_int(plan->steps[wait].params, "samples", 0), 3);
    assert_true(json_get_bool(plan->steps[wait].params, "accept_lost", false));
}

static void test_undo__a_first_release_has_no_traffic_to_give_back(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT, 0);

    assert_int_equal(find_step_of(plan, TRACK_UNDO, VERB_TRAFFIC_SHARES, ""), -1);
    assert_int_equal(find_step_of(plan, TRACK_UNDO, VERB_INSTANCE_READY, ""), -1);
    assert_true(find_step_of(plan, TRACK_UNDO, VERB_DRAIN_WAIT, "") >= 0);
}

static void test_undo__without_a_shift_nothing_is_drained(void **state)
{
    struct plan *plan = plan_of(*state, HEAD_TEXT "stages: [build, deploy]\n", 1);

    assert_string_equal(stage_lines(*state, plan, "undo"), "6 traffic.drain new.west.1 undoes 5 cleanup\n"
                                                           "7 traffic.remove new.west.1 <- 6 undoes 5 cleanup\n"
                                                           "8 drain.prove new.west.1 <- 7 undoes 3 cleanup\n"
                                                           "9 instance.stop new.west.1 <- 8 undoes 3 cleanup proof 8\n"
                                                           "10 instance.kill new.west.1 <- 9 undoes 3 cleanup\n"
                                                           "11 instance.remove new.west.1 <- 10 undoes 3 cleanup\n"
                                                           "12 unit.remove new <- 11 undoes 0 cleanup\n");
}

static void test_undo__without_a_drain_stage_only_requests_are_waited_for(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - shift: {steps: [{share: 100%}]}\n",
                                1);
    int wait = step_of_plan(plan, TRACK_UNDO, VERB_DRAIN_WAIT, "");

    assert_string_equal(json_canonical(*state, json_object_get(plan->steps[wait].params, "until")), "{}");
    assert_int_equal(json_get_int(plan->steps[wait].params, "samples", 0), 1);
    assert_int_equal(find_step_of(plan, TRACK_UNDO, VERB_DRAIN_CANCEL, ""), -1);
    assert_int_equal(find_step_of(plan, TRACK_UNDO, VERB_TRAFFIC_ADD, ""), -1);
}

static void test_undo__without_a_deploy_only_files_are_removed(void **state)
{
    struct plan *plan = plan_of(*state, HEAD_TEXT "stages: [build]\n", 1);

    assert_string_equal(stage_lines(*state, plan, "undo"), "2 unit.remove new undoes 0 cleanup\n");
}

static void test_undo__commands_are_taken_back_last_first(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n"
                                          "  - command: {name: one, run: [one], undo: [no, one], repeatable: true}\n"
                                          "  - command: {name: two, run: [two], undo: [no, \"${unit.name}\"]}\n",
                                0);
    int two = step_of_plan(plan, TRACK_UNDO, VERB_COMMAND_RUN, "two");

    assert_string_equal(stage_lines(*state, plan, "undo"), "4 command.run two undoes 3\n"
                                                           "5 command.run one <- 4 undoes 2\n"
                                                           "6 unit.remove new <- 5 undoes 0 cleanup\n");
    assert_string_equal(params_of(*state, plan, two),
                        "{\"argv\":[\"no\",\"" NEW_UNIT "\"],\"cwd\":\"/state/units/" NEW_UNIT "/src\",\"env\":[],"
                        "\"log\":\"/state/logs/r-9/two.undo.log\",\"timeout_ms\":600000}");
    assert_string_equal(plan->steps[two].title, "take back two");
    assert_false(plan->steps[two].repeatable);
    assert_true(plan->steps[two + 1].repeatable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_undo__gives_traffic_back_then_takes_the_new_stamps_away),
        TEST_WITH_ARENA(test_undo__the_old_side_gets_all_its_shares_back),
        TEST_WITH_ARENA(test_undo__every_old_instance_is_eligible_before_the_shares_go_back),
        TEST_WITH_ARENA(test_undo__every_step_names_an_earlier_forward_step),
        TEST_WITH_ARENA(test_undo__tracks_do_not_wait_for_each_other),
        TEST_WITH_ARENA(test_undo__drains_the_new_side_with_the_same_care),
        TEST_WITH_ARENA(test_undo__a_first_release_has_no_traffic_to_give_back),
        TEST_WITH_ARENA(test_undo__without_a_shift_nothing_is_drained),
        TEST_WITH_ARENA(test_undo__without_a_drain_stage_only_requests_are_waited_for),
        TEST_WITH_ARENA(test_undo__without_a_deploy_only_files_are_removed),
        TEST_WITH_ARENA(test_undo__commands_are_taken_back_last_first),
    };

    return RUN_TESTS(tests);
}
