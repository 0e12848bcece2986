/* The HAProxy driver with an HAProxy that somebody else configured and runs. */

#include "contract/door.h"

/* An HAProxy of the test's, with these lines behind `global` and `defaults`. The door is told to use it. */
static void begin_existing(struct door *door, const char *level, const char *lines)
{
    struct arena *arena = door->world->arena;
    const char *config = arena_printf(arena, "%s/existing.cfg", door->world->dir);
    const char *socket_path = arena_printf(arena, "%s/admin.sock", door->world->dir);
    const char *argv[] = {"haproxy", "-db", "-f", config, NULL};
    const char *text =
        arena_printf(arena,
                     "global\n    stats socket unix@%s mode 600 level %s\n"
                     "defaults\n    mode http\n    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\n"
                     "frontend all\n    bind %s\n    default_backend app\n%s\n",
                     socket_path, level, door->bind, lines);
    char *json =
        heap_printf("{'driver': 'haproxy', 'managed': false, 'bind': null, 'socket': '%s', 'url': 'http://%s', "
                    "'pools': [{'name': 'app', 'match': '/'}]}",
                    socket_path, door->bind);

    json_decref(door->json);
    door->json = quoted(json);
    free(json);
    assert_ok(file_put(config, text, strlen(text), 0600));
    spawn_child(door->world, argv);
    wait_for_port(door->port);
    wait_for_socket(door);
}

static void test_haproxy_existing__whole_life(void **state)
{
    struct door *door = *state;
    const char *old = serve(door->world, "old");
    const char *new = serve(door->world, "new");

    begin_existing(door, "admin", arena_printf(door->world->arena, "backend app\n    server old %s weight 9", old));
    assert_non_null(strstr(act_done(door, door->driver->ensure, NULL), "\"started\":false"));
    act_done(door, door->driver->add, add_params(door, "app", "new", new)); /* its check is one of the connection */
    assert_string_equal(server_field(door, "new", "check"), "\"L4OK\"");
    assert_string_equal(server_field(door, "new", "weight"), "0");
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'new': 50, 'old': 50}}");
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'new': 100}}");
    act_done(door, door->driver->drain, "{'pool': 'app', 'server': 'old'}");
    act_done(door, door->driver->remove, "{'pool': 'app', 'server': 'old'}");
    assert_string_equal(ask(door, "/"), "new");
    assert_string_equal(server_field(door, "old", "weight"), "absent");
    /* It is not ours to end. */
    assert_string_equal(act_done(door, door->driver->stop, NULL), "{\"managed\":false}");
    assert_string_equal(ask(door, "/"), "new");
}

static void test_haproxy_existing__a_missing_backend_is_named(void **state)
{
    struct door *door = *state;

    begin_existing(door, "admin", "backend app");
    json_object_set_new(door->json, "pools", quoted("[{'name': 'rooms', 'match': '/'}]"));
    act_fails(door, door->driver->ensure, NULL, ERR_NOT_FOUND, KIND_PERMANENT, "haproxy has no backend 'rooms'");
    act_fails(door, door->driver->observe, "{'pool': 'rooms'}", ERR_NOT_FOUND, KIND_PERMANENT,
              "haproxy has no backend 'rooms'");
    /* A pool that is not there says nothing about its servers, least of all that they are idle. */
    act_fails(door, door->driver->in_flight, "{'pool': 'rooms', 'server': 'a'}", ERR_NOT_FOUND, KIND_PERMANENT,
              "haproxy has no backend 'rooms'");
    act_fails(door, door->driver->remove, "{'pool': 'rooms', 'server': 'a'}", ERR_NOT_FOUND, KIND_PERMANENT,
              "haproxy has no backend 'rooms'");
}

static void test_haproxy_existing__a_fixed_balance_is_refused(void **state)
{
    struct door *door = *state;

    begin_existing(door, "admin", "backend app\n    balance static-rr");
    act_fails(door, door->driver->ensure, NULL, ERR_SPEC_INVALID, KIND_PERMANENT,
              "haproxy's backend 'app' balances in a way that takes no servers at run time");
}

static void test_haproxy_existing__a_balance_without_weights_is_refused(void **state)
{
    struct door *door = *state;

    begin_existing(door, "admin", "backend app\n    balance first");
    act_fails(door, door->driver->ensure, NULL, ERR_SPEC_INVALID, KIND_PERMANENT,
              "haproxy's backend 'app' balances by 'first', which knows no weights");
}

