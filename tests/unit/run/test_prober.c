/* The open-loop client: its failures turn the release back, and the last answers are waited for. */

#include "run/runner.h"
#include "unit/run/scene.h"

static void everybody_is_sick_for_a_while(void *context)
{
    (void)context;
    scene_old()->sick_until = scene_new()->sick_until = sim.now + 1900;
}

static void test_more_failures_than_the_limit_take_the_release_back(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}",
                                        .shift = "      prober: {get: /, every: 500ms, max_failed: 1}\n"});
    scene_release();
    scene_on("traffic.shares", 2000, everybody_is_sick_for_a_while);
    scene_release();
    scene_ended(END_ROLLED_BACK);
    scene_says("release.turned", NULL, "the prober saw 2 failed requests, more than 1");
    scene_end();
}

static void test_failures_within_the_limit_are_only_counted(void **state)
{
    json_t *body;
    int64_t sent = 0, failed = 0;

    (void)state;
    scene_begin((struct scene_pipeline){.steps = "{share: 50%, hold: 10s}, {share: 100%}",
                                        .shift = "      prober: {get: /, every: 500ms, max_failed: 20}\n"});
    scene_release();
    scene_on("traffic.shares", 2000, everybody_is_sick_for_a_while);
    scene_release();
    scene_ended(END_SUCCEEDED);
    for (int i = 0; i < scene.count; i++) {
        if (!text_is(scene.rows[i].kind, "prober.tallied"))
            continue;
        body = json_object_get(scene.rows[i].event, "body");
        sent += json_get_int(body, "sent", 0);
        failed += json_get_int(body, "failed", 0);
    }
    assert_in_range(sent, 20, 32);
    assert_in_range(failed, 3, 5);
    assert_non_null(scene_find("step.done", "prober.settle"));
    scene_end();
}

/* Its stage was over for another reason, while a request was still under way. */
static void test_who_waits_no_longer_for_the_last_answer_is_not_told(void **state)
{
    json_t *front CLEANUP(json_cleanup) = json_pack("{s:s}", "url", "http://127.0.0.1:8080");
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s, s:i}", "path", "/", "every_ms", 1000);
    struct plan_monitor monitor = {.kind = MONITOR_PROBER, .target = "shift", .params = params};
    struct plan plan = {.door = front};
    struct activity *activity = heap_alloc(sizeof(*activity));
    struct runner r = {.plan = &plan, .tick_due = true, .activities = &activity};

    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_must(io_open(-1, &r.io));
    r.queue_end = &r.queue;
    *activity = (struct activity){.runner = &r, .arena = arena_new()};
    prober_start(&r, &monitor);
    settle_start(activity);
    assert_true(sim_step()); /* it asks */
    assert_true(sim_step()); /* the answer is waited for */
    activity_stop(activity);
    assert_null(r.queue);
    for (int64_t until = sim.now + 10000; sim.now < until && sim_step();)
        ;
    prober_stop(&r);
    assert_int_equal(r.queue->event.kind, EVENT_PROBER_TALLIED);
    assert_null(r.queue->next);
    arena_free(r.queue->arena);
    io_close(r.io);
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_failures_than_the_limit_take_the_release_back),
        cmocka_unit_test(test_failures_within_the_limit_are_only_counted),
        cmocka_unit_test(test_who_waits_no_longer_for_the_last_answer_is_not_told),
    };

    return RUN_TESTS(tests);
}
