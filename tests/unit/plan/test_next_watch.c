/* What the watch sees, and time: alarms, drift, the prober's limit, proofs that are too old, stages that take too long. */

#include "unit/plan/story.h"

static void test_next_watch__a_new_instance_that_is_lost_takes_the_release_back(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_LOST, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "instance.lost " NEW_1);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
}

static void test_next_watch__a_new_instance_that_is_sick_is_held_when_the_pipeline_says_so(void **state)
{
    struct sim *sim = story_held(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_SICK, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.sick " NEW_1);
}

static void test_next_watch__a_new_instance_that_is_lost_after_the_pivot_is_held(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_INSTANCE_STOP, OLD_1));
    sim_alarm(sim, EVENT_INSTANCE_LOST, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " NEW_1);
}

static void test_next_watch__an_old_instance_that_is_lost_needs_a_person(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_1);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "bo asked to try again");
}

static void test_next_watch__an_instance_that_is_well_again_in_time_changes_nothing(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_SICK, NEW_1);
    sim_alarm(sim, EVENT_INSTANCE_WELL, NEW_1);
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_watch__another_runner_knows_that_an_instance_is_well_again(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_SICK, NEW_1);
    sim_alarm(sim, EVENT_INSTANCE_WELL, NEW_1);
    sim = sim_resumed(*state, sim, sim->count);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, sim_step(sim, VERB_HOLD, NEW_UNIT), STEP_RUNNING);
    assert_string_equal(mode_text(sim->state.mode), "forward");
}

static void test_next_watch__another_instance_that_is_well_does_not_end_an_alarm(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_alarm(sim, EVENT_INSTANCE_WELL, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_1);
}

static void test_next_watch__what_was_lost_does_not_become_well(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_alarm(sim, EVENT_INSTANCE_WELL, OLD_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_1);
}

static void test_next_watch__an_alarm_while_held_is_not_forgotten_by_an_earlier_retry(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_alarm(sim, EVENT_INSTANCE_LOST, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " NEW_1);
}

static void test_next_watch__a_person_who_saw_the_alarm_may_go_on(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    sim_alarm(sim, EVENT_INSTANCE_SICK, NEW_1);
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "bo asked to try again");
}

static void test_next_watch__an_alarm_behind_a_foreign_change_is_not_forgotten(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "somebody else changed the front door's weights");
    assert_string_equal(sim->state.alarms[plan_instance(sim->plan, OLD_1) - sim->plan->instances].reason,
                        "instance.lost " OLD_1);
}

static void test_next_watch__an_old_alarm_is_not_hidden_by_a_new_one(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_alarm(sim, EVENT_INSTANCE_SICK, NEW_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_1);
}

static void test_next_watch__a_new_instance_that_dies_on_its_way_out_does_not_stop_the_way_back(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    sim_alarm(sim, EVENT_INSTANCE_LOST, NEW_1);
    assert_int_equal(sim_next(sim), 0);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
}

static void test_next_watch__an_old_instance_that_dies_on_the_way_back_is_held(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_2);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_2);
}

static void test_next_watch__an_alarm_about_an_unknown_instance_counts_as_new(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_fold(sim, (struct event){.kind = EVENT_INSTANCE_SICK, .step = -1, .reason = "something is sick"});
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "something is sick");
}

static void test_next_watch__drift_stops_steps_of_traffic_until_it_is_repaired(void **state)
{
    struct sim *sim = story_new(state);
    int shares = sim_step(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, sim_step(sim, VERB_COMMAND_RUN, "migrate"));
    sim_drifted(sim, "restart");
    sim_done(sim, sim_step(sim, VERB_COMMAND_RUN, "migrate"));
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, shares, STEP_PENDING);
    sim_repaired(sim);
    sim_next(sim);
    assert_status(sim, shares, STEP_RUNNING);
}

static void test_next_watch__drift_does_not_stop_what_is_no_traffic(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_CHECK_HTTP, NEW_1));
    sim_drifted(sim, "restart");
    sim_done(sim, sim_step(sim, VERB_CHECK_HTTP, NEW_1));
    sim_next(sim);
    assert_status(sim, sim_step(sim, VERB_COMMAND_RUN, "migrate"), STEP_RUNNING);
}

static void test_next_watch__a_next_try_that_drift_stops_does_not_wake_anybody(void **state)
{
    struct sim *sim = story_new(state);
    int shares = sim_step(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, shares);
    sim_failed(sim, shares, KIND_TRANSIENT);
    sim_drifted(sim, "restart");
    sim_pass(sim, 5000);
    sim_next(sim); /* asserts that it need not be woken at once */
    assert_status(sim, shares, STEP_BACKOFF);
    sim_repaired(sim);
    sim_next(sim);
    assert_status(sim, shares, STEP_RUNNING);
}

