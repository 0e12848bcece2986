/* The HTTP probe driver: written-down replies for what may go wrong, and a real server for the whole way. */

#include "contract/script.h"

#include "contract/door.h"

#define ADDRESS "'address': '127.0.0.1:5001'"
#define GET_ROOMS "'http': {'method': 'GET', 'path': '/rooms', 'body': null, 'timeout_ms': 1000}"
#define PROBE_ROOMS "'rooms': {" GET_ROOMS ", 'kind': 'count', 'expression': '$.rooms', 'identity': '$.boot'}"
#define PROBE_QUEUE "'queue': {'http': {'path': '/q'}, 'kind': 'json', 'expression': '$.n', 'identity': '$.boot'}"

static const struct probe_driver *driver;

/* The detail of a verb over the exchanges; NULL when it failed, with the error's text in *out_error. */
static const char *told(struct arena *arena, advance_fn advance, const char *params, const struct exchange *exchanges)
{
    json_t *json = quoted(params);
    struct call call = {.verb = "probe", .target = "i", .params = json, .arena = arena};
    enum call_status status = script_run(advance, &call, exchanges);
    const char *text = status == CALL_DONE
                           ? json_canonical(arena, call.detail)
                           : arena_printf(arena, "%s: %s", error_kind_text(call.error->kind), call.error->text);

    call_release(&call);
    json_decref(json);
    return text;
}

static const char *sample_of_rooms(struct arena *arena, struct reply reply)
{
    const struct exchange exchanges[] = {{EFFECT_HTTP, "GET http://127.0.0.1:5001/rooms", reply}, {0}};

    return told(arena, driver->sample, "{" ADDRESS ", 'probes': {" PROBE_ROOMS "}}", exchanges);
}

#define UNKNOWN_ROOMS(why) "{\"identity\":null,\"values\":{\"rooms\":null},\"why\":{\"rooms\":\"" why "\"}}"

static void test_probe_sample__trouble_is_unknown_with_a_reason(void **state)
{
    assert_string_equal(sample_of_rooms(*state, (struct reply)REFUSED), UNKNOWN_ROOMS("nobody listens there"));
    assert_string_equal(sample_of_rooms(*state, (struct reply){.transport = TRANSPORT_TIMEOUT}),
                        UNKNOWN_ROOMS("it did not answer in time"));
    assert_string_equal(sample_of_rooms(*state, (struct reply){.transport = TRANSPORT_BROKEN}),
                        UNKNOWN_ROOMS("it broke off in the middle of its answer"));
    assert_string_equal(sample_of_rooms(*state, (struct reply){.transport = TRANSPORT_CUT, .status = 200}),
                        UNKNOWN_ROOMS("its answer is longer than the limit"));
    assert_string_equal(
        sample_of_rooms(*state, (struct reply){.transport = TRANSPORT_FAILED, .text = "no route", .length = 8}),
        UNKNOWN_ROOMS("it could not be asked: no route"));
    assert_string_equal(sample_of_rooms(*state, (struct reply)SAYS_STATUS(503, "{\"rooms\": [], \"boot\": \"b\"}")),
                        UNKNOWN_ROOMS("it answered with status 503"));
    assert_string_equal(sample_of_rooms(*state, (struct reply)SAYS_STATUS(204, "")),
                        UNKNOWN_ROOMS("it answered with status 204"));
}

static void test_probe_sample__an_answer_without_identity_is_unknown(void **state)
{
    assert_string_equal(sample_of_rooms(*state, (struct reply)SAYS_STATUS(200, "{\"rooms\": []}")),
                        UNKNOWN_ROOMS("the answer has no identity at '$.boot'"));
    assert_string_equal(sample_of_rooms(*state, (struct reply)SAYS_STATUS(200, "{\"rooms\": [], \"boot\": null}")),
                        UNKNOWN_ROOMS("the answer has no identity at '$.boot'"));
    assert_string_equal(sample_of_rooms(*state, (struct reply)SAYS_STATUS(200, "{\"rooms\": [], \"boot\": 17}")),
                        "{\"identity\":\"17\",\"values\":{\"rooms\":0},\"why\":{}}");
}

