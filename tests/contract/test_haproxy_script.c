/* What HAProxy may say and do that a real one does not when asked: written-down exchanges. */

#include "contract/script.h"

#include "contract/haproxy_texts.h"

#define SHARES_AB "{'pool': 'app', 'weights': {'a': 10, 'b': 90}}"
#define SERVER_A "{'pool': 'app', 'server': 'a'}"
#define SLEPT                                        \
    {                                                \
        .transport = TRANSPORT_OK, .elapsed_ms = 100 \
    }

static const struct traffic_driver *driver;

struct outcome {
    const char *detail; /* NULL: failed */
    const char *error;  /* "kind: text" */
    const char *evidence;
};

static struct outcome play(struct arena *arena, advance_fn advance, const char *door, const char *params,
                           const struct exchange *exchanges)
{
    json_t *door_json = quoted(door);
    json_t *params_json = quoted(params);
    struct call call = {.verb = "traffic", .target = "i", .params = params_json, .door = door_json, .arena = arena};
    struct outcome outcome = {0};

    if (script_run(advance, &call, exchanges) == CALL_DONE)
        outcome.detail = json_canonical(arena, call.detail);
    else
        outcome.error = arena_printf(arena, "%s: %s", error_kind_text(call.error->kind), call.error->text);
    outcome.evidence = call.evidence;
    call_release(&call);
    json_decref(params_json);
    json_decref(door_json);
    return outcome;
}

static void test_haproxy_script__a_yes_that_changes_nothing_is_found(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_LINE, "set server app/b weight 90; set server app/a weight 10", SAYS("\n\n")},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {0},
    };
    struct outcome outcome = play(*state, driver->set_shares, DOOR_EXISTING, SHARES_AB, exchanges);

    assert_string_equal(outcome.error, "transient: haproxy said yes but changed nothing: 'set server app/b weight 90'");
}

static void test_haproxy_script__half_a_change_is_finished(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_LINE, "set server app/b weight 90; set server app/a weight 10", SAYS("\n\n")},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 90))},
        {EFFECT_LINE, "set server app/a weight 10", SAYS("\n")},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(10, 90))},
        {0},
    };

    assert_non_null(play(*state, driver->set_shares, DOOR_EXISTING, SHARES_AB, exchanges).detail);
}

static void test_haproxy_script__a_change_without_an_answer_is_in_doubt(void **state)
{
    const struct exchange cut[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_LINE, "set server *", {.transport = TRANSPORT_TIMEOUT}},
        {0},
    };
    const struct exchange empty[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_AB(100, 0))},
        {EFFECT_LINE, "set server *", OK_REPLY},
        {0},
    };

    assert_string_equal(play(*state, driver->set_shares, DOOR_EXISTING, SHARES_AB, cut).error,
                        "in_doubt: haproxy's socket '/run/haproxy.sock' did not answer in time");
    assert_string_equal(play(*state, driver->set_shares, DOOR_EXISTING, SHARES_AB, empty).error,
                        "in_doubt: haproxy's answer ends in the middle");
}

static void test_haproxy_script__a_question_without_an_answer_leaves_no_doubt(void **state)
{
    const struct exchange exchanges[] = {{EFFECT_LINE, QUESTION, {.transport = TRANSPORT_TIMEOUT}}, {0}};

    assert_string_equal(play(*state, driver->observe, DOOR_EXISTING, SERVER_A, exchanges).error,
                        "transient: haproxy's socket '/run/haproxy.sock' did not answer in time");
}

static void test_haproxy_script__an_old_worker_is_not_believed(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, QUESTION,
         SAYS(HEAD STAT BACK "\nName: HAProxy\nPid: 41\nStopping: 1\nStart_time_sec: 1600000000\n\n")},
        {0},
    };

    assert_string_equal(play(*state, driver->in_flight, DOOR_EXISTING, SERVER_A, exchanges).error,
                        "transient: the haproxy that answers at '/run/haproxy.sock' is stopping");
}

#define TORN HEAD STATE("a", 2, 8, 5) STATE("b", 2, 0, 5) STAT FRONT ROW("a", 0, 0, "L7OK") BACK INFO

static void test_haproxy_script__a_torn_picture_is_asked_again(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, QUESTION, SAYS(TORN)},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 3))},
        {EFFECT_READ_FILE, "/proc/42/cmdline", OK_REPLY},
        {0},
    };
    struct exchange always[2 * 20 + 2] = {{0}};

    assert_string_equal(play(*state, driver->in_flight, DOOR_EXISTING, SERVER_A, exchanges).detail,
                        "{\"identity\":{\"pid\":42,\"start_s\":1700000000,\"uptime_s\":5},\"in_flight\":3}");
    for (int i = 0; i < 20; i++) {
        always[2 * i] = (struct exchange){EFFECT_LINE, QUESTION, SAYS(TORN)};
        always[2 * i + 1] = (struct exchange){EFFECT_SLEEP, "", SLEPT};
    }
    always[40] = (struct exchange){EFFECT_LINE, QUESTION, SAYS(TORN)};
    assert_string_equal(play(*state, driver->in_flight, DOOR_EXISTING, SERVER_A, always).error,
                        "transient: haproxy shows other servers each time it is asked about pool 'app'");
}

