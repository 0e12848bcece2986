/* The HAProxy driver, managed, against a real HAProxy with real servers behind it. */

#include "contract/door.h"

/* Two servers that share the traffic 90 to 10. */
static const char *begin_with_two(struct door *door, const char **out_b)
{
    const char *a = serve(door->world, "a");
    const char *b = serve(door->world, "b");

    act_done(door, door->driver->ensure, NULL);
    act_done(door, door->driver->add, add_params(door, "app", "a", a));
    act_done(door, door->driver->add, add_params(door, "app", "b", b));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 90, 'b': 10}}");
    if (out_b)
        *out_b = b;
    return a;
}

static void test_haproxy__splits_traffic_by_weight(void **state)
{
    struct door *door = *state;
    int from_b = 0;

    begin_with_two(door, NULL);
    for (int i = 0; i < 100; i++)
        from_b += text_is(ask(door, "/"), "b");
    assert_in_range(from_b, 8, 12);
    assert_string_equal(server_field(door, "a", "weight"), "90");
    assert_string_equal(server_field(door, "b", "check"), "\"L7OK\"");
}

static void test_haproxy__asks_each_server_at_its_path_by_its_address(void **state)
{
    struct door *door = *state;
    const char *a = begin_with_two(door, NULL);
    const char *last;

    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}");
    last = ask(door, "/last");
    assert_true(text_starts(last, "GET /health HTTP/1.1\r\n"));
    assert_non_null(strstr(last, arena_printf(door->world->arena, "ost: %s\r\n", a)));
}

static void test_haproxy__same_call_twice_has_the_effect_of_one(void **state)
{
    struct door *door = *state;
    const char *a = begin_with_two(door, NULL);
    const char *before = door_file(door, "haproxy.cfg");
    struct call call;

    assert_call_done(act(door, door->driver->ensure, NULL, &call), &call);
    assert_false(json_get_bool(call.detail, "started", true));
    call_release(&call);
    act_done(door, door->driver->add, add_params(door, "app", "a", a));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 90, 'b': 10}}");
    assert_string_equal(door_file(door, "haproxy.cfg"), before);
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    act_done(door, door->driver->undrain, "{'pool': 'app', 'server': 'a'}");
    act_done(door, door->driver->undrain, "{'pool': 'app', 'server': 'a'}");
    assert_string_equal(door_file(door, "haproxy.cfg"), before);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'b': 10}}");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
    assert_string_equal(server_field(door, "a", "weight"), "absent");
    act_done(door, door->driver->stop, NULL);
    act_done(door, door->driver->stop, NULL);
}

static void test_haproxy__unnamed_servers_lose_their_share(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'b': 256}}");
    for (int i = 0; i < 20; i++)
        assert_string_equal(ask(door, "/"), "b");
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {}}");
    assert_true(text_starts(ask(door, "/"), "HTTP/1.1 503"));
}

static void test_haproxy__drain_lets_running_requests_end(void **state)
{
    struct door *door = *state;
    int slow;

    begin_with_two(door, NULL);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}");
    slow = client_begin(door->port, "/slow?700");
    usleep(100000);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1, 'b': 1}}");
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    assert_string_equal(server_field(door, "a", "state"), "\"drain\"");
    for (int i = 0; i < 10; i++)
        assert_string_equal(ask(door, "/"), "b");
    act_fails(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}", ERR_CONFLICT, KIND_TRANSIENT,
              "server 'a' in pool 'app' still has 1 requests or connections");
    assert_true(text_starts(client_close(door->world, slow), "HTTP/1.1 200"));
    wait_until_idle(door, "a");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
}

