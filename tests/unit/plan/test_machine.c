/* The fold: what is in force, what is watched, and events that cannot follow. */

#include "unit/plan/story.h"

static void test_machine__every_status_has_its_word(void **state)
{
    static const char *const words[] = {"pending", "running", "backoff", "doubt", "done", "failed", "skipped"};

    (void)state;
    for (int i = STEP_PENDING; i <= STEP_SKIPPED; i++)
        assert_string_equal(step_status_text((enum step_status)i), words[i]);
}

static void test_machine__events_that_tell_people_something_change_nothing(void **state)
{
    static const enum event_kind kinds[] = {EVENT_RUNNER_STOPPED, EVENT_DRAIN_SAMPLED, EVENT_DECISION_REFUSED,
                                            EVENT_FINDING};
    struct sim *sim = story_new(state);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        sim_fold(sim, (struct event){.kind = kinds[i], .step = -1});
        assert_int_equal(sim_next(sim), 0);
    }
    sim_decide(sim, DECISION_NONE, "bo", -1, NULL);
    assert_int_equal(sim_next(sim), 0);
}

static const struct plan_monitor *monitor_of(const struct plan *plan, int kind, const char *target)
{
    for (int i = 0; i < plan->monitor_count; i++) {
        if ((int)plan->monitors[i].kind == kind && text_is(plan->monitors[i].target, target))
            return &plan->monitors[i];
    }
    fail_msg("no monitor of %s", target);
    return NULL;
}

static bool is_live(const struct sim *sim, int kind, const char *target)
{
    return machine_monitor_live(&sim->state, monitor_of(sim->plan, kind, target));
}

static void test_machine__the_front_door_is_watched_once_it_answers(void **state)
{
    struct sim *sim = story_new(state);
    int ensure = sim_step(sim, VERB_DOOR_ENSURE, "prod");

    sim_go(sim, ensure);
    assert_false(is_live(sim, MONITOR_TRAFFIC, "app"));
    sim_done(sim, ensure);
    assert_true(is_live(sim, MONITOR_TRAFFIC, "app"));
    sim_go(sim, -1);
    assert_false(is_live(sim, MONITOR_TRAFFIC, "app"));
}

static void test_machine__a_new_instance_is_watched_once_it_was_healthy(void **state)
{
    struct sim *sim = story_new(state);
    int ready = sim_step(sim, VERB_INSTANCE_READY, NEW_1);

    sim_go(sim, ready);
    assert_false(is_live(sim, MONITOR_HEALTH, NEW_1));
    sim_done(sim, ready);
    assert_true(is_live(sim, MONITOR_HEALTH, NEW_1));
}

static void test_machine__an_instance_that_was_never_healthy_is_not_watched_on_the_way_back(void **state)
{
    struct sim *sim = story_new(state);
    int ready = sim_step(sim, VERB_INSTANCE_READY, NEW_1);

    sim_go(sim, ready);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, ready, STEP_SKIPPED);
    assert_false(is_live(sim, MONITOR_HEALTH, NEW_1));
}

static void test_machine__an_old_instance_is_watched_until_it_is_stopped(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_DRAIN_PROVE, OLD_1));
    assert_true(is_live(sim, MONITOR_HEALTH, OLD_1));
    sim_go(sim, sim_step(sim, VERB_INSTANCE_STOP, OLD_1));
    assert_false(is_live(sim, MONITOR_HEALTH, OLD_1));
    assert_true(is_live(sim, MONITOR_HEALTH, OLD_2));
}

static void test_machine__the_prober_lives_from_before_the_first_share_to_its_settling(void **state)
{
    struct sim *sim = story_new(state);
    int settle = sim_step(sim, VERB_PROBER_SETTLE, "shift");

    sim_go(sim, sim_step(sim, VERB_COMMAND_RUN, "migrate"));
    assert_false(is_live(sim, MONITOR_PROBER, "shift"));
    sim_go(sim, sim_step(sim, VERB_TRAFFIC_SHARES, "app"));
    assert_true(is_live(sim, MONITOR_PROBER, "shift"));
    sim_go(sim, settle);
    assert_true(is_live(sim, MONITOR_PROBER, "shift"));
    sim_done(sim, settle);
    assert_false(is_live(sim, MONITOR_PROBER, "shift"));
}

static void test_machine__the_prober_lives_on_while_held_but_not_on_the_way_back(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_next(sim);
    assert_true(is_live(sim, MONITOR_PROBER, "shift"));
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    assert_false(is_live(sim, MONITOR_PROBER, "shift"));
    assert_true(is_live(sim, MONITOR_HEALTH, OLD_1));
}

