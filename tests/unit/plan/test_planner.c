/* Whole plans: their heads, their digests, and destructions. */

#include "unit/plan/rich.h"

static void test_planner__the_head_says_what_is_released(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 1);

    assert_int_equal(plan->kind, PLAN_RELEASE);
    assert_string_equal(plan->release, "r-9");
    assert_string_equal(plan->project, "rooms");
    assert_string_equal(plan->environment, "prod");
    assert_string_equal(plan->pipeline, "prod");
    assert_string_equal(plan->commit, COMMIT);
    assert_string_equal(plan->branch, "main");
    assert_string_equal(plan->subject, "make rooms larger");
    assert_string_equal(plan->requester, "ana");
    assert_true(plan->rollback);
    assert_string_equal(plan->unit.name, NEW_UNIT);
    assert_string_equal(plan->unit.commit, COMMIT);
    assert_string_equal(plan->old_unit.name, OLD_UNIT);
    assert_string_equal(plan->old_unit.commit, OLD_COMMIT);
}

static void test_planner__a_first_release_has_no_old_unit(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_null(plan->old_unit.name);
    assert_null(plan->old_unit.contract);
}

static void test_planner__a_live_unit_without_instances_is_no_old_unit(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    p.facts.live.instance_count = 0;
    assert_null(planning_plan(&p)->old_unit.name);
}

static void test_planner__on_failure_hold_is_kept(void **state)
{
    assert_false(plan_of(*state, "on_failure: hold\n" WHOLE_TEXT, 0)->rollback);
}

static void test_planner__a_managed_front_door_lives_in_the_state_directory(void **state)
{
    struct plan *plan = plan_of(*state, RICH_TEXT, 0);

    assert_string_equal(json_canonical(*state, plan->door),
                        "{\"bind\":\"127.0.0.1:8080\",\"dir\":\"/state/doors/prod\",\"driver\":\"haproxy\","
                        "\"managed\":true,\"mark\":\"PENSTOCK_DOOR=rec/prod\",\"pools\":[{\"match\":\"/\",\"name\":"
                        "\"app\"},{\"match\":\"/api\",\"name\":\"api\"}],\"socket\":\"/state/doors/prod/admin.sock\","
                        "\"url\":\"http://127.0.0.1:8080\"}");
}

static void test_planner__a_front_door_of_others_is_left_alone(void **state)
{
    struct plan *plan = plan_of(*state,
                                "pipeline: prod\nenvironment: prod\nstamps: {start: [a], health: {get: /}}\n"
                                "traffic: {socket: /run/haproxy.sock}\nstages: [build, deploy]\n",
                                0);

    assert_string_equal(
        json_canonical(*state, plan->door),
        "{\"bind\":null,\"dir\":null,\"driver\":\"haproxy\",\"managed\":false,\"mark\":null,\"pools\":[{"
        "\"match\":\"/\",\"name\":\"app\"}],\"socket\":\"/run/haproxy.sock\",\"url\":null}");
}

static void test_planner__the_same_input_gives_the_same_bytes(void **state)
{
    struct plan *one = plan_of(*state, RICH_TEXT, 2), *two = plan_of(*state, RICH_TEXT, 2);

    assert_string_equal(one->text, two->text);
    assert_string_equal(one->digest, two->digest);
}

static void assert_differs(struct planning *p, const struct plan *from)
{
    assert_string_not_equal(planning_plan(p)->digest, from->digest);
}

static void test_planner__any_other_fact_gives_another_digest(void **state)
{
    struct planning p = planning_of(*state, RICH_TEXT);
    const struct facts facts = p.facts;
    struct plan *plan = planning_plan(&p);

    p.facts.release = "r-10";
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.requester = "bo";
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.subject = "make rooms smaller";
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.branch = "";
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.unit_number++;
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.commit = OLD_COMMIT;
    assert_differs(&p, plan);
    p.facts = facts;
    p.facts.record = "another";
    assert_differs(&p, plan);
    p.facts = facts;
    planning_live(&p, 1);
    assert_differs(&p, plan);
    p.facts = facts;
    assert_string_equal(planning_plan(&p)->digest, plan->digest);
}

static void test_planner__another_pipeline_gives_another_digest(void **state)
{
    struct plan *plan = plan_of(*state, WHOLE_TEXT, 1);

    assert_string_not_equal(plan_of(*state, WHOLE_TEXT "  - gate: managers\n", 1)->digest, plan->digest);
    assert_string_not_equal(plan_of(*state, "on_failure: hold\n" WHOLE_TEXT, 1)->digest, plan->digest);
}

static void test_planner__keys_are_stable_and_of_one_step_only(void **state)
{
    struct plan *one = plan_of(*state, RICH_TEXT, 2), *two = plan_of(*state, RICH_TEXT, 2);

    for (int i = 0; i < one->step_count; i++) {
        assert_int_equal(strlen(one->steps[i].key), 64);
        assert_string_equal(one->steps[i].key, two->steps[i].key);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(one->steps[i].key, one->steps[k].key);
    }
}

