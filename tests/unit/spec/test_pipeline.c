#include "unit/spec/spec.h"

#include <signal.h>

#include "base/file.h"

static struct pipeline_spec *good_pipeline(void **state, const char *path)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct read read;

    assert_ok(file_read(path, &text));
    read = read_pipeline(state, arena_text_n(*state, strbuf_view(&text), text.length));
    assert_no_problems(state, read);
    return read.pipeline;
}

static void test_pipeline_parse__fills_the_unit_and_the_stamps(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/prod.yaml");

    assert_string_equal(p->file, "p.yaml");
    assert_string_equal(p->name, "prod");
    assert_string_equal(p->environment, "prod");
    assert_int_equal(p->environment_mark.line, 3);
    assert_int_equal(p->environment_mark.column, 14);
    assert_int_equal(p->on_failure, ON_FAILURE_ROLLBACK);
    assert_int_equal(p->unit.build.count, 3);
    assert_string_equal(p->unit.build.items[2], "OUT=${unit.out}");
    assert_int_equal(p->unit.build.mark.column, 10);
    assert_int_equal(p->unit.build.marks[1].column, 17);
    assert_string_equal(p->unit.artifacts.items[0], "rooms.tar.gz");
    assert_int_equal(p->unit.timeout_ms, 20 * 60 * 1000);
    assert_int_equal(p->unit.mark.line, 7);
    assert_int_equal(p->stamps.driver, STAMP_PROCESS);
    assert_int_equal(p->stamps.regions.count, 2);
    assert_int_equal(p->stamps.instances, 2);
    assert_int_equal(p->stamps.start.count, 7);
    assert_string_equal(p->stamps.start.items[6], "8080");
    assert_int_equal(p->stamps.stop.signal, SIGTERM);
    assert_int_equal(p->stamps.stop.grace_ms, 30000);
    assert_true(p->stamps.health.given);
    assert_string_equal(p->stamps.health.get, "/health");
    assert_int_equal(p->stamps.health.every_ms, 1000);
    assert_int_equal(p->stamps.health.unhealthy, 3);
    assert_int_equal(p->stamps.health.mark.line, 23);
}

static void test_pipeline_parse__fills_the_environment(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/prod.yaml");

    assert_int_equal(p->stamps.env_count, 5);
    assert_string_equal(p->stamps.env[0].name, "REGION");
    assert_int_equal(p->stamps.env[0].source, SECRET_LITERAL);
    assert_string_equal(p->stamps.env[0].value, "${stamp.region}");
    assert_int_equal(p->stamps.env[1].source, SECRET_FROM_ENV);
    assert_string_equal(p->stamps.env[1].value, "ROOMS_TOKEN");
    assert_int_equal(p->stamps.env[1].mark.line, 18);
    assert_int_equal(p->stamps.env[2].source, SECRET_FROM_FILE);
    assert_string_equal(p->stamps.env[3].value, "");
    assert_string_equal(p->stamps.env[4].value, "4");
}

static const struct probe_spec *probe_of(const struct pipeline_spec *pipeline, const char *name)
{
    for (int i = 0; i < pipeline->stamps.probe_count; i++)
        if (text_is(pipeline->stamps.probes[i].name, name))
            return &pipeline->stamps.probes[i];
    fail_msg("there is no probe '%s'", name);
    return NULL;
}

static void test_pipeline_parse__fills_probes_and_drain(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/prod.yaml");
    const struct probe_spec *probe = probe_of(p, "rooms");

    assert_int_equal(p->stamps.probe_count, 4);
    assert_int_equal(probe->kind, PROBE_COUNT);
    assert_string_equal(probe->expression, "$.rooms");
    assert_string_equal(probe->identity, "$.boot");
    assert_string_equal(probe->http.get, "/rooms");
    assert_null(probe->http.post);
    assert_int_equal(probe->http.timeout_ms, 5000);
    assert_int_equal(probe->http.mark.column, 18);
    assert_int_equal(probe_of(p, "recordings")->kind, PROBE_SQL);
    assert_int_equal(probe_of(p, "errors")->kind, PROBE_METRIC);
    assert_int_equal(probe_of(p, "errors")->http.timeout_ms, 1000);
    assert_int_equal(probe_of(p, "pending")->kind, PROBE_JSON);
    assert_int_equal(p->stamps.drain_begin.kind, ACTION_HTTP);
    assert_string_equal(p->stamps.drain_begin.http.post, "/drain");
    assert_string_equal(p->stamps.drain_begin.http.body, "{\"accept\":false}");
    assert_int_equal(p->stamps.drain_begin.http.timeout_ms, 5000);
    assert_int_equal(p->stamps.drain_begin.http.mark.line, 32);
    assert_string_equal(p->stamps.drain_cancel.http.body, "{\"accept\":true}");
}

