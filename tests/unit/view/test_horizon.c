#include "unit/view/scene.h"

#include "view/horizon.h"

static json_t *read_horizon(struct scene *scene)
{
    json_t *row = NULL;

    assert_ok(horizon_read(scene->record, scene->arena, "prod", &row));
    return row;
}

static void test_horizon__before_a_second_release_there_is_no_way_back(void **state)
{
    struct scene *scene = *state;
    json_t *row CLEANUP(json_cleanup) = NULL;

    scene_first(scene);
    row = read_horizon(scene);
    assert_true(json_is_null(row));
}

static void test_horizon__is_warm_until_the_pivot(void **state)
{
    struct scene *scene = *state;
    json_t *row CLEANUP(json_cleanup) = NULL;
    json_t *past CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    row = read_horizon(scene);
    assert_true(json_is_true(json_object_get(row, "warm")));
    assert_string_equal(json_get_text(row, "text"),
                        "to prod-aaaaaaa-1, which stands, until its first stamp is destroyed");
    assert_string_equal(json_get_text(row, "command"), "rollback r-2");
    scene_tell(scene, (struct event){.kind = EVENT_RELEASE_PIVOTED, .step = -1}, NULL);
    past = read_horizon(scene);
    assert_true(json_is_null(past));
}

static void test_horizon__afterwards_is_a_new_release(void **state)
{
    struct scene *scene = *state;
    json_t *row CLEANUP(json_cleanup) = NULL;

    scene_first(scene);
    scene_plan(scene, 'b');
    scene_run(scene, 0, scene->plan->step_count);
    scene_end(scene, END_SUCCEEDED, "every step is done");
    row = read_horizon(scene);
    assert_false(json_is_true(json_object_get(row, "warm")));
    assert_string_equal(json_get_text(row, "text"), "to aaaaaaa of r-1, by a new release");
    assert_string_equal(json_get_text(row, "command"), "rollback prod");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_horizon__before_a_second_release_there_is_no_way_back),
        SCENE_TEST(test_horizon__is_warm_until_the_pivot),
        SCENE_TEST(test_horizon__afterwards_is_a_new_release),
    };

    return RUN_TESTS(tests);
}
