/* Gates: who opens them, what a decision is bound to, refusal, expiry. */

#include "unit/plan/story.h"

/* Up to the gate before the last share. */
static struct sim *at_gate(void **state, int *gate)
{
    struct sim *sim = story_new(state);

    *gate = sim_step(sim, VERB_GATE, "managers");
    sim_go(sim, *gate);
    return sim;
}

static void test_next_gates__a_gate_asks_people(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    const struct event *asked = sim_find(sim, EVENT_GATE_ASKED);

    assert_int_equal(asked->step, gate);
    assert_string_equal(asked->reason, "gate managers opens the way to 100% waits for people");
    assert_int_equal(asked->expires_ms, sim->now.wall_ms + 3600000);
    assert_int_equal(strlen(asked->subject), 64);
    assert_string_equal(
        json_canonical(sim->arena, asked->body),
        "{\"approvals\":2,\"bar_requester\":false,\"barred\":[],\"expires_ms\":3600000,\"gate\":\"managers\","
        "\"on_expiry\":\"hold\",\"people\":[\"ana\",\"bo\"]}");
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_gates__enough_different_people_open_it(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    const struct event *opened;
    int64_t first;

    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    first = sim->seq;
    assert_int_equal(sim_next(sim), 0);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    sim_next(sim);
    opened = sim_find(sim, EVENT_GATE_OPENED);
    assert_string_equal(opened->reason, "gate managers is open");
    assert_string_equal(opened->subject, sim->state.steps[gate].subject);
    assert_int_equal(opened->attempt, 1);
    assert_string_equal(
        json_canonical(sim->arena, opened->body),
        arena_printf(sim->arena, "{\"decisions\":[%lld,%lld]}", (long long)first, (long long)first + 1));
    assert_status(sim, gate, STEP_DONE);
}

static void test_next_gates__one_person_counts_once(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    assert_int_equal(sim_next(sim), 0);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    sim_next(sim);
    assert_int_equal(json_array_size(json_object_get(sim_find(sim, EVENT_GATE_OPENED)->body, "decisions")), 2);
}

static void test_next_gates__an_approval_of_something_else_does_not_count(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    for (int i = 0; i < 2; i++)
        sim_fold(sim, (struct event){.kind = EVENT_DECISION_MADE,
                                     .decision = DECISION_APPROVE,
                                     .actor = i ? "ana" : "bo",
                                     .step = gate,
                                     .subject = i ? "another" : NULL});
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, gate, STEP_RUNNING);
}

static void test_next_gates__an_approval_of_another_gate_does_not_count(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_fold(sim, (struct event){.kind = EVENT_DECISION_MADE,
                                 .decision = DECISION_APPROVE,
                                 .actor = "ana",
                                 .step = sim_step(sim, VERB_GATE, "on-call"),
                                 .subject = sim->state.steps[gate].subject});
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_gates__approvals_outlive_the_runner(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    const char *subject = sim->state.steps[gate].subject;

    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, gate, STEP_RUNNING);
    assert_string_equal(sim->state.steps[gate].subject, subject);
    assert_int_equal(sim_count_of(sim, EVENT_GATE_ASKED), 1);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    sim_next(sim);
    assert_status(sim, gate, STEP_DONE);
}

static void test_next_gates__the_subject_depends_on_what_is_done(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    const char *now = machine_subject(sim->arena, &sim->state, gate);

    assert_string_equal(now, sim->state.steps[gate].subject);
    sim->state.steps[0].seq++;
    assert_string_not_equal(machine_subject(sim->arena, &sim->state, gate), now);
    sim->state.steps[0].seq--;
    assert_string_not_equal(machine_subject(sim->arena, &sim->state, 0), now);
    sim->state.steps[0].status = STEP_PENDING;
    assert_string_not_equal(machine_subject(sim->arena, &sim->state, gate), now);
}

static void test_next_gates__a_refusal_goes_back_before_the_pivot(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_decide(sim, DECISION_REJECT, "bo", gate, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "gate managers was rejected by bo");
    assert_status(sim, gate, STEP_SKIPPED);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "rejected");
}