static void test_probe_sample__two_identities_in_one_sample_void_it(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_HTTP, "*/rooms", SAYS_STATUS(200, "{\"rooms\": [], \"boot\": \"a\"}")},
        {EFFECT_HTTP, "*/q", SAYS_STATUS(200, "{\"n\": 0, \"boot\": \"b\"}")},
        {0},
    };
    const char *text =
        told(*state, driver->sample, "{" ADDRESS ", 'probes': {" PROBE_ROOMS ", " PROBE_QUEUE "}}", exchanges);

    assert_true(text_starts(text, "{\"identity\":null,\"values\":{\"queue\":null,\"rooms\":null},"));
    assert_non_null(strstr(text, "the server changed its identity within the sample"));
}

static void test_probe_sample__one_unknown_does_not_hide_the_others(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_HTTP, "*/rooms", SAYS_STATUS(200, "{\"rooms\": [1], \"boot\": \"a\"}")},
        {EFFECT_HTTP, "*/q", REFUSED},
        {0},
    };

    /* Nobody vouches for the second one, so the sample as a whole has no identity. */
    assert_string_equal(
        told(*state, driver->sample, "{" ADDRESS ", 'probes': {" PROBE_ROOMS ", " PROBE_QUEUE "}}", exchanges),
        "{\"identity\":null,\"values\":{\"queue\":null,\"rooms\":1},\"why\":{\"queue\":\"nobody listens there\"}}");
}

static void test_probe_sample__asks_once_for_the_same_request(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_HTTP, "GET *:5001/s", SAYS_STATUS(200, "a 1\nb 2\n")},
        {EFFECT_HTTP, "POST *:5001/s", SAYS_STATUS(200, "a 3\n")},
        {0},
    };

    assert_string_equal(told(*state, driver->sample,
                             "{" ADDRESS
                             ", 'probes': {'a': {'http': {'path': '/s'}, 'kind': 'metric', 'expression': 'a'}, "
                             "'p': {'http': {'method': 'POST', 'path': '/s'}, 'kind': 'metric', 'expression': 'a'}, "
                             "'b': {'http': {'path': '/s'}, 'kind': 'metric', 'expression': 'b'}}}",
                             exchanges),
                        "{\"identity\":null,\"values\":{\"a\":1,\"b\":2,\"p\":3},\"why\":{}}");
}

static void test_probe_sample__nothing_to_ask_is_an_empty_answer(void **state)
{
    const struct exchange none[] = {{0}};

    assert_string_equal(told(*state, driver->sample, "{" ADDRESS ", 'probes': {}}", none),
                        "{\"identity\":null,\"values\":{},\"why\":{}}");
}

static void test_probe_sample__an_unknown_kind_is_unknown(void **state)
{
    const struct exchange exchanges[] = {{EFFECT_HTTP, "*/s", SAYS_STATUS(200, "0")}, {0}};

    assert_string_equal(
        told(*state, driver->sample,
             "{" ADDRESS ", 'probes': {'a': {'http': {'path': '/s'}, 'kind': 'regex', 'expression': '0'}}}", exchanges),
        "{\"identity\":null,\"values\":{\"a\":null},\"why\":{\"a\":\"'regex' is no kind of probe\"}}");
}

static void test_probe__wants_an_address_and_a_path(void **state)
{
    const struct exchange none[] = {{0}};

    assert_string_equal(told(*state, driver->health, "{'get': '/'}", none),
                        "permanent: the address of 'i' is not known");
    assert_string_equal(told(*state, driver->health, "{" ADDRESS ", 'get': 'health'}", none),
                        "permanent: 'health' is no path to ask for");
    assert_string_equal(told(*state, driver->health, "{" ADDRESS ", 'get': '/a b'}", none),
                        "permanent: '/a b' is no path to ask for");
    assert_string_equal(told(*state, driver->check, "{" ADDRESS ", 'http': {'path': '/a\\r\\nX: y'}}", none),
                        "permanent: '/a\r\nX: y' is no path to ask for");
}

