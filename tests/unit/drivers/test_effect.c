#include "unit/unit.h"

#include "drivers/effect.h"

static void assert_changes(struct effect effect, bool want)
{
    assert_true(effect_changes(&effect) == want);
}

static void test_effect_changes__asking_changes_nothing(void **state)
{
    (void)state;
    assert_changes((struct effect){.kind = EFFECT_HTTP, .method = "GET"}, false);
    assert_changes((struct effect){.kind = EFFECT_HTTP, .method = "HEAD"}, false);
    assert_changes((struct effect){.kind = EFFECT_LOOK}, false);
    assert_changes((struct effect){.kind = EFFECT_AWAIT_EXIT}, false);
    assert_changes((struct effect){.kind = EFFECT_FREE_PORT}, false);
    assert_changes((struct effect){.kind = EFFECT_READ_FILE}, false);
    assert_changes((struct effect){.kind = EFFECT_SLEEP}, false);
}

static void test_effect_changes__everything_else_may(void **state)
{
    (void)state;
    assert_changes((struct effect){.kind = EFFECT_HTTP, .method = "POST"}, true);
    assert_changes((struct effect){.kind = EFFECT_LINE, .text = "show info"}, true);
    assert_changes((struct effect){.kind = EFFECT_RUN}, true);
    assert_changes((struct effect){.kind = EFFECT_START}, true);
    assert_changes((struct effect){.kind = EFFECT_SIGNAL}, true);
    assert_changes((struct effect){.kind = EFFECT_MAKE_DIR}, true);
    assert_changes((struct effect){.kind = EFFECT_REMOVE_TREE}, true);
    assert_changes((struct effect){.kind = EFFECT_PUT_FILE}, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effect_changes__asking_changes_nothing),
        cmocka_unit_test(test_effect_changes__everything_else_may),
    };

    return RUN_TESTS(tests);
}