static void test_next_watch__a_foreign_change_is_held_and_a_retry_goes_on(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "somebody else changed the front door's weights");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "bo asked to try again");
    assert_true(sim->state.drift_open);
    assert_false(sim->state.foreign);
    sim_repaired(sim);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_watch__another_drift_does_not_hide_a_foreign_change(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_drifted(sim, "missing"); /* of another pool, in the same moment */
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "somebody else changed the front door's weights");
}

static void test_next_watch__a_held_release_goes_back_over_a_foreign_change(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_next(sim);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "rolled back by bo");
    sim_repaired(sim);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
}

static void test_next_watch__a_release_does_not_end_while_the_front_door_is_wrong(void **state)
{
    struct sim *sim = sim_new(*state, plan_of(*state,
                                              HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                                        "  - shift: {steps: [{share: 100%}]}\n",
                                              1));
    int shares = sim_step(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, shares);
    sim_done(sim, shares);
    sim_drifted(sim, "restart");
    assert_int_equal(sim_next(sim), 0);
    sim_repaired(sim);
    sim_next(sim);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_watch__too_many_failed_requests_take_the_release_back(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_tally(sim, 3);
    assert_int_equal(sim_next(sim), 0);
    sim_tally(sim, 4);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "the prober saw 4 failed requests, more than 3");
}

static void test_next_watch__too_many_failed_requests_are_held_when_the_pipeline_says_so(void **state)
{
    struct sim *sim = story_held(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_tally(sim, 4);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "the prober saw 4 failed requests, more than 3");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "bo asked to try again");
}

static void test_next_watch__failures_within_the_limit_are_not_forgiven_by_a_hold(void **state)
{
    struct sim *sim = story_held(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_tally(sim, 1);
    sim_drifted(sim, "foreign");
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    sim_tally(sim, 4);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "the prober saw 4 failed requests, more than 3");
}

static void test_next_watch__failures_after_a_retry_are_judged_anew(void **state)
{
    struct sim *sim = story_held(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_tally(sim, 4);
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_tally(sim, 7);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "bo asked to try again");
    sim_tally(sim, 8);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "the prober saw 8 failed requests, more than 3");
}

static void test_next_watch__a_proof_of_an_earlier_runner_is_taken_again(void **state)
{
    struct sim *sim = story_new(state);
    int prove = sim_step(sim, VERB_DRAIN_PROVE, OLD_1), stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, prove);
    sim_done(sim, prove);
    sim_runner(sim);
    sim_next(sim);
    assert_string_equal(sim_find(sim, EVENT_STEP_RENEWED)->reason, "the proof is not fresh any more");
    assert_status(sim, prove, STEP_RUNNING);
    assert_status(sim, stop, STEP_PENDING);
    sim_done(sim, prove);
    sim_next(sim);
    assert_status(sim, stop, STEP_RUNNING);
}

/* Held when the proof came in, and told after so long to go on. */
static struct sim *proof_of_age(void **state, int64_t age_ms)
{
    struct sim *sim = story_new(state);
    int prove = sim_step(sim, VERB_DRAIN_PROVE, OLD_1);

    sim_go(sim, prove);
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_2);
    sim_done(sim, prove);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_2);
    sim_pass(sim, age_ms);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    return sim;
}

static void test_next_watch__an_old_proof_is_taken_again(void **state)
{
    struct sim *sim = proof_of_age(state, PROOF_FRESH_MS + 1);
    int prove = sim_step(sim, VERB_DRAIN_PROVE, OLD_1);

    assert_status(sim, prove, STEP_RUNNING);
    assert_int_equal(sim->state.steps[prove].attempt, 2);
}

static void test_next_watch__a_proof_at_its_last_moment_is_good(void **state)
{
    struct sim *sim = proof_of_age(state, PROOF_FRESH_MS);

    assert_status(sim, sim_step(sim, VERB_INSTANCE_STOP, OLD_1), STEP_RUNNING);
}

static void test_next_watch__a_proof_from_before_a_repair_is_taken_again(void **state)
{
    struct sim *sim = story_new(state);
    int prove = sim_step(sim, VERB_DRAIN_PROVE, OLD_1), stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, prove);
    sim_done(sim, prove);
    sim_drifted(sim, "restart"); /* found in the same moment */
    assert_int_equal(sim_next(sim), 0);
    sim_repaired(sim);
    sim_next(sim);
    assert_string_equal(sim_find(sim, EVENT_STEP_RENEWED)->reason, "the proof is not fresh any more");
    assert_status(sim, prove, STEP_RUNNING);
    assert_status(sim, stop, STEP_PENDING);
    sim_done(sim, prove);
    sim_next(sim);
    assert_status(sim, stop, STEP_RUNNING);
}

static void test_next_watch__the_pivot_is_said_once_right_before_the_first_stop(void **state)
{
    struct sim *sim = story_new(state);
    int stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);
    const struct event *pivoted;

    sim_go(sim, stop);
    pivoted = sim_find(sim, EVENT_RELEASE_PIVOTED);
    assert_int_equal(pivoted->step, stop);
    assert_string_equal(pivoted->reason, "the first old stamp is destroyed next");
    assert_int_equal(pivoted[1].kind, EVENT_STEP_STARTED);
    assert_int_equal(pivoted[1].step, stop);
}

