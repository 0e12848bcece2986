/* Nothing is destroyed before nothing is left: what drains say, and who may go on from there. */

#include "unit/run/scene.h"

static void old_dies(void *context)
{
    (void)context;
    scene_crash(scene_old());
}

static void room_lands(void *context)
{
    (void)context;
    scene_room(scene_old(), 3000, 0);
}

static void room_stays(void *context)
{
    (void)context;
    scene_room(scene_old(), 1800000, 1800000);
}

static void reboots(void *context)
{
    (void)context;
    scene_old()->boots++;
}

static void door_forgets(void *context)
{
    (void)context;
    door_remove(door_server(0, "prod-abc0001-1.local.1"));
}

static const char *wrong, *right, *early;

static void give_up_too_early(void *context)
{
    (void)context;
    early = scene_decide("bo", DECISION_FORCE, "prod-abc0001-1.local.1",
                         json_pack("{s:i, s:i}", "rooms", 1, "recordings", 1));
}

static void give_up(void *context)
{
    (void)context;
    wrong = scene_decide("bo", DECISION_FORCE, NULL, json_pack("{s:i, s:i}", "rooms", 2, "recordings", 1));
    right = scene_decide("bo", DECISION_FORCE, NULL, json_pack("{s:i, s:i}", "rooms", 1, "recordings", 1));
}

static void begin(void)
{
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_ended(END_SUCCEEDED);
}

static void test_an_empty_instance_settles_in_three_answers_over_two_seconds(void **state)
{
    (void)state;
    begin();
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_in_range(scene_find("step.done", "drain.wait")->boot_ms - scene_find("step.started", "drain.wait")->boot_ms,
                    2000, 2200);
    scene_says("drain.sampled", "drain.wait", "recordings 0, rooms 0, in flight 0");
    scene_end();
}

static void test_a_room_that_lands_while_it_drains_is_told_and_waited_for(void **state)
{
    (void)state;
    begin();
    scene_on("drain.begin", 1500, room_lands);
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene_says("finding", "drain.wait", "something new landed on prod-abc0001-1.local.1 while it drains");
    /* 1.5 s, the room, and the count from the start. */
    assert_in_range(scene_find("step.done", "drain.wait")->boot_ms - scene_find("step.started", "drain.wait")->boot_ms,
                    6500, 8000);
    scene_end();
}

static void test_a_dead_instance_is_held_and_given_up_by_what_was_lost(void **state)
{
    const char *said;

    (void)state;
    begin();
    scene_on("traffic.drain", 0, room_stays);
    scene_on("drain.begin", 2500, old_dies);
    scene_release();
    scene_held();
    assert_non_null(strstr(scene_find("instance.lost", NULL)->reason, "prod-abc0001-1.local.1 ended"));
    said = scene_decide("bo", DECISION_FORCE, NULL, json_pack("{s:i, s:i}", "rooms", 0, "recordings", 0));
    assert_string_equal(said, "you give up rooms=0,recordings=0, but on prod-abc0001-1.local.1 there are "
                              "recordings=1,rooms=1");
    assert_null(scene_decide("bo", DECISION_FORCE, NULL, json_pack("{s:i, s:i}", "rooms", 1, "recordings", 1)));
    scene_run();
    scene_ended(END_SUCCEEDED);
    scene_end();
}

static void test_who_starts_anew_did_not_drain(void **state)
{
    (void)state;
    begin();
    scene_on("drain.begin", 1500, reboots);
    scene_release();
    scene_held();
    scene_says("instance.lost", "drain.wait",
               "prod-abc0001-1.local.1 ended by itself or was replaced before it was drained");
    assert_true(instance_alive(scene_old()));
    scene_end();
}