static void test_next_gates__a_refusal_wins_over_approvals_of_the_same_moment(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_approve(sim, gate);
    sim_decide(sim, DECISION_REJECT, "bo", gate, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "gate managers was rejected by bo");
}

static void test_next_gates__a_refusal_of_something_else_does_not_count(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_fold(sim, (struct event){.kind = EVENT_DECISION_MADE,
                                 .decision = DECISION_REJECT,
                                 .actor = "bo",
                                 .step = gate,
                                 .subject = "another"});
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_gates__expiry_holds_and_a_retry_asks_again(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    int64_t expires_ms = sim->state.steps[gate].expires_ms;

    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 3600000);
    sim_pass(sim, 3600000);
    sim_next(sim);
    assert_string_equal(sim_find(sim, EVENT_GATE_EXPIRED)->reason, "nobody opened it in time");
    assert_turned(sim, MODE_HELD, "nobody opened gate managers in time");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, gate, STEP_RUNNING);
    assert_int_equal(sim_count_of(sim, EVENT_GATE_ASKED), 2);
    assert_int_equal(sim->state.steps[gate].expires_ms, expires_ms + 3600000);
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_gates__a_retry_after_expiry_and_a_crash_asks_again(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_pass(sim, 3600000);
    sim_next(sim);
    sim_runner(sim);
    assert_int_equal(sim_next(sim), 0);
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_status(sim, gate, STEP_RUNNING);
    assert_int_equal(sim_count_of(sim, EVENT_GATE_ASKED), 2);
}

static void test_next_gates__approvals_of_a_question_that_expired_do_not_count(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);
    const char *subject = sim->state.steps[gate].subject;

    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_pass(sim, 3600000);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "nobody opened gate managers in time");
    sim_decide(sim, DECISION_RETRY, "bo", -1, NULL);
    sim_next(sim);
    assert_string_not_equal(sim->state.steps[gate].subject, subject);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, gate, STEP_RUNNING);
    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_next(sim);
    assert_status(sim, gate, STEP_DONE);
}

static void test_next_gates__expiry_goes_by_the_wall_clock(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim->now.wall_ms += 3600000;
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "nobody opened gate managers in time");
}

static void test_next_gates__approvals_that_came_in_time_open_it_although_the_runner_was_away(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_approve(sim, gate);
    sim_pass(sim, 7200000);
    sim_runner(sim);
    sim_next(sim);
    assert_status(sim, gate, STEP_DONE);
}

static void test_next_gates__expiry_may_reject(void **state)
{
    struct sim *sim = story_new(state);
    int gate = sim_step(sim, VERB_GATE, "on-call");

    sim_go(sim, gate);
    sim_pass(sim, 1800000);
    sim_next(sim);
    assert_turned(sim, MODE_UNDO, "nobody opened gate on-call in time");
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "expired");
}

static void test_next_gates__a_gate_without_expiry_waits_for_ever(void **state)
{
    struct plan *plan = plan_of(*state, STORY_TEXT, 2);
    int gate = step_of_plan(plan, TRACK_FORWARD, VERB_GATE, "managers");
    struct sim *sim;

    json_object_set_new((json_t *)(uintptr_t)plan->steps[gate].params, "expires_ms", json_integer(0));
    plan->stages[plan->steps[gate].stage].timeout_ms = 0;
    sim = sim_new(*state, plan);
    sim_go(sim, gate);
    assert_int_equal(sim->state.steps[gate].expires_ms, 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), -1);
    sim_pass(sim, (int64_t)365 * 86400000);
    assert_int_equal(sim_next(sim), 0);
}

static void test_next_gates__a_gate_of_a_held_release_does_not_open(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_drifted(sim, "foreign");
    sim_next(sim);
    sim_approve(sim, gate);
    assert_int_equal(sim_next(sim), 0);
    assert_status(sim, gate, STEP_RUNNING);
}

