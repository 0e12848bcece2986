/* Monitors: what they find in a live release, and what follows. */

#include "unit/run/scene.h"

static void new_is_sick(void *context)
{
    (void)context;
    scene_new()->sick_until = sim.now + 60000;
}

static void new_is_sick_for_a_moment(void *context)
{
    (void)context;
    scene_new()->sick_until = sim.now + 1500;
}

static void old_is_sick(void *context)
{
    (void)context;
    scene_old()->sick_until = sim.now + 6000;
}

static void new_dies(void *context)
{
    (void)context;
    scene_crash(scene_new());
}

static void begin(void)
{
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}"});
    scene_release();
    scene_ended(END_SUCCEEDED);
}

static void test_three_bad_answers_of_a_new_instance_take_the_release_back(void **state)
{
    const struct scene_row *sick;

    (void)state;
    begin();
    scene_on("traffic.shares", 2000, new_is_sick);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    sick = scene_says("instance.sick", NULL, "prod-abc0002-2.local.1 is not healthy: it answered with status 503");
    assert_in_range(sick->boot_ms - scene_find("step.done", "traffic.shares")->boot_ms - 2000, 2000, 3500);
    scene_end();
}

static void test_a_bad_answer_or_two_are_nothing(void **state)
{
    (void)state;
    begin();
    scene_on("traffic.shares", 2000, new_is_sick_for_a_moment);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_null(scene_find("instance.sick", NULL));
    scene_end();
}

static void test_of_a_sick_old_instance_people_are_told(void **state)
{
    (void)state;
    begin();
    scene_on("traffic.shares", 2000, old_is_sick);
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene_says("finding", NULL, "prod-abc0001-1.local.1 is not healthy: it answered with status 503");
    assert_int_equal(scene_rows("finding", NULL), 2);
    scene_end();
}

static void test_a_new_instance_that_dies_takes_the_release_back_and_the_old_side_has_all(void **state)
{
    (void)state;
    begin();
    scene_on("traffic.shares", 2000, new_dies);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    scene_says("instance.lost", NULL, "prod-abc0002-2.local.1 ended without being asked");
    assert_int_equal(door.count, 1);
    assert_int_equal(door.servers[0].weight, 1);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_bad_answers_of_a_new_instance_take_the_release_back),
        cmocka_unit_test(test_a_bad_answer_or_two_are_nothing),
        cmocka_unit_test(test_of_a_sick_old_instance_people_are_told),
        cmocka_unit_test(test_a_new_instance_that_dies_takes_the_release_back_and_the_old_side_has_all),
    };

    return RUN_TESTS(tests);
}
