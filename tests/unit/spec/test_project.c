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

static void test_project_parse__reads_the_rules(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const struct environment_spec *prod = NULL, *between = NULL;
    struct read read;

    assert_ok(file_read("tests/fixtures/specs/good/penstock-rules.yaml", &text));
    read = read_project(state, strbuf_view(&text));
    assert_no_problems(state, read);
    assert_string_equal(read.project->trunk, "develop");
    assert_int_equal(read.project->person_count, 2);
    assert_string_equal(read.project->people[0].login, "ana");
    assert_int_equal(read.project->people[0].mails.count, 2);
    assert_string_equal(read.project->people[1].mails.items[0], "bo@example.org");
    assert_int_equal(project_environment(read.project, "e2e")->keep_ms, (int64_t)72 * 60 * 60 * 1000);
    assert_string_equal(project_environment(read.project, "e2e")->branches.items[1], "fix/*");
    between = project_environment(read.project, "int");
    assert_int_equal(between->keep_ms, 0);
    assert_false(between->overrides.given);
    assert_false(between->hotfix.given);
    assert_true(between->windows[0].days[0] && between->windows[0].days[6]);
    assert_int_equal(between->windows[0].from_min, 0);
    assert_int_equal(between->windows[0].to_min, 24 * 60);
    assert_string_equal(between->windows[0].zone, "UTC");
    assert_int_equal(between->windows[0].zone_mark.line, 0);
    assert_int_equal(between->windows[1].from_min, 22 * 60);
    assert_int_equal(between->windows[1].to_min, 4 * 60);
    prod = project_environment(read.project, "prod");
    assert_true(prod->from_trunk);
    assert_int_equal(prod->from_trunk_mark.line, 17);
    assert_int_equal(prod->requirement_count, 2);
    assert_string_equal(prod->requirements[1].released_to, "e2e");
    assert_string_equal(prod->changelog, "CHANGELOG.md");
    assert_true(prod->windows[0].days[3]);
    assert_false(prod->windows[0].days[4]);
    assert_string_equal(prod->windows[0].zone, "Europe/Warsaw");
    assert_int_equal(prod->windows[0].zone_mark.line, 21);
    assert_int_equal(prod->windows[0].zone_mark.column, 72);
    assert_int_equal(prod->freeze_count, 2);
    assert_int_equal(prod->freezes[0].from_ms, INT64_C(1797638400000));
    assert_int_equal(prod->freezes[0].to_ms, INT64_C(1799051400000));
    assert_string_equal(prod->freezes[0].reason, "holidays");
    assert_int_equal(prod->freezes[1].from_ms, INT64_C(1803859200000));
    assert_int_equal(prod->freezes[1].to_ms, INT64_C(1804006800000));
    assert_true(prod->overrides.given && prod->overrides.bar_requester && prod->overrides.bar_authors);
    assert_int_equal(prod->overrides.people.count, 2);
    assert_true(environment_gate(prod, "release-managers")->bar_authors);
    assert_false(environment_gate(prod, "release-managers")->bar_requester);
    assert_true(prod->hotfix.given);
    assert_int_equal(prod->hotfix.max_commits, 2);
    assert_string_equal(prod->hotfix.gate, "on-call");
    assert_int_equal(prod->hotfix.review_ms, 24 * 60 * 60 * 1000);
    assert_int_equal(prod->hotfix.ladder_count, 2);
    assert_int_equal(prod->hotfix.ladder[0].share, 5000);
    assert_int_equal(prod->hotfix.ladder[0].hold_ms, 120000);
}

static void test_project_parse__hotfix_defaults(void **state)
{
    struct read read = read_project(state, "project: p\nenvironments: {prod: {gates: {g: {}}, hotfix: {gate: g}}}\n");
    const struct environment_spec *prod = project_environment(read.project, "prod");

    assert_no_problems(state, read);
    assert_string_equal(read.project->trunk, "main");
    assert_int_equal(prod->hotfix.max_commits, 3);
    assert_int_equal(prod->hotfix.max_files, 20);
    assert_int_equal(prod->hotfix.max_lines, 200);
    assert_int_equal(prod->hotfix.review_ms, (int64_t)48 * 60 * 60 * 1000);
    assert_int_equal(prod->hotfix.ladder_count, 0);
}

static void test_project_parse__circles_are_told_once(void **state)
{
    struct read read = read_project(state, "project: p\n"
                                           "environments:\n"
                                           "  a: {requires: [{released_to: b}]}\n"
                                           "  b: {requires: [{released_to: a}, {released_to: c}]}\n"
                                           "  c: {requires: [{released_to: d}]}\n"
                                           "  d: {requires: [{released_to: c}]}\n"
                                           "  e: {requires: [{released_to: d}]}\n");

    assert_string_equal(
        problems_text(state, read.problems, true),
        "3:32 the environments require each other in a circle: a, which b requires, which a requires\n"
        "5:32 the environments require each other in a circle: c, which d requires, which c requires\n");
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
                                 HEAD "stamps: {start: [a]}\ntraffic: {socket: /}\nstages:\n  - gate: managers\n"
                                      "  - shift: {steps: [{share: 100%, gate: on-call}]}\n"
                                      "  - destroy: {gate: on-call}\n"),
                        "");
}

static void test_spec_check_together__names_gates_that_are_not(void **state)
{
    assert_string_equal(together(state, PROJECT,
                                 HEAD "stamps: {start: [a]}\ntraffic: {socket: /}\nstages:\n  - gate: manager\n"
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
        TEST_WITH_ARENA(test_project_parse__reads_the_rules),
        TEST_WITH_ARENA(test_project_parse__hotfix_defaults),
        TEST_WITH_ARENA(test_project_parse__circles_are_told_once),
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
