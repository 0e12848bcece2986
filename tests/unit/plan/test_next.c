/* What follows from what: success, failure before and after the pivot, retries, doubt, timeouts, what people ask. */

#include "unit/plan/story.h"

static void test_next__all_goes_well_and_the_release_succeeds(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
    assert_int_equal(sim_last(sim)->kind, EVENT_RELEASE_ENDED);
    assert_string_equal(sim_last(sim)->reason, "every step is done");
    assert_int_equal(sim_count_of(sim, EVENT_RELEASE_PIVOTED), 1);
    assert_int_equal(sim_count_of(sim, EVENT_RELEASE_TURNED), 0);
}

static void test_next__nothing_follows_after_the_end(void **state)
{
    struct sim *sim = story_new(state);
    struct event event;

    sim_go(sim, -1);
    sim_pass(sim, 86400000);
    assert_false(machine_next(&sim->state, sim->now, &event));
}

static void test_next__undo_steps_stay_pending_while_it_goes_forward(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, -1);
    assert_status(sim, sim_undo(sim, VERB_UNIT_REMOVE, NEW_UNIT), STEP_PENDING);
}

static void test_next__an_intent_carries_title_attempt_and_key(void **state)
{
    struct sim *sim = story_new(state);
    const struct event *started = sim_find(sim, EVENT_STEP_STARTED);

    assert_int_equal(started->step, 0);
    assert_int_equal(started->attempt, 1);
    assert_string_equal(started->reason, sim->plan->steps[0].title);
    assert_string_equal(json_get_text(started->body, "key"), sim->plan->steps[0].key);
    assert_string_equal(started->actor, "penstock");
}

static void test_next__chains_run_side_by_side(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_1));
    assert_status(sim, sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_2), STEP_RUNNING);
}

static void test_next__a_process_that_ended_in_its_grace_is_not_killed(void **state)
{
    struct sim *sim = story_new(state);
    int kill = sim_step(sim, VERB_INSTANCE_KILL, OLD_1);

    sim_go(sim, -1);
    assert_status(sim, kill, STEP_SKIPPED);
    for (int i = 0; i < sim->count; i++) {
        if (sim->log[i].step == kill)
            assert_string_equal(sim->log[i].reason, "it ended within its grace");
    }
}

static void test_next__a_process_that_outlived_its_grace_is_killed(void **state)
{
    struct sim *sim = story_new(state);
    int stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, stop);
    sim_fold(sim, (struct event){.kind = EVENT_STEP_DONE, .step = stop, .attempt = 1});
    sim_next(sim);
    assert_status(sim, sim_step(sim, VERB_INSTANCE_KILL, OLD_1), STEP_RUNNING);
}

static void test_next__a_failure_before_the_pivot_goes_back(void **state)
{
    struct sim *sim = story_new(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "failed: check home on " NEW_1);
    assert_int_equal(sim->state.failed_step, check);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
    assert_string_equal(sim_last(sim)->reason, "failed: check home on " NEW_1);
}

static void test_next__undo_skips_what_was_never_started(void **state)
{
    struct sim *sim = story_new(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);
    int shares = sim_undo(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_go(sim, -1);
    assert_status(sim, shares, STEP_SKIPPED);
    assert_status(sim, sim_undo(sim, VERB_COMMAND_RUN, "migrate"), STEP_SKIPPED);
    assert_status(sim, sim_undo(sim, VERB_DRAIN_PROVE, NEW_1), STEP_SKIPPED);
    assert_status(sim, sim_undo(sim, VERB_INSTANCE_STOP, NEW_1), STEP_DONE);
    assert_status(sim, sim_undo(sim, VERB_UNIT_REMOVE, NEW_UNIT), STEP_DONE);
    for (int i = 0; i < sim->count; i++) {
        if (sim->log[i].step == shares)
            assert_string_equal(sim->log[i].reason, "nothing to take back");
    }
}

/* The steps that ran in undo, in their order. */
static const char *undo_order(struct sim *sim)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < sim->count; i++) {
        const struct event *event = &sim->log[i];

        if (event->kind == EVENT_STEP_STARTED && sim->plan->steps[event->step].track == TRACK_UNDO)
            strbuf_printf(&text, "%s ", verb_text(sim->plan->steps[event->step].verb));
    }
    return arena_text(sim->arena, strbuf_view(&text));
}