static void test_haproxy_existing__random_and_leastconn_will_do(void **state)
{
    struct door *door = *state;

    begin_existing(door, "admin", "backend app\n    balance random\nbackend other\n    balance leastconn");
    json_object_set_new(door->json, "pools",
                        quoted("[{'name': 'app', 'match': '/'}, {'name': 'other', 'match': '/o'}]"));
    act_done(door, door->driver->ensure, NULL);
}

/* A frontend and its backend often bear one name. */
static void test_haproxy_existing__a_frontend_may_have_the_pool_s_name(void **state)
{
    struct door *door = *state;
    const char *a = serve(door->world, "a");

    begin_existing(door, "admin",
                   arena_printf(door->world->arena,
                                "frontend app\n    bind 127.0.0.1:%d\n    default_backend app\nbackend app",
                                free_port()));
    act_done(door, door->driver->ensure, NULL);
    act_done(door, door->driver->add, add_params(door, "app", "a", a));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}");
    assert_string_equal(ask(door, "/"), "a");
    assert_string_equal(server_field(door, "a", "in_flight"), "0");
}

static void test_haproxy_existing__a_socket_without_rights_is_refused(void **state)
{
    struct door *door = *state;

    begin_existing(door, "operator", "backend app");
    act_fails(door, door->driver->ensure, NULL, ERR_NOT_ALLOWED, KIND_PERMANENT,
              "haproxy's socket does not allow changes");
    act_fails(door, door->driver->add, add_params(door, "app", "a", "127.0.0.1:1"), ERR_NOT_ALLOWED, KIND_PERMANENT,
              "haproxy's socket does not allow changes");
}

static void test_haproxy_existing__nobody_there_may_come_back(void **state)
{
    struct door *door = *state;
    char *json = heap_printf("{'driver': 'haproxy', 'managed': false, 'socket': '%s/none.sock', "
                             "'pools': [{'name': 'app', 'match': '/'}]}",
                             door->world->dir);

    json_decref(door->json);
    door->json = quoted(json);
    free(json);
    act_fails(door, door->driver->ensure, NULL, ERR_IO, KIND_TRANSIENT,
              "haproxy's socket '*/none.sock' is not there: nobody listens");
    act_fails(door, door->driver->in_flight, "{'pool': 'app', 'server': 'a'}", ERR_IO, KIND_TRANSIENT,
              "haproxy's socket '*/none.sock' is not there: nobody listens");
}

static void test_haproxy_existing__a_restart_that_forgot_is_told(void **state)
{
    struct door *door = *state;
    const char *a = serve(door->world, "a");
    const char *before;

    begin_existing(door, "admin", "backend app");
    before = act_done(door, door->driver->ensure, NULL);
    act_done(door, door->driver->add, add_params(door, "app", "a", a));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}");
    world_kills(door->world, door_pid(door));
    begin_existing(door, "admin", "backend app");
    assert_string_not_equal(act_done(door, door->driver->ensure, NULL), before);
    assert_string_equal(server_field(door, "a", "weight"), "absent");
    act_fails(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'a': 1}}", ERR_FOREIGN_CHANGE,
              KIND_PERMANENT, "haproxy has no server 'a' in pool 'app'");
}

int main(int argc, char **argv)
{
#define WITH_DOOR(f) cmocka_unit_test_setup_teardown(f, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DOOR(test_haproxy_existing__whole_life),
        WITH_DOOR(test_haproxy_existing__a_missing_backend_is_named),
        WITH_DOOR(test_haproxy_existing__a_fixed_balance_is_refused),
        WITH_DOOR(test_haproxy_existing__a_balance_without_weights_is_refused),
        WITH_DOOR(test_haproxy_existing__random_and_leastconn_will_do),
        WITH_DOOR(test_haproxy_existing__a_frontend_may_have_the_pool_s_name),
        WITH_DOOR(test_haproxy_existing__a_socket_without_rights_is_refused),
        WITH_DOOR(test_haproxy_existing__nobody_there_may_come_back),
        WITH_DOOR(test_haproxy_existing__a_restart_that_forgot_is_told),
    };

    if (argc > 3 && text_is(argv[1], "serve"))
        return server_main(argv);
    return cmocka_run_group_tests_name("haproxy_existing", tests, NULL, NULL);
}