static void test_haproxy_script__connections_that_stay_keep_the_server(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))},
        {EFFECT_LINE, "set server app/a state maint; del server app/a",
         SAYS("\nServer still has connections attached to it, cannot remove it.\n")},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_A(1, 5, 0, 0))},
        {0},
    };
    const struct exchange counted[] = {
        {EFFECT_LINE, QUESTION, SAYS(SEEN_A(8, 5, 0, 0))},
        {EFFECT_LINE, "set server app/a state maint; del server app/a",
         SAYS("\nServer still has connections attached to it, cannot remove it.\n")},
        {EFFECT_LINE, QUESTION, SAYS(SEEN_A(1, 5, 1, 2))},
        {0},
    };

    assert_string_equal(play(*state, driver->remove, DOOR_EXISTING, SERVER_A, exchanges).error,
                        "transient: server 'a' in pool 'app' still has connections attached");
    assert_string_equal(play(*state, driver->remove, DOOR_EXISTING, SERVER_A, counted).error,
                        "transient: server 'a' in pool 'app' still has 3 requests or connections");
}

static void test_haproxy_script__someone_else_at_work_ends_it(void **state)
{
    struct exchange exchanges[2 * 201 + 2] = {{0}};
    int count = 0;

    /* Each look shows another weight, set by somebody. */
    for (int i = 0; i < 200; i++) {
        exchanges[count++] = i % 2 ? (struct exchange){EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 7, 0, 0))}
                                   : (struct exchange){EFFECT_LINE, QUESTION, SAYS(SEEN_AB(8, 8))};
        exchanges[count++] = (struct exchange){EFFECT_LINE, "set server *", SAYS("\n\n")};
    }
    exchanges[count++] = (struct exchange){EFFECT_LINE, QUESTION, SAYS(SEEN_AB(8, 8))};
    assert_string_equal(
        play(*state, driver->set_shares, DOOR_EXISTING, "{'pool': 'app', 'weights': {'a': 1}}", exchanges).error,
        "transient: pool 'app' does not come to rest: somebody else changes it too");
}

static void test_haproxy_script__bad_weights_are_refused(void **state)
{
    static const char *const weights[] = {"{'a': 257}", "{'a': -1}", "{'a': 1.5}", "{'a': '5'}", "{'a b': 5}"};
    const struct exchange exchanges[] = {{EFFECT_LINE, QUESTION, SAYS(SEEN_A(0, 5, 0, 0))}, {0}};

    for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++) {
        const char *params = arena_printf(*state, "{'pool': 'app', 'weights': %s}", weights[i]);

        assert_true(text_glob("permanent: server 'a*' has no weight from 0 to 256",
                              play(*state, driver->set_shares, DOOR_EXISTING, params, exchanges).error));
    }
    assert_string_equal(play(*state, driver->set_shares, DOOR_EXISTING, "{'pool': 'app'}", exchanges).error,
                        "permanent: the shares of pool 'app' have no weights");
}

static void test_haproxy_script__names_that_would_be_commands_are_refused(void **state)
{
    const struct exchange none[] = {{0}};

    assert_string_equal(play(*state, driver->observe, DOOR_EXISTING, "{'pool': 'app; shutdown sessions'}", none).error,
                        "permanent: 'app; shutdown sessions' is no name of a pool");
    assert_string_equal(play(*state, driver->drain, DOOR_EXISTING, "{'pool': 'app', 'server': 'a/b'}", none).error,
                        "permanent: 'a/b' is no name of a server");
    assert_string_equal(
        play(*state, driver->add, DOOR_EXISTING, "{'pool': 'app', 'server': 'a', 'address': 'x y'}", none).error,
        "permanent: server 'a' has no address ip:port");
}

enum { MANY = 600 };

/* As many servers, of which the first `set` have weight 5 and the others 0. */
static const char *seen_many(struct arena *arena, int set)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&text, HEAD);
    for (int i = 0; i < MANY; i++)
        strbuf_printf(&text, "3 app 1 server-with-a-name-%d 127.0.0.1 2 0 %d 1 5001\n", i, i < set ? 5 : 0);
    strbuf_text(&text, STAT FRONT);
    for (int i = 0; i < MANY; i++)
        strbuf_printf(&text, "app,server-with-a-name-%d,0,0,UP,1,2,L7OK,,,0,2,3\n", i);
    strbuf_text(&text, BACK INFO);
    return arena_text(arena, strbuf_view(&text));
}

