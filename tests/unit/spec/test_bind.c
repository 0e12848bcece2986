#include "unit/spec/spec.h"

/* One behaviour each; whole files with all their problems are in test_corpus.c. */

#define STAMPS "stamps: {start: [a]}\n"

static void test_bind__says_where_explain_helps(void **state)
{
    struct read read = read_pipeline(state, HEAD STAMPS "stages: [{validate: {checks: [{name: a, get: b}]}}]\n");

    assert_string_equal(diagnostics_get(read.problems, 0)->see, "stages.validate.checks.get");
    assert_int_equal(diagnostics_get(read.problems, 0)->width, 1);
    read = read_pipeline(state, HEAD "stages: [build]\nfoo: 1\n");
    assert_null(diagnostics_get(read.problems, 0)->see);
    assert_int_equal(diagnostics_get(read.problems, 0)->width, 3);
}

static void test_bind__unknown_keys(void **state)
{
    assert_problems_and_hints(
        state,
        "stamps: {start: [a], helth: {}, zebra: 1, x-zebra: 2}\n"
        "stages: [build]\n",
        "3:22 unknown key 'helth' in the block 'stamps'\n"
        "  help: did you mean 'health'?\n"
        "3:33 unknown key 'zebra' in the block 'stamps'\n"
        "  help: the keys here are: driver, regions, instances, start, env, stop, health, probes, "
        "drain\n");
}

static void test_bind__a_mistyped_key_is_not_also_missing(void **state)
{
    assert_problems(state, "stamps: {satrt: [a]}\nstages: [build]\n",
                    "3:10 unknown key 'satrt' in the block 'stamps'\n");
    assert_problems(state, "stamps: {zebra: [a]}\nstages: [build]\n",
                    "3:9 the key 'start' is missing in the block 'stamps'\n"
                    "3:10 unknown key 'zebra' in the block 'stamps'\n");
    assert_problems(state, "traffic: {sokcet: a}\nstages: [build]\n",
                    "3:11 unknown key 'sokcet' in the block 'traffic'\n");
}

static void test_bind__booleans(void **state)
{
    assert_problems(state, "stages: [command: {run: [x], repeatable: yes}]\n",
                    "3:42 'repeatable' is 'yes'; write true or false\n");
    assert_problems(state, "stages: [command: {run: [x], repeatable: 'true'}]\n",
                    "3:42 'repeatable' is 'true'; write true or false without quotes\n");
    assert_problems(state, "stages: [command: {run: [x], repeatable: false}]\n", "");
}

static void test_bind__numbers(void **state)
{
    assert_problems(state, "stages: [build: {retries: 02}]\n",
                    "3:27 'retries' is '02'; a number may not begin with 0\n");
    assert_problems(state, "stages: [build: {retries: -02}]\n",
                    "3:27 'retries' is '-02'; a number may not begin with 0\n");
    assert_problems(state, "stages: [build: {retries: '2'}]\n",
                    "3:27 'retries' is the text '2'; expected a number without quotes\n");
    assert_problems(state, "stages: [build: {retries: 101}]\n",
                    "3:27 'retries' is '101'; expected a whole number from 0 to 100\n");
    assert_problems(state, "stages: [build: {retries: 99999999999999999999}]\n",
                    "3:27 'retries' is '99999999999999999999'; expected a whole number from 0 to 100\n");
    assert_problems(state, STAMPS "stages: [drain: {until: {a: -1}}]\n",
                    "4:26 there is no probe 'a' in 'stamps.probes'\n"
                    "4:29 'a' is '-1'; expected a whole number from 0 up\n");
    assert_problems(state, "stages: [build: {retries: 0}]\n", "");
    assert_problems(state, "stages: [build: {retries: 100}]\n", "");
}

