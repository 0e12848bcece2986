/* The time of a stage, which does not count while people are waited for, and the deadlines of drains. */

#include "unit/plan/story.h"

#define HOUR_MS ((int64_t)3600000)

static void test_next_timeouts__what_runs_in_a_stage_past_its_time_has_failed(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);
    int64_t began_ms;

    sim_go(sim, sim_step(sim, VERB_TRAFFIC_SHARES, "app"));
    began_ms = sim->now.boot_ms;
    sim_go(sim, hold);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), began_ms + 2 * HOUR_MS);
    sim->now.boot_ms = began_ms + 2 * HOUR_MS - 1;
    assert_int_equal(sim_next(sim), 0);
    sim->now.boot_ms++;
    sim_next(sim);
    assert_string_equal(sim_find(sim, EVENT_STEP_FAILED)->reason, "stage shift took longer than its timeout of 2h");
    assert_int_equal(sim_find(sim, EVENT_STEP_FAILED)->step, hold);
    assert_turned(sim, MODE_UNDO, "failed: 10m of healthy time at 50%");
}

static void test_next_timeouts__a_stage_without_a_timeout_has_all_the_time(void **state)
{
    struct sim *sim = story_new(state);

    sim_pass(sim, 1000 * HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), -1);
}

static void test_next_timeouts__a_gate_that_asks_stops_the_clock(void **state)
{
    struct sim *sim = story_new(state);
    int gate = sim_step(sim, VERB_GATE, "managers");

    sim_go(sim, gate);
    sim->state.steps[gate].expires_ms = 0;
    sim_pass(sim, 3 * HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_timeouts__a_wait_for_people_does_not_count_afterwards(void **state)
{
    struct sim *sim = story_new(state);
    int gate = sim_step(sim, VERB_GATE, "managers");

    sim_go(sim, gate);
    sim->state.steps[gate].expires_ms = 0;
    sim_pass(sim, 3 * HOUR_MS);
    sim_approve(sim, gate);
    sim_next(sim);
    assert_int_equal(sim_count_of(sim, EVENT_STEP_FAILED), 0);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_timeouts__the_time_before_a_wait_for_people_still_counts(void **state)
{
    struct sim *sim = story_new(state);
    int gate = sim_step(sim, VERB_GATE, "managers");
    int64_t used_ms;

    sim_go(sim, sim_step(sim, VERB_TRAFFIC_SHARES, "app"));
    used_ms = -sim->now.boot_ms;
    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_pass(sim, HOUR_MS);
    sim_go(sim, gate);
    used_ms += sim->now.boot_ms;
    sim_pass(sim, HOUR_MS / 2);
    sim_approve(sim, gate);
    sim_next(sim);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 2 * HOUR_MS - used_ms);
}

static void test_next_timeouts__a_hold_for_a_person_does_not_count(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_drifted(sim, "foreign");
    sim_next(sim);
    sim_pass(sim, 5 * HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), -1);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    sim_repaired(sim);
    sim_next(sim);
    assert_int_equal(sim_count_of(sim, EVENT_STEP_FAILED), 0);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_timeouts__a_retry_gives_the_stage_its_time_anew(void **state)
{
    struct sim *sim = story_held(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);

    sim_go(sim, hold);
    sim_pass(sim, 2 * HOUR_MS);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "failed: 10m of healthy time at 50%");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, hold, STEP_RUNNING);
    sim_pass(sim, HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_timeouts__a_new_runner_counts_anew(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);

    sim_go(sim, hold);
    sim_pass(sim, 2 * HOUR_MS - 1000);
    sim_runner(sim);
    sim_next(sim);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 2 * HOUR_MS);
}

static void overdue(struct sim *sim, int step)
{
    sim_fold(sim, (struct event){.kind = EVENT_DRAIN_OVERDUE, .step = step, .attempt = sim->state.steps[step].attempt});
}