static void test_haproxy_script__many_weights_go_in_lines_that_fit(void **state)
{
    json_t *door = quoted(DOOR_EXISTING);
    json_t *weights = json_object();
    json_t *params = json_pack("{s:s, s:o}", "pool", "app", "weights", weights);
    struct call call = {.verb = "traffic.shares", .door = door, .params = params, .arena = *state};
    struct effect want = {0};
    enum call_status status = driver->set_shares(&call, NULL, &want);
    int lines = 0, set = 0;

    for (int i = 0; i < MANY; i++)
        json_object_set_new(weights, arena_printf(*state, "server-with-a-name-%d", i), json_integer(5));
    while (status == CALL_WANTS) {
        const char *seen = seen_many(*state, set);

        status = driver->set_shares(&call, &(struct reply){.text = seen, .length = strlen(seen)}, &want);
        if (status == CALL_DONE)
            break;
        assert_effect_is_whole(&want);
        for (const char *at = want.text; (at = strstr(at, "set server")); at++)
            set++;
        lines++;
        status = driver->set_shares(&call, &(struct reply){.text = "\n", .length = 1}, &want);
    }
    assert_int_equal(status, CALL_DONE);
    assert_int_equal(set, MANY);
    assert_in_range(lines, 3, 6);
    call_release(&call);
    json_decref(params);
    json_decref(door);
}

static void test_haproxy_script__one_that_ends_at_once_shows_its_log(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
        {EFFECT_LINE, "show *", REFUSED},
        {EFFECT_HTTP, "GET *", REFUSED},
        {EFFECT_MAKE_DIR, "*", OK_REPLY},
        {EFFECT_READ_FILE, "*", OK_REPLY},
        {EFFECT_PUT_FILE, "*", OK_REPLY},
        {EFFECT_READ_FILE, "*", OK_REPLY},
        {EFFECT_PUT_FILE, "*", OK_REPLY},
        {EFFECT_RUN, "*", OK_REPLY},
        {EFFECT_START, "*", THERE(42)},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LOOK, "42", NOT_THERE},
        {EFFECT_READ_FILE, "/var/door/haproxy.log", SAYS("cannot bind socket\n")},
        {0},
    };
    struct outcome outcome = play(*state, driver->ensure, DOOR_MANAGED, "{}", exchanges);

    assert_string_equal(outcome.error, "permanent: haproxy ended right after its start on '127.0.0.1:8080'");
    assert_string_equal(outcome.evidence, "cannot bind socket\n");
}

static void test_haproxy_script__only_refused_means_that_an_address_is_free(void **state)
{
    static const enum transport_result taken[] = {TRANSPORT_OK, TRANSPORT_TIMEOUT, TRANSPORT_BROKEN, TRANSPORT_CUT};

    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
        const struct exchange exchanges[] = {
            {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
            {EFFECT_LINE, "show *", REFUSED},
            {EFFECT_HTTP, "GET *", {.transport = taken[i]}},
            {EFFECT_SLEEP, "", SLEPT},
            {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
            {EFFECT_LINE, "show *", REFUSED},
            {0},
        };

        assert_string_equal(play(*state, driver->ensure, DOOR_MANAGED, "{}", exchanges).error,
                            "permanent: somebody else listens on the front door's address '127.0.0.1:8080'");
    }
}

static void test_haproxy_script__one_that_somebody_starts_right_now_is_adopted(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
        {EFFECT_LINE, "show *", REFUSED},
        {EFFECT_HTTP, "GET *", {.transport = TRANSPORT_TIMEOUT}},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
        {EFFECT_LINE, "show *", SAYS(SEEN_NONE)},
        {0},
    };

    assert_non_null(strstr(play(*state, driver->ensure, DOOR_MANAGED, "{}", exchanges).detail, "\"started\":false"));
}

/* Its directory was removed, say: it has the address, and nobody can tell it anything. */
static void test_haproxy_script__one_without_a_socket_is_told_by_its_number(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LOOK, "PENSTOCK_DOOR=x", THERE(42)},
        {EFFECT_LINE, "show servers state; *", {.transport = TRANSPORT_REFUSED, .elapsed_ms = 15000}},
        {EFFECT_HTTP, "GET http://127.0.0.1:8080/", SAYS_STATUS(200, "x")},
        {EFFECT_SLEEP, "", SLEPT},
        {EFFECT_LOOK, "42", THERE(42)},
        {EFFECT_LINE, "show servers state; *", REFUSED},
        {EFFECT_READ_FILE, "/var/door/haproxy.log", OK_REPLY},
        {0},
    };

    assert_string_equal(play(*state, driver->ensure, DOOR_MANAGED, "{}", exchanges).error,
                        "transient: haproxy runs as process 42 but its socket '/var/door/admin.sock' does not answer");
}