static void test_next__undo_gives_the_old_side_its_traffic_back_before_the_new_one_goes(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT);

    sim_go(sim, hold);
    sim_failed(sim, hold, KIND_PERMANENT);
    sim_next(sim);
    sim_go(sim, -1);
    assert_string_equal(undo_order(sim),
                        "instance.ready instance.ready traffic.shares command.run traffic.drain drain.begin drain.wait "
                        "traffic.remove drain.prove instance.stop instance.remove unit.remove ");
    assert_string_equal(end_text(sim->state.end), "rolled_back");
}

static void test_next__going_back_gives_up_what_runs(void **state)
{
    struct sim *sim = story_new(state);
    int first = sim_step(sim, VERB_DRAIN_WAIT, OLD_1), other = sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_2);
    const struct event *skipped;

    sim_go(sim, sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_1));
    sim_done(sim, sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_1));
    sim_next(sim);
    sim_done(sim, sim_step(sim, VERB_DRAIN_BEGIN, OLD_1));
    sim_next(sim);
    sim_failed(sim, first, KIND_PERMANENT);
    sim_next(sim);
    assert_status(sim, other, STEP_SKIPPED);
    skipped = sim_find(sim, EVENT_STEP_SKIPPED);
    assert_int_equal(skipped->step, other);
    assert_string_equal(skipped->reason, "given up: the release goes back");
    sim_go(sim, -1);
    assert_status(sim, sim_undo(sim, VERB_DRAIN_CANCEL, OLD_1), STEP_DONE);
    assert_status(sim, sim_undo(sim, VERB_DRAIN_CANCEL, OLD_2), STEP_SKIPPED);
    /* It may have been drained although nobody saw it. */
    assert_status(sim, sim_undo(sim, VERB_TRAFFIC_UNDRAIN, OLD_2), STEP_DONE);
}

static void test_next__going_back_gives_up_what_waits_for_its_next_try(void **state)
{
    struct sim *sim = story_new(state);
    int other = sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_2);

    sim_go(sim, other);
    sim_failed(sim, other, KIND_TRANSIENT);
    sim_failed(sim, sim_step(sim, VERB_TRAFFIC_DRAIN, OLD_1), KIND_PERMANENT);
    sim_next(sim);
    assert_status(sim, other, STEP_SKIPPED);
}

static void test_next__a_failure_after_the_pivot_is_held(void **state)
{
    struct sim *sim = story_new(state);
    int stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, stop);
    sim_failed(sim, stop, KIND_PERMANENT);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "failed: stop " OLD_1);
}

static void test_next__on_failure_hold_holds_before_the_pivot(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "failed: check home on " NEW_1);
}

static void test_next__a_failure_in_undo_is_held_and_a_retry_goes_on_going_back(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT), shares = sim_undo(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, hold);
    sim_failed(sim, hold, KIND_PERMANENT);
    sim_next(sim);
    sim_go(sim, shares);
    sim_failed(sim, shares, KIND_PERMANENT);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "failed: app: all traffic back to " OLD_UNIT);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "bo asked to try again");
    assert_int_equal(sim->state.going_to, END_ROLLED_BACK);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
    /* Why it went back, not who had it go on. */
    assert_string_equal(sim_last(sim)->reason, arena_printf(*state, "failed: %s", sim->plan->steps[hold].title));
}

/* Who takes a release back that is held on its way back has it go on, with what is new in his word. */
static void test_next__abort_of_what_is_held_on_its_way_back_goes_on(void **state)
{
    struct sim *sim = story_new(state);
    int hold = sim_step(sim, VERB_HOLD, NEW_UNIT), shares = sim_undo(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, hold);
    sim_failed(sim, hold, KIND_PERMANENT);
    sim_next(sim);
    sim_go(sim, shares);
    sim_failed(sim, shares, KIND_PERMANENT);
    sim_next(sim);
    sim_decide(sim, DECISION_ABORT, "bo", -1, json_pack("{s:b}", "keep", 1));
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "bo asked to try again");
    assert_status(sim, shares, STEP_RUNNING);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
    assert_status(sim, sim_undo(sim, VERB_INSTANCE_STOP, NEW_1), STEP_SKIPPED);
}