static void test_bind__durations(void **state)
{
    assert_problems_and_hints(state, "stages: [build: {timeout: 30}]\n",
                              "3:27 'timeout' is '30'; expected a duration with units, such as 250ms, 90s, 1h30m\n"
                              "  help: add a unit: 30s\n");
    assert_problems(state, "stages: [build: {timeout: 999ms}]\n", "3:27 'timeout' is '999ms'; expected at least 1s\n");
    assert_problems(state, "stages: [build: {timeout: 366d}]\n", "3:27 'timeout' is '366d'; expected at most 365d\n");
    assert_problems(state, "stages: [build: {timeout: 1h30m}]\n", "");
}

static void test_bind__shares(void **state)
{
#define SHARE(share) STAMPS "traffic: {socket: /}\nstages: [shift: {steps: [{share: " share "}]}]\n"
    assert_problems_and_hints(state, SHARE("120%"),
                              "5:34 share 120% is above 100%\n"
                              "  help: a share is the part of new traffic that the new unit gets, from 0% to 100%\n");
    assert_problems(state, SHARE("1.234%"), "5:34 share 1.234% has more than two decimals\n");
    assert_problems_and_hints(state, SHARE("5"),
                              "5:34 'share' is '5'; expected a share in percent, such as 5% or 12.5%\n"
                              "  help: add the percent sign: 5%\n");
    assert_problems(state, SHARE("half"), "5:34 'share' is 'half'; expected a share in percent, such as 5% or 12.5%\n");
    assert_problems(state, SHARE("0%"), "");
    assert_problems(state, SHARE("99.99%"), "");
#undef SHARE
}

static void test_bind__words_and_drivers(void **state)
{
    assert_problems_and_hints(state, "on_failure: rolback\nstages: [build]\n",
                              "3:13 'on_failure' is 'rolback'; expected one of: rollback, hold\n"
                              "  help: did you mean 'rollback'?\n");
    assert_problems(state, "stamps: {driver: docker, start: [a]}\nstages: [build]\n",
                    "3:18 driver 'docker' is not there in this version; it has: process\n");
    assert_problems(state, "traffic: {driver: caddy, socket: /}\nstages: [build]\n",
                    "3:19 driver 'caddy' is not there in this version; it has: haproxy\n");
}

static void test_bind__texts_want_quotes_around_numbers(void **state)
{
    assert_problems_and_hints(
        state, "stages: [gate: 12]\n",
        "3:16 'gate' is the number '12'; expected a name (letters, digits, '-', '_', '.'; a letter or digit first; at "
        "most 63)\n"
        "  help: put it in quotes: \"12\"\n");
    assert_problems(state, "stages: [gate: '12']\n", "");
}

static void test_bind__lists(void **state)
{
    assert_problems_and_hints(state, "unit: {build: make dist}\nstages: [build]\n",
                              "3:15 'build' is 'make dist'; expected a list of arguments, such as [make, dist]\n"
                              "  help: there is no shell between: each argument is an element of its own\n");
    assert_problems(state, "unit: {build: ['', x]}\nstages: [build]\n",
                    "3:16 the first element of 'build' is empty; expected a program\n");
    assert_problems(state, "unit: {build: []}\nstages: [build]\n",
                    "3:15 'build' is an empty list; expected at least 1\n");
    assert_problems(state, "unit: {artifacts: [a, b, a, a]}\nstages: [build]\n",
                    "3:26 'a' is in 'artifacts' twice\n"
                    "3:29 'a' is in 'artifacts' twice\n");
}

static void test_bind__addresses(void **state)
{
    assert_problems(state, "traffic: {managed: {bind: 'localhost:80'}}\nstages: [build]\n",
                    "3:27 'bind' is 'localhost:80'; expected an address and port, such as 127.0.0.1:8080\n");
    assert_problems(state, "traffic: {managed: {bind: '127.0.0.1:65536'}}\nstages: [build]\n",
                    "3:27 'bind' is '127.0.0.1:65536'; expected an address and port, such as 127.0.0.1:8080\n");
}

static void test_bind__one_of(void **state)
{
    assert_problems_and_hints(state, "traffic: {socket: /, managed: {bind: '127.0.0.1:80'}}\nstages: [build]\n",
                              "3:22 the block 'traffic' has 'socket' and 'managed'; expected one of them\n"
                              "  help: exactly one of: socket, managed\n");
    assert_problems(state, "traffic: {}\nstages: [build]\n",
                    "3:10 the block 'traffic' has none of the keys: socket, managed; expected one of them\n");
}