static void test_haproxy_script__without_the_program_it_says_so(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LOOK, "PENSTOCK_DOOR=x", NOT_THERE},
        {EFFECT_LINE, "show *", REFUSED},
        {EFFECT_HTTP, "GET *", REFUSED},
        {EFFECT_MAKE_DIR, "*", OK_REPLY},
        {EFFECT_READ_FILE, "*", OK_REPLY},
        {EFFECT_PUT_FILE, "*", OK_REPLY},
        {EFFECT_READ_FILE, "*", OK_REPLY},
        {EFFECT_PUT_FILE, "*", OK_REPLY},
        {EFFECT_RUN, "*", {.transport = TRANSPORT_FAILED, .text = "no such program", .length = 15}},
        {0},
    };

    assert_string_equal(play(*state, driver->ensure, DOOR_MANAGED, "{}", exchanges).error,
                        "permanent: the program 'haproxy' cannot be used: no such program");
}

static void test_haproxy_script__a_change_is_written_down_and_looked_at_again(void **state)
{
    const struct exchange exchanges[] = {
        {EFFECT_LINE, "show servers state; show stat -1 7 -1; show map checks.map; show info",
         SAYS(HEAD STATE("a", 2, 0, 5) STAT FRONT ROW("a", 0, 0, "L7OK") BACK MAP INFO)},
        {EFFECT_LINE, "set server app/a weight 6", SAYS("\n")},
        {EFFECT_LINE, "show *", SAYS(HEAD STATE("a", 2, 0, 6) STAT FRONT ROW("a", 0, 0, "L7OK") BACK MAP INFO)},
        {EFFECT_READ_FILE, "/var/door/haproxy.cfg", SAYS("old")},
        {EFFECT_PUT_FILE, "/var/door/haproxy.cfg", OK_REPLY},
        {EFFECT_LINE, "show *", SAYS(HEAD STATE("a", 2, 0, 6) STAT FRONT ROW("a", 0, 0, "L7OK") BACK MAP INFO)},
        {EFFECT_READ_FILE, "/var/door/haproxy.cfg", SAYS("somebody else's")},
        {EFFECT_PUT_FILE, "/var/door/haproxy.cfg", {.transport = TRANSPORT_FAILED, .text = "disk full", .length = 9}},
        {0},
    };

    assert_string_equal(
        play(*state, driver->set_shares, DOOR_MANAGED, "{'pool': 'app', 'weights': {'a': 6}}", exchanges).error,
        "permanent: the front door's file cannot be used: disk full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_haproxy_script__a_yes_that_changes_nothing_is_found),
        TEST_WITH_ARENA(test_haproxy_script__half_a_change_is_finished),
        TEST_WITH_ARENA(test_haproxy_script__a_change_without_an_answer_is_in_doubt),
        TEST_WITH_ARENA(test_haproxy_script__a_question_without_an_answer_leaves_no_doubt),
        TEST_WITH_ARENA(test_haproxy_script__an_old_worker_is_not_believed),
        TEST_WITH_ARENA(test_haproxy_script__a_torn_picture_is_asked_again),
        TEST_WITH_ARENA(test_haproxy_script__connections_that_stay_keep_the_server),
        TEST_WITH_ARENA(test_haproxy_script__someone_else_at_work_ends_it),
        TEST_WITH_ARENA(test_haproxy_script__bad_weights_are_refused),
        TEST_WITH_ARENA(test_haproxy_script__names_that_would_be_commands_are_refused),
        TEST_WITH_ARENA(test_haproxy_script__many_weights_go_in_lines_that_fit),
        TEST_WITH_ARENA(test_haproxy_script__one_that_ends_at_once_shows_its_log),
        TEST_WITH_ARENA(test_haproxy_script__only_refused_means_that_an_address_is_free),
        TEST_WITH_ARENA(test_haproxy_script__one_that_somebody_starts_right_now_is_adopted),
        TEST_WITH_ARENA(test_haproxy_script__one_without_a_socket_is_told_by_its_number),
        TEST_WITH_ARENA(test_haproxy_script__without_the_program_it_says_so),
        TEST_WITH_ARENA(test_haproxy_script__a_change_is_written_down_and_looked_at_again),
    };

    driver = registry_traffic("haproxy");
    return cmocka_run_group_tests_name("haproxy_script", tests, NULL, NULL);
}