static void test_next_timeouts__an_overdue_drain_waits_for_people(void **state)
{
    struct sim *sim = story_new(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);

    sim_go(sim, wait);
    overdue(sim, wait);
    sim_pass(sim, 4 * HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
    sim_done(sim, wait);
    sim_next(sim);
    assert_int_equal(sim_count_of(sim, EVENT_STEP_FAILED), 0);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_timeouts__two_waits_at_the_same_time_count_once(void **state)
{
    struct sim *sim = story_new(state);
    int first = sim_step(sim, VERB_DRAIN_WAIT, OLD_1), second = sim_step(sim, VERB_DRAIN_WAIT, OLD_2);

    sim_go(sim, first);
    for (int i = 0; i < 2; i++) {
        int other = i ? VERB_DRAIN_BEGIN : VERB_TRAFFIC_DRAIN;

        sim_done(sim, sim_step(sim, (enum verb)other, OLD_2));
        sim_next(sim);
    }
    overdue(sim, first);
    sim_pass(sim, HOUR_MS);
    overdue(sim, second);
    sim_pass(sim, HOUR_MS);
    sim_done(sim, first);
    sim_pass(sim, HOUR_MS);
    assert_int_equal(sim_next(sim), 0);
    sim->state.steps[second].overdue = false;
    sim_fold(sim, (struct event){.kind = EVENT_STEP_RENEWED, .step = second});
    sim_next(sim);
    assert_in_range(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 3 * HOUR_MS - 1000,
                    sim->now.boot_ms + 3 * HOUR_MS);
}

static void test_next_timeouts__a_retry_counts_a_deadline_anew(void **state)
{
    struct sim *sim = story_held(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);

    sim_go(sim, wait);
    sim_pass(sim, HOUR_MS);
    sim_failed(sim, wait, KIND_PERMANENT);
    sim_next(sim);
    sim_pass(sim, HOUR_MS);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, wait, STEP_RUNNING);
    assert_int_equal(sim->state.steps[wait].first_boot_ms, sim->now.boot_ms);
}

static void test_next_timeouts__a_deadline_counts_on_over_another_attempt(void **state)
{
    struct sim *sim = story_new(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);
    int64_t began_ms;

    sim_go(sim, wait);
    began_ms = sim->state.steps[wait].first_boot_ms;
    sim_pass(sim, HOUR_MS);
    sim_runner(sim);
    sim_next(sim);
    assert_int_equal(sim->state.steps[wait].attempt, 2);
    assert_int_equal(sim->state.steps[wait].first_boot_ms, began_ms);
}

static void test_next_timeouts__a_deadline_counts_anew_after_a_reboot(void **state)
{
    struct sim *sim = story_new(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);

    sim_go(sim, wait);
    sim->now.boot_ms = 500;
    sim_runner(sim);
    sim_next(sim);
    assert_int_equal(sim->state.steps[wait].first_boot_ms, 500);
}

static void test_next_timeouts__force_goes_on_where_it_was_held(void **state)
{
    struct sim *sim = story_new(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);

    sim_go(sim, wait);
    sim_alarm(sim, EVENT_INSTANCE_LOST, OLD_1);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "instance.lost " OLD_1);
    sim_decide(sim, DECISION_FORCE, "ana", wait, json_pack("{s:i}", "rooms", 3));
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "ana asked to try again");
    assert_status(sim, wait, STEP_RUNNING);
    assert_int_equal(sim->state.steps[wait].attempt, 1);
}

static void test_next_timeouts__force_of_an_overdue_drain_lets_it_run_on(void **state)
{
    struct sim *sim = story_new(state);
    int wait = sim_step(sim, VERB_DRAIN_WAIT, OLD_1);

    sim_go(sim, wait);
    overdue(sim, wait);
    sim_next(sim);
    sim_decide(sim, DECISION_FORCE, "ana", wait, json_pack("{s:i}", "rooms", 3));
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, wait, STEP_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_next_timeouts__what_runs_in_a_stage_past_its_time_has_failed),
        TEST_WITH_ARENA(test_next_timeouts__a_stage_without_a_timeout_has_all_the_time),
        TEST_WITH_ARENA(test_next_timeouts__a_gate_that_asks_stops_the_clock),
        TEST_WITH_ARENA(test_next_timeouts__a_wait_for_people_does_not_count_afterwards),
        TEST_WITH_ARENA(test_next_timeouts__the_time_before_a_wait_for_people_still_counts),
        TEST_WITH_ARENA(test_next_timeouts__a_hold_for_a_person_does_not_count),
        TEST_WITH_ARENA(test_next_timeouts__a_retry_gives_the_stage_its_time_anew),
        TEST_WITH_ARENA(test_next_timeouts__a_new_runner_counts_anew),
        TEST_WITH_ARENA(test_next_timeouts__an_overdue_drain_waits_for_people),
        TEST_WITH_ARENA(test_next_timeouts__two_waits_at_the_same_time_count_once),
        TEST_WITH_ARENA(test_next_timeouts__a_retry_counts_a_deadline_anew),
        TEST_WITH_ARENA(test_next_timeouts__a_deadline_counts_on_over_another_attempt),
        TEST_WITH_ARENA(test_next_timeouts__a_deadline_counts_anew_after_a_reboot),
        TEST_WITH_ARENA(test_next_timeouts__force_goes_on_where_it_was_held),
        TEST_WITH_ARENA(test_next_timeouts__force_of_an_overdue_drain_lets_it_run_on),
    };

    return RUN_TESTS(tests);
}
