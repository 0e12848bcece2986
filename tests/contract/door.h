#ifndef TESTS_CONTRACT_DOOR_H
#define TESTS_CONTRACT_DOOR_H

/* A managed HAProxy of the test's own, servers to put behind it, and a plain client that asks through it. */

#include "contract/pump.h"

#include "contract/server.h"

struct door {
    struct world *world;
    const struct traffic_driver *driver;
    json_t *json;
    char bind[32];
    int port;
};

static inline int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* A child process of the test, ended with it. */
static inline pid_t spawn_child(struct world *world, const char *const *argv)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        assert_non_null(freopen("/dev/null", "w", stderr));
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    world_owns(world, pid);
    return pid;
}

static inline void wait_for_port(int port)
{
    for (int i = 0; i < 500; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result;

        address.sin_port = htons((uint16_t)port);
        result = connect(fd, (struct sockaddr *)&address, sizeof(address));
        close(fd);
        if (result == 0)
            return;
        usleep(10000);
    }
    fail_msg("nobody listens on port %d", port);
}

/* This very program as a server (server.h), at 127.0.0.1:port. */
static inline pid_t serve_at(struct world *world, int port, const char *name)
{
    static char program[256];
    const char *address = arena_printf(world->arena, "127.0.0.1:%d", port);
    const char *argv[] = {program, "serve", address, name, NULL};
    pid_t pid;

    assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
    pid = spawn_child(world, argv);
    wait_for_port(port);
    return pid;
}

static inline const char *serve(struct world *world, const char *name)
{
    int port = free_port();

    serve_at(world, port, name);
    return arena_printf(world->arena, "127.0.0.1:%d", port);
}