static void test_haproxy__an_upgraded_connection_is_in_flight(void **state)
{
    struct door *door = *state;
    char answer[256];
    int tunnel;

    begin_with_two(door, NULL);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}");
    tunnel =
        client_open(door->port, "GET /upgrade HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n");
    assert_true(read(tunnel, answer, sizeof(answer)) > 0);
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    assert_non_null(
        strstr(act_done(door, door->driver->in_flight, "{'pool': 'app', 'server': 'a'}"), "\"in_flight\":1"));
    act_fails(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}", ERR_CONFLICT, KIND_TRANSIENT,
              "server 'a' in pool 'app' still has 1 requests or connections");
    /* It goes on as if nothing had happened. */
    assert_int_equal(write(tunnel, "ping", 4), 4);
    assert_int_equal(read(tunnel, answer, sizeof(answer)), 4);
    close(tunnel);
    wait_until_idle(door, "a");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
}

static void test_haproxy__refuses_to_remove_what_has_traffic(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    act_fails(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}", ERR_CONFLICT, KIND_PERMANENT,
              "server 'a' in pool 'app' still has weight 90");
    assert_string_equal(server_field(door, "a", "state"), "\"ready\"");
}

static void test_haproxy__refuses_shares_that_would_go_elsewhere(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    act_fails(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 5, 'b': 1}}", ERR_CONFLICT,
              KIND_PERMANENT, "server 'a' in pool 'app' is in state drain, so it can have no share");
    act_fails(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'c': 5, 'b': 1}}", ERR_FOREIGN_CHANGE,
              KIND_PERMANENT, "haproxy has no server 'c' in pool 'app'");
    assert_string_equal(server_field(door, "b", "weight"), "10");
    act_fails(door, door->driver->undrain, "{'pool': 'app', 'server': 'c'}", ERR_FOREIGN_CHANGE, KIND_PERMANENT,
              "haproxy has no server 'c' in pool 'app'");
}

static void test_haproxy__add_waits_for_health_and_can_be_repeated(void **state)
{
    struct door *door = *state;
    int port = free_port();
    const char *address = arena_printf(door->world->arena, "127.0.0.1:%d", port);

    begin_with_two(door, NULL);
    act_fails(door, door->driver->add,
              arena_printf(door->world->arena,
                           "{'pool': 'app', 'server': 'c', 'address': '%s', 'wait_ms': 500, 'check': {'path': "
                           "'/health', 'every_ms': 50, 'healthy': 2, 'unhealthy': 3}}",
                           address),
              ERR_UNHEALTHY, KIND_TRANSIENT, "haproxy does not find server 'c' healthy after 500ms: L4CON*");
    assert_string_equal(server_field(door, "c", "weight"), "0");
    serve_at(door->world, port, "c");
    act_done(door, door->driver->add, add_params(door, "app", "c", address));
    assert_string_equal(server_field(door, "c", "up"), "true");
    assert_string_equal(server_field(door, "c", "weight"), "0");
}

static void test_haproxy__add_finds_a_sick_server(void **state)
{
    struct door *door = *state;
    const char *a = serve(door->world, "a");
    int port = atoi(strchr(a, ':') + 1);

    act_done(door, door->driver->ensure, NULL);
    client_close(door->world, client_open(port, "POST /sick HTTP/1.1\r\nConnection: close\r\n\r\n"));
    act_fails(door, door->driver->add,
              arena_printf(door->world->arena,
                           "{'pool': 'app', 'server': 'a', 'address': '%s', 'wait_ms': 400, 'check': {'path': "
                           "'/health', 'every_ms': 50, 'healthy': 2, 'unhealthy': 3}}",
                           a),
              ERR_UNHEALTHY, KIND_TRANSIENT, "haproxy does not find server 'a' healthy after 400ms: L7STS*");
}

static void test_haproxy__add_replaces_a_name_with_another_address(void **state)
{
    struct door *door = *state;
    const char *other = serve(door->world, "other");

    begin_with_two(door, NULL);
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'b': 1}}");
    act_done(door, door->driver->add, add_params(door, "app", "a", other));
    assert_string_equal(server_field(door, "a", "address"), arena_printf(door->world->arena, "\"%s\"", other));
    assert_string_equal(server_field(door, "a", "weight"), "0");
    assert_non_null(strstr(door_file(door, "checks.map"), other));
}

