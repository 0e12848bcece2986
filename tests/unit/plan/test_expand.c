/* From stages to forward steps: their order, their needs, their params. */

#include "unit/plan/rich.h"

#include "plan/builder.h"

static void test_expand__a_build_exports_builds_and_digests(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(stage_lines(*state, plan, "build"), "0 unit.export new\n"
                                                            "1 unit.build new <- 0\n"
                                                            "2 unit.collect new <- 1\n");
    assert_string_equal(params_of(*state, plan, 0),
                        "{\"commit\":\"" COMMIT "\",\"directory\":\"/state/units/" NEW_UNIT "/src\","
                        "\"repository\":\"/repo\"}");
    assert_string_equal(params_of(*state, plan, 1),
                        "{\"argv\":[\"make\",\"OUT=/state/units/" NEW_UNIT "/out\",\"$HOME\"],"
                        "\"cwd\":\"/state/units/" NEW_UNIT "/src\",\"env\":[],\"log\":\"/state/logs/r-9/build.log\","
                        "\"out\":\"/state/units/" NEW_UNIT "/out\",\"timeout_ms\":1200000}");
    assert_string_equal(params_of(*state, plan, 2),
                        "{\"artifacts\":[\"a.tar\",\"b\"],\"out\":\"/state/units/" NEW_UNIT "/out\"}");
    for (int i = 0; i < 3; i++)
        assert_int_equal(plan->steps[i].timeout_ms, 1200000);
}

static void test_expand__without_a_build_the_sources_are_the_unit(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT, 0);
    int create = step_of_plan(plan, TRACK_FORWARD, VERB_INSTANCE_CREATE, "");

    assert_string_equal(stage_lines(*state, plan, "build"), "0 unit.export new\n"
                                                            "1 unit.collect new <- 0\n");
    assert_string_equal(params_of(*state, plan, 1), "{\"artifacts\":[],\"out\":\"/state/units/" NEW_UNIT "/src\"}");
    assert_string_equal(json_get_text(plan->steps[create].params, "cwd"), "/state/units/" NEW_UNIT "/src");
}

static void test_expand__chains_without_a_step_end_where_they_began_once(void **state)
{
    struct plan *plan =
        plan_of(*state,
                "pipeline: prod\nenvironment: prod\n"
                "stamps:\n  regions: [west, north]\n  instances: 3\n  start: [bin/rooms]\n"
                "  health: {get: /}\n"
                "traffic: {managed: {bind: \"127.0.0.1:8080\"}}\n"
                "stages:\n  - build\n  - deploy\n  - validate\n"
                "  - validate: {name: smoke, checks: [{name: smoke, command: [bin/smoke]}]}\n  - shift\n",
                0);
    int shares = step_of_plan(plan, TRACK_FORWARD, VERB_TRAFFIC_SHARES, "app");

    /* Every instance's last step of the deploy, and a check of each of two stamps. */
    assert_int_equal(plan->steps[step_of_plan(plan, TRACK_FORWARD, VERB_CHECK_COMMAND, "")].need_count, 6);
    assert_int_equal(plan->steps[shares].need_count, 2 + 6);
}

static void test_expand__a_drain_that_nothing_takes_back_says_so(void **state)
{
    struct planning p = planning_of(*state, "pipeline: prod\nenvironment: prod\n"
                                            "stamps:\n  regions: [west]\n  start: [bin/rooms]\n  health: {get: /}\n"
                                            "  drain: {begin: {post: /drain}}\n"
                                            "traffic: {managed: {bind: \"127.0.0.1:8080\"}}\n"
                                            "stages: [build, deploy, validate, shift, drain]\n");
    struct plan *plan;

    planning_live(&p, 1);
    plan = planning_plan(&p);
    assert_string_equal(plan->steps[step_of_plan(plan, TRACK_FORWARD, VERB_DRAIN_BEGIN, "")].undo_text,
                        "cannot be taken back: there is no drain.cancel");
    assert_int_equal(find_step_of(plan, TRACK_UNDO, VERB_DRAIN_CANCEL, ""), -1);
}

