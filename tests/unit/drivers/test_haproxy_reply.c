#include "unit/unit.h"

#include "drivers/traffic/haproxy_reply.h"

#include "base/strbuf.h"
#include "base/text.h"
#include "unit/drivers/haproxy_capture.h"

static struct haproxy_seen read_seen(struct arena *arena, const char *text)
{
    struct haproxy_seen seen;

    assert_ok(haproxy_read_seen(arena, text, strlen(text), &seen));
    return seen;
}

/* The capture with the first `from` replaced. */
static const char *changed(struct arena *arena, const char *from, const char *to)
{
    const char *found = strstr(haproxy_capture, from);

    assert_non_null(found);
    return arena_printf(arena, "%.*s%s%s", (int)(found - haproxy_capture), haproxy_capture, to, found + strlen(from));
}

static void assert_unreadable(struct arena *arena, const char *text, const char *pattern)
{
    struct haproxy_seen seen;
    struct error *error = haproxy_read_seen(arena, text, strlen(text), &seen);

    if (!error)
        fail_msg("it was read, not: %s", pattern);
    if (!text_glob(pattern, error->text))
        fail_msg("it says: %s", error->text);
    assert_int_equal(error->code, ERR_UNKNOWN_ANSWER);
    error_free(error);
}

static void test_haproxy_question__asks_for_one_pool_or_all(void **state)
{
    assert_string_equal(haproxy_question(*state, "app", false),
                        "show servers state app; show stat app 7 -1; show info");
    assert_string_equal(haproxy_question(*state, NULL, true),
                        "show servers state; show stat -1 7 -1; show map checks.map; show info");
}

/* The server of a picture with this check status. */
static const struct haproxy_server *haproxy_find_checked(struct arena *arena, const char *status)
{
    struct haproxy_seen seen = read_seen(
        arena, arena_printf(arena,
                            "1\n# be_id be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port\n"
                            "3 app a 127.0.0.1 2 0 1 5001\n\n"
                            "# pxname,svname,qcur,scur,type,check_status\napp,a,0,0,2,%s\napp,BACKEND,0,0,1,\n\n"
                            "Name: HAProxy\nPid: 42\nStart_time_sec: 1700000000\n\n",
                            status));

    return haproxy_find(&seen, "app", "a");
}

/* Each way of checking has its own good end; a check that is under way shows the one before it. */
static void test_haproxy_read_seen__knows_every_good_check(void **state)
{
    static const char *const good[] = {"L4OK", "L6OK", "L7OK", "L7OKC", "PROCOK", "* L7OK", "* PROCOK"};
    static const char *const bad[] = {"", "INI", "UNK", "L4CON", "L7STS", "PROCERR", "PROCTOUT", "* L4TOUT"};

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(haproxy_find_checked(*state, good[i])->checked);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(haproxy_find_checked(*state, bad[i])->checked);
}

static void test_haproxy_read_seen__reads_servers(void **state)
{
    struct haproxy_seen seen = read_seen(*state, haproxy_capture);
    const struct haproxy_server *s1 = haproxy_find(&seen, "app", "s1");
    const struct haproxy_server *s2 = haproxy_find(&seen, "app", "s2");
    const struct haproxy_server *s3 = haproxy_find(&seen, "api", "s3");
    const struct haproxy_server *s4 = haproxy_find(&seen, "api", "s4");

    assert_int_equal(seen.server_count, 4);
    assert_string_equal(s1->address, "127.0.0.1:18101");
    assert_int_equal(s1->weight, 90);
    assert_int_equal(s1->state, HAPROXY_READY);
    assert_true(s1->up && s1->checked);
    assert_string_equal(s1->status, "UP");
    assert_string_equal(s1->check, "L7OK");
    assert_int_equal(s1->in_flight, 7); /* five running, two queued */
    assert_int_equal(s1->rise, 2);
    assert_int_equal(s1->fall, 3);
    assert_false(s2->up || s2->checked);
    assert_string_equal(s2->check, "L7STS");
    assert_string_equal(s2->check_why, "Not Found");
    assert_int_equal(s2->in_flight, 0);
    assert_int_equal(s3->state, HAPROXY_DRAIN);
    assert_string_equal(s3->address, "[::1]:18103");
    assert_int_equal(s4->state, HAPROXY_MAINT);
    assert_int_equal(s4->weight, 3); /* not the 1 that `show stat` has for one in maintenance */
    assert_null(haproxy_find(&seen, "api", "s1"));
}