/* Another copy of the same project may have released through the same door: its users are not cut off. */
static void test_haproxy__add_leaves_a_name_that_serves_elsewhere(void **state)
{
    struct door *door = *state;
    const char *other = serve(door->world, "other");
    const char *a = begin_with_two(door, NULL);

    act_fails(door, door->driver->add, add_params(door, "app", "a", other), ERR_FOREIGN_CHANGE, KIND_PERMANENT,
              arena_printf(door->world->arena, "server 'a' in pool 'app' is at '%s', not '%s', and has weight 90 there",
                           a, other));
    assert_string_equal(server_field(door, "a", "weight"), "90");
    assert_string_equal(server_field(door, "a", "state"), "\"ready\"");
}

static void test_haproxy__add_finishes_one_that_was_cut_off(void **state)
{
    struct door *door = *state;
    const char *c = serve(door->world, "c");

    begin_with_two(door, NULL);
    /* Only the first of the commands arrived: HAProxy has the server, in maintenance, unchecked. */
    assert_string_equal(
        door_tell(door, arena_printf(door->world->arena, "add server app/c %s check inter 100 weight 5", c)),
        "New server registered.\n\n");
    assert_string_equal(server_field(door, "c", "state"), "\"maint\"");
    act_done(door, door->driver->add, add_params(door, "app", "c", c));
    assert_string_equal(server_field(door, "c", "up"), "true");
    assert_string_equal(server_field(door, "c", "weight"), "0");
}

static void test_haproxy__comes_back_with_its_weights_after_a_crash(void **state)
{
    struct door *door = *state;
    int64_t pid;
    struct call call;

    begin_with_two(door, NULL);
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'b'}");
    act_done(door, door->driver->add, add_params(door, "api", "off", serve(door->world, "off")));
    door_tell(door, "set server api/off state maint");
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'b'}"); /* writes down what it finds */
    pid = door_pid(door);
    kill((pid_t)pid, SIGKILL);
    assert_call_done(act(door, door->driver->ensure, NULL, &call), &call);
    assert_true(json_get_bool(call.detail, "started", false));
    assert_int_not_equal(json_get_int(json_object_get(call.detail, "identity"), "pid", 0), pid);
    call_release(&call);
    assert_string_equal(server_field(door, "a", "weight"), "90");
    assert_string_equal(server_field(door, "b", "weight"), "0");
    for (int i = 0; i < 10; i++)
        assert_string_equal(ask(door, "/"), "a");
    assert_non_null(strstr(act_done(door, door->driver->observe, "{'pool': 'api'}"), "\"state\":\"maint\""));
    act_done(door, door->driver->undrain, "{'pool': 'api', 'server': 'off'}");
    assert_non_null(strstr(act_done(door, door->driver->observe, "{'pool': 'api'}"), "\"state\":\"ready\""));
    /* The servers are as good as those that were added at run time. */
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'b': 7}}");
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'a'}");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
    assert_string_equal(ask(door, "/"), "b");
    assert_null(strstr(door_file(door, "haproxy.cfg"), "server a "));
}

static void test_haproxy__adopts_one_that_somebody_restarted(void **state)
{
    struct door *door = *state;
    const char *config = arena_printf(door->world->arena, "%s/door/haproxy.cfg", door->world->dir);
    const char *argv[] = {"haproxy", "-db", "-f", config, NULL};
    pid_t by_hand;

    begin_with_two(door, NULL);
    kill((pid_t)door_pid(door), SIGKILL);
    usleep(100000);
    by_hand = spawn_child(door->world, argv);
    wait_for_port(door->port);
    act_done(door, door->driver->ensure, NULL);
    assert_int_equal(door_pid(door), by_hand);
    assert_string_equal(server_field(door, "a", "weight"), "90");
    assert_string_equal(server_field(door, "b", "weight"), "10");
    act_fails(door, door->driver->stop, NULL, ERR_CONFLICT, KIND_PERMANENT,
              "the haproxy at '*' was started by somebody else, as process *");
    world_kills(door->world, by_hand);
    act_done(door, door->driver->stop, NULL);
    assert_false(file_exists(config));
}

