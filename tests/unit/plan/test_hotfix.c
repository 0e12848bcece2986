/* The pipeline as a hotfix runs it. */

#include "unit/plan/planning.h"

#include "plan/hotfix.h"

#define STAGES                                                                                    \
    "stages:\n"                                                                                   \
    "  - build: {name: hotfix}\n"                                                                 \
    "  - command: {name: notes, run: [bin/notes], needs: []}\n"                                   \
    "  - deploy: {needs: [hotfix]}\n"                                                             \
    "  - validate: {checks: [{name: home, get: /}]}\n"                                            \
    "  - shift: {steps: [{share: 5%, hold: 10m}, {share: 50%, gate: managers}, {share: 100%}]}\n" \
    "  - drain: {until: {rooms: 0}}\n"                                                            \
    "  - destroy\n"

static struct shift_step_spec ladder[] = {{.share = 5000, .hold_ms = 60000}, {.share = 10000}};

static struct environment_spec environment_with(struct shift_step_spec *steps, int count)
{
    return (struct environment_spec){
        .name = "prod", .hotfix = {.given = true, .gate = "on-call", .ladder = steps, .ladder_count = count}};
}

static void test_hotfix__begins_with_its_gate(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT STAGES);
    struct environment_spec environment = environment_with(NULL, 0);
    json_t *shortened CLEANUP(json_cleanup) = NULL;
    const struct pipeline_spec *own = hotfix_pipeline(*state, &environment, p.pipeline, &shortened);

    assert_int_equal(own->stage_count, p.pipeline->stage_count + 1);
    assert_int_equal(own->stages[0].kind, STAGE_GATE);
    assert_string_equal(own->stages[0].gate, "on-call");
    assert_string_equal(own->stages[0].name, "hotfix-2"); /* the pipeline has a stage of that name */
    assert_false(own->stages[1].needs_given);             /* so it waits for the one before: the gate */
    assert_string_equal(own->stages[2].needs.items[0], "hotfix-2");
    assert_string_equal(own->stages[3].needs.items[0], "hotfix");
    assert_int_equal(p.pipeline->stages[1].needs.count, 0); /* the pipeline itself is as it was */
}

static void test_hotfix__without_a_ladder_nothing_is_left_out(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT STAGES);
    struct environment_spec environment = environment_with(NULL, 0);
    json_t *shortened CLEANUP(json_cleanup) = NULL;
    const struct pipeline_spec *own = hotfix_pipeline(*state, &environment, p.pipeline, &shortened);

    assert_int_equal(json_array_size(shortened), 0);
    assert_int_equal(own->stages[5].step_count, 3);
}

static void test_hotfix__takes_the_environment_s_ladder_and_says_what_it_leaves_out(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT STAGES);
    struct environment_spec environment = environment_with(ladder, 2);
    json_t *shortened CLEANUP(json_cleanup) = NULL;
    const struct pipeline_spec *own = hotfix_pipeline(*state, &environment, p.pipeline, &shortened);
    const json_t *one = json_array_get(shortened, 0);

    assert_int_equal(json_array_size(shortened), 1);
    assert_string_equal(json_get_text(one, "what"), "shares of stage shift");
    assert_string_equal(json_get_text(one, "was"), "5% for 10m, 50% behind gate managers, 100%");
    assert_string_equal(json_get_text(one, "now"), "50% for 1m, 100%");
    assert_string_equal(json_get_text(one, "reason"), "hotfix.ladder of environment prod");
    assert_int_equal(own->stages[5].step_count, 2);
    assert_int_equal(p.pipeline->stages[4].step_count, 3);
    /* Drain and destroy are the pipeline's own. */
    assert_memory_equal(&own->stages[6], &p.pipeline->stages[5], sizeof(own->stages[6]));
    assert_memory_equal(&own->stages[7], &p.pipeline->stages[6], sizeof(own->stages[7]));
}

static void test_hotfix__the_same_ladder_is_not_shorter(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT STAGES);
    struct environment_spec environment =
        environment_with(p.pipeline->stages[4].steps, p.pipeline->stages[4].step_count);
    json_t *shortened CLEANUP(json_cleanup) = NULL;

    hotfix_pipeline(*state, &environment, p.pipeline, &shortened);
    assert_int_equal(json_array_size(shortened), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_hotfix__begins_with_its_gate),
        TEST_WITH_ARENA(test_hotfix__without_a_ladder_nothing_is_left_out),
        TEST_WITH_ARENA(test_hotfix__takes_the_environment_s_ladder_and_says_what_it_leaves_out),
        TEST_WITH_ARENA(test_hotfix__the_same_ladder_is_not_shorter),
    };

    return RUN_TESTS(tests);
}