static void test_haproxy_read_seen__reads_pools_fronts_checks_and_info(void **state)
{
    struct haproxy_seen seen = read_seen(*state, haproxy_capture);

    assert_int_equal(seen.pool_count, 2);
    assert_string_equal(haproxy_find_pool(&seen, "app")->algorithm, "roundrobin");
    assert_null(haproxy_find_pool(&seen, "f"));
    assert_int_equal(seen.front_count, 1);
    assert_string_equal(seen.fronts[0], "f");
    assert_string_equal(haproxy_check_value(&seen, "s1"), "/health#500#127.0.0.1:18101");
    assert_null(haproxy_check_value(&seen, "s3"));
    assert_int_equal(seen.pid, 22012);
    assert_int_equal(seen.start_s, 1795292114);
    assert_string_equal(seen.version, "2.6.12-1+deb12u4");
    assert_false(seen.stopping || seen.missing);
}

static void test_haproxy_read_seen__counts_connections_in_use(void **state)
{
    /* scur 5, but seven connections are still held. */
    const char *line = strstr(haproxy_capture, "app,s1,");
    struct haproxy_seen seen;

    assert_non_null(line);
    seen = read_seen(*state, changed(*state, "127.0.0.1:18101,,http,,,,,,,,0,0,0,,,0,0,0,0,0,0,0,0,0,0,1,90",
                                     "127.0.0.1:18101,,http,,,,,,,,0,0,0,,,0,0,0,0,0,0,0,0,0,7,1,90"));
    assert_int_equal(haproxy_find(&seen, "app", "s1")->in_flight, 9);
}

static void test_haproxy_read_seen__notices_a_stopping_one(void **state)
{
    assert_true(read_seen(*state, changed(*state, "Stopping: 0", "Stopping: 1")).stopping);
}

static void test_haproxy_read_seen__reads_quoted_fields(void **state)
{
    struct haproxy_seen seen = read_seen(*state, changed(*state, "-1,Not Found,", "-1,\"Not, \"\"Found\"\"\","));

    assert_string_equal(haproxy_find(&seen, "app", "s2")->check_why, "Not, \"Found\"");
}

static void test_haproxy_read_seen__a_missing_pool_is_missing(void **state)
{
    const char *info = strstr(haproxy_capture, "Name: HAProxy");
    const char *text = arena_printf(*state, "Can't find backend.\n\nNo such proxy.\n\n%s", info);

    assert_true(read_seen(*state, text).missing);
}

static void test_haproxy_read_seen__garbage_is_unknown(void **state)
{
    assert_unreadable(*state, "", "haproxy's answer ends in the middle");
    assert_unreadable(*state, "\n", "haproxy's answer ends in the middle");
    assert_unreadable(*state, "HTTP/1.1 400 Bad request\r\n\r\n", "haproxy's answer cannot be read: 'HTTP/1.1 400*");
    assert_unreadable(*state, "\x1b[31mred\n", "haproxy's answer cannot be read: '*red'");
    assert_unreadable(*state, changed(*state, "1\n# be_id", "2\n# be_id"), "*cannot be read: '2'");
    assert_unreadable(*state, changed(*state, "# be_id", "# id"), "*cannot be read: '# id*");
    assert_unreadable(*state, changed(*state, "srv_uweight", "weight"), "*cannot be read: '3 app 1 s1*");
    assert_unreadable(*state, changed(*state, "2 0 90 0", "2 0 400 0"), "*cannot be read: '3 app 1 s1*");
    assert_unreadable(*state, changed(*state, "2 0 90 0", "2 0 -1 0"), "*cannot be read: '3 app 1 s1*");
    assert_unreadable(*state, changed(*state, "2 0 90 0", "x 0 90 0"), "*cannot be read: '3 app 1 s1*");
    assert_unreadable(*state, changed(*state, "3 app 1 s1 127.0.0.1", "3 app 1 s1"), "*cannot be read: '3 app 1 s1*");
    assert_unreadable(*state, changed(*state, "qcur", "qnow"), "*cannot be read: 'app,s1,*");
    assert_unreadable(*state, changed(*state, "app,s1,2,2,5,", "app,s1,2,2,,"), "*cannot be read: 'app,s1,*");
    assert_unreadable(*state, changed(*state, "app,s1,2,2,5,", "app,s1,2,2,five,"), "*cannot be read: 'app,s1,*");
    assert_unreadable(*state, changed(*state, "app,s1,2,2", "app,,2,2"), "*cannot be read: 'app,,2*");
    assert_unreadable(*state, changed(*state, "/health#500", "/health #500"), "*cannot be read: '0x*");
    assert_unreadable(*state, changed(*state, "Pid: 22012", "Pid: none"), "haproxy does not tell its pid*");
    assert_unreadable(*state, changed(*state, "Start_time_sec", "Started"), "haproxy does not tell its pid*");
}