static void test_expand__each_new_instance_is_a_chain_of_its_own(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(stage_lines(*state, plan, "deploy"), "3 door.ensure prod <- 2\n"
                                                             "4 instance.create new.west.1 <- 3\n"
                                                             "5 instance.ready new.west.1 <- 4\n"
                                                             "6 traffic.add new.west.1 <- 5\n"
                                                             "7 traffic.add new.west.1 <- 6\n"
                                                             "8 instance.create new.west.2 <- 3\n"
                                                             "9 instance.ready new.west.2 <- 8\n"
                                                             "10 traffic.add new.west.2 <- 9\n"
                                                             "11 traffic.add new.west.2 <- 10\n"
                                                             "12 instance.create new.north.1 <- 3\n"
                                                             "13 instance.ready new.north.1 <- 12\n"
                                                             "14 traffic.add new.north.1 <- 13\n"
                                                             "15 traffic.add new.north.1 <- 14\n"
                                                             "16 instance.create new.north.2 <- 3\n"
                                                             "17 instance.ready new.north.2 <- 16\n"
                                                             "18 traffic.add new.north.2 <- 17\n"
                                                             "19 traffic.add new.north.2 <- 18\n");
}

static void test_expand__instances_get_names_directories_and_logs(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 1);
    const struct plan_instance *fourth = &plan->instances[3], *old = &plan->instances[4];

    assert_int_equal(plan->instance_count, 5);
    assert_string_equal(fourth->name, NEW_UNIT ".north.2");
    assert_string_equal(fourth->stamp, NEW_UNIT ".north");
    assert_string_equal(fourth->region, "north");
    assert_string_equal(fourth->unit, NEW_UNIT);
    assert_string_equal(fourth->dir, "/state/stamps/" NEW_UNIT "/north.2");
    assert_string_equal(fourth->log, "/state/logs/r-9/" NEW_UNIT ".north.2.log");
    assert_null(fourth->address);
    assert_string_equal(side_text(fourth->side), "new");
    assert_string_equal(old->name, OLD_UNIT ".west.1");
    assert_string_equal(old->address, "127.0.0.1:4701");
    assert_string_equal(json_canonical(*state, old->identity), "{\"boot_id\":\"b\",\"pid\":100,\"start\":5}");
    assert_string_equal(side_text(old->side), "old");
}

static void test_expand__an_old_instance_may_have_no_identity(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    p.facts.live.instances[0].identity = NULL;
    assert_null(planning_plan(&p)->instances[1].identity);
}

static void test_expand__an_instance_is_started_with_early_names_filled_in_and_late_ones_kept(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(
        params_of(*state, plan, 12),
        "{\"argv\":[\"bin/rooms\",\"${instance.address}\",\"/state/stamps/" NEW_UNIT "/north.1\",\"$$x\",\"" COMMIT
        "\"],\"cwd\":\"/state/units/" NEW_UNIT "/out\",\"dir\":\"/state/stamps/" NEW_UNIT "/north.1\","
        "\"driver\":\"process\",\"env\":[{\"name\":\"REGION\",\"source\":\"literal\",\"value\":\"north\"},"
        "{\"name\":\"TOKEN\",\"source\":\"from_env\",\"value\":\"TOK\"},"
        "{\"name\":\"KEY\",\"source\":\"from_file\",\"value\":\"/run/prod\"}],"
        "\"log\":\"/state/logs/r-9/" NEW_UNIT ".north.1.log\","
        "\"mark\":\"PENSTOCK_INSTANCE=rec/" NEW_UNIT ".north.1\"}");
    assert_int_equal(plan->steps[12].timeout_ms, 60000);
    assert_int_equal(plan->steps[12].retries, 2);
    assert_string_equal(plan->steps[12].undo_text, "it is stopped and removed");
}

static void test_expand__becoming_healthy_has_its_own_time_and_no_retries(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(params_of(*state, plan, 5),
                        "{\"every_ms\":1000,\"get\":\"/health\",\"healthy\":2,\"start_ms\":30000,\"timeout_ms\":2000}");
    assert_int_equal(plan->steps[5].timeout_ms, 0);
    assert_int_equal(plan->steps[5].retries, 0);
}

static void test_expand__an_instance_is_added_to_every_pool(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(params_of(*state, plan, 7),
                        "{\"check\":{\"every_ms\":1000,\"healthy\":2,\"path\":\"/health\",\"timeout_ms\":2000,"
                        "\"unhealthy\":3},\"pool\":\"api\",\"server\":\"" NEW_UNIT ".west.1\",\"wait_ms\":30000}");
}