static void test_next_watch__a_hold_counts_slices(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);

    sim_go(sim, hold);
    for (int i = 0; i < 2; i++) {
        sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE, .step = hold, .attempt = 1, .number = 299999});
        assert_int_equal(sim_next(sim), 0);
    }
    sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE, .step = hold, .attempt = 1, .number = 2});
    sim_next(sim);
    assert_status(sim, hold, STEP_DONE);
}

static void test_next_watch__a_hold_keeps_its_slices_over_a_crash(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);

    sim_go(sim, hold);
    sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE, .step = hold, .attempt = 1, .number = 599999});
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, hold, STEP_RUNNING);
    sim_fold(sim, (struct event){.kind = EVENT_HOLD_SLICE, .step = hold, .attempt = 2, .number = 1});
    sim_next(sim);
    assert_status(sim, hold, STEP_DONE);
}

static void test_next_watch__time_alone_does_not_end_a_hold(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_pass(sim, 3600000);
    assert_int_equal(sim_next(sim), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_next_watch__a_new_instance_that_is_lost_takes_the_release_back),
        TEST_WITH_ARENA(test_next_watch__a_new_instance_that_is_sick_is_held_when_the_pipeline_says_so),
        TEST_WITH_ARENA(test_next_watch__a_new_instance_that_is_lost_after_the_pivot_is_held),
        TEST_WITH_ARENA(test_next_watch__an_old_instance_that_is_lost_needs_a_person),
        TEST_WITH_ARENA(test_next_watch__an_instance_that_is_well_again_in_time_changes_nothing),
        TEST_WITH_ARENA(test_next_watch__another_runner_knows_that_an_instance_is_well_again),
        TEST_WITH_ARENA(test_next_watch__another_instance_that_is_well_does_not_end_an_alarm),
        TEST_WITH_ARENA(test_next_watch__what_was_lost_does_not_become_well),
        TEST_WITH_ARENA(test_next_watch__an_alarm_while_held_is_not_forgotten_by_an_earlier_retry),
        TEST_WITH_ARENA(test_next_watch__a_person_who_saw_the_alarm_may_go_on),
        TEST_WITH_ARENA(test_next_watch__an_alarm_behind_a_foreign_change_is_not_forgotten),
        TEST_WITH_ARENA(test_next_watch__an_old_alarm_is_not_hidden_by_a_new_one),
        TEST_WITH_ARENA(test_next_watch__a_new_instance_that_dies_on_its_way_out_does_not_stop_the_way_back),
        TEST_WITH_ARENA(test_next_watch__an_old_instance_that_dies_on_the_way_back_is_held),
        TEST_WITH_ARENA(test_next_watch__an_alarm_about_an_unknown_instance_counts_as_new),
        TEST_WITH_ARENA(test_next_watch__drift_stops_steps_of_traffic_until_it_is_repaired),
        TEST_WITH_ARENA(test_next_watch__drift_does_not_stop_what_is_no_traffic),
        TEST_WITH_ARENA(test_next_watch__a_next_try_that_drift_stops_does_not_wake_anybody),
        TEST_WITH_ARENA(test_next_watch__a_foreign_change_is_held_and_a_retry_goes_on),
        TEST_WITH_ARENA(test_next_watch__another_drift_does_not_hide_a_foreign_change),
        TEST_WITH_ARENA(test_next_watch__a_held_release_goes_back_over_a_foreign_change),
        TEST_WITH_ARENA(test_next_watch__a_release_does_not_end_while_the_front_door_is_wrong),
        TEST_WITH_ARENA(test_next_watch__too_many_failed_requests_take_the_release_back),
        TEST_WITH_ARENA(test_next_watch__too_many_failed_requests_are_held_when_the_pipeline_says_so),
        TEST_WITH_ARENA(test_next_watch__failures_within_the_limit_are_not_forgiven_by_a_hold),
        TEST_WITH_ARENA(test_next_watch__failures_after_a_retry_are_judged_anew),
        TEST_WITH_ARENA(test_next_watch__a_proof_of_an_earlier_runner_is_taken_again),
        TEST_WITH_ARENA(test_next_watch__an_old_proof_is_taken_again),
        TEST_WITH_ARENA(test_next_watch__a_proof_at_its_last_moment_is_good),
        TEST_WITH_ARENA(test_next_watch__a_proof_from_before_a_repair_is_taken_again),
        TEST_WITH_ARENA(test_next_watch__the_pivot_is_said_once_right_before_the_first_stop),
        TEST_WITH_ARENA(test_next_watch__a_hold_counts_slices),
        TEST_WITH_ARENA(test_next_watch__a_hold_keeps_its_slices_over_a_crash),
        TEST_WITH_ARENA(test_next_watch__time_alone_does_not_end_a_hold),
    };

    return RUN_TESTS(tests);
}
