/*
 * The contract of every driver (engine/drivers/call.h), over every verb of every row of the registry, by written-down
 * exchanges:
 *
 *   - the exchange itself: what is wanted in which order, and what comes of it;
 *   - a world that already is as wanted is not touched;
 *   - whatever is answered in place of any one reply, the call ends, and not with a claim that nobody made.
 */

#include "contract/script.h"

#include "contract/haproxy_texts.h"

#define INSTANCE_PLANNED "{'name': 'i', 'dir': '/var/i/one', 'log': '/var/i/one.log', 'mark': 'PENSTOCK_INSTANCE=i'}"
#define INSTANCE                                                                                             \
    "{'name': 'i', 'dir': '/var/i/one', 'log': '/var/i/one.log', 'mark': 'PENSTOCK_INSTANCE=i', 'address': " \
    "'127.0.0.1:5001', 'pid': 77, 'start': 99, 'boot_id': 'boot-1'}"
#define HTTP_GET "'http': {'method': 'GET', 'path': '/rooms', 'body': null, 'timeout_ms': 1000}"

struct row {
    const char *name; /* verb, and what is special */
    advance_fn (*advance)(void);
    const char *params;
    const char *door;     /* NULL: none */
    const char *instance; /* NULL: none */
    const char *detail;   /* of the end, canonical */
    bool already;         /* the world is as wanted: nothing may be changed */
    struct exchange exchanges[16];
};

#define ADVANCE(kind, driver, verb)           \
    static advance_fn kind##_##verb(void)     \
    {                                         \
        return registry_##kind(driver)->verb; \
    }
ADVANCE(stamp, "process", create)
ADVANCE(stamp, "process", observe)
ADVANCE(stamp, "process", stop)
ADVANCE(stamp, "process", kill)
ADVANCE(stamp, "process", remove)
ADVANCE(stamp, "process", signal)
ADVANCE(traffic, "haproxy", ensure)
ADVANCE(traffic, "haproxy", observe)
ADVANCE(traffic, "haproxy", add)
ADVANCE(traffic, "haproxy", set_shares)
ADVANCE(traffic, "haproxy", drain)
ADVANCE(traffic, "haproxy", undrain)
ADVANCE(traffic, "haproxy", remove)
ADVANCE(traffic, "haproxy", in_flight)
ADVANCE(traffic, "haproxy", stop)
ADVANCE(probe, "http", sample)
ADVANCE(probe, "http", health)
ADVANCE(probe, "http", check)
ADVANCE(probe, "http", request)
ADVANCE(command, "command", run)

#define IDENTITY "\"identity\":{\"pid\":42,\"start_s\":1700000000,\"uptime_s\":5}"
#define A_JSON(state, weight)                                                                                 \
    "{\"address\":\"127.0.0.1:5001\",\"check\":\"L7OK\",\"in_flight\":0,\"state\":\"" state "\",\"up\":true," \
    "\"weight\":" #weight "}"