static void test_planner__another_release_has_other_keys(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct plan *one = planning_plan(&p), *two;

    p.facts.release = "r-10";
    two = planning_plan(&p);
    assert_string_not_equal(one->steps[0].key, two->steps[0].key);
}

static void test_planner__the_plan_borrows_nothing(void **state)
{
    struct arena *own = arena_new();
    struct planning p = planning_of(own, RICH_TEXT);
    struct plan *plan, *back;
    const char *text;

    planning_live(&p, 1);
    p.arena = *state;
    plan = planning_plan(&p);
    text = arena_text(*state, plan->text);
    arena_free(own);
    plan_encode(*state, plan);
    assert_string_equal(plan->text, text);
    assert_ok(plan_decode(*state, plan->text, strlen(plan->text), &back));
}

static struct error *destroy(struct planning *p, const char *unit, struct plan **out)
{
    return plan_destroy(p->arena, p->project, p->pipeline, &p->facts, unit, out);
}

static void test_planner__a_leftover_is_destroyed_with_the_same_care(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct fact_unit leftover = planning_unit(&p, OLD_UNIT, 2);
    struct plan *plan;

    p.facts.leftovers = &leftover;
    p.facts.leftover_count = 1;
    assert_ok(destroy(&p, OLD_UNIT, &plan));
    assert_int_equal(plan->kind, PLAN_DESTROY);
    assert_string_equal(plan->old_unit.name, OLD_UNIT);
    assert_null(plan->unit.name);
    assert_string_equal(stage_lines(*state, plan, "front door"), "0 door.ensure prod\n");
    assert_string_equal(stage_lines(*state, plan, "drain " OLD_UNIT), "1 traffic.drain old.west.1 <- 0\n"
                                                                      "2 drain.begin old.west.1 <- 1\n"
                                                                      "3 drain.wait old.west.1 <- 2\n"
                                                                      "4 traffic.drain old.west.2 <- 0\n"
                                                                      "5 drain.begin old.west.2 <- 4\n"
                                                                      "6 drain.wait old.west.2 <- 5\n");
    assert_string_equal(stage_lines(*state, plan, "destroy " OLD_UNIT), "7 traffic.remove old.west.1 <- 3,6\n"
                                                                        "8 drain.prove old.west.1 <- 7\n"
                                                                        "9 instance.stop old.west.1 <- 8 proof 8\n"
                                                                        "10 instance.kill old.west.1 <- 9\n"
                                                                        "11 instance.remove old.west.1 <- 10\n"
                                                                        "12 traffic.remove old.west.2 <- 11\n"
                                                                        "13 drain.prove old.west.2 <- 12\n"
                                                                        "14 instance.stop old.west.2 <- 13 proof 13\n"
                                                                        "15 instance.kill old.west.2 <- 14\n"
                                                                        "16 instance.remove old.west.2 <- 15\n"
                                                                        "17 unit.remove old <- 16\n");
    assert_false(json_get_bool(plan->steps[3].params, "accept_lost", true));
    assert_int_equal(plan->monitor_count, 0);
}

static void test_planner__nothing_is_destroyed_beside_a_live_unit_that_is_not_well(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct fact_unit leftover = planning_unit(&p, "prod-1111111-2", 1);
    struct plan *plan;

    planning_live(&p, 2);
    p.facts.leftovers = &leftover;
    p.facts.leftover_count = 1;
    assert_ok(destroy(&p, "prod-1111111-2", &plan));
    assert_string_equal(stage_lines(*state, plan, "check " OLD_UNIT), "1 check.http old.west.1 <- 0\n"
                                                                      "2 check.http old.west.2 <- 0\n");
    assert_string_equal(plan->steps[1].title, OLD_UNIT ".west.1, which stays, is healthy");
    assert_string_equal(json_get_text(plan->steps[1].params, "address"), p.facts.live.instances[0].address);
    assert_int_equal(plan->steps[3].verb, VERB_TRAFFIC_DRAIN);
    assert_int_equal(plan->steps[3].need_count, 2);
}

static void test_planner__a_destruction_drains_every_pool_with_traffic(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct plan *plan;
    int proof;

    planning_live(&p, 1);
    p.facts.pools = json_in_arena(*state, json_pack("[s, s]", "api", "app"));
    assert_ok(destroy(&p, NULL, &plan));
    assert_string_equal(stage_lines(*state, plan, "drain " OLD_UNIT), "1 traffic.drain old.west.1 <- 0\n"
                                                                      "2 traffic.drain old.west.1 <- 1\n"
                                                                      "3 drain.begin old.west.1 <- 2\n"
                                                                      "4 drain.wait old.west.1 <- 3\n");
    assert_string_equal(json_get_text(plan->steps[2].params, "pool"), "api");
    proof = step_of_plan(plan, TRACK_FORWARD, VERB_DRAIN_PROVE, "");
    assert_string_equal(json_canonical(*state, json_object_get(plan->steps[proof].params, "pools")),
                        "[\"app\",\"api\"]");
}

