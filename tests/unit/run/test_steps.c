/* Which verb is carried out by what: a whole release, verb by verb, and what is told to nobody. */

#include "unit/run/scene.h"

static void old_dies(void *context)
{
    (void)context;
    scene_crash(scene_old());
}

static void test_a_second_release_takes_these_steps(void **state)
{
    static const char *const expected[] = {
        "unit.export",    "unit.build",  "unit.collect",   "door.ensure",     "instance.create", "instance.ready",
        "traffic.add",    "check.http",  "traffic.shares", "traffic.drain",   "drain.begin",     "drain.wait",
        "traffic.remove", "drain.prove", "instance.stop",  "instance.remove", "door.single",     "unit.remove",
    };
    int at = 0;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_release();
    scene_ended(END_SUCCEEDED);
    for (int i = 0; i < scene.count; i++) {
        if (!text_is(scene.rows[i].kind, "step.done"))
            continue;
        assert_in_range(at, 0, 17);
        assert_string_equal(scene.rows[i].verb, expected[at++]);
    }
    assert_int_equal(at, 18);
    scene_says("step.skipped", "instance.kill", "it ended within its grace");
    assert_false(instance_alive(scene_old()));
    assert_true(instance_alive(scene_new()));
    scene_end();
}

static void test_who_is_gone_cannot_be_told_to_drain(void **state)
{
    const struct scene_row *begun;

    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 6s}, {share: 100%, hold: 2s}"});
    scene_release();
    scene_on("traffic.shares", 1000, old_dies);
    scene_release();
    scene_held();
    scene_says("instance.lost", NULL, "prod-abc0001-1.local.1 ended without being asked");
    assert_null(scene_decide("bo", DECISION_RETRY, NULL, NULL));
    scene_run();
    scene_held();
    begun = scene_find("step.done", "drain.begin");
    assert_non_null(begun);
    assert_true(json_get_bool(json_object_get(json_object_get(begun->event, "body"), "detail"), "lost", false));
    scene_end();
}

static void test_who_ignores_its_stop_is_killed_after_its_grace(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_old()->ignores_term = true;
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_non_null(scene_find("step.done", "instance.kill"));
    assert_in_range(scene_find("step.done", "instance.stop")->boot_ms -
                        scene_find("step.started", "instance.stop")->boot_ms,
                    3000, 3100);
    scene_end();
}

static void somebody_adds_a_server(void *context)
{
    (void)context;
    (void)door_add(0, "stray", 9999);
}

static void test_a_server_that_somebody_added_is_not_the_one_unit(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.hold = true});
    scene_release();
    scene_on("drain.prove", 0, somebody_adds_a_server);
    scene_release();
    scene_held();
    scene_says("step.failed", "door.single", "the front door still refers to 'stray' besides the one unit");
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_release_takes_these_steps),
        cmocka_unit_test(test_who_is_gone_cannot_be_told_to_drain),
        cmocka_unit_test(test_who_ignores_its_stop_is_killed_after_its_grace),
        cmocka_unit_test(test_a_server_that_somebody_added_is_not_the_one_unit),
    };

    return RUN_TESTS(tests);
}
