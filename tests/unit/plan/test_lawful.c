/* What is refused before anything runs: each refusal with its place, its words and its advice. */

#include "unit/plan/planning.h"

/* The n-th problem: "line:column text | hint". */
static void assert_refused(struct planning *p, int index, const char *want)
{
    const struct diagnostic *problem = diagnostics_get(p->problems, index);

    assert_non_null(problem);
    assert_int_equal(problem->code, ERR_PLAN_REFUSED);
    assert_string_equal(problem->mark.file, "p.yaml");
    assert_string_equal(arena_printf(p->arena, "%d:%d %s | %s", problem->mark.line, problem->mark.column, problem->text,
                                     problem->hint ? problem->hint : ""),
                        want);
}

static struct planning refused(void **state, const char *pipeline, int old_count, int problems)
{
    struct planning p = planning_of(*state, pipeline);

    if (old_count)
        planning_live(&p, old_count);
    assert_null(planning_try(&p));
    assert_int_equal(diagnostics_count(p.problems), problems);
    return p;
}

static void test_lawful__a_whole_pipeline_is_lawful(void **state)
{
    plan_of(*state, WHOLE_TEXT, 0);
    plan_of(*state, WHOLE_TEXT, 2);
}

static void test_lawful__refuses_a_deploy_without_a_build(void **state)
{
    struct planning p = refused(state, HEAD_TEXT "stages: [deploy]\n", 0, 1);

    assert_refused(&p, 0,
                   "12:10 stage 'deploy' would deploy a unit that no stage has built | put `- build` before it; "
                   "without `unit.build` the exported sources are the unit");
}

static void test_lawful__refuses_a_validate_without_a_deploy(void **state)
{
    struct planning p = refused(state, HEAD_TEXT "stages:\n  - build\n  - validate\n", 0, 1);

    assert_refused(&p, 0,
                   "14:5 stage 'validate' would check stamps that no stage has deployed | put `- deploy` before it");
}

static void test_lawful__refuses_a_shift_without_a_validate(void **state)
{
    struct planning p =
        refused(state, HEAD_TEXT "stages:\n  - build\n  - deploy\n  - shift: {steps: [{share: 100%}]}\n", 0, 1);

    assert_refused(&p, 0,
                   "15:5 stage 'shift' would give traffic to stamps that no stage has validated | put `- validate: "
                   "{checks: [...]}` before it");
}

static void test_lawful__refuses_a_drain_without_a_shift(void **state)
{
    struct planning p =
        refused(state, HEAD_TEXT "stages:\n  - build\n  - deploy\n  - drain: {until: {rooms: 0}}\n", 0, 1);

    assert_refused(&p, 0,
                   "15:5 stage 'drain' would drain old stamps that still have traffic | put a `shift` that ends at "
                   "100% before it");
}

static void test_lawful__refuses_a_destroy_without_a_drain(void **state)
{
    struct planning p = refused(state, HEAD_TEXT "stages:\n  - build\n  - deploy\n  - destroy\n", 0, 1);

    assert_refused(&p, 0,
                   "15:5 stage 'destroy' would destroy old stamps that no stage has drained | put `- drain: {until: "
                   "{...}}` before it");
}

static void test_lawful__refuses_a_destroy_that_does_not_wait_for_the_drain(void **state)
{
    struct planning p = refused(state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - shift: {steps: [{share: 100%}]}\n  - drain\n"
                                          "  - destroy: {needs: [shift]}\n",
                                0, 1);

    assert_refused(&p, 0,
                   "18:5 stage 'destroy' would destroy old stamps that no stage has drained | put `- drain: {until: "
                   "{...}}` before it");
}

static void test_lawful__an_order_may_hold_around_a_corner(void **state)
{
    plan_of(*state,
            HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                      "  - command: {name: one, run: [one], needs: [validate]}\n"
                      "  - command: {name: two, run: [two], needs: [deploy]}\n"
                      "  - shift: {needs: [two, one], steps: [{share: 100%}]}\n",
            0);
}

