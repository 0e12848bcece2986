/* The HAProxy driver against a real HAProxy 2.6 in a directory of its own, with real servers behind it. */

#include "contract/pump.h"

#include "contract/server.h"

#define PROGRAM "/proc/self/exe"

static const struct traffic_driver *driver;

struct door {
    struct world *world;
    json_t *json;
    char bind[32];
    int port;
};

static int free_port(struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)world;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* A server in a child process; its address is given back. */
static const char *serve(struct world *world, const char *name)
{
    const char *address = arena_printf(world->arena, "127.0.0.1:%d", free_port(world));
    char program[256] = {0};
    pid_t pid;

    assert_true(readlink(PROGRAM, program, sizeof(program) - 1) > 0);
    pid = fork();
    if (pid == 0) {
        execl(program, program, "serve", address, name, NULL);
        _exit(127);
    }
    world_owns(world, pid);
    return address;
}

static int door_setup(void **state)
{
    struct door *door = heap_alloc(sizeof(*door));
    char *text;

    assert_int_equal(world_setup(state), 0);
    door->world = *state;
    door->port = free_port(door->world);
    snprintf(door->bind, sizeof(door->bind), "127.0.0.1:%d", door->port);
    text = heap_printf("{'driver': 'haproxy', 'managed': true, 'bind': '%s', 'socket': '%s/door/admin.sock', "
                       "'dir': '%s/door', 'mark': 'PENSTOCK_DOOR=%s/prod', 'url': 'http://%s', "
                       "'pools': [{'name': 'app', 'match': '/'}, {'name': 'api', 'match': '/api'}]}",
                       door->bind, door->world->dir, door->world->dir, door->world->dir, door->bind);
    door->json = quoted(text);
    free(text);
    *state = door;
    return 0;
}

static int door_teardown(void **state)
{
    struct door *door = *state;
    struct world *world = door->world;
    struct call call = {.verb = "door.remove", .target = "prod", .door = door->json};

    (void)world_call(world, driver->stop, &call);
    call_release(&call);
    json_decref(door->json);
    free(door);
    *state = world;
    return world_teardown(state);
}

/* One verb with its parameters; `call` is to be released. */
static enum call_status act(struct door *door, advance_fn advance, const char *params, struct call *call)
{
    json_t *json = params ? quoted(params) : NULL;
    enum call_status status;

    *call = (struct call){.verb = "test", .target = "x", .key = "k", .params = json, .door = door->json, .epoch = 3};
    status = world_call(door->world, advance, call);
    json_decref(json);
    return status;
}

static void act_done(struct door *door, advance_fn advance, const char *params)
{
    struct call call;
    enum call_status status = act(door, advance, params, &call);

    assert_call_done(status, &call);
    call_release(&call);
}

static void add(struct door *door, const char *server, const char *address)
{
    act_done(door, driver->add,
             arena_printf(door->world->arena,
                          "{'pool': 'app', 'server': '%s', 'address': '%s', 'wait_ms': 5000, 'check': {'path': "
                          "'/health', 'every_ms': 100, 'timeout_ms': 1000, 'healthy': 2, 'unhealthy': 3}}",
                          server, address));
}

/* Who answers through the front door? */
static const char *ask(struct door *door, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[8192];
    size_t length = 0;
    ssize_t got;

    address.sin_port = htons((uint16_t)door->port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';
    return arena_text(door->world->arena, strstr(text, "\r\n\r\n") ? strstr(text, "\r\n\r\n") + 4 : text);
}

static void test_life(void **state)
{
    struct door *door = *state;
    const char *a = serve(door->world, "a");
    const char *b = serve(door->world, "b");
    struct call call;
    int counts[2] = {0};

    act_done(door, driver->ensure, NULL);
    add(door, "a", a);
    add(door, "b", b);
    act_done(door, driver->set_shares, "{'pool': 'app', 'weights': {'a': 90, 'b': 10}}");
    for (int i = 0; i < 100; i++)
        counts[ask(door, "/")[0] == 'b']++;
    assert_in_range(counts[1], 8, 12);
    assert_call_done(act(door, driver->observe, "{'pool': 'app'}", &call), &call);
    printf("%s\n%s\n", json_canonical(door->world->arena, call.detail), call.evidence);
    call_release(&call);
    act_done(door, driver->set_shares, "{'pool': 'app', 'weights': {'b': 256}}");
    act_done(door, driver->drain, "{'pool': 'app', 'server': 'a'}");
    for (int i = 0; i < 20; i++)
        assert_string_equal(ask(door, "/"), "b");
    act_done(door, driver->remove, "{'pool': 'app', 'server': 'a'}");
    assert_call_done(act(door, driver->in_flight, "{'pool': 'app', 'server': 'a'}", &call), &call);
    printf("%s\n", json_canonical(door->world->arena, call.detail));
    call_release(&call);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, door_setup, door_teardown),
    };

    if (argc > 3 && text_is(argv[1], "serve"))
        return server_main(argv);
    driver = registry_traffic("haproxy");
    return cmocka_run_group_tests_name("haproxy", tests, NULL, NULL);
}