static void test_next__held_starts_nothing(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    sim_pass(sim, 86400000);
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), -1);
}

static void test_next__retry_tries_the_failed_step_again(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, check, STEP_RUNNING);
    assert_int_equal(sim->state.steps[check].attempt, 2);
    assert_string_equal(sim_find(sim, EVENT_STEP_RENEWED)->reason, "bo asked to try again");
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next__retry_of_what_is_not_held_changes_nothing(void **state)
{
    struct sim *sim = story_new(state);
    int build = sim_running(sim);

    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, build, STEP_RUNNING);
}

static void test_next__a_transient_failure_is_tried_again_after_a_pause(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    sim_failed(sim, add, KIND_TRANSIENT);
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, add, STEP_BACKOFF);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 500);
    sim_pass(sim, 499);
    assert_int_equal(sim_next(sim), 0);
    sim_pass(sim, 1);
    assert_int_equal(sim_next(sim), 1);
    assert_status(sim, add, STEP_RUNNING);
    assert_int_equal(sim->state.steps[add].attempt, 2);
}

static void test_next__pauses_double(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    sim_failed(sim, add, KIND_TRANSIENT);
    sim_pass(sim, 500);
    sim_next(sim);
    sim_failed(sim, add, KIND_TRANSIENT);
    sim_next(sim);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 1000);
}

static void test_next__pauses_grow_to_half_a_minute_at_most(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    sim->plan->steps[add].retries = 20;
    for (int i = 0; i < 12; i++) {
        sim_failed(sim, add, KIND_TRANSIENT);
        sim_next(sim);
        sim_pass(sim, 30000);
        sim_next(sim);
        assert_status(sim, add, STEP_RUNNING);
    }
}

static void test_next__the_budget_of_tries_is_kept(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    assert_int_equal(sim->plan->steps[add].retries, 2);
    for (int i = 0; i < 2; i++) {
        sim_failed(sim, add, KIND_TRANSIENT);
        sim_pass(sim, 30000);
        sim_next(sim);
    }
    sim_failed(sim, add, KIND_TRANSIENT);
    assert_status(sim, add, STEP_FAILED);
}

static void test_next__a_retry_by_a_person_renews_the_budget(void **state)
{
    struct sim *sim = story_held(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    for (int i = 0; i < 3; i++) {
        sim_failed(sim, add, KIND_TRANSIENT);
        sim_pass(sim, 30000);
        sim_next(sim);
    }
    assert_turned(sim, MODE_HELD, sim_find(sim, EVENT_RELEASE_TURNED)->reason);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    sim_failed(sim, add, KIND_TRANSIENT);
    assert_status(sim, add, STEP_BACKOFF);
}

static void test_next__doubt_about_what_may_be_repeated_is_a_transient_failure(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    sim_failed(sim, add, KIND_IN_DOUBT);
    assert_status(sim, add, STEP_BACKOFF);
}

static void test_next__doubt_about_what_may_not_be_repeated_is_held(void **state)
{
    struct sim *sim = story_new(state);
    int command = sim_step(sim, VERB_COMMAND_RUN, "migrate");

    sim_go(sim, command);
    sim_failed(sim, command, KIND_IN_DOUBT);
    sim_next(sim);
    assert_status(sim, command, STEP_DOUBT);
    assert_turned(sim, MODE_HELD, "in doubt: 'run migrate' may have happened");
}

static void test_next__a_command_whose_end_nobody_saw_is_doubted_after_a_crash(void **state)
{
    struct sim *sim = story_new(state);
    int command = sim_step(sim, VERB_COMMAND_RUN, "migrate");

    sim_go(sim, command);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, command, STEP_DOUBT);
    assert_string_equal(sim_find(sim, EVENT_STEP_DOUBTED)->reason,
                        "its end was not seen, and it is not marked repeatable");
    assert_turned(sim, MODE_HELD, "in doubt: 'run migrate' may have happened");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, command, STEP_RUNNING);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next__after_doubt_a_person_may_go_back_and_it_is_taken_back(void **state)
{
    struct sim *sim = story_new(state);
    int command = sim_step(sim, VERB_COMMAND_RUN, "migrate");

    sim_go(sim, command);
    sim_failed(sim, command, KIND_IN_DOUBT);
    sim_next(sim);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "rolled back by bo");
    sim_go(sim, -1);
    assert_status(sim, sim_undo(sim, VERB_COMMAND_RUN, "migrate"), STEP_DONE);
    assert_string_equal(end_text(sim->state.end), "rolled_back");
}