static void test_next_gates__a_gate_of_a_held_release_does_not_wake_anybody(void **state)
{
    int gate;
    struct sim *sim = at_gate(state, &gate);

    sim_drifted(sim, "foreign");
    sim_next(sim);
    sim_pass(sim, 7200000);
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), -1);
}

/* A gate behind the destruction: there is no way back from it. */
#define LATE_GATE_TEXT WHOLE_TEXT "  - gate: managers\n"

static void test_next_gates__a_refusal_after_the_pivot_is_held_and_a_retry_asks_again(void **state)
{
    struct sim *sim = sim_new(*state, plan_of(*state, LATE_GATE_TEXT, 1));
    int gate = sim_step(sim, VERB_GATE, "managers");

    sim_go(sim, gate);
    sim_decide(sim, DECISION_APPROVE, "ana", gate, NULL);
    sim_decide(sim, DECISION_REJECT, "bo", gate, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "gate managers was rejected by bo");
    sim_decide(sim, DECISION_RETRY, "ana", -1, NULL);
    sim_next(sim);
    assert_turned(sim, MODE_FORWARD, "ana asked to try again");
    assert_int_equal(sim_count_of(sim, EVENT_GATE_ASKED), 2);
    sim_decide(sim, DECISION_APPROVE, "bo", gate, NULL);
    assert_int_equal(sim_next(sim), 0); /* what ana said before the no is void */
    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}

static void test_next_gates__an_expiry_that_rejects_after_the_pivot_is_held(void **state)
{
    struct sim *sim = sim_new(*state, plan_of(*state, WHOLE_TEXT "  - gate: on-call\n", 1));

    sim_go(sim, sim_step(sim, VERB_GATE, "on-call"));
    sim_pass(sim, 1800000);
    sim_next(sim);
    assert_turned(sim, MODE_HELD, "nobody opened gate on-call in time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_next_gates__a_gate_asks_people),
        TEST_WITH_ARENA(test_next_gates__enough_different_people_open_it),
        TEST_WITH_ARENA(test_next_gates__one_person_counts_once),
        TEST_WITH_ARENA(test_next_gates__an_approval_of_something_else_does_not_count),
        TEST_WITH_ARENA(test_next_gates__an_approval_of_another_gate_does_not_count),
        TEST_WITH_ARENA(test_next_gates__approvals_outlive_the_runner),
        TEST_WITH_ARENA(test_next_gates__the_subject_depends_on_what_is_done),
        TEST_WITH_ARENA(test_next_gates__a_refusal_goes_back_before_the_pivot),
        TEST_WITH_ARENA(test_next_gates__a_refusal_wins_over_approvals_of_the_same_moment),
        TEST_WITH_ARENA(test_next_gates__a_refusal_of_something_else_does_not_count),
        TEST_WITH_ARENA(test_next_gates__expiry_holds_and_a_retry_asks_again),
        TEST_WITH_ARENA(test_next_gates__a_retry_after_expiry_and_a_crash_asks_again),
        TEST_WITH_ARENA(test_next_gates__approvals_of_a_question_that_expired_do_not_count),
        TEST_WITH_ARENA(test_next_gates__expiry_goes_by_the_wall_clock),
        TEST_WITH_ARENA(test_next_gates__approvals_that_came_in_time_open_it_although_the_runner_was_away),
        TEST_WITH_ARENA(test_next_gates__expiry_may_reject),
        TEST_WITH_ARENA(test_next_gates__a_gate_without_expiry_waits_for_ever),
        TEST_WITH_ARENA(test_next_gates__a_gate_of_a_held_release_does_not_open),
        TEST_WITH_ARENA(test_next_gates__a_gate_of_a_held_release_does_not_wake_anybody),
        TEST_WITH_ARENA(test_next_gates__a_refusal_after_the_pivot_is_held_and_a_retry_asks_again),
        TEST_WITH_ARENA(test_next_gates__an_expiry_that_rejects_after_the_pivot_is_held),
    };

    return RUN_TESTS(tests);
}
