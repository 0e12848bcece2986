/* `${names}` in the pipeline's texts: filled in early, or kept for the driver. */

#include "unit/plan/rich.h"

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
        TEST_WITH_ARENA(test_template_names__a_name_without_a_value_here_is_refused_at_its_place),
        TEST_WITH_ARENA(test_template_names__an_unknown_name_is_refused_at_its_place),
    };

    return RUN_TESTS(tests);
}