static void test_bind__empty_values(void **state)
{
    assert_problems_and_hints(state, "stamps:\nunit: ~\nstages: [build]\n",
                              "3:1 'stamps' is empty; expected a mapping\n"
                              "4:7 'unit' is empty; expected a mapping\n"
                              "  help: write {} when everything has its default\n");
}

static void test_bind__names_in_templates(void **state)
{
    assert_problems_and_hints(state,
                              "unit: {build: [a, \"x${unit.ouut}\", \"${instance.port}\"]}\n"
                              "stages: [build]\n",
                              "3:21 unknown name 'unit.ouut' in '${...}'\n"
                              "  help: did you mean '${unit.out}'?\n"
                              "3:37 '${instance.port}' has no value in 'build'\n"
                              "  help: the names here are: project, environment, release.id, release.commit, "
                              "release.branch, unit.name, unit.out, unit.version\n");
    assert_problems(state,
                    "unit: {build: [a, \"$\", \"${\", \"${ }\", \"$$\", \"a ${unit.name} $b\"]}\nstages: [build]\n",
                    "3:20 a lone '$'; expected '${name}', or '$$' for a dollar\n"
                    "3:25 '${' is not closed; expected '}' behind the name\n"
                    "3:31 bad name in '${ }'; a name has letters, digits, '_', '.' and '-'\n"
                    "3:60 a lone '$'; expected '${name}', or '$$' for a dollar\n");
    assert_problems(state, "unit: {build: [\"${unit.name} $$ x $y\"]}\nstages: [build]\n",
                    "3:35 a lone '$'; expected '${name}', or '$$' for a dollar\n");
}

static void test_bind__names_where_nothing_is_replaced(void **state)
{
    assert_problems(state, "traffic: {socket: \"/run/${environment}\"}\nstages: [build]\n",
                    "3:25 '${' is not replaced in 'socket'\n");
    assert_problems(state, "traffic: {socket: \"/run/$environment\"}\nstages: [build]\n", "");
    assert_problems(state,
                    "stamps: {start: [a], probes: {a: {get: /, sql: \"select '${x}'\"}}}\n"
                    "stages: [validate: {checks: [{name: a, get: /, expect: {contains: \"${x}\"}}]}]\n",
                    "");
}

static void test_bind__templates_of_huge_texts_are_quick(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct read read;

    strbuf_text(&text, HEAD "stages: [build]\nunit: {build: [\"");
    for (int i = 0; i < 100000; i++)
        strbuf_text(&text, "${nope}");
    strbuf_text(&text, "\"]}\n");
    read = read_pipeline(state, strbuf_view(&text));
    assert_int_equal(diagnostics_count(read.problems), DIAGNOSTICS_ENOUGH);
    assert_int_equal(diagnostics_get(read.problems, 49)->mark.column, 17 + 49 * 7);
}

static void test_bind__has_limits_for_lists(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct read read;

    strbuf_text(&text, HEAD "traffic: {socket: /}\nstamps:\n  start: [a]\n  regions: [");
    for (int i = 0; i < 101; i++)
        strbuf_printf(&text, "r%d,", i);
    strbuf_text(&text, "]\nstages:\n  - shift: {steps: [");
    for (int i = 0; i < 101; i++)
        strbuf_text(&text, "{share: 100%},");
    strbuf_text(&text, "]}\n");
    read = read_pipeline(state, strbuf_view(&text));
    assert_string_equal(problems_text(state, read.problems, false),
                        "6:12 'regions' has 101 elements; expected at most 100\n"
                        "8:20 'steps' has 101 elements; expected at most 100\n");
}

static void test_bind__has_a_limit_for_bodies(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct read read;

    strbuf_text(&text, HEAD "stages: [build]\nstamps: {start: [a], drain: {begin: {post: /, body: \"");
    for (int i = 0; i < 200000; i++)
        strbuf_text(&text, "\\x01");
    strbuf_text(&text, "\"}}}\n");
    read = read_pipeline(state, strbuf_view(&text));
    assert_string_equal(problems_text(state, read.problems, false),
                        "4:53 the value is too large as JSON; the limit is 1048576 bytes\n");
}