/* A text that ends early must never read as a pool with fewer servers, whatever the place. */
static void test_haproxy_read_seen__cut_anywhere_is_unknown(void **state)
{
    size_t length = strlen(haproxy_capture);

    for (size_t cut = 0; cut < length; cut++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();
        struct haproxy_seen seen;
        struct error *error = haproxy_read_seen(arena, arena_text_n(arena, haproxy_capture, cut), cut, &seen);

        if (!error)
            fail_msg("cut at %zu of %zu it was read", cut, length);
        error_free(error);
    }
    (void)state;
}

/* A small fuzzer with a fixed seed: whatever the bytes, it ends, and what it claims is complete. */
static void test_haproxy_read_seen__takes_any_bytes(void **state)
{
    size_t length = strlen(haproxy_capture);
    unsigned seed = 20261121;
    int read = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();
        char *text = arena_text_n(arena, haproxy_capture, length);
        struct haproxy_seen seen;
        struct error *error;

        for (int k = 0; k < 1 + i % 4; k++) {
            seed = seed * 1103515245u + 12345u;
            text[(seed >> 8) % length] = "\n,; 09\"#\0\xff-a:/.1"[(seed >> 24) % 16];
        }
        error = haproxy_read_seen(arena, text, length, &seen);
        if (!error)
            read++;
        for (size_t k = 0; !error && k < seen.server_count; k++) {
            const struct haproxy_server *server = &seen.servers[k];

            assert_true(server->weight >= 0 && server->weight <= 256);
            assert_true(server->in_flight >= 0 || seen.torn || seen.missing);
            assert_non_null(server->name);
        }
        error_free(error);
    }
    assert_true(read > 100); /* most of the bytes are of no matter */
}

static void test_haproxy_read_seen__servers_that_come_and_go_tear_the_picture(void **state)
{
    assert_false(read_seen(*state, haproxy_capture).torn);
    assert_true(read_seen(*state, changed(*state, "\napp,s2,", "\napp,s9,")).torn);
    assert_true(read_seen(*state, changed(*state, "\napp,s2,", "\napp,s1,")).torn);
    assert_true(read_seen(*state, changed(*state, "3 app 2 s2", "3 app 2 s1")).torn);
}

static enum haproxy_said said(const char *text, struct error **error)
{
    return haproxy_read_change(text, strlen(text), error);
}

static void test_haproxy_read_change__weighs_each_line(void **state)
{
    struct error *error;

    (void)state;
    assert_int_equal(said("\n", &error), HAPROXY_SAID_YES);
    assert_int_equal(said("\n\nNew server registered.\n\n\n\n", &error), HAPROXY_SAID_YES);
    assert_int_equal(said("\nServer deleted.\n\n", &error), HAPROXY_SAID_YES);
    assert_int_equal(said("\nServer still has connections attached to it, cannot remove it.\n", &error),
                     HAPROXY_SAID_BUSY);
    assert_null(error);
}

static void assert_refused(const char *text, enum error_code code, enum error_kind kind, const char *message)
{
    struct error *error;

    assert_int_equal(said(text, &error), HAPROXY_SAID_NO);
    assert_int_equal(error->kind, kind);
    assert_fails(error, code, message);
}

static void test_haproxy_read_change__refusals_have_kinds(void **state)
{
    (void)state;
    assert_refused("Permission denied\n\n", ERR_NOT_ALLOWED, KIND_PERMANENT, "haproxy's socket does not allow changes");
    assert_refused("\nNo such server.\n\n", ERR_UNKNOWN_ANSWER, KIND_TRANSIENT,
                   "haproxy refused a change: 'No such server.'");
    assert_refused("Already exists a server with the same name in backend.\n", ERR_UNKNOWN_ANSWER, KIND_TRANSIENT,
                   "haproxy refused a change: 'Already exists a server with the same name in backend.'");
    assert_refused("Absolute weight can only be between 0 and 256 inclusive.\n\n", ERR_UNKNOWN_ANSWER, KIND_PERMANENT,
                   "haproxy refused a change: 'Absolute weight can only be between 0 and 256 inclusive.'");
    assert_refused("", ERR_UNKNOWN_ANSWER, KIND_IN_DOUBT, "haproxy's answer ends in the middle");
    assert_refused("New server regis", ERR_UNKNOWN_ANSWER, KIND_IN_DOUBT, "haproxy's answer ends in the middle");
}

