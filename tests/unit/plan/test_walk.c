/* Properties of the machine over whole releases: crashes at every event, and random walks. */

#include "unit/plan/story.h"

static void test_walk__all_goes_well(void **state)
{
    struct sim *sim = story_new(state);

    sim_go(sim, -1);
    assert_string_equal(end_text(sim->state.end), "succeeded");
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_walk__all_goes_well),
    };

    return RUN_TESTS(tests);
}
