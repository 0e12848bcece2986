/* Rehearsals of small pipelines: what is found, in which words. The program around them is rehearse.bats's. */

#include "unit/unit.h"

#include "base/json.h"
#include "base/text.h"
#include "model/rehearse.h"
#include "spec/diagnostics.h"
#include "spec/pipeline.h"
#include "spec/project.h"

static const char project_text[] = "project: p\n"
                                   "environments:\n"
                                   "  prod:\n"
                                   "    gates:\n"
                                   "      go: {people: [ana, bo], approvals: 2, barred: [requester]}\n";

struct pipeline_parts {
    const char *probes, *begin, *until, *more; /* NULL = as usual */
};

static void must_be_empty(struct diagnostics *problems)
{
    if (diagnostics_count(problems) > 0)
        fail_msg("%s", diagnostics_get(problems, 0)->text);
}

static json_t *rehearsed(struct arena *arena, struct pipeline_parts parts, const char *requester,
                         enum rehearsal_faults faults, uint64_t seed)
{
    struct diagnostics *problems = diagnostics_new(arena);
    struct project_spec *project;
    struct rehearsal_cast cast = {.requester = requester, .faults = faults};
    json_t *document = NULL;
    const char *text = arena_printf(
        arena,
        "pipeline: prod\nenvironment: prod\n"
        "stamps:\n  start: [./rooms]\n  env: {TOKEN: {from_env: NOBODY_HAS_THIS}}\n  health: {get: /health}\n"
        "  probes: {%s}\n  drain: {begin: %s, cancel: none}\n"
        "traffic: {driver: haproxy, managed: {bind: \"0.0.0.0:8080\"}}\n"
        "stages:\n- build\n- deploy\n- validate\n- shift: {steps: [{share: 50%%%s}, {share: 100%%}]}\n"
        "- drain: {until: {%s}, deadline: {after: 2h, do: ask}}\n- destroy\n",
        parts.probes ? parts.probes : "rooms: {get: /r, count: $.rooms}, recordings: {get: /r, json: $.rec}",
        parts.begin ? parts.begin : "{post: /drain}", parts.more ? parts.more : "",
        parts.until ? parts.until : "rooms: 0, recordings: 0");

    project_parse(arena, "penstock.yaml", project_text, strlen(project_text), problems, &project);
    pipeline_parse(arena, "prod.yaml", text, strlen(text), problems, &cast.pipeline);
    must_be_empty(problems);
    spec_check_together(project, cast.pipeline, problems);
    must_be_empty(problems);
    cast.project = project;
    cast.environment = project_environment(project, "prod");
    assert_null(rehearse(&cast, seed, &document));
    return json_in_arena(arena, document);
}

static const json_t *finding(const json_t *document, const char *what)
{
    const json_t *found = json_array_get(json_object_get(document, "findings"), 0);

    assert_false(json_is_true(json_object_get(document, "good")));
    assert_string_equal(json_get_text(found, "what"), what);
    return found;
}

static void assert_good(const json_t *document)
{
    const json_t *found = json_array_get(json_object_get(document, "findings"), 0);

    if (found)
        fail_msg("%s", json_get_text(found, "text"));
    assert_true(json_is_true(json_object_get(document, "good")));
}

static void test_rehearse__a_good_pipeline_loses_nothing(void **state)
{
    for (uint64_t seed = 1; seed <= 12; seed++)
        assert_good(rehearsed(*state, (struct pipeline_parts){0}, "chi", seed % 2 ? FAULTS_SOME : FAULTS_MANY, seed));
}

static void test_rehearse__each_kind_of_work_is_missed(void **state)
{
    static const struct {
        const char *until, *text;
    } cases[] = {
        {"recordings: 0, queue_depth: 0", "this pipeline destroys too early: it loses rooms"},
        {"rooms: 0, queue_depth: 0", "this pipeline destroys too early: it loses recordings"},
        {"rooms: 0, recordings: 0", "this pipeline destroys too early: it loses queued work"},
        {"rooms: 0, recordings: 3, queue_depth: 0", "this pipeline destroys too early: it loses recordings"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct pipeline_parts parts = {
            .probes = "rooms: {get: /r, count: $.rooms}, recordings: {get: /r, metric: recording}, "
                      "queue_depth: {get: /q, sql: \"select 1\"}",
            .until = cases[i].until};
        const json_t *document = rehearsed(*state, parts, "chi", FAULTS_NONE, i + 1);

        assert_string_equal(json_get_text(finding(document, "destroys_too_early"), "text"), cases[i].text);
    }
}

static void test_rehearse__a_gate_that_cannot_open(void **state)
{
    const json_t *document = rehearsed(*state, (struct pipeline_parts){.more = ", gate: go"}, "ana", FAULTS_NONE, 1);
    const json_t *found = finding(document, "gate_never_opens");

    assert_string_equal(json_get_text(found, "text"), "this release never ends: gate 'go' cannot open");
    assert_string_equal(
        json_get_text(json_array_get(json_object_get(found, "places"), 0), "text"),
        "it wants 2 approvals, and only one person may give one: 'ana' asks for the release and is barred");
    assert_good(rehearsed(*state, (struct pipeline_parts){.more = ", gate: go"}, "chi", FAULTS_NONE, 1));
}

static void test_rehearse__every_way_to_drain(void **state)
{
    static const char *const ways[] = {"{put: /drain, body: {on: true}}", "{signal: USR2}",
                                       "{command: [ctl, \"${instance.address}\"]}", "none"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        assert_good(rehearsed(*state, (struct pipeline_parts){.begin = ways[i]}, "chi", FAULTS_NONE, i + 1));
}

static void test_rehearse__the_same_seed_is_the_same(void **state)
{
    const json_t *one = rehearsed(*state, (struct pipeline_parts){0}, "chi", FAULTS_MANY, 5);
    const json_t *two = rehearsed(*state, (struct pipeline_parts){0}, "chi", FAULTS_MANY, 5);
    const json_t *other = rehearsed(*state, (struct pipeline_parts){0}, "chi", FAULTS_MANY, 6);

    assert_true(json_equal(one, two));
    assert_false(json_equal(one, other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_rehearse__a_good_pipeline_loses_nothing),
        TEST_WITH_ARENA(test_rehearse__each_kind_of_work_is_missed),
        TEST_WITH_ARENA(test_rehearse__a_gate_that_cannot_open),
        TEST_WITH_ARENA(test_rehearse__every_way_to_drain),
        TEST_WITH_ARENA(test_rehearse__the_same_seed_is_the_same),
    };

    return RUN_TESTS(tests);
}
