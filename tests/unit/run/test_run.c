/* How a release begins to be, and what cannot be run. */

#include "unit/run/scene.h"

static void another_begins(void *context)
{
    struct error *error CLEANUP(error_cleanup) = NULL;
    int64_t seq;
    struct plan *plan = scene_plan(&seq);

    (void)context;
    hooks_people(true);
    error = run_begin(scene.people, scene.arena, plan, seq);
    hooks_people(false);
    assert_non_null(error);
    assert_int_equal(error->code, ERR_CONFLICT);
}

static void test_one_live_release_an_environment(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_on("unit.build", 10, another_begins);
    scene_release();
    scene_ended(END_SUCCEEDED);
    scene_end();
}

static void test_facts_that_moved_are_refused(void **state)
{
    struct error *error CLEANUP(error_cleanup) = NULL;
    struct plan *plan;
    int64_t seq;

    (void)state;
    scene_begin((struct scene_pipeline){0});
    plan = scene_plan(&seq);
    scene_release();
    error = run_begin(scene.record, scene.arena, plan, seq);
    assert_non_null(error);
    assert_int_equal(error->code, ERR_CONFLICT);
    scene_end();
}

static void test_a_release_that_has_ended_is_not_run_again(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene_release();
    scene_run();
    assert_non_null(scene.error);
    assert_int_equal(scene.error->code, ERR_CONFLICT);
    assert_string_equal(scene.error->text, "release r-1 has ended: succeeded");
    assert_string_equal(scene.error->hint, "penstock show r-1");
    scene_end();
}

static void test_a_release_that_is_not_there(void **state)
{
    (void)state;
    scene_begin((struct scene_pipeline){0});
    scene.release = "r-77";
    scene_run();
    assert_non_null(scene.error);
    assert_int_equal(scene.error->code, ERR_NOT_FOUND);
    assert_string_equal(scene.error->text, "there is no release 'r-77'");
    scene_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_live_release_an_environment),
        cmocka_unit_test(test_facts_that_moved_are_refused),
        cmocka_unit_test(test_a_release_that_has_ended_is_not_run_again),
        cmocka_unit_test(test_a_release_that_is_not_there),
    };

    return RUN_TESTS(tests);
}