/* A connection through the front door on which `text` was sent. */
static inline int client_open(int port, const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

/* The whole answer, until the peer closes; closes the connection. */
static inline const char *client_close(struct world *world, int fd)
{
    char text[8192];
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';
    return arena_text(world->arena, text);
}

static inline int client_begin(int port, const char *path)
{
    char text[512];

    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    return client_open(port, text);
}

/* The body of the answer, or the whole answer when it is not a 200. */
static inline const char *ask(struct door *door, const char *path)
{
    const char *text = client_close(door->world, client_begin(door->port, path));
    const char *body = strstr(text, "\r\n\r\n");

    return body && text_starts(text, "HTTP/1.1 200") ? body + 4 : text;
}

/* A connection to HAProxy's socket; -1 when nobody listens there. */
static inline int socket_open(const struct door *door)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", json_get_text(door->json, "socket"));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

/* HAProxy has its address a moment before its socket. */
static inline void wait_for_socket(const struct door *door)
{
    for (int i = 0; i < 500; i++) {
        int fd = socket_open(door);

        if (fd >= 0) {
            close(fd);
            return;
        }
        usleep(10000);
    }
    fail_msg("nobody listens on the socket");
}

/* What HAProxy answers on its socket, as if somebody typed it. */
static inline const char *door_tell(struct door *door, const char *commands)
{
    int fd = socket_open(door);

    assert_true(fd >= 0);
    dprintf(fd, "%s\n", commands);
    return client_close(door->world, fd);
}

/* `dir` below the world's directory. */
static inline void door_describe(struct door *door, const char *dir, const char *pools)
{
    char *text =
        heap_printf("{'driver': 'haproxy', 'managed': true, 'bind': '%s', 'socket': '%s/%s/admin.sock', "
                    "'dir': '%s/%s', 'mark': 'PENSTOCK_DOOR=%s/prod', 'url': 'http://%s', 'pools': %s}",
                    door->bind, door->world->dir, dir, door->world->dir, dir, door->world->dir, door->bind, pools);

    json_decref(door->json);
    door->json = quoted(text);
    free(text);
}

static inline int door_setup(void **state)
{
    struct door *door = heap_alloc(sizeof(*door));

    assert_int_equal(world_setup(state), 0);
    door->world = *state;
    door->driver = registry_traffic("haproxy");
    door->port = free_port();
    snprintf(door->bind, sizeof(door->bind), "127.0.0.1:%d", door->port);
    door_describe(door, "door", "[{'name': 'app', 'match': '/'}, {'name': 'api', 'match': '/api'}]");
    *state = door;
    return 0;
}

/* One verb with its parameters; `call` is to be released. */
static inline enum call_status act(struct door *door, advance_fn advance, const char *params, struct call *call)
{
    json_t *json = params ? quoted(params) : NULL;
    enum call_status status;

    *call = (struct call){.verb = "test", .target = "x", .key = "k", .params = json, .door = door->json, .epoch = 3};
    status = world_call(door->world, advance, call);
    call->params = NULL;
    json_decref(json);
    return status;
}

static inline int door_teardown(void **state)
{
    struct door *door = *state;
    struct world *world = door->world;
    struct call call;

    (void)act(door, door->driver->stop, NULL, &call);
    call_release(&call);
    json_decref(door->json);
    free(door);
    *state = world;
    return world_teardown(state);
}

#define act_done(door, advance, params) act_done_at((door), (advance), (params), __FILE__, __LINE__)
#define act_fails(door, advance, params, code, kind, text) \
    act_fails_at((door), (advance), (params), &(struct failure){(code), (kind), (text)}, __FILE__, __LINE__)

/* The detail, canonical. */
static inline const char *act_done_at(struct door *door, advance_fn advance, const char *params, const char *file,
                                      int line)
{
    struct call call;
    const char *detail;

    assert_call_done_at(act(door, advance, params, &call), &call, file, line);
    detail = json_canonical(door->world->arena, call.detail);
    call_release(&call);
    return detail;
}

static inline void act_fails_at(struct door *door, advance_fn advance, const char *params, const struct failure *want,
                                const char *file, int line)
{
    struct call call;

    assert_call_failed_at(act(door, advance, params, &call), &call, want, file, line);
    call_release(&call);
}

static inline const char *add_params(struct door *door, const char *pool, const char *server, const char *address)
{
    return arena_printf(door->world->arena,
                        "{'pool': '%s', 'server': '%s', 'address': '%s', 'wait_ms': 3000, 'check': {'path': "
                        "'/health', 'every_ms': 100, 'timeout_ms': 1000, 'healthy': 2, 'unhealthy': 3}}",
                        pool, server, address);
}

/* The value at $.key.key of a detail, as text. */
static inline const char *server_field(struct door *door, const char *server, const char *field)
{
    struct call call;
    const json_t *value;
    const char *text;

    assert_call_done(act(door, door->driver->observe, "{'pool': 'app'}", &call), &call);
    value = json_object_get(json_object_get(json_object_get(call.detail, "servers"), server), field);
    text = value ? json_canonical(door->world->arena, value) : "absent";
    call_release(&call);
    return text;
}

/* Until nothing is in flight on a server of the pool 'app'. */
static inline void wait_until_idle(struct door *door, const char *server)
{
    for (int i = 0; i < 500; i++) {
        const char *params = arena_printf(door->world->arena, "{'pool': 'app', 'server': '%s'}", server);

        if (strstr(act_done(door, door->driver->in_flight, params), "\"in_flight\":0"))
            return;
        usleep(10000);
    }
    fail_msg("something stays in flight on '%s'", server);
}

static inline int64_t door_pid(struct door *door)
{
    struct call call;
    int64_t pid;

    assert_call_done(act(door, door->driver->observe, "{'pool': 'app'}", &call), &call);
    pid = json_get_int(json_object_get(call.detail, "identity"), "pid", 0);
    call_release(&call);
    return pid;
}

static inline const char *door_file(struct door *door, const char *name)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(file_read(arena_printf(door->world->arena, "%s/%s", json_get_text(door->json, "dir"), name), &text));
    return arena_text(door->world->arena, strbuf_view(&text));
}

#endif