static const struct row rows[] = {
    {"process create",
     stamp_create,
     "{'argv': ['x', '${instance.port}'], 'cwd': '/src'}",
     NULL,
     INSTANCE_PLANNED,
     "{\"address\":\"127.0.0.1:5001\",\"adopted\":false,\"boot_id\":\"boot-1\",\"mark\":\"PENSTOCK_INSTANCE=i\",\"pid\":"
     "77,\"start\":99}",
     false,
     {{EFFECT_LOOK, "PENSTOCK_INSTANCE=i", NOT_THERE},
      {EFFECT_MAKE_DIR, "/var/i/one", OK_REPLY},
      {EFFECT_MAKE_DIR, "/var/i", OK_REPLY},
      {EFFECT_FREE_PORT, "", {.transport = TRANSPORT_OK, .port = 5001}},
      {EFFECT_START, "x 5001", THERE(77)},
      {EFFECT_SLEEP, "", OK_REPLY},
      {EFFECT_LOOK, "77", THERE(77)}}},
    {"process create, there",
     stamp_create,
     "{'argv': ['x'], 'cwd': '/src'}",
     NULL,
     INSTANCE_PLANNED,
     "{\"address\":\"127.0.0.1:5002\",\"adopted\":true,\"boot_id\":\"boot-1\",\"mark\":\"PENSTOCK_INSTANCE=i\",\"pid\":"
     "77,\"start\":99}",
     true,
     {{EFFECT_LOOK,
       "PENSTOCK_INSTANCE=i",
       {.there = true,
        .process = {.pid = 77, .start = 99, .boot_id = "boot-1"},
        .environment = "PENSTOCK_EPOCH=1\nPENSTOCK_ADDRESS=127.0.0.1:5002\n"}}}},
    {"process observe",
     stamp_observe,
     "{}",
     NULL,
     INSTANCE,
     "{\"alive\":true}",
     true,
     {{EFFECT_LOOK, "77", THERE(77)}}},
    {"process stop",
     stamp_stop,
     "{'signal': 'INT', 'grace_ms': 5}",
     NULL,
     INSTANCE,
     "{\"exit\":null,\"exited\":true}",
     false,
     {{EFFECT_LOOK, "77", THERE(77)}, {EFFECT_SIGNAL, "2 to 77", THERE(77)}, {EFFECT_AWAIT_EXIT, "77", OK_REPLY}}},
    {"process stop, gone",
     stamp_stop,
     "{'signal': 'INT', 'grace_ms': 5}",
     NULL,
     INSTANCE,
     "{\"already_gone\":true,\"exit\":null,\"exited\":true}",
     true,
     {{EFFECT_LOOK, "77", NOT_THERE}}},
    {"process stop, stays",
     stamp_stop,
     "{'signal': 'INT', 'grace_ms': 5}",
     NULL,
     INSTANCE,
     "{\"exit\":null,\"exited\":false}",
     false,
     {{EFFECT_LOOK, "77", THERE(77)},
      {EFFECT_SIGNAL, "2 to 77", THERE(77)},
      {EFFECT_AWAIT_EXIT, "77", {.transport = TRANSPORT_OK, .timed_out = true}}}},
    {"process kill",
     stamp_kill,
     "{}",
     NULL,
     INSTANCE,
     "{\"exit\":null,\"exited\":true}",
     false,
     {{EFFECT_LOOK, "77", THERE(77)}, {EFFECT_SIGNAL, "9 to 77", THERE(77)}, {EFFECT_AWAIT_EXIT, "77", OK_REPLY}}},
    {"process kill, gone",
     stamp_kill,
     "{}",
     NULL,
     INSTANCE,
     "{\"already_gone\":true,\"exit\":null,\"exited\":true}",
     true,
     {{EFFECT_LOOK, "77", NOT_THERE}}},
    {"process remove",
     stamp_remove,
     "{}",
     NULL,
     INSTANCE,
     "{\"kept\":false}",
     false,
     {{EFFECT_LOOK, "77", NOT_THERE},
      {EFFECT_LOOK, "PENSTOCK_INSTANCE=i", NOT_THERE},
      {EFFECT_REMOVE_TREE, "/var/i/one", OK_REPLY}}},
    {"process signal",
     stamp_signal,
     "{'signal': 'USR1'}",
     NULL,
     INSTANCE,
     "{\"signal\":\"USR1\"}",
     false,
     {{EFFECT_LOOK, "77", THERE(77)}, {EFFECT_SIGNAL, "10 to 77", THERE(77)}}},

    {"haproxy ensure, existing",
     traffic_ensure,
     "{}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"started\":false,\"version\":\"2.6.12\"}",
     true,
     {{EFFECT_LINE, "show servers state; show stat -1 7 -1; show info", SAYS(SEEN_NONE)},
      {EFFECT_LINE, "add server app/penstock-asks",
       SAYS("'server' expects <name> and <addr>[:<port>] as arguments.\n\n")}}},
    {"haproxy ensure, managed",
     traffic_ensure,
     "{}",
     DOOR_MANAGED,
     NULL,
     "{" IDENTITY ",\"started\":true,\"version\":\"2.6.12\"}",
     false,
     {{EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
      {EFFECT_LINE, "show servers state; *", REFUSED},
      {EFFECT_HTTP, "GET http://127.0.0.1:8080/", REFUSED},
      {EFFECT_MAKE_DIR, "/var/door", OK_REPLY},
      {EFFECT_READ_FILE, "/var/door/haproxy.cfg", OK_REPLY},
      {EFFECT_PUT_FILE, "/var/door/haproxy.cfg", OK_REPLY},
      {EFFECT_READ_FILE, "/var/door/checks.map", OK_REPLY},
      {EFFECT_PUT_FILE, "/var/door/checks.map", OK_REPLY},
      {EFFECT_RUN, "haproxy -c -f /var/door/haproxy.cfg", OK_REPLY},
      {EFFECT_START, "haproxy -db -f /var/door/haproxy.cfg", THERE(42)},
      {EFFECT_SLEEP, "", OK_REPLY},
      {EFFECT_LOOK, "42", THERE(42)},
      {EFFECT_LINE, "show servers state; *", SAYS(SEEN_NONE)}}},
    {"haproxy ensure, managed and there",
     traffic_ensure,
     "{}",
     DOOR_MANAGED,
     NULL,
     "{" IDENTITY ",\"started\":false,\"version\":\"2.6.12\"}",
     true,
     {{EFFECT_LOOK, "PENSTOCK_DOOR=x", THERE(42)}, {EFFECT_LINE, "show servers state; *", SAYS(SEEN_NONE)}}},
    {"haproxy observe",
     traffic_observe,
     "{'pool': 'app'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"servers\":{\"a\":" A_JSON("ready", 9) "}}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 9, 0, 0))}}},
    {"haproxy add",
     traffic_add,
     "{'pool': 'app', 'server': 'a', 'address': '127.0.0.1:5001', 'check': {'path': '/h', 'every_ms': 500, 'healthy': "
     "2, 'unhealthy': 3}}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"server\":" A_JSON("ready", 0) "}",
     false,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_NONE)},
      {EFFECT_LINE,
       "add server app/a 127.0.0.1:5001 check inter 500ms rise 2 fall 3 weight 0 pool-max-conn 0; enable health app/a; "
       "enable server app/a",
       SAYS("New server registered.\n\n\n\n")},
      {EFFECT_LINE, QUESTION, SAYS(HEAD STATE("a", 2, 0, 0) STAT ROW("a", 0, 0, "INI") BACK INFO)},
      {EFFECT_SLEEP, "", OK_REPLY},
      {EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 0, 0, 0))}}},
    {"haproxy add, there",
     traffic_add,
     "{'pool': 'app', 'server': 'a', 'address': '127.0.0.1:5001'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"server\":" A_JSON("ready", 0) "}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 0, 0, 0))}}},
    {"haproxy set_shares",
     traffic_set_shares,
     "{'pool': 'app', 'weights': {'a': 10, 'b': 90}}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"servers\":{\"a\":" A_JSON("ready", 10) ",\"b\":" A_JSON("ready", 90) "}}",
     false,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
      {EFFECT_LINE, "set server app/b weight 90; set server app/a weight 10", SAYS("\n\n")},
      {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(10, 90))}}},
    {"haproxy set_shares, so already",
     traffic_set_shares,
     "{'pool': 'app', 'weights': {'a': 10, 'b': 90}}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"servers\":{\"a\":" A_JSON("ready", 10) ",\"b\":" A_JSON("ready", 90) "}}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_AB(10, 90))}}},
    {"haproxy drain",
     traffic_drain,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"server\":" A_JSON("drain", 5) "}",
     false,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 5, 0, 0))},
      {EFFECT_LINE, "set server app/a state drain", SAYS("\n")},
      {EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))}}},
    {"haproxy drain, drained",
     traffic_drain,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"server\":" A_JSON("drain", 5) "}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))}}},
    {"haproxy undrain",
     traffic_undrain,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"server\":" A_JSON("ready", 5) "}",
     false,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))},
      {EFFECT_LINE, "set server app/a state ready", SAYS("\n")},
      {EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 5, 0, 0))}}},
    {"haproxy remove",
     traffic_remove,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{\"absent\":true," IDENTITY "}",
     false,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))},
      {EFFECT_LINE, "set server app/a state maint; del server app/a", SAYS("\nServer deleted.\n\n")},
      {EFFECT_LINE, QUESTION, SAYS(SEEN_NONE)}}},
    {"haproxy remove, absent",
     traffic_remove,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{\"absent\":true," IDENTITY "}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_NONE)}}},
    {"haproxy in_flight",
     traffic_in_flight,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{" IDENTITY ",\"in_flight\":7}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 3, 4))}}},
    {"haproxy in_flight, absent",
     traffic_in_flight,
     "{'pool': 'app', 'server': 'a'}",
     DOOR_EXISTING,
     NULL,
     "{\"absent\":true," IDENTITY ",\"in_flight\":0}",
     true,
     {{EFFECT_LINE, QUESTION, SAYS(SEEN_NONE)}}},
    {"haproxy stop, managed",
     traffic_stop,
     "{}",
     DOOR_MANAGED,
     NULL,
     "{\"managed\":true,\"stopped\":true}",
     false,
     {{EFFECT_LOOK, "PENSTOCK_DOOR=x", THERE(42)},
      {EFFECT_SIGNAL, "15 to 42", THERE(42)},
      {EFFECT_AWAIT_EXIT, "42", {.transport = TRANSPORT_OK, .timed_out = true}},
      {EFFECT_SIGNAL, "9 to 42", THERE(42)},
      {EFFECT_AWAIT_EXIT, "42", OK_REPLY},
      {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
      {EFFECT_LINE, "show servers state; *", REFUSED},
      {EFFECT_REMOVE_TREE, "/var/door", OK_REPLY}}},
    {"haproxy stop, existing", traffic_stop, "{}", DOOR_EXISTING, NULL, "{\"managed\":false}", true, {{0}}},

    {"http sample",
     probe_sample,
     "{'probes': {'rooms': {" HTTP_GET
     ", 'kind': 'count', 'expression': '$.rooms', 'identity': '$.boot'}, 'running': {" HTTP_GET
     ", 'kind': 'json', 'expression': '$.running', 'identity': '$.boot'}, 'queue': {'http': {'path': '/q'}, "
     "'kind': 'metric', 'expression': 'queue', 'identity': null}}}",
     NULL,
     INSTANCE,
     "{\"identity\":\"b-1\",\"values\":{\"queue\":7,\"rooms\":2,\"running\":1.5},\"why\":{}}",
     true,
     {{EFFECT_HTTP, "GET http://127.0.0.1:5001/rooms",
       SAYS_STATUS(200, "{\"rooms\": [1, 2], \"running\": 1.5, \"boot\": \"b-1\"}")},
      {EFFECT_HTTP, "GET http://127.0.0.1:5001/q", SAYS_STATUS(200, "queue 7\n")}}},
    {"http health",
     probe_health,
     "{'get': '/health', 'timeout_ms': 500}",
     NULL,
     INSTANCE,
     "{\"answer\":\"fine\",\"healthy\":true}",
     true,
     {{EFFECT_HTTP, "GET http://127.0.0.1:5001/health", SAYS_STATUS(200, "fine")}}},
    {"http check",
     probe_check,
     "{" HTTP_GET ", 'expect': {'status': 200, 'contains': 'wel'}}",
     NULL,
     INSTANCE,
     "{\"status\":200}",
     true,
     {{EFFECT_HTTP, "GET http://127.0.0.1:5001/rooms", SAYS_STATUS(200, "welcome")}}},
    {"http request",
     probe_request,
     "{'http': {'method': 'POST', 'path': '/drain', 'body': '{}', 'timeout_ms': 500}}",
     NULL,
     INSTANCE,
     "{\"status\":202}",
     false,
     {{EFFECT_HTTP, "POST http://127.0.0.1:5001/drain", SAYS_STATUS(202, "")}}},
    {"command run",
     command_run,
     "{'argv': ['make', 'dist'], 'cwd': '/src', 'log': '/var/log/x.log', 'timeout_ms': 500}",
     NULL,
     NULL,
     "{\"exit\":0,\"output\":\"{\\\"ok\\\": 1}\",\"result\":{\"ok\":1}}",
     false,
     {{EFFECT_MAKE_DIR, "/var/log", OK_REPLY}, {EFFECT_RUN, "make dist", SAYS("{\"ok\": 1}")}}},
};

struct prepared {
    struct call call;
    json_t *params, *door, *instance;
};

static void prepare(const struct row *row, struct prepared *out)
{
    *out = (struct prepared){.params = quoted(row->params),
                             .door = row->door ? quoted(row->door) : NULL,
                             .instance = row->instance ? quoted(row->instance) : NULL};
    out->call = (struct call){.verb = row->name,
                              .target = "i",
                              .key = "k",
                              .params = out->params,
                              .door = out->door,
                              .instance = out->instance,
                              .epoch = 1,
                              .arena = arena_new()};
}

static void release(struct prepared *prepared)
{
    call_release(&prepared->call);
    arena_free(prepared->call.arena);
    json_decref(prepared->params);
    json_decref(prepared->door);
    json_decref(prepared->instance);
}

static const struct row *row_of(void **state)
{
    return *state;
}

static void test_contract__goes_as_written_down(void **state)
{
    const struct row *row = row_of(state);
    struct prepared prepared;

    prepare(row, &prepared);
    assert_call_done(script_run(row->advance(), &prepared.call, row->exchanges), &prepared.call);
    assert_string_equal(json_canonical(prepared.call.arena, prepared.call.detail), row->detail);
    release(&prepared);
}

static void test_contract__touches_nothing_that_is_as_wanted(void **state)
{
    const struct row *row = row_of(state);
    struct prepared prepared;
    struct effect want = {0};
    enum call_status status;

    if (!row->already)
        return;
    prepare(row, &prepared);
    status = row->advance()(&prepared.call, NULL, &want);
    for (int i = 0; status == CALL_WANTS; i++) {
        if (effect_changes(&want))
            fail_msg("%s wants '%s'", row->name, effect_text(prepared.call.arena, &want));
        status = row->advance()(&prepared.call, &row->exchanges[i].reply, &want);
    }
    release(&prepared);
}

/* What the world may say instead. */
static const struct reply strange[] = {
    {.transport = TRANSPORT_REFUSED, .text = "refused", .length = 7},
    {.transport = TRANSPORT_TIMEOUT, .text = "", .length = 0},
    {.transport = TRANSPORT_BROKEN, .text = "hal", .length = 3},
    {.transport = TRANSPORT_CUT, .status = 200, .text = "{\"rooms\": [", .length = 11},
    {.transport = TRANSPORT_FAILED, .text = "too many open files", .length = 19},
    {.transport = TRANSPORT_OK, .status = 200, .text = "", .length = 0},
    {.transport = TRANSPORT_OK, .status = 200, .text = NULL, .length = 0},
    {.transport = TRANSPORT_OK, .status = 200, .text = "\n", .length = 1},
    {.transport = TRANSPORT_OK, .status = 200, .text = "{}", .length = 2},
    {.transport = TRANSPORT_OK, .status = 200, .text = "0", .length = 1},
    {.transport = TRANSPORT_OK, .status = 200, .text = "1\n\n\n", .length = 4},
    {.transport = TRANSPORT_OK, .status = 200, .text = "queue\n\0\xff\xfe", .length = 9},
    {.transport = TRANSPORT_OK,
     .status = 200,
     .text = "{\"rooms\": \"0\", \"running\": \"0\", \"boot\": null}",
     .length = 44},
    {.transport = TRANSPORT_OK, .status = 500, .text = "{\"rooms\": [], \"running\": 0}", .length = 27},
    {.transport = TRANSPORT_OK, .status = 301, .text = "", .length = 0},
    {.transport = TRANSPORT_OK, .status = 0, .text = "Permission denied\n\n", .length = 19},
    {.transport = TRANSPORT_OK, .status = 0, .text = "No such server.\n\n", .length = 17},
    {.transport = TRANSPORT_OK, .status = 137, .text = "\x1b[31m", .length = 5, .timed_out = true},
    {.transport = TRANSPORT_OK, .status = 3, .port = -1},
    {.transport = TRANSPORT_OK, .there = true},
    {.transport = TRANSPORT_OK, .there = true, .process = {.pid = 1, .start = 1, .boot_id = "boot-1"}},
};

/* The ends that a strange reply may lead to without being a lie. */
static bool is_honest(const struct row *row, const struct call *call, const struct reply *reply)
{
    const char *detail = json_canonical(call->arena, call->detail);
    const json_t *values = json_object_get(call->detail, "values");
    const char *name;
    json_t *value;

    if (text_is(detail, row->detail))
        return true; /* the strange reply did not matter here, as a plain file that may be absent */
    if (text_starts(row->name, "process"))
        /* LOOK, SIGNAL and AWAIT_EXIT answer by `there` and `timed_out`; a text says nothing. */
        return reply->transport == TRANSPORT_OK || reply->transport == TRANSPORT_TIMEOUT;
    if (text_starts(row->name, "http health"))
        return !json_get_bool(call->detail, "healthy", true) ||
               (reply->transport == TRANSPORT_OK && reply->status == 200);
    if (text_starts(row->name, "http sample")) {
        json_object_foreach((json_t *)(uintptr_t)values, name, value)
        {
            if (!json_is_null(value) && !json_equal(value, json_object_get(values, name)))
                return false;
            if (json_is_number(value) && json_number_value(value) == 0)
                return false;
            if (json_is_null(value) && !json_get_text(json_object_get(call->detail, "why"), name))
                return false;
        }
        return true;
    }
    if (text_starts(row->name, "command run") || text_starts(row->name, "http check"))
        return reply->transport == TRANSPORT_OK || reply->transport == TRANSPORT_CUT;
    if (text_starts(row->name, "http request"))
        return reply->transport == TRANSPORT_OK && reply->status == 200;
    return false;
}

static void assert_ends_honestly(const struct row *row, int at, const struct reply *reply)
{
    struct prepared prepared;
    struct effect want = {0};
    enum call_status status;

    prepare(row, &prepared);
    status = row->advance()(&prepared.call, NULL, &want);
    for (int i = 0; status == CALL_WANTS; i++) {
        const struct reply *given = i < at ? &row->exchanges[i].reply : reply;
        bool sleeps = want.kind == EFFECT_SLEEP;
        const struct reply slept = {.transport = TRANSPORT_OK, .elapsed_ms = 1000};

        if (i > 2000)
            fail_msg("%s: with reply %d strange it does not come to an end", row->name, at);
        assert_effect_is_whole(&want);
        memset(&want, 0, sizeof(want));
        status = row->advance()(&prepared.call, sleeps ? &slept : given, &want);
    }
    if (status == CALL_DONE && !is_honest(row, &prepared.call, reply))
        fail_msg("%s: with reply %d strange (transport %d, '%s') it says %s", row->name, at, (int)reply->transport,
                 reply->text ? reply->text : "NULL", json_canonical(prepared.call.arena, prepared.call.detail));
    if (status == CALL_FAILED) {
        assert_true(strlen(prepared.call.error->text) > 0);
        assert_true(prepared.call.error->kind <= KIND_IN_DOUBT);
        assert_int_not_equal(prepared.call.error->code, ERR_BUG);
        if (reply->transport == TRANSPORT_REFUSED && at == 0 && text_starts(row->name, "haproxy "))
            assert_int_equal(prepared.call.error->kind, KIND_TRANSIENT);
    }
    release(&prepared);
}

static void test_contract__a_strange_reply_is_no_answer(void **state)
{
    const struct row *row = row_of(state);

    for (int at = 0; row->exchanges[at].wants; at++) {
        for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++)
            assert_ends_honestly(row, at, &strange[i]);
    }
}

/* A call that is given up in the middle leaves nothing behind (the leak checker looks). */
static void test_contract__can_be_given_up_at_any_time(void **state)
{
    const struct row *row = row_of(state);

    for (int stop = 0; row->exchanges[stop].wants; stop++) {
        struct prepared prepared;
        struct effect want = {0};

        prepare(row, &prepared);
        (void)row->advance()(&prepared.call, NULL, &want);
        for (int i = 0; i < stop; i++)
            (void)row->advance()(&prepared.call, &row->exchanges[i].reply, &want);
        release(&prepared);
    }
}

static void test_contract__every_verb_has_a_row(void **state)
{
    const struct stamp_driver *stamp = registry_stamp("process");
    const struct traffic_driver *traffic = registry_traffic("haproxy");
    const struct probe_driver *probe = registry_probe("http");
    const advance_fn verbs[] = {
        stamp->create,  stamp->observe,   stamp->stop,      stamp->kill,        stamp->remove,
        stamp->signal,  traffic->ensure,  traffic->observe, traffic->add,       traffic->set_shares,
        traffic->drain, traffic->undrain, traffic->remove,  traffic->in_flight, traffic->stop,
        probe->sample,  probe->health,    probe->check,     probe->request,     registry_command("command")->run,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        bool found = false;

        for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
            found = found || rows[k].advance() == verbs[i];
        if (!found)
            fail_msg("verb %zu has no written-down exchange", i);
    }
}

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(*rows) };
    static const struct {
        const char *name;
        CMUnitTestFunction function;
    } checks[] = {
        {"as written down", test_contract__goes_as_written_down},
        {"nothing touched", test_contract__touches_nothing_that_is_as_wanted},
        {"strange replies", test_contract__a_strange_reply_is_no_answer},
        {"given up", test_contract__can_be_given_up_at_any_time},
    };
    static struct CMUnitTest tests[4 * COUNT + 1];
    struct arena *arena = arena_new();
    int failed;

    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < 4; k++)
            tests[4 * i + k] = (struct CMUnitTest){.name = arena_printf(arena, "%s: %s", rows[i].name, checks[k].name),
                                                   .test_func = checks[k].function,
                                                   .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    tests[4 * COUNT] =
        (struct CMUnitTest){.name = "every verb has a row", .test_func = test_contract__every_verb_has_a_row};
    failed = cmocka_run_group_tests_name("contract", tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