static void test_pipeline_parse__fills_the_stages(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/prod.yaml");
    static const enum stage_kind kinds[] = {STAGE_BUILD, STAGE_DEPLOY,  STAGE_VALIDATE, STAGE_GATE,
                                            STAGE_SHIFT, STAGE_COMMAND, STAGE_DRAIN,    STAGE_DESTROY};
    const struct stage_spec *stage = NULL;

    assert_int_equal(p->stage_count, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(p->stages[i].kind, kinds[i]);
    stage = &p->stages[2];
    assert_string_equal(stage->name, "validate");
    assert_int_equal(stage->mark.line, 44);
    assert_int_equal(stage->mark.column, 5);
    assert_int_equal(stage->check_count, 2);
    assert_int_equal(stage->checks[0].kind, CHECK_HTTP);
    assert_int_equal(stage->checks[0].expect.status, 200);
    assert_string_equal(stage->checks[0].expect.contains, "rooms");
    assert_int_equal(stage->checks[0].timeout_ms, 30000);
    assert_int_equal(stage->checks[0].http.timeout_ms, 30000);
    assert_int_equal(stage->checks[0].attempts, 3);
    assert_int_equal(stage->checks[1].kind, CHECK_COMMAND);
    assert_int_equal(stage->checks[1].command.count, 2);
    assert_int_equal(stage->checks[1].attempts, 1);
    assert_string_equal(p->stages[3].gate, "release-managers");
    assert_int_equal(p->stages[3].gate_mark.column, 11);
    stage = &p->stages[4];
    assert_int_equal(stage->step_count, 4);
    assert_int_equal(stage->steps[1].share, 1225);
    assert_int_equal(stage->steps[1].hold_ms, 30 * 60 * 1000);
    assert_string_equal(stage->steps[2].gate, "release-managers");
    assert_int_equal(stage->steps[2].gate_mark.column, 30);
    assert_int_equal(stage->steps[2].hold_ms, 0);
    assert_null(stage->steps[3].gate);
    assert_int_equal(stage->watch_count, 1);
    assert_string_equal(stage->watch[0].probe, "errors");
    assert_int_equal(stage->watch[0].max, 3);
    assert_int_equal(stage->watch[0].probe_mark.column, 19);
    assert_true(stage->prober.given);
    assert_int_equal(stage->prober.every_ms, 100);
    assert_int_equal(stage->prober.timeout_ms, 5000);
    stage = &p->stages[5];
    assert_string_equal(stage->name, "announce");
    assert_true(stage->repeatable);
    assert_string_equal(stage->undo.items[0], "bin/retract");
    stage = &p->stages[6];
    assert_int_equal(stage->drain.until_count, 2);
    assert_string_equal(stage->drain.until[1].probe, "recordings");
    assert_int_equal(stage->drain.until[1].max, 0);
    assert_int_equal(stage->drain.until[1].mark.column, 25);
    assert_int_equal(stage->drain.settle_samples, 3);
    assert_int_equal(stage->drain.settle_over_ms, 30000);
    assert_int_equal(stage->drain.deadline_ms, 8 * 60 * 60 * 1000);
    assert_int_equal(stage->drain.deadline_do, DEADLINE_ASK);
    stage = &p->stages[7];
    assert_string_equal(stage->gate, "on-call");
    assert_true(stage->needs_given);
    assert_int_equal(stage->needs.count, 2);
}

static void test_pipeline_parse__fills_in_what_is_absent(void **state)
{
    struct read read = read_pipeline(state, HEAD "stages: [build]\n");
    struct pipeline_spec *p = read.pipeline;

    assert_no_problems(state, read);
    assert_int_equal(p->on_failure, ON_FAILURE_ROLLBACK);
    assert_int_equal(p->unit.build.count, 0);
    assert_int_equal(p->unit.timeout_ms, 30 * 60 * 1000);
    assert_int_equal(p->unit.mark.line, 0);
    assert_int_equal(p->stamps.regions.count, 1);
    assert_string_equal(p->stamps.regions.items[0], "local");
    assert_null(p->stamps.regions.marks);
    assert_int_equal(p->stamps.instances, 1);
    assert_int_equal(p->stamps.stop.signal, SIGTERM);
    assert_int_equal(p->stamps.stop.grace_ms, 30000);
    assert_false(p->stamps.health.given);
    assert_null(p->stamps.health.get);
    assert_int_equal(p->stamps.health.timeout_ms, 2000);
    assert_int_equal(p->stamps.health.healthy, 2);
    assert_int_equal(p->stamps.health.start_ms, 30000);
    assert_int_equal(p->stamps.drain_begin.kind, ACTION_NONE);
    assert_int_equal(p->stamps.drain_begin.http.timeout_ms, 5000);
    assert_int_equal(p->traffic.pool_count, 1);
    assert_string_equal(p->traffic.pools[0].name, "app");
    assert_string_equal(p->traffic.pools[0].match, "/");
    assert_null(p->traffic.url);
    assert_string_equal(p->stages[0].name, "build");
    assert_int_equal(p->stages[0].retries, 2);
    assert_int_equal(p->stages[0].timeout_ms, 0);
    assert_false(p->stages[0].needs_given);
}

static void test_pipeline_parse__fills_in_bare_stages(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/bare-kinds.yaml");
    const struct stage_spec *shift = &p->stages[4];
    const struct stage_spec *drain = &p->stages[5];

    assert_string_equal(p->traffic.socket, "/run/haproxy/admin.sock");
    assert_null(p->traffic.managed_bind);
    assert_int_equal(p->stages[1].kind, STAGE_DEPLOY);
    assert_int_equal(p->stages[1].retries, 2);
    assert_string_equal(p->stages[3].gate, "approve");
    assert_int_equal(shift->step_count, 1);
    assert_int_equal(shift->steps[0].share, SHARE_ALL);
    assert_int_equal(shift->steps[0].mark.line, shift->mark.line);
    assert_false(shift->prober.given);
    assert_int_equal(drain->drain.until_count, 0);
    assert_int_equal(drain->drain.settle_samples, 3);
    assert_int_equal(drain->drain.settle_over_ms, 10000);
    assert_int_equal(drain->drain.every_ms, 1000);
    assert_int_equal(drain->drain.deadline_ms, 0);
    assert_null(p->stages[6].gate);
    assert_false(p->stages[7].repeatable);
}

static void test_pipeline_parse__knows_the_other_actions(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/actions.yaml");

    assert_int_equal(p->stamps.drain_begin.kind, ACTION_SIGNAL);
    assert_int_equal(p->stamps.drain_begin.signal, SIGUSR1);
    assert_int_equal(p->stamps.drain_cancel.kind, ACTION_NONE);
    p = good_pipeline(state, "tests/fixtures/specs/good/actions-command.yaml");
    assert_int_equal(p->stamps.drain_begin.kind, ACTION_COMMAND);
    assert_int_equal(p->stamps.drain_begin.command.count, 2);
    assert_string_equal(p->stamps.drain_cancel.http.put, "/drain");
    assert_string_equal(p->stamps.drain_cancel.http.body, "[1,1.50,-2,\"a\",null,true,{}]");
    assert_int_equal(p->stamps.drain_cancel.http.timeout_ms, 1000);
}

static void test_pipeline_parse__takes_arguments_as_they_are_written(void **state)
{
    struct pipeline_spec *p = good_pipeline(state, "tests/fixtures/specs/good/texts.yaml");
    static const char *const texts[] = {
        "echo", "", "12", "010", "true", "yes", "folded ${unit.name} text $$\n", "quoted ${environment} $${project}"};

    assert_int_equal(p->unit.build.count, 8);
    for (int i = 0; i < 8; i++)
        assert_string_equal(p->unit.build.items[i], texts[i]);
}

static void test_pipeline_parse__makes_the_url_of_a_managed_door(void **state)
{
    struct read read = read_pipeline(state, HEAD "traffic: {managed: {bind: '[::1]:8080'}}\nstages: [build]\n");

    assert_no_problems(state, read);
    assert_string_equal(read.pipeline->traffic.url, "http://[::1]:8080");
    read = read_pipeline(state, HEAD "traffic: {managed: {bind: '1.2.3.4:80'}, url: 'https://x'}\nstages: [build]\n");
    assert_no_problems(state, read);
    assert_string_equal(read.pipeline->traffic.url, "https://x");
}

static void test_pipeline_parse__survives_what_is_no_pipeline(void **state)
{
    struct read read = read_pipeline(state, "- a\n");

    assert_int_equal(diagnostics_count(read.problems), 1);
    assert_non_null(read.pipeline);
    assert_int_equal(read.pipeline->stage_count, 0);
    assert_string_equal(read.pipeline->text, "- a\n");
}

static void test_pipeline_parse__stops_when_there_are_enough_problems(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct read read;

    strbuf_text(&text, HEAD "stages:\n");
    for (int i = 0; i < 20000; i++)
        strbuf_text(&text, "  - nope\n");
    read = read_pipeline(state, strbuf_view(&text));
    assert_int_equal(diagnostics_count(read.problems), DIAGNOSTICS_ENOUGH);
    assert_int_equal(diagnostics_get(read.problems, DIAGNOSTICS_MOST - 1)->mark.line, 3 + DIAGNOSTICS_MOST);
}

static void test_pipeline_parse__problems_may_outlive_the_pipeline(void **state)
{
    static const char text[] = HEAD "unit: {build: [\"${nope}\"], timeuot: 5}\n"
                                    "stages: [build, shift: {watch: [{probe: a, max: x}]}, build: {needs: [bild]}]\n";
    struct arena *parse = arena_new();
    struct diagnostics *problems = diagnostics_new(*state);
    struct pipeline_spec *pipeline = NULL;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    pipeline_parse(parse, arena_text(parse, "p.yaml"), text, strlen(text), problems, &pipeline);
    arena_free(parse);
    diagnostics_render(problems, &out);
    assert_non_null(strstr(strbuf_view(&out), "--> p.yaml:4:71\n"));
    assert_non_null(strstr(strbuf_view(&out), "= help: did you mean 'build'?\n"));
    assert_non_null(strstr(strbuf_view(&out), "= see:  penstock explain stages.build.needs\n"));
}

static void test_pipeline__texts_of_kinds(void **state)
{
    (void)state;
    assert_string_equal(stage_kind_text(STAGE_BUILD), "build");
    assert_string_equal(stage_kind_text(STAGE_COMMAND), "command");
    assert_string_equal(probe_kind_text(PROBE_JSON), "json");
    assert_string_equal(probe_kind_text(PROBE_COUNT), "count");
    assert_string_equal(probe_kind_text(PROBE_SQL), "sql");
    assert_string_equal(probe_kind_text(PROBE_METRIC), "metric");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_pipeline_parse__fills_the_unit_and_the_stamps),
        TEST_WITH_ARENA(test_pipeline_parse__fills_the_environment),
        TEST_WITH_ARENA(test_pipeline_parse__fills_probes_and_drain),
        TEST_WITH_ARENA(test_pipeline_parse__fills_the_stages),
        TEST_WITH_ARENA(test_pipeline_parse__fills_in_what_is_absent),
        TEST_WITH_ARENA(test_pipeline_parse__fills_in_bare_stages),
        TEST_WITH_ARENA(test_pipeline_parse__knows_the_other_actions),
        TEST_WITH_ARENA(test_pipeline_parse__takes_arguments_as_they_are_written),
        TEST_WITH_ARENA(test_pipeline_parse__makes_the_url_of_a_managed_door),
        TEST_WITH_ARENA(test_pipeline_parse__survives_what_is_no_pipeline),
        TEST_WITH_ARENA(test_pipeline_parse__stops_when_there_are_enough_problems),
        TEST_WITH_ARENA(test_pipeline_parse__problems_may_outlive_the_pipeline),
        TEST_WITH_ARENA(test_pipeline__texts_of_kinds),
    };

    return RUN_TESTS(tests);
}