static const char *health_of(struct arena *arena, struct reply reply)
{
    const struct exchange exchanges[] = {{EFFECT_HTTP, "GET http://127.0.0.1:5001/health", reply}, {0}};

    return told(arena, driver->health, "{" ADDRESS ", 'get': '/health'}", exchanges);
}

static void test_probe_health__only_2xx_is_healthy(void **state)
{
    assert_string_equal(health_of(*state, (struct reply)SAYS_STATUS(204, "")), "{\"answer\":\"\",\"healthy\":true}");
    assert_string_equal(health_of(*state, (struct reply)SAYS_STATUS(503, "draining")),
                        "{\"answer\":\"it answered with status 503\",\"healthy\":false}");
    assert_string_equal(health_of(*state, (struct reply)SAYS_STATUS(301, "")),
                        "{\"answer\":\"it answered with status 301\",\"healthy\":false}");
    assert_string_equal(health_of(*state, (struct reply)REFUSED),
                        "{\"answer\":\"nobody listens there\",\"healthy\":false}");
    assert_string_equal(health_of(*state, (struct reply){.transport = TRANSPORT_CUT, .status = 200}),
                        "{\"answer\":\"its answer is longer than the limit\",\"healthy\":false}");
    assert_string_equal(health_of(*state, (struct reply)SAYS_STATUS(200, "ok\xff\x1b[2J")),
                        "{\"answer\":\"ok\xef\xbf\xbd\",\"healthy\":true}");
}

static const char *check_of(struct arena *arena, const char *expect, struct reply reply)
{
    const struct exchange exchanges[] = {{EFFECT_HTTP, "GET http://127.0.0.1:5001/rooms", reply}, {0}};

    return told(arena, driver->check, arena_printf(arena, "{" ADDRESS ", " GET_ROOMS ", 'expect': %s}", expect),
                exchanges);
}

static void test_probe_check__compares_status_and_text(void **state)
{
    assert_string_equal(check_of(*state, "{'status': 0, 'contains': null}", (struct reply)SAYS_STATUS(204, "")),
                        "{\"status\":204}");
    assert_string_equal(check_of(*state, "{'status': 404}", (struct reply)SAYS_STATUS(404, "")), "{\"status\":404}");
    assert_string_equal(check_of(*state, "{'status': 0}", (struct reply)SAYS_STATUS(302, "")),
                        "permanent: 'GET /rooms' of 'i' answered with status 302, not 2xx");
    assert_string_equal(check_of(*state, "{'status': 200}", (struct reply)SAYS_STATUS(503, "")),
                        "permanent: 'GET /rooms' of 'i' answered with status 503, not 200");
    assert_string_equal(check_of(*state, "{'contains': 'rooms'}", (struct reply)SAYS_STATUS(200, "welcome")),
                        "permanent: the answer of 'i' to 'GET /rooms' does not contain 'rooms'; it starts with "
                        "'welcome'");
    assert_string_equal(check_of(*state, "{}", (struct reply)REFUSED),
                        "transient: 'GET /rooms' of 'i' is not there: nobody listens");
    assert_string_equal(check_of(*state, "{}", (struct reply){.transport = TRANSPORT_TIMEOUT}),
                        "transient: 'GET /rooms' of 'i' did not answer in time");
    assert_string_equal(check_of(*state, "{}", (struct reply){.transport = TRANSPORT_CUT, .status = 200}),
                        "permanent: the answer of 'GET /rooms' of 'i' is longer than its limit");
}

static const char *request_of(struct arena *arena, struct reply reply)
{
    const struct exchange exchanges[] = {{EFFECT_HTTP, "POST http://127.0.0.1:5001/drain", reply}, {0}};

    return told(arena, driver->request, "{" ADDRESS ", 'http': {'method': 'POST', 'path': '/drain', 'body': '{}'}}",
                exchanges);
}