static void test_expand__http_checks_ask_instances_and_commands_ask_stamps(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(stage_lines(*state, plan, "validate"), "20 check.http new.west.1 <- 7,11,15,19\n"
                                                               "21 check.command new.west.1 <- 20\n"
                                                               "22 check.http new.west.2 <- 7,11,15,19\n"
                                                               "23 check.http new.north.1 <- 7,11,15,19\n"
                                                               "24 check.command new.north.1 <- 23\n"
                                                               "25 check.http new.north.2 <- 7,11,15,19\n");
    assert_string_equal(params_of(*state, plan, 20),
                        "{\"expect\":{\"contains\":null,\"status\":0},\"http\":{\"body\":null,\"method\":\"GET\","
                        "\"path\":\"/\",\"timeout_ms\":30000},\"name\":\"home\"}");
    assert_string_equal(params_of(*state, plan, 24),
                        "{\"argv\":[\"smoke\",\"${stamp.url}\"],\"cwd\":\"/state/units/" NEW_UNIT "/src\",\"env\":[],"
                        "\"log\":\"/state/logs/r-9/smoke." NEW_UNIT ".north.1.log\",\"name\":\"smoke\","
                        "\"timeout_ms\":30000}");
    assert_int_equal(plan->steps[20].retries, 2);
    assert_int_equal(plan->steps[21].retries, 4);
}

static void test_expand__shares_make_up_for_unequal_counts_in_every_pool(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 3);

    assert_string_equal(stage_lines(*state, plan, "shift"), "26 traffic.shares app <- 21,22,24,25\n"
                                                            "27 traffic.shares api <- 26\n"
                                                            "28 traffic.shares app <- 27\n"
                                                            "29 traffic.shares api <- 28\n");
    assert_string_equal(params_of(*state, plan, 27),
                        "{\"pool\":\"api\",\"shares\":{\"" OLD_UNIT "\":5000,\"" NEW_UNIT "\":5000},"
                        "\"weights\":{\"" OLD_UNIT ".west.1\":4,\"" OLD_UNIT ".west.2\":4,\"" OLD_UNIT ".west.3\":4,"
                        "\"" NEW_UNIT ".north.1\":3,\"" NEW_UNIT ".north.2\":3,\"" NEW_UNIT ".west.1\":3,"
                        "\"" NEW_UNIT ".west.2\":3}}");
}

static void test_expand__every_old_instance_is_waited_for(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 2);

    assert_string_equal(stage_lines(*state, plan, "drain"), "30 traffic.drain old.west.1 <- 29\n"
                                                            "31 traffic.drain old.west.1 <- 30\n"
                                                            "32 drain.begin old.west.1 <- 31\n"
                                                            "33 drain.wait old.west.1 <- 32\n"
                                                            "34 traffic.drain old.west.2 <- 29\n"
                                                            "35 traffic.drain old.west.2 <- 34\n"
                                                            "36 drain.begin old.west.2 <- 35\n"
                                                            "37 drain.wait old.west.2 <- 36\n");
    assert_string_equal(
        params_of(*state, plan, 37),
        "{\"accept_lost\":false,\"deadline_do\":\"ask\",\"deadline_ms\":0,\"every_ms\":1000,"
        "\"over_ms\":10000,\"pools\":[\"app\",\"api\"],\"probes\":{\"rooms\":{\"expression\":\"$.rooms\","
        "\"http\":{\"body\":null,\"method\":\"GET\",\"path\":\"/rooms\",\"timeout_ms\":5000},"
        "\"identity\":null,\"kind\":\"count\"}},\"samples\":3,\"server\":\"" OLD_UNIT ".west.2\","
        "\"until\":{\"rooms\":0}}");
    assert_int_equal(plan->steps[37].timeout_ms, 0);
    assert_int_equal(plan->steps[37].retries, 0);
}