static void test_lawful__one_way_past_the_order_is_no_way(void **state)
{
    struct planning p = refused(state,
                                HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                          "  - command: {name: two, run: [two], needs: [deploy]}\n"
                                          "  - shift: {needs: [two], steps: [{share: 100%}]}\n",
                                0, 1);

    assert_refused(&p, 0,
                   "17:5 stage 'shift' would give traffic to stamps that no stage has validated | put `- validate: "
                   "{checks: [...]}` before it");
}

static void test_lawful__refuses_a_need_that_comes_later(void **state)
{
    struct planning p = refused(state,
                                HEAD_TEXT "stages:\n  - build\n"
                                          "  - command: {name: one, run: [one], needs: [deploy]}\n"
                                          "  - deploy: {needs: [build]}\n",
                                0, 1);

    assert_refused(&p, 0,
                   "14:46 stage 'one' needs 'deploy', which comes after it | write the stages in an order in which "
                   "they could run one after another");
}

static void test_lawful__refuses_a_second_stage_of_a_kind(void **state)
{
    struct planning p = refused(state, HEAD_TEXT "stages:\n  - build\n  - build: {name: again}\n", 0, 1);

    assert_refused(&p, 0, "14:5 a second 'build' stage; a pipeline has one at most | ");
}

static void test_lawful__commands_and_validates_may_come_twice(void **state)
{
    plan_of(*state,
            HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n  - validate: {name: more}\n"
                      "  - command: {name: one, run: [one]}\n  - command: {name: two, run: [two]}\n",
            0);
}

static struct planning refused_ladder(void **state, const char *steps, int problems)
{
    return refused(state,
                   arena_printf(*state,
                                "%sstages:\n  - build\n  - deploy\n  - validate\n"
                                "  - shift: {steps: [%s]}\n",
                                HEAD_TEXT, steps),
                   1, problems);
}

static void test_lawful__refuses_shares_that_go_down(void **state)
{
    struct planning p = refused_ladder(state, "{share: 50%}, {share: 25%}, {share: 100%}", 1);

    assert_refused(&p, 0,
                   "16:35 share goes down from 50% to 25% | a ladder only goes up; going back is what rollback is for");
}

static void test_lawful__refuses_a_share_that_stays(void **state)
{
    struct planning p = refused_ladder(state, "{share: 50%}, {share: 50%}, {share: 100%}", 1);

    assert_refused(&p, 0,
                   "16:35 share stays at 50% | give the step a higher share, or a longer `hold` to the one before");
}

static void test_lawful__refuses_a_first_share_of_nothing(void **state)
{
    struct planning p = refused_ladder(state, "{share: 0%}, {share: 100%}", 1);

    assert_refused(&p, 0,
                   "16:21 share stays at 0% | give the step a higher share, or a longer `hold` to the one before");
}

static void test_lawful__refuses_a_ladder_that_does_not_end_at_all(void **state)
{
    struct planning p = refused_ladder(state, "{share: 25%}, {share: 50%}", 1);

    assert_refused(&p, 0,
                   "16:35 the last share is 50%, not 100% | the ladder must end at 100%, or old stamps could never be "
                   "drained");
}

static void test_lawful__refuses_a_share_that_no_weights_give(void **state)
{
    struct planning p = refused_ladder(state, "{share: 0.01%}, {share: 12.5%}, {share: 100%}", 1);

    assert_refused(&p, 0,
                   "16:21 share 0.01% cannot be exact with 1 new and 1 old instances | the front door's weights are "
                   "0..256; the nearest exact share is 0.4%");
}

static void test_lawful__any_share_is_exact_on_a_first_release(void **state)
{
    plan_of(*state,
            HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                      "  - shift: {steps: [{share: 0.01%}, {share: 100%}]}\n",
            0);
}

