#include "unit/spec/spec.h"

#include "base/file.h"

static void test_project_parse__fills_everything(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct environment_spec *prod = NULL;
    const struct gate_spec *gate = NULL;
    struct read read;

    assert_ok(file_read("tests/fixtures/specs/good/penstock.yaml", &text));
    read = read_project(state, strbuf_view(&text));
    assert_no_problems(state, read);
    assert_string_equal(read.project->file, "penstock.yaml");
    assert_string_equal(read.project->text, strbuf_view(&text));
    assert_string_equal(read.project->project, "rooms");
    assert_string_equal(read.project->state, ".penstock");
    assert_string_equal(read.project->repository, ".");
    assert_int_equal(read.project->environment_count, 2);
    assert_true(project_environment(read.project, "e2e")->allow_as);
    assert_string_equal(project_environment(read.project, "e2e")->pipeline, "pipelines/e2e.yaml");
    assert_null(project_environment(read.project, "int"));
    prod = project_environment(read.project, "prod");
    assert_false(prod->allow_as);
    assert_string_equal(prod->pipeline, "pipelines/prod.yaml");
    assert_int_equal(prod->mark.line, 10);
    assert_int_equal(prod->mark.column, 3);
    assert_int_equal(prod->gate_count, 2);
    gate = environment_gate(prod, "release-managers");
    assert_int_equal(gate->people.count, 3);
    assert_string_equal(gate->people.items[2], "chi@example.org");
    assert_int_equal(gate->approvals, 2);
    assert_true(gate->bar_requester);
    assert_int_equal(gate->expires_ms, 24 * 60 * 60 * 1000);
    assert_int_equal(gate->on_expiry, EXPIRY_HOLD);
    assert_null(environment_gate(prod, "nobody"));
}

static void test_project_parse__fills_in_what_is_absent(void **state)
{
    struct read read = read_project(state, "project: p\nenvironments: {prod: {gates: {g: {}}}}\n");
    const struct gate_spec *gate = NULL;

    assert_no_problems(state, read);
    assert_string_equal(read.project->state, ".penstock");
    assert_string_equal(read.project->repository, ".");
    gate = environment_gate(project_environment(read.project, "prod"), "g");
    assert_int_equal(gate->people.count, 0);
    assert_int_equal(gate->approvals, 1);
    assert_false(gate->bar_requester);
    assert_int_equal(gate->expires_ms, 24 * 60 * 60 * 1000);
    assert_int_equal(gate->on_expiry, EXPIRY_HOLD);
}

static void test_project_parse__words_of_expiry(void **state)
{
    struct read read = read_project(state, "project: p\nenvironments: {prod: {gates: {g: {on_expiry: reject}}}}\n");

    assert_no_problems(state, read);
    assert_int_equal(read.project->environments[0].gates[0].on_expiry, EXPIRY_REJECT);
}

static void test_project_parse__anyone_may_be_several(void **state)
{
    struct read read = read_project(state, "project: p\nenvironments: {prod: {gates: {g: {approvals: 5}}}}\n");

    assert_no_problems(state, read);
}

static void test_project_parse__survives_what_is_no_project(void **state)
{
    struct read read = read_project(state, "[");

    assert_int_equal(diagnostics_count(read.problems), 1);
    assert_int_equal(read.project->environment_count, 0);
}

/* Both files, and the problems that only both show. */
static const char *together(void **state, const char *project, const char *pipeline)
{
    struct read a = read_project(state, project);
    struct read b = read_pipeline(state, pipeline);
    struct diagnostics *problems = diagnostics_new(*state);

    assert_no_problems(state, a);
    assert_no_problems(state, b);
    diagnostics_add_file(problems, "p.yaml", pipeline, strlen(pipeline));
    spec_check_together(a.project, b.pipeline, problems);
    return problems_text(state, problems, true);
}

#define PROJECT "project: p\nenvironments: {e: {gates: {managers: {}, on-call: {}}}, prod: {}}\n"

static void test_spec_check_together__accepts_gates_that_are_there(void **state)
{
    assert_string_equal(together(state, PROJECT,
                                 HEAD "stamps: {start: [a]}\ntraffic: {socket: s}\nstages:\n  - gate: managers\n"
                                      "  - shift: {steps: [{share: 100%, gate: on-call}]}\n"
                                      "  - destroy: {gate: on-call}\n"),
                        "");
}

static void test_spec_check_together__names_gates_that_are_not(void **state)
{
    assert_string_equal(together(state, PROJECT,
                                 HEAD "stamps: {start: [a]}\ntraffic: {socket: s}\nstages:\n  - gate: manager\n"
                                      "  - shift: {steps: [{share: 100%, gate: oncall}]}\n"
                                      "  - destroy: {gate: release}\n"),
                        "6:11 there is no gate 'manager' in the environment 'e' of penstock.yaml\n"
                        "  help: did you mean 'managers'?\n"
                        "7:41 there is no gate 'oncall' in the environment 'e' of penstock.yaml\n"
                        "  help: did you mean 'on-call'?\n"
                        "8:21 there is no gate 'release' in the environment 'e' of penstock.yaml\n"
                        "  help: the gates are: managers, on-call\n");
}

static void test_spec_check_together__says_where_a_gate_would_be_written(void **state)
{
    assert_string_equal(together(state, PROJECT, "pipeline: p\nenvironment: prod\nstages: [gate: g]\n"),
                        "3:16 there is no gate 'g' in the environment 'prod' of penstock.yaml\n"
                        "  help: add it to environments.prod.gates in penstock.yaml\n");
}

static void test_spec_check_together__wants_an_environment(void **state)
{
    assert_string_equal(together(state, PROJECT, "pipeline: p\nenvironment: prd\nstages: [gate: g]\n"),
                        "2:14 there is no environment 'prd' in penstock.yaml\n"
                        "  help: did you mean 'prod'?\n");
    assert_string_equal(together(state, PROJECT, "pipeline: p\nenvironment: staging\nstages: [build]\n"),
                        "2:14 there is no environment 'staging' in penstock.yaml\n"
                        "  help: the environments are: e, prod\n");
}

static void test_spec_check_together__is_silent_about_a_broken_pipeline(void **state)
{
    struct read a = read_project(state, PROJECT);
    struct read b = read_pipeline(state, "pipeline: p\n");
    struct diagnostics *problems = diagnostics_new(*state);

    spec_check_together(a.project, b.pipeline, problems);
    assert_int_equal(diagnostics_count(problems), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_project_parse__fills_everything),
        TEST_WITH_ARENA(test_project_parse__fills_in_what_is_absent),
        TEST_WITH_ARENA(test_project_parse__words_of_expiry),
        TEST_WITH_ARENA(test_project_parse__anyone_may_be_several),
        TEST_WITH_ARENA(test_project_parse__survives_what_is_no_project),
        TEST_WITH_ARENA(test_spec_check_together__accepts_gates_that_are_there),
        TEST_WITH_ARENA(test_spec_check_together__names_gates_that_are_not),
        TEST_WITH_ARENA(test_spec_check_together__says_where_a_gate_would_be_written),
        TEST_WITH_ARENA(test_spec_check_together__wants_an_environment),
        TEST_WITH_ARENA(test_spec_check_together__is_silent_about_a_broken_pipeline),
    };

    return RUN_TESTS(tests);
}