static void test_planner__a_unit_that_does_not_stand_is_not_destroyed(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct error *error;
    struct plan *plan;

    error = destroy(&p, "prod-9999999-9", &plan);
    assert_non_null(error);
    assert_string_equal(error->hint, "penstock status prod");
    assert_fails(error, ERR_NOT_FOUND, "environment 'prod' has no unit 'prod-9999999-9' that still stands");
}

static void test_planner__the_live_unit_is_not_destroyed_by_name(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct error *error;
    struct plan *plan;

    planning_live(&p, 1);
    error = destroy(&p, OLD_UNIT, &plan);
    assert_non_null(error);
    assert_string_equal(error->hint, "to take the whole environment down: penstock destroy prod");
    assert_fails(error, ERR_NOT_ALLOWED, "unit 'prod-0000000-3' is the one that has the traffic");
}

static void test_planner__a_whole_environment_goes_with_its_front_door(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct fact_unit leftovers[2] = {planning_unit(&p, "prod-1111111-1", 0), planning_unit(&p, "prod-1111111-2", 1)};
    struct plan *plan;

    planning_live(&p, 1);
    p.facts.leftovers = leftovers;
    p.facts.leftover_count = 2;
    assert_ok(destroy(&p, NULL, &plan));
    assert_int_equal(plan->stage_count, 7);
    assert_string_equal(stage_lines(*state, plan, "front door"), "0 door.ensure prod\n");
    assert_string_equal(plan->stages[1].name, "drain " OLD_UNIT);
    assert_string_equal(plan->stages[2].name, "destroy " OLD_UNIT);
    assert_string_equal(plan->stages[3].name, "destroy prod-1111111-1"); /* files only: nothing to drain */
    assert_string_equal(plan->stages[4].name, "drain prod-1111111-2");
    assert_string_equal(plan->stages[5].name, "destroy prod-1111111-2");
    assert_string_equal(stage_lines(*state, plan, "front door down"), "20 door.remove prod <- 19\n");
    assert_int_equal(plan->instance_count, 2);
    assert_string_equal(plan->instances[0].name, OLD_UNIT ".west.1");
    assert_string_equal(plan->instances[1].name, "prod-1111111-2.west.1");
}

static void test_planner__a_front_door_of_others_stays(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct plan *plan;

    planning_live(&p, 1);
    json_object_set_new((json_t *)(uintptr_t)p.facts.door, "managed", json_false());
    assert_ok(destroy(&p, NULL, &plan));
    assert_int_equal(find_step_of(plan, TRACK_FORWARD, VERB_DOOR_REMOVE, ""), -1);
    assert_string_equal(json_canonical(*state, plan->door), json_canonical(*state, p.facts.door));
}

static void test_planner__an_empty_environment_has_nothing_to_destroy(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct plan *plan;

    assert_ok(destroy(&p, NULL, &plan));
    assert_int_equal(plan->step_count, 0);
    assert_int_equal(plan->instance_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_planner__the_head_says_what_is_released),
        TEST_WITH_ARENA(test_planner__a_first_release_has_no_old_unit),
        TEST_WITH_ARENA(test_planner__a_live_unit_without_instances_is_no_old_unit),
        TEST_WITH_ARENA(test_planner__on_failure_hold_is_kept),
        TEST_WITH_ARENA(test_planner__a_managed_front_door_lives_in_the_state_directory),
        TEST_WITH_ARENA(test_planner__a_front_door_of_others_is_left_alone),
        TEST_WITH_ARENA(test_planner__the_same_input_gives_the_same_bytes),
        TEST_WITH_ARENA(test_planner__any_other_fact_gives_another_digest),
        TEST_WITH_ARENA(test_planner__another_pipeline_gives_another_digest),
        TEST_WITH_ARENA(test_planner__keys_are_stable_and_of_one_step_only),
        TEST_WITH_ARENA(test_planner__another_release_has_other_keys),
        TEST_WITH_ARENA(test_planner__the_plan_borrows_nothing),
        TEST_WITH_ARENA(test_planner__a_leftover_is_destroyed_with_the_same_care),
        TEST_WITH_ARENA(test_planner__a_destruction_drains_every_pool_with_traffic),
        TEST_WITH_ARENA(test_planner__nothing_is_destroyed_beside_a_live_unit_that_is_not_well),
        TEST_WITH_ARENA(test_planner__a_unit_that_does_not_stand_is_not_destroyed),
        TEST_WITH_ARENA(test_planner__the_live_unit_is_not_destroyed_by_name),
        TEST_WITH_ARENA(test_planner__a_whole_environment_goes_with_its_front_door),
        TEST_WITH_ARENA(test_planner__a_front_door_of_others_stays),
        TEST_WITH_ARENA(test_planner__an_empty_environment_has_nothing_to_destroy),
    };

    return RUN_TESTS(tests);
}