/* Found in the made-up world: it had new users by the time that it was stopped. */
static void test_who_started_anew_drains_once_more_when_the_loss_is_accepted(void **state)
{
    (void)state;
    begin();
    scene_on("drain.begin", 1500, reboots);
    scene_release();
    scene_held();
    scene_room(scene_old(), 30000, 30000);
    assert_null(scene_decide("bo", DECISION_FORCE, NULL, json_pack("{s:i, s:i}", "rooms", 0, "recordings", 0)));
    scene_run();
    scene_ended(END_SUCCEEDED);
    assert_in_range(scene_find("step.done", "drain.wait")->boot_ms - scene_find("decision.made", NULL)->boot_ms, 30000,
                    40000);
    scene_end();
}

/* Until the watch has seen it, too: a server that is not there has nothing in flight, as far as anybody can say. */
static void test_a_front_door_that_forgot_the_instance_proves_nothing(void **state)
{
    (void)state;
    begin();
    scene_on("drain.begin", 0, door_forgets);
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene_says("drain.sampled", "drain.wait",
               "recordings 0, rooms 0, in flight unknown: the front door does not know it any more");
    assert_non_null(scene_find("traffic.drifted", NULL));
    scene_end();
}

static void test_work_is_given_up_only_when_asked_and_by_its_exact_numbers(void **state)
{
    (void)state;
    begin();
    scene_on("traffic.drain", 0, room_stays);
    scene_on("drain.begin", 5000, give_up_too_early);
    scene_on("drain.overdue", 1000, give_up);
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene_says("drain.overdue", "drain.wait",
               "prod-abc0001-1.local.1 is not empty after 20s: recordings 1, rooms 1, in flight 1");
    assert_string_equal(early, "no drain of r-2 asks a person: it waits by itself");
    assert_string_equal(wrong, "you give up rooms=2,recordings=1, but on prod-abc0001-1.local.1 there are "
                               "recordings=1,rooms=1");
    assert_null(right);
    assert_int_equal(scene_rows("decision.refused", NULL), 1);
    scene_end();
}

static int done_by_then = -1;

/* In the same moment another room lands, which ends long before the first. */
static void give_up_beside_another(void *context)
{
    give_up(context);
    scene_room(scene_old(), 3000, 0);
}

static void give_up_again(void *context)
{
    done_by_then = scene_rows("step.done", "drain.wait");
    give_up(context);
}

static void test_a_decision_about_other_work_is_not_kept_for_later(void **state)
{
    (void)state;
    begin();
    scene_on("traffic.drain", 0, room_stays);
    scene_on("drain.overdue", 1000, give_up_beside_another);
    scene_on("drain.overdue", 20000, give_up_again);
    scene_release();
    scene_ended(END_SUCCEEDED);
    assert_int_equal(done_by_then, 0);
    assert_null(right);
    scene_end();
}

static void test_a_deadline_that_fails_takes_the_release_back(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.drain = "{after: 20s, do: fail}"});
    scene_release();
    scene_on("traffic.drain", 0, room_stays);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    scene_says("step.failed", "drain.wait",
               "prod-abc0001-1.local.1 is not empty after 20s: recordings 1, rooms 1, in flight 1");
    assert_true(scene_old()->accepting);
    assert_false(instance_alive(scene_new()));
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_instance_settles_in_three_answers_over_two_seconds),
        cmocka_unit_test(test_a_room_that_lands_while_it_drains_is_told_and_waited_for),
        cmocka_unit_test(test_a_dead_instance_is_held_and_given_up_by_what_was_lost),
        cmocka_unit_test(test_who_starts_anew_did_not_drain),
        cmocka_unit_test(test_who_started_anew_drains_once_more_when_the_loss_is_accepted),
        cmocka_unit_test(test_a_front_door_that_forgot_the_instance_proves_nothing),
        cmocka_unit_test(test_work_is_given_up_only_when_asked_and_by_its_exact_numbers),
        cmocka_unit_test(test_a_decision_about_other_work_is_not_kept_for_later),
        cmocka_unit_test(test_a_deadline_that_fails_takes_the_release_back),
    };

    return RUN_TESTS(tests);
}