static void test_expand__every_old_instance_is_proved_empty_right_before_its_stop(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 2);

    assert_string_equal(stage_lines(*state, plan, "destroy"), "38 traffic.remove old.west.1 <- 33,37\n"
                                                              "39 traffic.remove old.west.1 <- 38\n"
                                                              "40 drain.prove old.west.1 <- 39\n"
                                                              "41 instance.stop old.west.1 <- 40 proof 40 pivots\n"
                                                              "42 instance.kill old.west.1 <- 41\n"
                                                              "43 instance.remove old.west.1 <- 42\n"
                                                              "44 traffic.remove old.west.2 <- 43\n"
                                                              "45 traffic.remove old.west.2 <- 44\n"
                                                              "46 drain.prove old.west.2 <- 45\n"
                                                              "47 instance.stop old.west.2 <- 46 proof 46 pivots\n"
                                                              "48 instance.kill old.west.2 <- 47\n"
                                                              "49 instance.remove old.west.2 <- 48\n"
                                                              "50 door.single prod <- 49\n"
                                                              "51 unit.remove old <- 50\n");
    assert_int_equal(json_get_int(plan->steps[46].params, "samples", 0), 1);
    assert_int_equal(json_get_int(plan->steps[46].params, "over_ms", -1), 0);
    assert_string_equal(params_of(*state, plan, 41), "{\"driver\":\"process\",\"grace_ms\":30000,\"signal\":15}");
    assert_int_equal(plan->steps[41].timeout_ms, 90000);
    assert_string_equal(params_of(*state, plan, 50),
                        "{\"keep\":[\"" NEW_UNIT ".west.1\",\"" NEW_UNIT ".west.2\",\"" NEW_UNIT
                        ".north.1\",\"" NEW_UNIT ".north.2\"],\"pools\":[\"app\",\"api\"]}");
    assert_string_equal(params_of(*state, plan, 51),
                        "{\"directories\":[\"/state/stamps/" OLD_UNIT "\",\"/state/units/" OLD_UNIT "\"]}");
}

/* No stop without a proof of the same instance, no old instance without a wait, no pivot on the way back. */
static void assert_stops_are_proved(const struct plan *plan)
{
    for (int i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];

        if (step->verb != VERB_INSTANCE_STOP) {
            assert_false(step->pivots);
            continue;
        }
        assert_in_range(step->proof, 0, i - 1);
        assert_int_equal(plan->steps[step->proof].verb, VERB_DRAIN_PROVE);
        assert_string_equal(plan->steps[step->proof].target, step->target);
        assert_int_equal(plan->steps[step->proof].track, step->track);
        assert_int_equal(step->pivots, step->track == TRACK_FORWARD && plan->kind == PLAN_RELEASE);
        assert_true(find_step_of(plan, step->track, VERB_DRAIN_WAIT, step->target) >= 0);
        assert_true(find_step_of(plan, step->track, VERB_TRAFFIC_DRAIN, step->target) >= 0);
    }
}

static void test_expand__no_stop_without_a_proof(void **state)
{
    for (int olds = 0; olds < 4; olds++) {
        assert_stops_are_proved(plan_of(*state, RICH_TEXT, olds));
        assert_stops_are_proved(plan_of(*state, WHOLE_TEXT, olds));
    }
}

