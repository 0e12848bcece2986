#include "unit/unit.h"

#include "drivers/traffic/haproxy_config.h"
#include "drivers/traffic/haproxy_reply.h"

#include "base/text.h"
#include "unit/drivers/haproxy_capture.h"
#include "unit/drivers/quoted.h"

#define POOLS "[{'name': 'app', 'match': '/'}, {'name': 'api', 'match': '/api'}, {'name': 'v2', 'match': '/api/v2'}]"
#define DOOR(bind, socket, dir, pools)                                                                            \
    "{'managed': true, 'bind': '" bind "', 'socket': '" socket "', 'dir': '" dir "', 'mark': 'PENSTOCK_DOOR=x', " \
    "'pools': " pools "}"

static struct error *read_door(struct arena *arena, const char *text, struct haproxy_door *out)
{
    return haproxy_door_read(arena, quoted_in(arena, text), out);
}

/* The whole file for a door and servers. */
static const char *render(struct arena *arena, const char *door_text, const struct haproxy_seen *seen)
{
    struct haproxy_door door;
    const char *text = NULL;

    assert_ok(read_door(arena, door_text, &door));
    assert_ok(haproxy_config_render(arena, &door, seen, &text));
    return text;
}

static void test_haproxy_door__reads_a_managed_one(void **state)
{
    struct haproxy_door door;

    assert_ok(read_door(*state, DOOR("127.0.0.1:8080", "/var/door/admin.sock", "/var/door", POOLS), &door));
    assert_true(door.managed);
    assert_string_equal(door.config, "/var/door/haproxy.cfg");
    assert_string_equal(door.checks, "/var/door/checks.map");
    assert_string_equal(door.front, "front-127.0.0.1:8080");
    assert_string_equal(door.probe_url, "http://127.0.0.1:8080/");
}

static void test_haproxy_door__asks_the_loopback_for_any_address(void **state)
{
    struct haproxy_door door;

    assert_ok(read_door(*state, DOOR("*:80", "/v/d/s", "/v/d", POOLS), &door));
    assert_string_equal(door.probe_url, "http://127.0.0.1:80/");
    assert_string_equal(door.front, "front-_:80");
    assert_ok(read_door(*state, DOOR("0.0.0.0:80", "/v/d/s", "/v/d", POOLS), &door));
    assert_string_equal(door.probe_url, "http://127.0.0.1:80/");
    assert_ok(read_door(*state, DOOR(":80", "/v/d/s", "/v/d", POOLS), &door));
    assert_string_equal(door.probe_url, "http://127.0.0.1:80/");
    assert_ok(read_door(*state, DOOR("[::]:80", "/v/d/s", "/v/d", POOLS), &door));
    assert_string_equal(door.probe_url, "http://[::1]:80/");
    assert_ok(read_door(*state, DOOR(":::80", "/v/d/s", "/v/d", POOLS), &door));
    assert_string_equal(door.probe_url, "http://[::1]:80/");
}

static void assert_door_refused(struct arena *arena, const char *text, const char *message)
{
    struct haproxy_door door;

    assert_fails(read_door(arena, text, &door), ERR_SPEC_INVALID, message);
}