static void test_haproxy__shows_what_somebody_changed_by_hand(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    door_tell(door, "set server app/a weight 3; set server app/b state maint");
    assert_string_equal(server_field(door, "a", "weight"), "3");
    assert_string_equal(server_field(door, "b", "weight"), "10");
    assert_string_equal(server_field(door, "b", "state"), "\"maint\"");
}

static void test_haproxy__does_not_share_its_address(void **state)
{
    struct door *door = *state;

    serve_at(door->world, door->port, "somebody");
    act_fails(door, door->driver->ensure, NULL, ERR_CONFLICT, KIND_PERMANENT,
              "somebody else listens on the front door's address '*'");
    assert_false(file_exists(arena_printf(door->world->arena, "%s/door", door->world->dir)));
}

static void test_haproxy__does_not_share_its_address_with_another_haproxy(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    {
        struct door other = *door;

        other.json = NULL;
        door_describe(&other, "other", "[{'name': 'app', 'match': '/'}]");
        json_object_set_new(other.json, "mark", json_string("PENSTOCK_DOOR=other"));
        act_fails(&other, door->driver->ensure, NULL, ERR_CONFLICT, KIND_PERMANENT,
                  "somebody else listens on the front door's address '*'");
        json_decref(other.json);
    }
}

static void test_haproxy__refuses_to_adopt_one_with_other_pools_or_address(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    door_describe(door, "door", "[{'name': 'app', 'match': '/'}, {'name': 'web', 'match': '/web'}]");
    act_fails(door, door->driver->ensure, NULL, ERR_CONFLICT, KIND_PERMANENT,
              "the front door that runs (process *) has no pool 'web'");
    door_describe(door, "door", "[{'name': 'app', 'match': '/'}]");
    json_object_set_new(door->json, "bind", json_string("127.0.0.1:1"));
    act_fails(door, door->driver->ensure, NULL, ERR_CONFLICT, KIND_PERMANENT,
              "the front door that runs (process *) does not listen on '127.0.0.1:1'");
}

static void test_haproxy__routes_by_the_longest_prefix(void **state)
{
    struct door *door = *state;

    begin_with_two(door, NULL);
    act_done(door, door->driver->add, add_params(door, "api", "api-1", serve(door->world, "api")));
    act_done(door, door->driver->set_shares, "{'pool': 'api', 'weights': {'api-1': 1}}");
    assert_string_equal(ask(door, "/api/rooms"), "api");
    assert_string_not_equal(ask(door, "/ap"), "api");
}

static void test_haproxy__a_server_may_be_in_two_pools(void **state)
{
    struct door *door = *state;
    const char *a = begin_with_two(door, NULL);

    act_done(door, door->driver->add, add_params(door, "api", "a", a));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'b': 1}}");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'a'}");
    assert_non_null(strstr(door_file(door, "checks.map"), arena_printf(door->world->arena, "a /health#100#%s\n", a)));
    act_done(door, door->driver->remove, "{'pool': 'api', 'server': 'a'}");
    assert_null(strstr(door_file(door, "checks.map"), a));
}

static void test_haproxy__many_changes_at_once_leave_the_right_files(void **state)
{
    enum { COUNT = 8 };
    struct door *door = *state;
    struct pump pumps[COUNT];
    struct call calls[COUNT];
    const char *address = serve(door->world, "all");

    act_done(door, door->driver->ensure, NULL);
    for (int i = 0; i < COUNT; i++) {
        const char *name = arena_printf(door->world->arena, "s%d", i);

        calls[i] = (struct call){.verb = "traffic.add",
                                 .target = name,
                                 .door = door->json,
                                 .arena = door->world->arena,
                                 .params = quoted(add_params(door, "app", name, address))};
        pumps[i] = (struct pump){.call = &calls[i], .advance = door->driver->add};
    }
    pump_run_all(door->world->io, pumps, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const char *line = arena_printf(door->world->arena,
                                        "    server s%d %s weight 0 check inter 100ms rise 2 fall 3\n", i, address);

        assert_call_done(pumps[i].status, &calls[i]);
        assert_non_null(strstr(door_file(door, "haproxy.cfg"), line));
        assert_non_null(strstr(door_file(door, "checks.map"), arena_printf(door->world->arena, "s%d /health#100#", i)));
        json_decref((json_t *)(uintptr_t)calls[i].params);
        call_release(&calls[i]);
    }
}

