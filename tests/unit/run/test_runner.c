/* The tick: leaving gently, leaving at a gate, and going on as if nothing had been. */

#include <signal.h>

#include "unit/run/scene.h"

static void asked_to_leave(void *context)
{
    (void)context;
    sim_io_signal(SIGTERM);
}

static void dies(void *context)
{
    (void)context;
    sim.killed = true;
    sim_io_perish(sim.io);
}

static void somebody_approves(void *context)
{
    (void)context;
    assert_null(scene_decide("bo", DECISION_APPROVE, NULL, NULL));
}

static void test_a_signal_leaves_the_traffic_as_it_is(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 2000, asked_to_leave);
    scene_release();
    assert_null(scene.error);
    assert_int_equal(scene.outcome.result, RUN_STOPPED);
    assert_int_equal(scene.outcome.signal, SIGTERM);
    scene_says("runner.stopped", NULL, "asked by a signal to leave");
    assert_int_equal(door_server(0, "prod-abc0001-1.local.1")->weight, 1);
    assert_int_equal(door_server(0, "prod-abc0002-2.local.1")->weight, 1);
    scene_run();
    scene_ended(END_SUCCEEDED);
    scene_end();
}

static void test_a_signal_lets_what_is_under_way_end(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_on("step.started", 5, asked_to_leave);
    scene_release();
    assert_int_equal(scene.outcome.result, RUN_STOPPED);
    assert_non_null(scene_find("step.done", "unit.export"));
    assert_null(scene_find("step.started", "unit.build"));
    scene_end();
}

static void test_until_gate_leaves_at_the_gate_and_an_approval_goes_on(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, gate: managers}, {share: 100%}"});
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene.until_gate = true;
    scene_release();
    assert_int_equal(scene.outcome.result, RUN_AT_GATE);
    scene_says("runner.stopped", NULL, "waits at a gate");
    assert_string_equal(scene_decide("eve", DECISION_APPROVE, NULL, NULL),
                        "'eve' is not one of the people of gate 'managers'");
    assert_null(scene_decide("bo", DECISION_APPROVE, NULL, NULL));
    scene_run();
    scene_ended(END_SUCCEEDED);
    scene_says("gate.opened", NULL, "gate managers is open");
    scene_end();
}

static void test_the_bell_wakes_a_runner_that_waits_at_a_gate(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, gate: managers}, {share: 100%}"});
    scene_release();
    scene_on("gate.asked", 3000, somebody_approves);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(scene_find("gate.opened", NULL)->boot_ms - scene_find("gate.asked", NULL)->boot_ms, 3000, 3010);
    scene_end();
}

static void test_nobody_opens_the_gate_and_it_holds(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, gate: managers}, {share: 100%}"});
    scene_release();
    scene_release();
    scene_held();
    scene_says("gate.expired", NULL, "nobody opened it in time");
    scene_says("release.turned", NULL, "nobody opened gate managers in time");
    scene_end();
}

static void test_a_runner_that_dies_is_resumed_with_a_higher_epoch(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 6000, dies);
    scene_release();
    assert_non_null(scene.error);
    assert_int_equal(check_epoch(), 2);
    scene_run();
    scene_ended(END_SUCCEEDED);
    assert_int_equal(check_epoch(), 3);
    /* What was held before counts; what nobody watched does not. */
    assert_int_equal(scene_rows("step.started", "traffic.shares"), 2);
    assert_int_equal(scene_rows("step.started", "hold"), 2);
    scene_end();
}

/* The decision is in the record, and the bell that rang was the one of the runner before. */
static void somebody_aborts_unheard(void *context)
{
    struct io *io = sim.io;

    (void)context;
    sim.io = NULL;
    assert_null(scene_decide("bo", DECISION_ABORT, NULL, NULL));
    sim.io = io;
}

/* It waits for a freeze to end, so there is nothing that a runner has to write when it starts. */
static void test_a_decision_while_a_runner_starts_is_not_missed(void **state)
{
    int64_t closes_ms, started_ms;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    closes_ms = sim.now + sim.wall_offset + 1000;
    scene.closures = json_in_arena(scene.arena, json_pack("[{s:I, s:I, s:s, s:s}]", "from_ms", (json_int_t)closes_ms,
                                                          "until_ms", (json_int_t)closes_ms + 3600 * 1000, "rule",
                                                          "freeze", "reason", "holidays"));
    scene_on("calendar.closed", 100, dies);
    scene_release();
    scene.count = 0;
    scene_on("runner.started", 0, somebody_aborts_unheard);
    scene_run();
    scene_ended(END_ABORTED);
    started_ms = scene_find("runner.started", NULL)->boot_ms;
    assert_in_range(scene_find("release.turned", NULL)->boot_ms - started_ms, 0, 10);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signal_leaves_the_traffic_as_it_is),
        cmocka_unit_test(test_a_signal_lets_what_is_under_way_end),
        cmocka_unit_test(test_until_gate_leaves_at_the_gate_and_an_approval_goes_on),
        cmocka_unit_test(test_the_bell_wakes_a_runner_that_waits_at_a_gate),
        cmocka_unit_test(test_nobody_opens_the_gate_and_it_holds),
        cmocka_unit_test(test_a_runner_that_dies_is_resumed_with_a_higher_epoch),
        cmocka_unit_test(test_a_decision_while_a_runner_starts_is_not_missed),
    };

    return RUN_TESTS(tests);
}
