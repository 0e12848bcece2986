/* One driver call, pumped: it ends, it is cut off, and it goes on only while the lease is ours. */

#include "store/lease.h"
#include "unit/run/scene.h"

/* Somebody takes the lock file away, and another runner takes over in the middle of a call. */
static void taken_over(void *context)
{
    struct lease lease = LEASE_INIT;
    char path[200];

    (void)context;
    snprintf(path, sizeof(path), "%s/locks/prod.lock", scene.directory);
    assert_int_equal(unlink(path), 0);
    hooks_people(true);
    scene_must(lease_take(scene.people, scene.arena, "prod", scene.release, "bo", &lease));
    hooks_people(false);
    lease_release(&lease);
}

static void deaf(void *context)
{
    (void)context;
    door.deaf_until = sim.now + 60000;
}

static void mute_for_a_moment(void *context)
{
    (void)context;
    door.refuses_until = sim.now + 1200;
}

static void test_a_call_that_was_taken_over_does_nothing_more(void **state)
{
    int commands;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_on("door.ensure", 3, taken_over); /* instance.create has just been begun */
    scene_release();
    commands = world.process_count;
    assert_non_null(scene.error);
    assert_int_equal(scene.error->code, ERR_LEASE_HELD);
    assert_string_equal(scene.error->text,
                        "environment 'prod' was taken over by release r-1 (pid 4242 of bo on simulated)");
    assert_int_equal(commands, 1); /* the front door, and no instance */
    assert_null(scene_find("step.done", "instance.create"));
    scene_end();
}

static void test_what_passes_is_tried_again(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_on("check.http", 0, mute_for_a_moment);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(scene_rows("step.failed", "traffic.shares"), 1, 3);
    assert_int_equal(scene_rows("step.done", "traffic.shares"), 1);
    scene_end();
}

static void test_a_yes_that_changes_nothing_is_a_failure(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.hold = true});
    scene_release();
    scene_on("check.http", 0, deaf);
    scene_release();
    scene_held();
    scene_says("step.failed", "traffic.shares",
               "haproxy said yes but changed nothing: 'set server app/prod-abc0002-2.local.1 weight 1'");
    assert_int_equal(door_server(0, "prod-abc0001-1.local.1")->weight, 1);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_that_was_taken_over_does_nothing_more),
        cmocka_unit_test(test_what_passes_is_tried_again),
        cmocka_unit_test(test_a_yes_that_changes_nothing_is_a_failure),
    };

    return RUN_TESTS(tests);
}