static void test_expand__a_first_release_gets_all_traffic_in_one_step(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - shift: {steps: [{share: 5%, gate: managers, hold: 1h}, {share: 100%, "
                                          "gate: managers, hold: 1h}]}\n"
                                          "  - drain: {until: {rooms: 0}}\n  - destroy: {gate: on-call}\n",
                                0);

    assert_string_equal(stage_lines(*state, plan, "shift"), "6 traffic.shares app <- 5\n");
    assert_string_equal(params_of(*state, plan, 6), "{\"pool\":\"app\",\"shares\":{\"" NEW_UNIT
                                                    "\":10000},\"weights\":{\"" NEW_UNIT ".west.1\":1}}");
    assert_null(plan->steps[6].undo_text);
    assert_string_equal(stage_lines(*state, plan, "drain"), "");
    assert_string_equal(stage_lines(*state, plan, "destroy"), "");
}

static void test_expand__a_ladder_has_gates_and_holds(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - shift: {steps: [{share: 5%, hold: 1h}, {share: 100%, gate: managers}], "
                                          "prober: {get: /, max_failed: 2}}\n",
                                1);

    assert_string_equal(stage_lines(*state, plan, "shift"), "6 traffic.shares app <- 5\n"
                                                            "7 hold new <- 6\n"
                                                            "8 gate managers <- 7\n"
                                                            "9 traffic.shares app <- 8\n"
                                                            "10 prober.settle shift <- 9\n");
    assert_string_equal(params_of(*state, plan, 7), "{\"ms\":3600000}");
    assert_string_equal(params_of(*state, plan, 10), "{\"max_failed\":2}");
    assert_string_equal(plan->steps[7].title, "1h of healthy time at 5%");
    assert_string_equal(plan->steps[8].title, "gate managers opens the way to 100%");
}

static void test_expand__gates_say_who_may_open_them(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT "  - gate: on-call\n", 0);
    int gate = step_of_plan(plan, TRACK_FORWARD, VERB_GATE, "on-call");

    assert_string_equal(
        params_of(*state, plan, gate),
        "{\"approvals\":1,\"bar_requester\":false,\"barred\":[],\"expires_ms\":1800000,\"gate\":\"on-call\","
        "\"on_expiry\":\"reject\",\"people\":[]}");
    assert_string_equal(plan->steps[gate].title, "gate on-call opens the way past stage gate");
    assert_int_equal(plan->steps[gate].retries, 0);
}

static void test_expand__a_gate_opens_the_destruction(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - shift: {steps: [{share: 100%}]}\n  - drain: {deadline: {after: 8h, do: "
                                          "fail}}\n  - destroy: {gate: on-call}\n",
                                1);
    int gate = step_of_plan(plan, TRACK_FORWARD, VERB_GATE, "on-call");
    int wait = step_of_plan(plan, TRACK_FORWARD, VERB_DRAIN_WAIT, "");

    assert_int_equal(plan->steps[gate].ordinal, plan->stages[stage_of(plan, "destroy")].first_step);
    assert_string_equal(plan->steps[gate].title, "gate on-call opens the destruction of the old stamps");
    assert_string_equal(json_get_text(plan->steps[wait].params, "deadline_do"), "fail");
    assert_int_equal(json_get_int(plan->steps[wait].params, "deadline_ms", 0), 28800000);
}

static void test_expand__a_gate_that_nobody_defined_has_no_step(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT "  - gate: on-call\n");

    p.pipeline->stages[6].gate = "nobody";
    assert_string_equal(stage_lines(*state, planning_plan(&p), "gate"), "");
}

static void test_expand__commands_run_in_the_sources_and_may_be_repeated_when_they_say_so(void **state)
{
    struct plan *plan =
        plan_of(*state,
                HEAD_TEXT "stages:\n  - build: {retries: 7}\n"
                          "  - command: {name: one, run: [bin/one, \"${release.id}\"], undo: [bin/no]}\n"
                          "  - command: {name: two, run: [two], repeatable: true, timeout: 5m}\n",
                0);
    const struct plan_step *one = &plan->steps[2], *two = &plan->steps[3];

    assert_string_equal(params_of(*state, plan, 2),
                        "{\"argv\":[\"bin/one\",\"r-9\"],\"cwd\":\"/state/units/" NEW_UNIT "/src\",\"env\":[],"
                        "\"log\":\"/state/logs/r-9/one.log\",\"timeout_ms\":600000}");
    assert_false(one->repeatable);
    assert_string_equal(one->undo_text, "its undo command is run");
    assert_true(two->repeatable);
    assert_int_equal(two->timeout_ms, 300000);
    assert_string_equal(two->undo_text, "cannot be taken back");
    assert_int_equal(plan->steps[0].retries, 7);
}

static void test_expand__a_stage_waits_for_those_it_names(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n"
                                          "  - command: {name: one, run: [one]}\n"
                                          "  - command: {name: two, run: [two], needs: [build]}\n"
                                          "  - command: {name: three, run: [three], needs: [one, two]}\n",
                                0);

    assert_string_equal(stage_lines(*state, plan, "two"), "3 command.run two <- 1\n");
    assert_string_equal(stage_lines(*state, plan, "three"), "4 command.run three <- 2,3\n");
}

static void test_expand__a_command_before_the_sources_are_there_runs_in_the_state_directory(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - command: {name: one, run: [one]}\n  - build\n"
                                          "  - command: {name: two, run: [two]}\n",
                                0);

    assert_string_equal(stage_lines(*state, plan, "one"), "0 command.run one\n");
    assert_string_equal(json_get_text(plan->steps[0].params, "cwd"), "/state");
    assert_string_equal(stage_lines(*state, plan, "two"), "3 command.run two <- 2\n");
    assert_string_equal(json_get_text(plan->steps[3].params, "cwd"), "/state/units/" NEW_UNIT "/src");
}