static void test_haproxy_door__refuses_what_it_cannot_do(void **state)
{
    assert_door_refused(*state, "{}", "the front door's socket is no absolute path");
    assert_door_refused(*state, "{'socket': 'a'}", "the front door's socket is no absolute path");
    assert_door_refused(*state, "{'socket': '/a'}", "the front door's list of pools is empty");
    assert_door_refused(*state, "{'socket': '/a', 'pools': [{'name': 'a b'}]}",
                        "the front door's pool 'a b' is no name of a backend");
    assert_door_refused(*state, "{'socket': '/a', 'pools': [{}]}", "the front door's pool '' is no name of a backend");
    assert_door_refused(*state, "{'socket': '/a', 'pools': [{'name': 'a', 'match': '/x }\\n'}]}",
                        "the front door's pool 'a' matches '/x }\n', which is no prefix of a path");
    assert_door_refused(*state, DOOR("localhost:80", "/v/d/s", "/v/d", POOLS),
                        "the front door's bind 'localhost:80' is not ip:port");
    assert_door_refused(*state, DOOR("127.0.0.1", "/v/d/s", "/v/d", POOLS),
                        "the front door's bind '127.0.0.1' is not ip:port");
    assert_door_refused(*state, DOOR("127.0.0.1:0", "/v/d/s", "/v/d", POOLS),
                        "the front door's bind '127.0.0.1:0' is not ip:port");
    assert_door_refused(*state, DOOR("127.0.0.1:80", "/v/d/s", "d", POOLS),
                        "the front door's directory is no absolute path");
    assert_door_refused(*state, DOOR("127.0.0.1:80", "/v/d/s", "/", POOLS),
                        "the front door's directory is no absolute path");
    assert_door_refused(*state, "{'managed': true, 'socket': '/a', 'pools': [{'name': 'a'}]}",
                        "the front door's bind is missing");
    assert_door_refused(*state,
                        "{'managed': true, 'bind': ':1', 'dir': '/v/d', 'socket': '/a', 'pools': [{'name': 'a'}]}",
                        "the front door's mark is missing");
}

static void test_haproxy_config__routes_the_longest_prefix_first(void **state)
{
    const char *text =
        render(*state, DOOR("127.0.0.1:8080", "/v/d/admin.sock", "/v/d", POOLS), &(struct haproxy_seen){0});

    assert_non_null(strstr(text, "frontend front-127.0.0.1:8080\n"
                                 "    bind 127.0.0.1:8080\n"
                                 "    use_backend v2 if { path_beg /api/v2 }\n"
                                 "    use_backend api if { path_beg /api }\n"
                                 "    default_backend app\n"));
    assert_non_null(strstr(text, "    stats socket unix@/v/d/admin.sock mode 600 level admin\n"));
    assert_non_null(strstr(text, "\nbackend app\n\nbackend api\n\nbackend v2\n"));
    assert_null(strstr(text, "${"));
}

static void test_haproxy_config__has_the_servers_as_they_were_seen(void **state)
{
    struct haproxy_seen seen;
    const char *text;

    assert_ok(haproxy_read_seen(*state, haproxy_capture, strlen(haproxy_capture), &seen));
    text = render(*state, DOOR("127.0.0.1:8080", "/v/d/admin.sock", "/v/d", POOLS), &seen);
    assert_non_null(strstr(text, "backend app\n"
                                 "    server s1 127.0.0.1:18101 weight 90 check inter 500ms rise 2 fall 3\n"
                                 "    server s2 127.0.0.1:18102 weight 7 check inter 500ms rise 2 fall 3\n"
                                 "\n"
                                 "backend api\n"
                                 "    server s3 [::1]:18103 weight 0 check inter 1000ms rise 2 fall 3\n"
                                 "    server s4 127.0.0.1:18103 weight 3 check inter 1000ms rise 2 fall 3 disabled\n"));
    assert_string_equal(haproxy_checks_render(*state, &seen),
                        "s1 /health#500#127.0.0.1:18101\ns2 /nope#500#127.0.0.1:18102\n");
}

static void test_haproxy_config__keeps_the_servers_of_an_old_file(void **state)
{
    struct haproxy_seen seen;
    struct haproxy_seen again;
    const char *first;

    assert_ok(haproxy_read_seen(*state, haproxy_capture, strlen(haproxy_capture), &seen));
    first = render(*state, DOOR("127.0.0.1:8080", "/v/d/admin.sock", "/v/d", POOLS), &seen);
    haproxy_config_read(*state, first, &again);
    assert_int_equal(again.server_count, 4);
    assert_non_null(haproxy_find(&again, "api", "s4"));
    assert_string_equal(render(*state, DOOR("127.0.0.1:8080", "/v/d/admin.sock", "/v/d", POOLS), &again), first);
}

