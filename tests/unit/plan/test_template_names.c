/* `${names}` in the pipeline's texts: filled in early, or kept for the driver. */

#include "unit/plan/rich.h"

#include "base/template.h"

static void test_template_names__early_names_are_filled_in(void **state)
{
    struct plan *plan = plan_of(*state,
                                HEAD_TEXT "stages:\n  - build\n"
                                          "  - command: {name: c, run: [\"${release.id} ${release.commit} "
                                          "${release.branch}\", \"${unit.name} ${unit.version} ${unit.out}\", "
                                          "\"${environment} ${project}\", \"$$\", plain]}\n",
                                0);

    assert_string_equal(json_canonical(*state, json_object_get(plan->steps[2].params, "argv")),
                        "[\"r-9 " COMMIT " main\",\"" NEW_UNIT " " COMMIT " /state/units/" NEW_UNIT
                        "/src\",\"prod rooms\",\"$\",\"plain\"]");
}

static void test_template_names__names_without_a_value_are_empty(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT "stages:\n  - build\n"
                                                      "  - command: {name: c, run: [\"<${release.branch}>\"]}\n");

    p.facts.branch = NULL;
    assert_string_equal(json_canonical(*state, json_object_get(planning_plan(&p)->steps[2].params, "argv")),
                        "[\"<>\"]");
}

static void test_template_names__late_names_and_double_dollars_stay_for_the_driver(void **state)
{
    struct plan *plan = plan_of(*state,
                                "pipeline: prod\nenvironment: prod\n"
                                "stamps:\n"
                                "  start: [\"${instance.address} ${instance.port} ${instance.url} ${stamp.url}\", "
                                "\"${instance.name} ${instance.dir} ${stamp.name} ${stamp.region} ${stamp.dir}\", "
                                "\"$$a$$b\"]\n"
                                "  health: {get: /}\n"
                                "traffic: {managed: {bind: \"127.0.0.1:8080\"}}\n"
                                "stages: [build, deploy]\n",
                                0);

    assert_string_equal(json_canonical(*state, json_object_get(plan->steps[3].params, "argv")),
                        "[\"${instance.address} ${instance.port} ${instance.url} ${stamp.url}\",\"" NEW_UNIT
                        ".local.1 /state/stamps/" NEW_UNIT "/local.1 " NEW_UNIT ".local local /state/stamps/" NEW_UNIT
                        "/local.1\",\"$$a$$b\"]");
}

/* What the driver would make of it. */
static const char *late_value(const void *context, const char *name)
{
    (void)context;
    return text_is(name, "instance.port") ? "4711" : NULL;
}

static const char *expanded_late(struct arena *arena, const json_t *argv, size_t index)
{
    struct template_values values = {TEMPLATE_ARGV, late_value, NULL};
    const char *out = NULL;

    assert_ok(template_expand(arena, &values, json_string_value(json_array_get(argv, index)), (struct mark){0}, &out));
    return out;
}

static void test_template_names__dollars_in_values_are_dollars(void **state)
{
    struct planning p = planning_of(*state, "pipeline: prod\nenvironment: prod\n"
                                            "stamps:\n"
                                            "  start: [\"${release.branch}:${instance.port}\", \"${instance.dir}\"]\n"
                                            "  health: {get: /}\n"
                                            "  drain: {begin: {command: [\"${release.branch}\", \"${stamp.dir}\"]}}\n"
                                            "traffic: {managed: {bind: \"127.0.0.1:8080\"}}\n"
                                            "stages:\n  - build\n  - deploy\n  - validate\n  - shift\n"
                                            "  - command: {name: c, run: [\"${release.branch}\"]}\n");
    struct plan *plan;
    const json_t *argv;

    p.facts.branch = "feature/$x${instance.port}";
    p.facts.state_dir = "/$state";
    plan = planning_plan(&p);
    argv = json_object_get(plan->steps[step_of_plan(plan, TRACK_FORWARD, VERB_INSTANCE_CREATE, "")].params, "argv");
    assert_string_equal(expanded_late(*state, argv, 0), "feature/$x${instance.port}:4711");
    assert_string_equal(expanded_late(*state, argv, 1), "/$state/stamps/" NEW_UNIT "/local.1");
    /* These went through the unit's contract before. */
    argv = json_object_get(plan->steps[step_of_plan(plan, TRACK_UNDO, VERB_DRAIN_BEGIN, "")].params, "argv");
    assert_string_equal(expanded_late(*state, argv, 0), "feature/$x${instance.port}");
    assert_string_equal(expanded_late(*state, argv, 1), "/$state/stamps/" NEW_UNIT "/local.1");
    /* This is expanded once. */
    argv = json_object_get(plan->steps[step_of_plan(plan, TRACK_FORWARD, VERB_COMMAND_RUN, "c")].params, "argv");
    assert_string_equal(json_string_value(json_array_get(argv, 0)), "feature/$x${instance.port}");
}

