/* Drift of the front door: found, repaired, or held for a person. */

#include "unit/run/scene.h"

static void restarts_older(void *context)
{
    (void)context;
    door_die(false);
    door_start(NULL, true);
}

static void restarts(void *context)
{
    (void)context;
    door_die(false);
    door_start(NULL, false);
}

static void by_hand(void *context)
{
    (void)context;
    door_set_weight(door_server(0, "prod-abc0001-1.local.1"), 9);
}

/* Somebody else's server, with users of its own. */
static void neighbour(void *context)
{
    (void)context;
    door_set_weight(door_add(0, "neighbour", 9), 3);
}

static void put_back_by_hand(void *context)
{
    (void)context;
    door_set_weight(door_server(0, "prod-abc0001-1.local.1"), 1);
}

static void disappears(void *context)
{
    (void)context;
    door_die(true);
}

static void old_dies_and_door_restarts(void *context)
{
    scene_crash(scene_old());
    restarts_older(context);
}

static void refuses(void *context)
{
    (void)context;
    door.refuses_until = sim.now + 1500;
}

static void is_rolled_back(void *context)
{
    (void)context;
    assert_null(scene_decide("bo", DECISION_ROLLBACK, NULL, NULL));
}

static void test_a_restart_that_forgot_weights_is_found_within_a_tick_and_repaired(void **state)
{
    const struct scene_row *drifted, *repaired;
    int64_t at;

    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, restarts_older);
    scene_release();
    scene_ended(END_SUCCEEDED);
    drifted =
        scene_says("traffic.drifted", NULL, "the front door was restarted: prod-abc0002-2.local.1 has weight 0, not 1");
    repaired = scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    at = scene_find("step.done", "traffic.shares")->boot_ms + 3000;
    assert_in_range(drifted->boot_ms - at, 0, 1100);
    assert_in_range(repaired->boot_ms - drifted->boot_ms, 0, 1000);
    scene_end();
}

static void test_a_restart_that_forgot_nothing_is_said(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, restarts);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_null(scene_find("traffic.drifted", NULL));
    scene_says("traffic.repaired", NULL, "the front door was restarted and came back as it should be");
    scene_end();
}

static void test_a_restart_is_a_restart_in_every_pool(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}",
                                        .pools = "{app: {match: /}, api: {match: /api}}"});
    scene_release();
    scene_on("hold.slice", 1000, restarts_older);
    scene_release();
    scene_ended(END_SUCCEEDED);
    for (int i = 0; i < scene.count; i++) {
        if (text_is(scene.rows[i].kind, "traffic.drifted"))
            assert_non_null(strstr(scene.rows[i].reason, "the front door was restarted: "));
    }
    scene_end();
}

static void test_a_door_that_is_gone_is_started_again(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, disappears);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_non_null(strstr(scene_find("traffic.drifted", NULL)->reason, "the front door is gone: haproxy's socket '"));
    scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    scene_end();
}

static void test_a_change_by_hand_holds_and_a_retry_puts_it_back(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, by_hand);
    scene_release();
    scene_held();
    scene_says("traffic.drifted", NULL,
               "the front door was changed by somebody else: prod-abc0001-1.local.1 has weight 9, not 1");
    scene_says("release.turned", NULL, "somebody else changed the front door's weights");
    assert_int_equal(door_server(0, "prod-abc0001-1.local.1")->weight, 9);
    assert_null(scene_decide("bo", DECISION_RETRY, NULL, NULL));
    scene_run();
    scene_ended(END_SUCCEEDED);
    scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    scene_end();
}

static void test_a_change_by_hand_that_is_taken_back_is_no_reason_to_hold_again(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, by_hand);
    scene_release();
    scene_held();
    put_back_by_hand(NULL);
    assert_null(scene_decide("bo", DECISION_RETRY, NULL, NULL));
    scene_run();
    scene_ended(END_SUCCEEDED);
    assert_int_equal(scene_rows("traffic.drifted", NULL), 1);
    scene_end();
}

/* Before the first shares have taken anything from him. */
static void test_a_neighbour_in_the_pool_holds_before_he_loses_his_users(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_on("door.ensure", 0, neighbour);
    scene_release();
    scene_held();
    scene_says(
        "traffic.drifted", NULL,
        "the front door was changed by somebody else: neighbour has weight 3, and this release does not know it");
    assert_null(scene_find("step.started", "traffic.shares"));
    assert_null(scene_decide("bo", DECISION_ROLLBACK, NULL, NULL));
    scene_run();
    scene_ended(END_ROLLED_BACK);
    assert_int_equal(door_server(0, "neighbour")->weight, 3);
    scene_end();
}

static void test_a_dead_instance_does_not_keep_the_others_from_their_shares(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}", .hold = true});
    scene_release();
    scene_on("traffic.shares", 3000, old_dies_and_door_restarts);
    scene_release();
    scene_held();
    assert_int_equal(door_server(0, "prod-abc0002-2.local.1")->weight, 1);
    scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    scene_end();
}

/* The only server there is drains, and the last shares gave it all: it can have none of it back. */
static void test_a_drift_on_the_way_back_from_a_first_release_is_repaired(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.after = "  - command: {name: notify, run: [notify], repeatable: true}\n"});
    scene_on("traffic.shares", 1, is_rolled_back);
    scene_on("drain.begin", 100, refuses);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    assert_non_null(scene_find("traffic.drifted", NULL));
    scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    scene_end();
}

/* The same a moment later: its only server was taken out, so there is none to give a share. */
static void test_a_drift_after_the_last_server_was_taken_out_is_repaired(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.after = "  - command: {name: notify, run: [notify], repeatable: true}\n"});
    scene_on("traffic.shares", 1, is_rolled_back);
    scene_on("traffic.remove", 1, refuses);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    assert_non_null(scene_find("traffic.drifted", NULL));
    scene_says("traffic.repaired", NULL, "the front door shows again what was asked for");
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_restart_that_forgot_weights_is_found_within_a_tick_and_repaired),
        cmocka_unit_test(test_a_restart_that_forgot_nothing_is_said),
        cmocka_unit_test(test_a_restart_is_a_restart_in_every_pool),
        cmocka_unit_test(test_a_door_that_is_gone_is_started_again),
        cmocka_unit_test(test_a_change_by_hand_holds_and_a_retry_puts_it_back),
        cmocka_unit_test(test_a_change_by_hand_that_is_taken_back_is_no_reason_to_hold_again),
        cmocka_unit_test(test_a_neighbour_in_the_pool_holds_before_he_loses_his_users),
        cmocka_unit_test(test_a_dead_instance_does_not_keep_the_others_from_their_shares),
        cmocka_unit_test(test_a_drift_on_the_way_back_from_a_first_release_is_repaired),
        cmocka_unit_test(test_a_drift_after_the_last_server_was_taken_out_is_repaired),
    };

    return RUN_TESTS(tests);
}