static void test_machine__the_shares_in_force_are_those_done_last(void **state)
{
    struct sim *sim = story_new(state);
    int first = sim_step(sim, VERB_TRAFFIC_SHARES, "app"), gate = sim_step(sim, VERB_GATE, "managers");

    sim_go(sim, first);
    assert_int_equal(machine_shares_step(&sim->state, "app"), -1);
    sim_done(sim, first);
    assert_int_equal(machine_shares_step(&sim->state, "app"), first);
    assert_int_equal(machine_shares_step(&sim->state, "another"), -1);
    sim_go(sim, gate);
    sim_approve(sim, gate);
    sim_next(sim);
    sim_done(sim, gate + 1);
    assert_int_equal(machine_shares_step(&sim->state, "app"), gate + 1);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_go(sim, -1);
    assert_int_equal(machine_shares_step(&sim->state, "app"), sim_undo(sim, VERB_TRAFFIC_SHARES, "app"));
}

static struct known known_of(const struct sim *sim, const char *instance)
{
    return machine_known(&sim->state, (int)(plan_instance(sim->plan, instance) - sim->plan->instances), "app");
}

static void test_machine__the_front_door_knows_the_old_side_from_the_beginning(void **state)
{
    struct sim *sim = story_new(state);

    assert_true(known_of(sim, OLD_1).added);
    assert_false(known_of(sim, OLD_1).drained);
    assert_false(known_of(sim, NEW_1).added);
}

static void test_machine__what_the_front_door_was_told_follows_the_steps(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_CHECK_HTTP, NEW_1));
    assert_true(known_of(sim, NEW_1).added);
    sim_go(sim, sim_step(sim, VERB_DRAIN_WAIT, OLD_1));
    assert_true(known_of(sim, OLD_1).drained);
    sim_go(sim, sim_step(sim, VERB_DRAIN_PROVE, OLD_1));
    assert_false(known_of(sim, OLD_1).added);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    sim_go(sim, sim_undo(sim, VERB_TRAFFIC_SHARES, "app"));
    assert_true(known_of(sim, OLD_1).added);
    assert_false(known_of(sim, OLD_1).drained);
}

static void test_machine__a_pool_that_the_plan_does_not_name_is_nobodys(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    json_object_set_new((json_t *)(uintptr_t)sim->plan->steps[add].params, "pool", json_string("another"));
    sim_go(sim, add);
    sim_done(sim, add);
    assert_false(known_of(sim, NEW_1).added);
}

static void fold_step_past_the_end(void *context)
{
    struct sim *sim = context;
    struct event event = {.kind = EVENT_STEP_DONE, .step = sim->plan->step_count};

    machine_fold(&sim->state, &event);
}

static void fold_no_step(void *context)
{
    struct event event = {.kind = EVENT_STEP_STARTED, .step = -1};

    machine_fold(&((struct sim *)context)->state, &event);
}

static void fold_unknown_kind(void *context)
{
    struct event event = {.kind = EVENT_KIND_COUNT, .step = -1};

    machine_fold(&((struct sim *)context)->state, &event);
}

static void ask_unknown_pool(void *context)
{
    machine_known(&((struct sim *)context)->state, 0, "another");
}

static void test_machine__events_that_cannot_be_are_bugs(void **state)
{
    struct sim *sim = story_new(state);
    struct unit_child child = unit_in_child(fold_step_past_the_end, sim);

    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "event 'step.done' is about step 51 of 51"));
    assert_int_equal(WEXITSTATUS(unit_in_child(fold_no_step, sim).status), 70);
    assert_int_equal(WEXITSTATUS(unit_in_child(fold_unknown_kind, sim).status), 70);
    assert_int_equal(WEXITSTATUS(unit_in_child(ask_unknown_pool, sim).status), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_machine__every_status_has_its_word),
        TEST_WITH_ARENA(test_machine__events_that_tell_people_something_change_nothing),
        TEST_WITH_ARENA(test_machine__the_front_door_is_watched_once_it_answers),
        TEST_WITH_ARENA(test_machine__a_new_instance_is_watched_once_it_was_healthy),
        TEST_WITH_ARENA(test_machine__an_instance_that_was_never_healthy_is_not_watched_on_the_way_back),
        TEST_WITH_ARENA(test_machine__an_old_instance_is_watched_until_it_is_stopped),
        TEST_WITH_ARENA(test_machine__the_prober_lives_from_before_the_first_share_to_its_settling),
        TEST_WITH_ARENA(test_machine__the_prober_lives_on_while_held_but_not_on_the_way_back),
        TEST_WITH_ARENA(test_machine__the_shares_in_force_are_those_done_last),
        TEST_WITH_ARENA(test_machine__the_front_door_knows_the_old_side_from_the_beginning),
        TEST_WITH_ARENA(test_machine__what_the_front_door_was_told_follows_the_steps),
        TEST_WITH_ARENA(test_machine__a_pool_that_the_plan_does_not_name_is_nobodys),
        TEST_WITH_ARENA(test_machine__events_that_cannot_be_are_bugs),
    };

    return RUN_TESTS(tests);
}