#define FILE_TEXT(path)                                \
    "pipeline: prod\nenvironment: prod\n"              \
    "stamps:\n"                                        \
    "  start: [bin/rooms]\n"                           \
    "  health: {get: /}\n"                             \
    "  env: {KEY: {from_file: \"" path "\"}}\n"        \
    "traffic: {managed: {bind: \"127.0.0.1:8080\"}}\n" \
    "stages: [build, deploy]\n"

static void test_template_names__the_path_of_a_secret_is_expanded_once(void **state)
{
    struct planning p = planning_of(*state, FILE_TEXT("${instance.dir}/$$key"));
    const struct plan *plan;
    const json_t *env;

    p.facts.state_dir = "/$state";
    plan = planning_plan(&p);
    env = json_object_get(plan->steps[step_of_plan(plan, TRACK_FORWARD, VERB_INSTANCE_CREATE, "")].params, "env");
    assert_string_equal(json_get_text(json_array_get(env, 0), "value"), "/$state/stamps/" NEW_UNIT "/local.1/$key");
}

static void test_template_names__the_path_of_a_secret_knows_no_late_names(void **state)
{
    struct planning p = planning_of(*state, FILE_TEXT("/run/${instance.port}"));

    assert_null(planning_try(&p));
    assert_string_equal(diagnostics_get(p.problems, 0)->text, "unknown name '${instance.port}'");
    assert_int_equal(diagnostics_get(p.problems, 0)->mark.line, 6);
}

static void test_template_names__a_name_without_a_value_here_is_refused_at_its_place(void **state)
{
    struct planning p = planning_of(*state, HEAD_TEXT "stages:\n  - build\n  - command: {name: c, run: [one]}\n");
    const struct diagnostic *problem;

    p.pipeline->stages[1].command.items[0] = "${instance.port}";
    assert_null(planning_try(&p));
    problem = diagnostics_get(p.problems, 0);
    assert_int_equal(problem->mark.line, 14);
    assert_non_null(strstr(problem->text, "instance.port"));
}

static void test_template_names__an_unknown_name_is_refused_at_its_place(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    const struct diagnostic *problem;

    p.pipeline->stamps.start.items[0] = "${nobody}";
    assert_null(planning_try(&p));
    problem = diagnostics_get(p.problems, 0);
    assert_int_equal(problem->mark.line, 5);
    assert_non_null(strstr(problem->text, "nobody"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_template_names__early_names_are_filled_in),
        TEST_WITH_ARENA(test_template_names__names_without_a_value_are_empty),
        TEST_WITH_ARENA(test_template_names__late_names_and_double_dollars_stay_for_the_driver),
        TEST_WITH_ARENA(test_template_names__dollars_in_values_are_dollars),
        TEST_WITH_ARENA(test_template_names__the_path_of_a_secret_is_expanded_once),
        TEST_WITH_ARENA(test_template_names__the_path_of_a_secret_knows_no_late_names),
        TEST_WITH_ARENA(test_template_names__a_name_without_a_value_here_is_refused_at_its_place),
        TEST_WITH_ARENA(test_template_names__an_unknown_name_is_refused_at_its_place),
    };

    return RUN_TESTS(tests);
}
