/* Clients that never pause, while servers are added, given all the traffic, drained, removed and killed: no request fails. */

#include "contract/door.h"

#include <stdatomic.h>
#include <time.h>

enum { CLIENTS = 4, ROUNDS = 3 };

struct client {
    pthread_t thread;
    int port;
    bool keeps_open; /* many requests on one connection */
    atomic_bool *stop;
    long answered;
    long failed;
    char first_failure[128];
};

/* Reads one answer; its status, or -1 when the connection ended. *closes: the peer will close it. */
static int read_answer(int fd, bool *closes)
{
    char text[4096];
    size_t length = 0;
    const char *head;
    const char *size;

    do {
        ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, 0);

        if (got <= 0)
            return -1;
        length += (size_t)got;
        text[length] = '\0';
        head = strstr(text, "\r\n\r\n");
        size = head ? strcasestr(text, "content-length: ") : NULL;
    } while (!head || (size && length < (size_t)(head + 4 - text) + strtoul(size + 16, NULL, 10)));
    *closes = strcasestr(text, "connection: close") != NULL;
    return atoi(text + 9);
}

static void note(struct client *client, int status, const char *doing)
{
    if (client->failed++ == 0)
        snprintf(client->first_failure, sizeof(client->first_failure), "%s gave %d after %ld answers", doing, status,
                 client->answered);
}

static void *client_run(void *context)
{
    struct client *client = context;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = -1;

    address.sin_port = htons((uint16_t)client->port);
    while (!*client->stop) {
        static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        bool closes = false;
        int status;

        if (fd < 0) {
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
                note(client, -1, "connect");
        }
        if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
            note(client, -1, "send");
        status = read_answer(fd, &closes);
        if (status == 200)
            client->answered++;
        else
            note(client, status, "request");
        if (status != 200 || closes || !client->keeps_open) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void clients_begin(struct client *clients, int port, atomic_bool *stop)
{
    *stop = false;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.port = port, .stop = stop, .keeps_open = i % 2};
        pthread_create(&clients[i].thread, NULL, client_run, &clients[i]);
    }
}

/* All failures; adds up what was answered. */
static long clients_end(struct client *clients, atomic_bool *stop, long *answered)
{
    long failed = 0;

    *stop = true;
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i].thread, NULL);
        failed += clients[i].failed;
        *answered += clients[i].answered;
        if (clients[i].failed)
            print_message("client %d: %ld failed, first: %s\n", i, clients[i].failed, clients[i].first_failure);
    }
    return failed;
}

static const char *weights(struct door *door, int new_share, const char *new, const char *old)
{
    return arena_printf(door->world->arena, "{'pool': 'app', 'weights': {'%s': %d, '%s': %d}}", new, new_share, old,
                        100 - new_share);
}

/* A whole replacement of `old` by a new server, without a pause anywhere. */
static pid_t replace(struct door *door, const char *old, pid_t old_pid, const char *new)
{
    static const int shares[] = {5, 50, 100};
    int port = free_port();
    pid_t pid = serve_at(door->world, port, new);

    act_done(door, door->driver->add,
             add_params(door, "app", new, arena_printf(door->world->arena, "127.0.0.1:%d", port)));
    for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
        act_done(door, door->driver->set_shares, weights(door, shares[i], new, old));
        usleep(50000);
    }
    act_done(door, door->driver->drain, arena_printf(door->world->arena, "{'pool': 'app', 'server': '%s'}", old));
    wait_until_idle(door, old);
    act_done(door, door->driver->remove, arena_printf(door->world->arena, "{'pool': 'app', 'server': '%s'}", old));
    world_kills(door->world, old_pid);
    return pid;
}

static pid_t begin(struct door *door)
{
    int port = free_port();
    pid_t pid = serve_at(door->world, port, "s0");

    act_done(door, door->driver->ensure, NULL);
    act_done(door, door->driver->add,
             add_params(door, "app", "s0", arena_printf(door->world->arena, "127.0.0.1:%d", port)));
    act_done(door, door->driver->set_shares, "{'pool': 'app', 'weights': {'s0': 100}}");
    return pid;
}

static void test_haproxy_traffic__no_request_fails_while_servers_are_replaced(void **state)
{
    struct door *door = *state;
    struct client clients[CLIENTS];
    atomic_bool stop;
    long answered = 0;
    pid_t pid = begin(door);

    clients_begin(clients, door->port, &stop);
    for (int i = 0; i < ROUNDS; i++)
        pid = replace(door, arena_printf(door->world->arena, "s%d", i), pid,
                      arena_printf(door->world->arena, "s%d", i + 1));
    assert_int_equal(clients_end(clients, &stop, &answered), 0);
    print_message("%ld requests, none failed (at 95 %%: at most %.4f %%)\n", answered, 300.0 / (double)answered);
    assert_true(answered > 100);
}

/* The clients would notice: a server that is killed while it has all the traffic costs requests. */
static void test_haproxy_traffic__the_clients_would_notice(void **state)
{
    struct door *door = *state;
    struct client clients[CLIENTS];
    atomic_bool stop;
    long answered = 0;
    pid_t pid = begin(door);

    clients_begin(clients, door->port, &stop);
    usleep(200000);
    world_kills(door->world, pid);
    usleep(200000);
    assert_true(clients_end(clients, &stop, &answered) > 0);
}

int main(int argc, char **argv)
{
#define WITH_DOOR(f) cmocka_unit_test_setup_teardown(f, door_setup, door_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DOOR(test_haproxy_traffic__no_request_fails_while_servers_are_replaced),
        WITH_DOOR(test_haproxy_traffic__the_clients_would_notice),
    };

    if (argc > 3 && text_is(argv[1], "serve"))
        return server_main(argv);
    return cmocka_run_group_tests_name("haproxy_traffic", tests, NULL, NULL);
}