static void test_haproxy_config__reads_no_servers_out_of_anything_else(void **state)
{
    struct haproxy_seen seen;

    haproxy_config_read(*state, NULL, &seen);
    assert_int_equal(seen.server_count, 0);
    haproxy_config_read(*state, "    server lost 1.2.3.4:5\nbackend app\nserver x 1.2.3.4:5\n    # server y\n", &seen);
    assert_int_equal(seen.server_count, 0);
    haproxy_config_read(*state, "backend app\n    server last 1.2.3.4:5", &seen);
    assert_int_equal(seen.server_count, 1);
    assert_string_equal(seen.servers[0].name, "last");
}

static void test_haproxy_config__a_long_socket_path_is_relative(void **state)
{
#define LONG "/a-name-of-forty-characters-for-a-directory/a-name-of-forty-characters-for-a-directory/door"
    struct haproxy_door door;
    const char *text;

    text = render(*state, DOOR("127.0.0.1:8080", LONG "/admin.sock", LONG, POOLS), &(struct haproxy_seen){0});
    assert_non_null(strstr(text, "    stats socket unix@admin.sock mode 600"));
    text = render(*state, DOOR("127.0.0.1:8080", "/a/with blank/admin.sock", "/a/with blank", POOLS),
                  &(struct haproxy_seen){0});
    assert_non_null(strstr(text, "    stats socket unix@admin.sock mode 600"));
    assert_ok(read_door(*state, DOOR("127.0.0.1:8080", LONG "/admin.sock", "/somewhere/else", POOLS), &door));
    assert_fails(haproxy_config_render(*state, &door, &(struct haproxy_seen){0}, &text), ERR_SPEC_INVALID,
                 "the front door's socket '" LONG "/admin.sock' has a path that haproxy cannot use");
}

static void test_haproxy_check__says_path_interval_and_address(void **state)
{
    const char *value;

    assert_ok(haproxy_check_make(*state, quoted_in(*state, "{'path': '/health?deep=1', 'every_ms': 250}"),
                                 "127.0.0.1:80", &value));
    assert_string_equal(value, "/health?deep=1#250#127.0.0.1:80");
    assert_ok(haproxy_check_make(*state, NULL, "127.0.0.1:80", &value));
    assert_string_equal(value, "/#1000#127.0.0.1:80");
}

static void test_haproxy_check__refuses_a_path_that_would_be_a_command(void **state)
{
    static const char *const checks[] = {"{'path': '/a; shutdown'}", "{'path': '/a b'}",  "{'path': 'health'}",
                                         "{'path': '/a#b'}",         "{'path': '/a\\n'}", "{'path': '/\\\\'}"};
    const char *value;

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
        struct error *error = haproxy_check_make(*state, quoted_in(*state, checks[i]), "127.0.0.1:80", &value);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_SPEC_INVALID);
        error_free(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_haproxy_door__reads_a_managed_one),
        TEST_WITH_ARENA(test_haproxy_door__asks_the_loopback_for_any_address),
        TEST_WITH_ARENA(test_haproxy_door__refuses_what_it_cannot_do),
        TEST_WITH_ARENA(test_haproxy_config__routes_the_longest_prefix_first),
        TEST_WITH_ARENA(test_haproxy_config__has_the_servers_as_they_were_seen),
        TEST_WITH_ARENA(test_haproxy_config__keeps_the_servers_of_an_old_file),
        TEST_WITH_ARENA(test_haproxy_config__reads_no_servers_out_of_anything_else),
        TEST_WITH_ARENA(test_haproxy_config__a_long_socket_path_is_relative),
        TEST_WITH_ARENA(test_haproxy_check__says_path_interval_and_address),
        TEST_WITH_ARENA(test_haproxy_check__refuses_a_path_that_would_be_a_command),
    };
    int failed = cmocka_run_group_tests_name("haproxy_config", tests, NULL, NULL);

    quoted_release();
    return failed;
}
