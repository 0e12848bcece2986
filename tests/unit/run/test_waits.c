/* Steps that wait: for health, for time, for the prober's last answers. */

#include "unit/run/scene.h"

static void new_dies(void *context)
{
    (void)context;
    scene_crash(scene_new());
}

static void new_stays_sick(void *context)
{
    (void)context;
    scene_new()->never_healthy = true;
}

static void old_is_sick_for_two_seconds(void *context)
{
    (void)context;
    scene_old()->sick_until = sim.now + 2000;
}

static void machine_sleeps(void *context)
{
    (void)context;
    sim.now += 60000;
}

static int64_t held_for(void)
{
    return scene_find("step.done", "hold")->boot_ms - scene_find("step.started", "hold")->boot_ms;
}

static void test_a_dead_process_ends_the_wait_at_once_with_evidence(void **state)
{
    const struct scene_row *failed;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_on("instance.create", 5, new_dies);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    failed =
        scene_says("step.failed", "instance.ready", "instance 'prod-abc0002-2.local.1' ended before it was healthy");
    assert_in_range(failed->boot_ms - scene_find("step.started", "instance.ready")->boot_ms, 0, 2500);
    assert_non_null(json_get_text(json_object_get(failed->event, "body"), "evidence"));
    scene_end();
}

static void test_who_is_never_healthy_fails_after_its_start_time(void **state)
{
    const struct scene_row *failed;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_on("instance.create", 0, new_stays_sick);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    failed =
        scene_says("step.failed", "instance.ready", "instance 'prod-abc0002-2.local.1' was not healthy within 20s");
    assert_in_range(failed->boot_ms - scene_find("step.started", "instance.ready")->boot_ms, 20000, 21500);
    scene_end();
}

static void test_a_hold_takes_its_time(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 12s}, {share: 100%}"});
    scene_release();
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(held_for(), 12000, 12100);
    assert_int_equal(scene_rows("hold.slice", NULL), 3);
    scene_end();
}

static void test_a_hold_counts_only_healthy_time(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 12s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, old_is_sick_for_two_seconds);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(held_for(), 14000, 18000);
    scene_end();
}

static void test_a_hold_does_not_count_what_it_slept_through(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 12s}, {share: 100%}"});
    scene_release();
    scene_on("traffic.shares", 3000, machine_sleeps);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(held_for(), 72000, 76000);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dead_process_ends_the_wait_at_once_with_evidence),
        cmocka_unit_test(test_who_is_never_healthy_fails_after_its_start_time),
        cmocka_unit_test(test_a_hold_takes_its_time),
        cmocka_unit_test(test_a_hold_counts_only_healthy_time),
        cmocka_unit_test(test_a_hold_does_not_count_what_it_slept_through),
    };

    return RUN_TESTS(tests);
}