static void test_haproxy__lives_in_a_directory_with_a_long_name(void **state)
{
    struct door *door = *state;

    door_describe(
        door, "a-directory-whose-name-is-so-long-that-its-socket-does-not-fit-into-the-108-bytes-of-an-address/door",
        "[{'name': 'app', 'match': '/'}]");
    begin_with_two(door, NULL);
    assert_string_equal(server_field(door, "a", "weight"), "90");
}

static void test_haproxy__says_why_it_did_not_start(void **state)
{
    struct door *door = *state;
    struct call call;

    json_object_set_new(door->json, "pools", quoted("[{'name': 'app', 'match': '/'}, {'name': 'app', 'match': '/b'}]"));
    assert_call_failed(act(door, door->driver->ensure, NULL, &call), &call, ERR_CHECK_FAILED, KIND_PERMANENT,
                       "haproxy refuses its configuration '*'");
    assert_non_null(strstr(call.evidence, "app"));
    call_release(&call);
}

int main(int argc, char **argv)
{
#define WITH_DOOR(f) cmocka_unit_test_setup_teardown(f, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DOOR(test_haproxy__splits_traffic_by_weight),
        WITH_DOOR(test_haproxy__asks_each_server_at_its_path_by_its_address),
        WITH_DOOR(test_haproxy__same_call_twice_has_the_effect_of_one),
        WITH_DOOR(test_haproxy__unnamed_servers_lose_their_share),
        WITH_DOOR(test_haproxy__drain_lets_running_requests_end),
        WITH_DOOR(test_haproxy__an_upgraded_connection_is_in_flight),
        WITH_DOOR(test_haproxy__refuses_to_remove_what_has_traffic),
        WITH_DOOR(test_haproxy__refuses_shares_that_would_go_elsewhere),
        WITH_DOOR(test_haproxy__add_waits_for_health_and_can_be_repeated),
        WITH_DOOR(test_haproxy__add_finds_a_sick_server),
        WITH_DOOR(test_haproxy__add_replaces_a_name_with_another_address),
        WITH_DOOR(test_haproxy__add_leaves_a_name_that_serves_elsewhere),
        WITH_DOOR(test_haproxy__add_finishes_one_that_was_cut_off),
        WITH_DOOR(test_haproxy__comes_back_with_its_weights_after_a_crash),
        WITH_DOOR(test_haproxy__adopts_one_that_somebody_restarted),
        WITH_DOOR(test_haproxy__shows_what_somebody_changed_by_hand),
        WITH_DOOR(test_haproxy__does_not_share_its_address),
        WITH_DOOR(test_haproxy__does_not_share_its_address_with_another_haproxy),
        WITH_DOOR(test_haproxy__refuses_to_adopt_one_with_other_pools_or_address),
        WITH_DOOR(test_haproxy__routes_by_the_longest_prefix),
        WITH_DOOR(test_haproxy__a_server_may_be_in_two_pools),
        WITH_DOOR(test_haproxy__many_changes_at_once_leave_the_right_files),
        WITH_DOOR(test_haproxy__lives_in_a_directory_with_a_long_name),
        WITH_DOOR(test_haproxy__says_why_it_did_not_start),
    };

    if (argc > 3 && text_is(argv[1], "serve"))
        return server_main(argv);
    return cmocka_run_group_tests_name("haproxy", tests, NULL, NULL);
}