static void test_probe_request__says_whether_it_may_have_happened(void **state)
{
    assert_string_equal(request_of(*state, (struct reply)SAYS_STATUS(202, "")), "{\"status\":202}");
    assert_string_equal(request_of(*state, (struct reply)SAYS_STATUS(409, "no")),
                        "permanent: 'i' answered 'POST /drain' with status 409: 'no'");
    assert_string_equal(request_of(*state, (struct reply)SAYS_STATUS(500, "oops")),
                        "transient: 'i' answered 'POST /drain' with status 500: 'oops'");
    assert_string_equal(request_of(*state, (struct reply){.transport = TRANSPORT_TIMEOUT}),
                        "in_doubt: 'POST /drain' of 'i' did not answer in time");
    assert_string_equal(request_of(*state, (struct reply)REFUSED),
                        "transient: 'POST /drain' of 'i' is not there: nobody listens");
}

static const char *live(struct world *world, advance_fn advance, const char *params)
{
    json_t *json = quoted(params);
    struct call call = {.verb = "probe", .target = "i", .params = json};
    const char *text;

    assert_call_done(world_call(world, advance, &call), &call);
    text = json_canonical(world->arena, call.detail);
    call_release(&call);
    json_decref(json);
    return text;
}

static void test_probe__asks_a_real_server(void **state)
{
    struct world *world = *state;
    const char *address = serve(world, "{\"rooms\": [{\"recording\": \"running\"}, {}], \"boot\": \"b-7\"}");

    assert_string_equal(
        live(world, driver->sample,
             arena_printf(
                 world->arena,
                 "{'address': '%s', 'probes': {" PROBE_ROOMS ", 'recordings': {" GET_ROOMS ", 'kind': 'sql', "
                 "'expression': 'select count(*) from json_each(:body, `$.rooms`) r where r.value->>`recording` "
                 "= `running`', 'identity': null}}}",
                 address)),
        "{\"identity\":\"b-7\",\"values\":{\"recordings\":1,\"rooms\":2},\"why\":{}}");
    assert_string_equal(
        live(world, driver->health, arena_printf(world->arena, "{'address': '%s', 'get': '/health'}", address)),
        "{\"answer\":\"ok\",\"healthy\":true}");
    assert_string_equal(live(world, driver->health,
                             arena_printf(world->arena, "{'address': '127.0.0.1:%d', 'get': '/health'}", free_port())),
                        "{\"answer\":\"nobody listens there\",\"healthy\":false}");
    assert_string_equal(
        live(world, driver->health,
             arena_printf(world->arena, "{'address': '%s', 'get': '/slow?2000', 'timeout_ms': 100}", address)),
        "{\"answer\":\"it did not answer in time\",\"healthy\":false}");
    assert_string_equal(live(world, driver->check,
                             arena_printf(world->arena,
                                          "{'url': 'http://%s', 'http': {'path': '/'}, 'expect': "
                                          "{'contains': 'b-7'}}",
                                          address)),
                        "{\"status\":200}");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_probe_sample__trouble_is_unknown_with_a_reason),
        TEST_WITH_ARENA(test_probe_sample__an_answer_without_identity_is_unknown),
        TEST_WITH_ARENA(test_probe_sample__two_identities_in_one_sample_void_it),
        TEST_WITH_ARENA(test_probe_sample__one_unknown_does_not_hide_the_others),
        TEST_WITH_ARENA(test_probe_sample__asks_once_for_the_same_request),
        TEST_WITH_ARENA(test_probe_sample__nothing_to_ask_is_an_empty_answer),
        TEST_WITH_ARENA(test_probe_sample__an_unknown_kind_is_unknown),
        TEST_WITH_ARENA(test_probe__wants_an_address_and_a_path),
        TEST_WITH_ARENA(test_probe_health__only_2xx_is_healthy),
        TEST_WITH_ARENA(test_probe_check__compares_status_and_text),
        TEST_WITH_ARENA(test_probe_request__says_whether_it_may_have_happened),
        cmocka_unit_test_setup_teardown(test_probe__asks_a_real_server, world_setup, world_teardown),
    };

    if (argc > 3 && text_is(argv[1], "serve"))
        return server_main(argv);
    driver = registry_probe("http");
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
