/* The open-loop client: its failures turn the release back, and the last answers are waited for. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_failures_than_the_limit_take_the_release_back),
        cmocka_unit_test(test_failures_within_the_limit_are_only_counted),
    };

    return RUN_TESTS(tests);
}