static void test_next__what_may_be_repeated_is_begun_anew_after_a_crash(void **state)
{
    struct sim *sim = story_new(state);
    int create = sim_step(sim, VERB_INSTANCE_CREATE, NEW_1);

    sim_go(sim, create);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, create, STEP_RUNNING);
    assert_int_equal(sim->state.steps[create].attempt, 2);
    assert_int_equal(sim->state.steps[create].epoch, 2);
}

static void test_next__a_pause_ends_with_its_runner(void **state)
{
    struct sim *sim = story_new(state);
    int add = sim_step(sim, VERB_TRAFFIC_ADD, NEW_1);

    sim_go(sim, add);
    sim_failed(sim, add, KIND_TRANSIENT);
    sim_next(sim);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, add, STEP_RUNNING);
}

static void test_next__abort_goes_back(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ABORT, "bo", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "aborted by bo");
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "aborted");
    assert_string_equal(sim_last(sim)->reason, "aborted by bo");
    assert_status(sim, sim_undo(sim, VERB_INSTANCE_REMOVE, NEW_1), STEP_DONE);
}

static void test_next__abort_keep_leaves_the_new_stamps(void **state)
{
    struct sim *sim = story_new(state);
    int stop = sim_undo(sim, VERB_INSTANCE_STOP, NEW_1);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ABORT, "bo", -1, json_pack("{s:b}", "keep", 1));
    sim_next(sim);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "aborted");
    assert_status(sim, sim_undo(sim, VERB_TRAFFIC_SHARES, "app"), STEP_DONE);
    assert_status(sim, stop, STEP_SKIPPED);
    assert_status(sim, sim_undo(sim, VERB_UNIT_REMOVE, NEW_UNIT), STEP_SKIPPED);
    for (int i = 0; i < sim->count; i++) {
        if (sim->log[i].step == stop)
            assert_string_equal(sim->log[i].reason, "kept for inspection");
    }
}

static void test_next__abort_keep_is_kept_over_a_retry(void **state)
{
    struct sim *sim = story_new(state);
    int shares = sim_undo(sim, VERB_TRAFFIC_SHARES, "app");

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ABORT, "bo", -1, json_pack("{s:b}", "keep", 1));
    sim_next(sim);
    sim_go(sim, shares);
    sim_failed(sim, shares, KIND_PERMANENT);
    sim_next(sim);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "aborted");
    assert_status(sim, sim_undo(sim, VERB_INSTANCE_STOP, NEW_1), STEP_SKIPPED);
}

static void test_next__abort_as_is_ends_where_it_stands(void **state)
{
    struct sim *sim = story_held(state);
    int check = sim_step(sim, VERB_CHECK_HTTP, NEW_1);

    sim_go(sim, check);
    sim_failed(sim, check, KIND_PERMANENT);
    sim_next(sim);
    sim_decide(sim, DECISION_ABORT, "bo", -1, json_pack("{s:b}", "as_is", 1));
    sim_next(sim);
    assert_string_equal(end_text(sim->state.end), "failed");
    assert_string_equal(sim_last(sim)->reason, "bo ended it and left everything as it is");
}

static void test_next__nothing_goes_back_after_the_pivot(void **state)
{
    struct sim *sim = story_new(state);
    int stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, stop);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    assert_int_equal(sim_next(sim), 0);
    sim_decide(sim, DECISION_ABORT, "bo", -1, NULL);
    assert_int_equal(sim_next(sim), 0);
    assert_string_equal(mode_text(sim->state.mode), "forward");
}