static void test_haproxy_read_dynamic__tells_whether_servers_can_be_added(void **state)
{
    static const char yes[] = "'server' expects <name> and <addr>[:<port>] as arguments.\n\n";
    static const char fixed[] = "Backend must use a dynamic load balancing to support dynamic servers.\n";

    assert_string_equal(haproxy_dynamic_question(*state, "app"), "add server app/penstock-asks");
    assert_ok(haproxy_read_dynamic("app", yes, strlen(yes)));
    assert_fails(haproxy_read_dynamic("app", fixed, strlen(fixed)), ERR_SPEC_INVALID,
                 "haproxy's backend 'app' balances in a way that takes no servers at run time");
    assert_fails(haproxy_read_dynamic("app", "No such backend.\n", 17), ERR_NOT_FOUND, "haproxy has no backend 'app'");
    assert_fails(haproxy_read_dynamic("app", "Permission denied\n", 18), ERR_NOT_ALLOWED,
                 "haproxy's socket does not allow changes");
    assert_fails(haproxy_read_dynamic("app", "\n", 1), ERR_UNKNOWN_ANSWER,
                 "haproxy's answer about backend 'app' cannot be read: ''");
    assert_fails(haproxy_read_dynamic("app", NULL, 0), ERR_UNKNOWN_ANSWER,
                 "haproxy's answer about backend 'app' cannot be read: ''");
}

static void test_haproxy_is_name__keeps_commands_whole(void **state)
{
    char long_name[300];

    (void)state;
    memset(long_name, 'a', sizeof(long_name));
    long_name[250] = '\0';
    assert_true(haproxy_is_name("prod-1a2b3c4-1.west.1"));
    assert_true(haproxy_is_name("a_b:c"));
    assert_false(haproxy_is_name(""));
    assert_false(haproxy_is_name(NULL));
    assert_false(haproxy_is_name("a b"));
    assert_false(haproxy_is_name("a;b"));
    assert_false(haproxy_is_name("a/b"));
    assert_false(haproxy_is_name("a\nb"));
    assert_false(haproxy_is_name("ä"));
    assert_false(haproxy_is_name(long_name));
}

static void test_haproxy_is_address__wants_numbers(void **state)
{
    (void)state;
    assert_true(haproxy_is_address("127.0.0.1:8080"));
    assert_true(haproxy_is_address("[::1]:8080"));
    assert_false(haproxy_is_address("localhost:8080"));
    assert_false(haproxy_is_address("127.0.0.1"));
    assert_false(haproxy_is_address("127.0.0.1:0"));
    assert_false(haproxy_is_address("127.0.0.1:65536"));
    assert_false(haproxy_is_address("127.0.0.1:80 "));
    assert_false(haproxy_is_address(":80"));
    assert_false(haproxy_is_address("[]:80"));
    assert_false(haproxy_is_address("[::1:80"));
    assert_false(haproxy_is_address(NULL));
}

static void test_haproxy_state_text__names_each(void **state)
{
    (void)state;
    assert_string_equal(haproxy_state_text(HAPROXY_READY), "ready");
    assert_string_equal(haproxy_state_text(HAPROXY_DRAIN), "drain");
    assert_string_equal(haproxy_state_text(HAPROXY_MAINT), "maint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_haproxy_question__asks_for_one_pool_or_all),
        TEST_WITH_ARENA(test_haproxy_read_seen__knows_every_good_check),
        TEST_WITH_ARENA(test_haproxy_read_seen__reads_servers),
        TEST_WITH_ARENA(test_haproxy_read_seen__reads_pools_fronts_checks_and_info),
        TEST_WITH_ARENA(test_haproxy_read_seen__counts_connections_in_use),
        TEST_WITH_ARENA(test_haproxy_read_seen__notices_a_stopping_one),
        TEST_WITH_ARENA(test_haproxy_read_seen__reads_quoted_fields),
        TEST_WITH_ARENA(test_haproxy_read_seen__a_missing_pool_is_missing),
        TEST_WITH_ARENA(test_haproxy_read_seen__garbage_is_unknown),
        cmocka_unit_test(test_haproxy_read_seen__cut_anywhere_is_unknown),
        cmocka_unit_test(test_haproxy_read_seen__takes_any_bytes),
        TEST_WITH_ARENA(test_haproxy_read_seen__servers_that_come_and_go_tear_the_picture),
        cmocka_unit_test(test_haproxy_read_change__weighs_each_line),
        cmocka_unit_test(test_haproxy_read_change__refusals_have_kinds),
        TEST_WITH_ARENA(test_haproxy_read_dynamic__tells_whether_servers_can_be_added),
        cmocka_unit_test(test_haproxy_is_name__keeps_commands_whole),
        cmocka_unit_test(test_haproxy_is_address__wants_numbers),
        cmocka_unit_test(test_haproxy_state_text__names_each),
    };

    return cmocka_run_group_tests_name("haproxy_reply", tests, NULL, NULL);
}