static void test_bind__bodies_are_json(void **state)
{
    struct read read =
        read_pipeline(state, HEAD "stamps:\n"
                                  "  start: [a]\n"
                                  "  drain:\n"
                                  "    begin: {post: /, body: {a: \"q\\\"\\\\\\n\", b: [], c: -1.50e3, d: ~, "
                                  "e: no way, f: \"yes\", g: \"12\", \"h\\t\": ä}}\n"
                                  "stages: [build]\n");

    assert_no_problems(state, read);
    assert_string_equal(read.pipeline->stamps.drain_begin.http.body,
                        "{\"a\":\"q\\\"\\\\\\u000a\",\"b\":[],\"c\":-1.50e3,\"d\":null,\"e\":\"no way\",\"f\":\"yes\","
                        "\"g\":\"12\",\"h\\u0009\":\"ä\"}");
}

static void test_bind__broken_keys_are_reported_once(void **state)
{
    assert_problems(state,
                    "stages: [build]\n"
                    "stamps: {start: [a], env: {[A]: 1}, drain: {begin: {post: /, body: {<<: 1, a: 2}}}}\n",
                    "4:28 a key is a list; expected a word\n"
                    "4:69 merge keys ('<<') are not read\n");
}

static void test_bind__broken_nodes_are_reported_once(void **state)
{
    assert_problems(state,
                    "unit: *a\n"
                    "stamps: {start: [*b], instances: !!int 1, env: {A: *c}, drain: {begin: {post: /, body: [*d]}}}\n"
                    "traffic: {socket: *e}\n"
                    "stages: [*f, build: *g, {shift: {steps: [*h]}}, {gate: *i}]\n",
                    "3:7 there is no anchor 'a' above this alias\n"
                    "4:18 there is no anchor 'b' above this alias\n"
                    "4:34 YAML tags are not read\n"
                    "4:52 there is no anchor 'c' above this alias\n"
                    "4:89 there is no anchor 'd' above this alias\n"
                    "5:19 there is no anchor 'e' above this alias\n"
                    "6:10 there is no anchor 'f' above this alias\n"
                    "6:21 there is no anchor 'g' above this alias\n"
                    "6:42 there is no anchor 'h' above this alias\n"
                    "6:56 there is no anchor 'i' above this alias\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_bind__says_where_explain_helps),
        TEST_WITH_ARENA(test_bind__unknown_keys),
        TEST_WITH_ARENA(test_bind__a_mistyped_key_is_not_also_missing),
        TEST_WITH_ARENA(test_bind__booleans),
        TEST_WITH_ARENA(test_bind__numbers),
        TEST_WITH_ARENA(test_bind__durations),
        TEST_WITH_ARENA(test_bind__shares),
        TEST_WITH_ARENA(test_bind__words_and_drivers),
        TEST_WITH_ARENA(test_bind__texts_want_quotes_around_numbers),
        TEST_WITH_ARENA(test_bind__lists),
        TEST_WITH_ARENA(test_bind__addresses),
        TEST_WITH_ARENA(test_bind__one_of),
        TEST_WITH_ARENA(test_bind__empty_values),
        TEST_WITH_ARENA(test_bind__names_in_templates),
        TEST_WITH_ARENA(test_bind__names_where_nothing_is_replaced),
        TEST_WITH_ARENA(test_bind__templates_of_huge_texts_are_quick),
        TEST_WITH_ARENA(test_bind__has_limits_for_lists),
        TEST_WITH_ARENA(test_bind__has_a_limit_for_bodies),
        TEST_WITH_ARENA(test_bind__bodies_are_json),
        TEST_WITH_ARENA(test_bind__broken_keys_are_reported_once),
        TEST_WITH_ARENA(test_bind__broken_nodes_are_reported_once),
    };

    return RUN_TESTS(tests);
}