static void test_expand__drain_commands_are_filled_in_for_their_unit(void **state)
{
    struct planning p = planning_of(*state, RICH_TEXT);
    struct plan *first = planning_plan(&p), *second;
    int begin;

    /* The unit of the first plan is the live one of the second, whose own unit has another name. */
    planning_live(&p, 1);
    p.facts.live.contract = first->unit.contract;
    p.facts.unit_number = 8;
    second = planning_plan(&p);
    begin = step_of_plan(second, TRACK_FORWARD, VERB_DRAIN_BEGIN, OLD_UNIT ".west.1");
    assert_string_equal(params_of(*state, second, begin),
                        "{\"argv\":[\"/state/units/" NEW_UNIT "/out/drain\",\"${instance.port}\",\"" OLD_UNIT
                        ".west.1\"],\"driver\":\"process\",\"kind\":\"command\"}");
}

static void plan_anyway(void *context)
{
    planning_try(context);
}

static void test_expand__a_need_that_no_check_saw_is_a_bug(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT "stages:\n  - build\n"
                                                      "  - command: {name: one, run: [one], needs: [build]}\n");
    struct unit_child child;

    p.pipeline->stages[1].needs.items[0] = "nobody";
    child = unit_in_child(plan_anyway, &p);
    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "stage 'nobody' passed the checks"));
}

static void expand_inexact(void *context)
{
    expand_shares(context, 1);
}

static void test_expand__a_share_that_no_check_saw_is_a_bug(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct builder b = {.arena = *state, .pipeline = p.pipeline};
    struct unit_child child;

    planning_live(&p, 1);
    b.plan = planning_plan(&p);
    child = unit_in_child(expand_inexact, &b);
    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "lawful_check() let share 1 through"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_expand__a_build_exports_builds_and_digests),
        TEST_WITH_ARENA(test_expand__without_a_build_the_sources_are_the_unit),
        TEST_WITH_ARENA(test_expand__chains_without_a_step_end_where_they_began_once),
        TEST_WITH_ARENA(test_expand__a_drain_that_nothing_takes_back_says_so),
        TEST_WITH_ARENA(test_expand__each_new_instance_is_a_chain_of_its_own),
        TEST_WITH_ARENA(test_expand__instances_get_names_directories_and_logs),
        TEST_WITH_ARENA(test_expand__an_old_instance_may_have_no_identity),
        TEST_WITH_ARENA(test_expand__an_instance_is_started_with_early_names_filled_in_and_late_ones_kept),
        TEST_WITH_ARENA(test_expand__becoming_healthy_has_its_own_time_and_no_retries),
        TEST_WITH_ARENA(test_expand__an_instance_is_added_to_every_pool),
        TEST_WITH_ARENA(test_expand__http_checks_ask_instances_and_commands_ask_stamps),
        TEST_WITH_ARENA(test_expand__shares_make_up_for_unequal_counts_in_every_pool),
        TEST_WITH_ARENA(test_expand__every_old_instance_is_waited_for),
        TEST_WITH_ARENA(test_expand__every_old_instance_is_proved_empty_right_before_its_stop),
        TEST_WITH_ARENA(test_expand__no_stop_without_a_proof),
        TEST_WITH_ARENA(test_expand__a_first_release_gets_all_traffic_in_one_step),
        TEST_WITH_ARENA(test_expand__a_ladder_has_gates_and_holds),
        TEST_WITH_ARENA(test_expand__gates_say_who_may_open_them),
        TEST_WITH_ARENA(test_expand__a_gate_opens_the_destruction),
        TEST_WITH_ARENA(test_expand__a_gate_that_nobody_defined_has_no_step),
        TEST_WITH_ARENA(test_expand__commands_run_in_the_sources_and_may_be_repeated_when_they_say_so),
        TEST_WITH_ARENA(test_expand__a_stage_waits_for_those_it_names),
        TEST_WITH_ARENA(test_expand__a_command_before_the_sources_are_there_runs_in_the_state_directory),
        TEST_WITH_ARENA(test_expand__drain_commands_are_filled_in_for_their_unit),
        TEST_WITH_ARENA(test_expand__a_need_that_no_check_saw_is_a_bug),
        TEST_WITH_ARENA(test_expand__a_share_that_no_check_saw_is_a_bug),
    };

    return RUN_TESTS(tests);
}