static void test_next__a_rollback_that_goes_back_already_changes_nothing(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_next(sim);
    sim_decide(sim, DECISION_ROLLBACK, "ana", -1, NULL);
    assert_int_equal(sim_next(sim), 0);
    assert_turned(sim, MODE_UNDO, "rolled back by bo");
}

static void test_next__a_destruction_has_no_way_back(void **state)
{
    struct sim *sim = story_destroy(state, 1);
    int stop = sim_step(sim, VERB_INSTANCE_STOP, OLD_1);

    sim_go(sim, stop);
    sim_failed(sim, stop, KIND_PERMANENT);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "failed: stop " OLD_1);
    assert_int_equal(sim_count_of(sim, EVENT_RELEASE_PIVOTED), 0);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_next__all_goes_well_and_the_release_succeeds),
        TEST_WITH_ARENA(test_next__nothing_follows_after_the_end),
        TEST_WITH_ARENA(test_next__undo_steps_stay_pending_while_it_goes_forward),
        TEST_WITH_ARENA(test_next__an_intent_carries_title_attempt_and_key),
        TEST_WITH_ARENA(test_next__chains_run_side_by_side),
        TEST_WITH_ARENA(test_next__a_process_that_ended_in_its_grace_is_not_killed),
        TEST_WITH_ARENA(test_next__a_process_that_outlived_its_grace_is_killed),
        TEST_WITH_ARENA(test_next__a_failure_before_the_pivot_goes_back),
        TEST_WITH_ARENA(test_next__undo_skips_what_was_never_started),
        TEST_WITH_ARENA(test_next__undo_gives_the_old_side_its_traffic_back_before_the_new_one_goes),
        TEST_WITH_ARENA(test_next__going_back_gives_up_what_runs),
        TEST_WITH_ARENA(test_next__going_back_gives_up_what_waits_for_its_next_try),
        TEST_WITH_ARENA(test_next__a_failure_after_the_pivot_is_held),
        TEST_WITH_ARENA(test_next__on_failure_hold_holds_before_the_pivot),
        TEST_WITH_ARENA(test_next__a_failure_in_undo_is_held_and_a_retry_goes_on_going_back),
        TEST_WITH_ARENA(test_next__abort_of_what_is_held_on_its_way_back_goes_on),
        TEST_WITH_ARENA(test_next__held_starts_nothing),
        TEST_WITH_ARENA(test_next__retry_tries_the_failed_step_again),
        TEST_WITH_ARENA(test_next__retry_of_what_is_not_held_changes_nothing),
        TEST_WITH_ARENA(test_next__a_transient_failure_is_tried_again_after_a_pause),
        TEST_WITH_ARENA(test_next__pauses_double),
        TEST_WITH_ARENA(test_next__pauses_grow_to_half_a_minute_at_most),
        TEST_WITH_ARENA(test_next__the_budget_of_tries_is_kept),
        TEST_WITH_ARENA(test_next__a_retry_by_a_person_renews_the_budget),
        TEST_WITH_ARENA(test_next__doubt_about_what_may_be_repeated_is_a_transient_failure),
        TEST_WITH_ARENA(test_next__doubt_about_what_may_not_be_repeated_is_held),
        TEST_WITH_ARENA(test_next__a_command_whose_end_nobody_saw_is_doubted_after_a_crash),
        TEST_WITH_ARENA(test_next__after_doubt_a_person_may_go_back_and_it_is_taken_back),
        TEST_WITH_ARENA(test_next__what_may_be_repeated_is_begun_anew_after_a_crash),
        TEST_WITH_ARENA(test_next__a_pause_ends_with_its_runner),
        TEST_WITH_ARENA(test_next__abort_goes_back),
        TEST_WITH_ARENA(test_next__abort_keep_leaves_the_new_stamps),
        TEST_WITH_ARENA(test_next__abort_keep_is_kept_over_a_retry),
        TEST_WITH_ARENA(test_next__abort_as_is_ends_where_it_stands),
        TEST_WITH_ARENA(test_next__nothing_goes_back_after_the_pivot),
        TEST_WITH_ARENA(test_next__a_rollback_that_goes_back_already_changes_nothing),
        TEST_WITH_ARENA(test_next__a_destruction_has_no_way_back),
    };

    return RUN_TESTS(tests);
}
