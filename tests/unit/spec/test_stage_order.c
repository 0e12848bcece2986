#include "unit/spec/spec.h"

static char *many_stages(void **state, int count, const char *format)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&text, HEAD "stages:\n");
    for (int i = 0; i < count; i++) {
        const char *next = arena_printf(*state, "s%d", (i + 1) % count);

        strbuf_printf(&text, "  - command: {name: s%d, run: [x]", i);
        if (format != NULL)
            strbuf_printf(&text, ", needs: [%s]", next);
        strbuf_text(&text, "}\n");
    }
    return arena_text(*state, strbuf_view(&text));
}

static void test_stage_order__follows_needs(void **state)
{
    assert_problems(state,
                    "stages:\n"
                    "  - command: {name: c, run: [x], needs: [a, b]}\n"
                    "  - command: {name: a, run: [x], needs: []}\n"
                    "  - command: {name: b, run: [x], needs: [a]}\n",
                    "");
}

static void test_stage_order__names_what_is_unknown(void **state)
{
    assert_problems_and_hints(state,
                              "stages:\n"
                              "  - build\n"
                              "  - command: {run: [x], needs: [biuld]}\n"
                              "  - command: {name: b, run: [x], needs: [build, nowhere]}\n",
                              "5:33 there is no stage 'biuld' in this pipeline\n"
                              "  help: did you mean 'build'?\n"
                              "6:49 there is no stage 'nowhere' in this pipeline\n"
                              "  help: the stages are: build, command, b\n");
}

static void test_stage_order__finds_circles(void **state)
{
    assert_problems(state,
                    "stages:\n"
                    "  - command: {name: a, run: [x], needs: [b]}\n"
                    "  - command: {name: b, run: [x]}\n",
                    "4:42 the stages wait for each other in a circle: a -> b -> a\n");
    assert_problems(state, "stages: [command: {name: a, run: [x], needs: [a]}]\n",
                    "3:47 the stage 'a' waits for itself\n");
}

static void test_stage_order__finds_circles_apart_from_each_other(void **state)
{
    assert_problems(state,
                    "stages:\n"
                    "  - command: {name: a, run: [x], needs: [b, c]}\n"
                    "  - command: {name: b, run: [x]}\n"
                    "  - command: {name: c, run: [x]}\n"
                    "  - command: {name: d, run: [x], needs: [d, nope]}\n",
                    "4:42 the stages wait for each other in a circle: a -> b -> a\n"
                    "7:42 the stage 'd' waits for itself\n"
                    "7:45 there is no stage 'nope' in this pipeline\n");
}

static void test_stage_order__long_ways_and_circles(void **state)
{
    struct read read = read_pipeline(state, many_stages(state, 9000, NULL));

    assert_no_problems(state, read);
    assert_int_equal(read.pipeline->stage_count, 9000);
    read = read_pipeline(state, many_stages(state, 9000, "next"));
    assert_string_equal(problems_text(state, read.problems, false),
                        "4:43 the stages wait for each other in a circle: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> "
                        "s7 -> ... -> s0\n");
}

static void test_stage_order__stops_when_there_are_enough_problems(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&text, HEAD "stages:\n");
    for (int i = 0; i < 3000; i++)
        strbuf_printf(&text, "  - command: {name: s%d, run: [x], needs: [s%d]}\n", i, i);
    assert_int_equal(diagnostics_count(read_pipeline(state, strbuf_view(&text)).problems), DIAGNOSTICS_ENOUGH);
}

static void test_stage_order__names_are_unique(void **state)
{
    assert_problems_and_hints(state, "stages: [build, build: {name: a}, command: {name: a, run: [x]}, build]\n",
                              "3:35 two stages are named 'a'; the first is at line 3, column 17\n"
                              "  help: give this one a 'name:' of its own\n"
                              "3:65 two stages are named 'build'; the first is at line 3, column 10\n"
                              "  help: give this one a 'name:' of its own\n");
}

static void test_stage_order__a_broken_stage_has_no_name(void **state)
{
    assert_problems(state, "stages: [{}, [], {}, build]\n",
                    "3:10 an element of 'stages' is a mapping; expected the name of a kind, or a mapping with one kind "
                    "as its key\n"
                    "3:14 an element of 'stages' is a list; expected the name of a kind, or a mapping with one kind as "
                    "its key\n"
                    "3:18 an element of 'stages' is a mapping; expected the name of a kind, or a mapping with one kind "
                    "as its key\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_stage_order__follows_needs),
        TEST_WITH_ARENA(test_stage_order__names_what_is_unknown),
        TEST_WITH_ARENA(test_stage_order__finds_circles),
        TEST_WITH_ARENA(test_stage_order__finds_circles_apart_from_each_other),
        TEST_WITH_ARENA(test_stage_order__long_ways_and_circles),
        TEST_WITH_ARENA(test_stage_order__stops_when_there_are_enough_problems),
        TEST_WITH_ARENA(test_stage_order__names_are_unique),
        TEST_WITH_ARENA(test_stage_order__a_broken_stage_has_no_name),
    };

    return RUN_TESTS(tests);
}