#define NO_HEALTH_TEXT       \
    "pipeline: prod\n"       \
    "environment: prod\n"    \
    "stamps:\n"              \
    "  start: [bin/rooms]\n" \
    "traffic:\n"             \
    "  managed: {bind: \"127.0.0.1:8080\"}\n"

static void test_lawful__refuses_stamps_without_a_health_check(void **state)
{
    struct planning p = refused(state, NO_HEALTH_TEXT "stages: [build, deploy]\n", 0, 1);

    assert_refused(&p, 0,
                   "4:3 the stamps have no health check | add `health: {get: /health}`; without one nobody can tell a "
                   "broken version from a good one");
}

static void test_lawful__needs_no_health_check_when_nothing_is_deployed(void **state)
{
    plan_of(*state, NO_HEALTH_TEXT "stages: [build]\n", 0);
}

static void test_lawful__refuses_leftovers_of_other_units(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct fact_unit leftovers[2] = {planning_unit(&p, "prod-1111111-4", 1), planning_unit(&p, "prod-2222222-5", 3)};

    p.facts.leftovers = leftovers;
    p.facts.leftover_count = 2;
    assert_null(planning_try(&p));
    assert_int_equal(diagnostics_count(p.problems), 2);
    assert_refused(&p, 0,
                   "2:14 environment 'prod' still has 1 instance of unit 'prod-1111111-4' | penstock destroy "
                   "prod-1111111-4");
    assert_refused(&p, 1,
                   "2:14 environment 'prod' still has 3 instances of unit 'prod-2222222-5' | penstock destroy "
                   "prod-2222222-5");
}

static void test_lawful__refuses_a_front_door_that_has_moved(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    json_object_set_new((json_t *)(uintptr_t)p.facts.door, "bind", json_string("127.0.0.1:9090"));
    assert_null(planning_try(&p));
    assert_refused(&p, 0,
                   "11:3 the live unit stands behind another front door ('127.0.0.1:9090', here '127.0.0.1:8080') | "
                   "put it back, or take the environment down first: penstock destroy prod");
}

static void test_lawful__a_front_door_of_others_is_known_by_its_socket(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    json_object_set_new((json_t *)(uintptr_t)p.facts.door, "managed", json_false());
    assert_null(planning_try(&p));
    assert_refused(&p, 0,
                   "11:3 the live unit stands behind another front door ('/state/doors/prod/admin.sock', here "
                   "'127.0.0.1:8080') | put it back, or take the environment down first: penstock destroy prod");
}

static void test_lawful__a_front_door_without_a_live_unit_may_move(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    p.facts.door = json_in_arena(*state, json_pack("{s:b, s:s}", "managed", 1, "bind", "127.0.0.1:9090"));
    assert_non_null(planning_try(&p));
}

static void test_lawful__refuses_to_leave_the_live_unit_behind_in_a_pool(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    p.facts.pools = json_in_arena(*state, json_pack("[s, s]", "api", "app"));
    assert_null(planning_try(&p));
    assert_int_equal(diagnostics_count(p.problems), 1);
    assert_refused(&p, 0,
                   "11:3 the live unit 'prod-0000000-3' has traffic in pool 'api', which this pipeline does not name | "
                   "put it back, or take the environment down first: penstock destroy prod");
}

static void test_lawful__a_pipeline_that_moves_no_traffic_leaves_nothing_behind(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT "stages: [build]\n");

    planning_live(&p, 1);
    p.facts.pools = json_in_arena(*state, json_pack("[s]", "api"));
    assert_non_null(planning_try(&p));
}

static void test_lawful__refuses_a_question_that_the_live_unit_cannot_answer(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    json_object_clear(json_object_get(p.facts.live.contract, "probes"));
    assert_null(planning_try(&p));
    assert_refused(&p, 0,
                   "17:21 the live unit 'prod-0000000-3' was released without a probe 'rooms' | release a version that "
                   "answers it first, or leave it out of `until` this once");
}

static void test_lawful__a_live_unit_without_instances_answers_nothing(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    planning_live(&p, 1);
    json_object_clear(json_object_get(p.facts.live.contract, "probes"));
    p.facts.live.instance_count = 0;
    assert_non_null(planning_try(&p));
}

static void test_lawful__says_all_that_is_wrong_at_once(void **state)
{
    struct planning p = refused(state, NO_HEALTH_TEXT "stages: [shift: {steps: [{share: 50%}]}, deploy]\n", 0, 4);

    assert_refused(&p, 0,
                   "4:3 the stamps have no health check | add `health: {get: /health}`; without one nobody can tell a "
                   "broken version from a good one");
    assert_refused(&p, 1,
                   "7:10 stage 'shift' would give traffic to stamps that no stage has validated | put `- validate: "
                   "{checks: [...]}` before it");
    assert_refused(&p, 2,
                   "7:26 the last share is 50%, not 100% | the ladder must end at 100%, or old stamps could never be "
                   "drained");
    assert_refused(&p, 3,
                   "7:42 stage 'deploy' would deploy a unit that no stage has built | put `- build` before it; "
                   "without `unit.build` the exported sources are the unit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_lawful__a_whole_pipeline_is_lawful),
        TEST_WITH_ARENA(test_lawful__refuses_a_deploy_without_a_build),
        TEST_WITH_ARENA(test_lawful__refuses_a_validate_without_a_deploy),
        TEST_WITH_ARENA(test_lawful__refuses_a_shift_without_a_validate),
        TEST_WITH_ARENA(test_lawful__refuses_a_drain_without_a_shift),
        TEST_WITH_ARENA(test_lawful__refuses_a_destroy_without_a_drain),
        TEST_WITH_ARENA(test_lawful__refuses_a_destroy_that_does_not_wait_for_the_drain),
        TEST_WITH_ARENA(test_lawful__an_order_may_hold_around_a_corner),
        TEST_WITH_ARENA(test_lawful__one_way_past_the_order_is_no_way),
        TEST_WITH_ARENA(test_lawful__refuses_a_need_that_comes_later),
        TEST_WITH_ARENA(test_lawful__refuses_a_second_stage_of_a_kind),
        TEST_WITH_ARENA(test_lawful__commands_and_validates_may_come_twice),
        TEST_WITH_ARENA(test_lawful__refuses_shares_that_go_down),
        TEST_WITH_ARENA(test_lawful__refuses_a_share_that_stays),
        TEST_WITH_ARENA(test_lawful__refuses_a_first_share_of_nothing),
        TEST_WITH_ARENA(test_lawful__refuses_a_ladder_that_does_not_end_at_all),
        TEST_WITH_ARENA(test_lawful__refuses_a_share_that_no_weights_give),
        TEST_WITH_ARENA(test_lawful__any_share_is_exact_on_a_first_release),
        TEST_WITH_ARENA(test_lawful__refuses_stamps_without_a_health_check),
        TEST_WITH_ARENA(test_lawful__needs_no_health_check_when_nothing_is_deployed),
        TEST_WITH_ARENA(test_lawful__refuses_leftovers_of_other_units),
        TEST_WITH_ARENA(test_lawful__refuses_a_front_door_that_has_moved),
        TEST_WITH_ARENA(test_lawful__a_front_door_of_others_is_known_by_its_socket),
        TEST_WITH_ARENA(test_lawful__a_front_door_without_a_live_unit_may_move),
        TEST_WITH_ARENA(test_lawful__refuses_to_leave_the_live_unit_behind_in_a_pool),
        TEST_WITH_ARENA(test_lawful__a_pipeline_that_moves_no_traffic_leaves_nothing_behind),
        TEST_WITH_ARENA(test_lawful__refuses_a_question_that_the_live_unit_cannot_answer),
        TEST_WITH_ARENA(test_lawful__a_live_unit_without_instances_answers_nothing),
        TEST_WITH_ARENA(test_lawful__says_all_that_is_wrong_at_once),
    };

    return RUN_TESTS(tests);
}
