#include "unit/io/real.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * Many effects of all kinds at once, cancelled and answered in any order. Each must reply exactly once or, when it was
 * cancelled, never; nothing may be left. Most useful under the address sanitizer.
 */

#define SLOTS 60
#define STEPS 1500

struct slot {
    struct storm *storm;
    struct io_effect *effect; /* NULL: free */
    struct effect want;
};

struct storm {
    struct real *real;
    struct slot slots[SLOTS];
    unsigned random;
    int started;
    int replied;
    int cancelled;
    int left;
    struct process_identity sleeper;
    const char *url;
    const char *socket;
};

static unsigned pick(struct storm *storm, unsigned below)
{
    storm->random = storm->random * 1664525U + 1013904223U;
    return (storm->random >> 8) % below;
}

static void start_one(struct storm *storm, struct slot *slot);

static void step(struct storm *storm)
{
    struct slot *slot = &storm->slots[pick(storm, SLOTS)];

    if (--storm->left <= 0) {
        io_stop(storm->real->io);
        return;
    }
    if (!slot->effect) {
        start_one(storm, slot);
    } else if (pick(storm, 2)) {
        io_cancel(slot->effect);
        slot->effect = NULL;
        storm->cancelled++;
    }
}

static void on_reply(void *context, const struct reply *reply)
{
    struct slot *slot = context;

    assert_non_null(slot->effect);
    assert_non_null(reply->text);
    assert_int_equal(strlen(reply->text), reply->length);
    slot->effect = NULL;
    slot->storm->replied++;
    step(slot->storm); /* also from within a reply */
}

static void on_tick(void *context)
{
    struct storm *storm = context;

    for (int i = 0; i < 5; i++)
        step(storm);
    if (storm->left > 0)
        (void)io_timer_start(storm->real->io, pick(storm, 3), on_tick, storm);
}

static void start_one(struct storm *storm, struct slot *slot)
{
    static const char *const commands[][4] = {
        {"/bin/true", NULL},
        {"/bin/sh", "-c", "echo some; echo text", NULL},
        {"/bin/sleep", "60", NULL},
        {"/no/such/program", NULL},
    };
    static const enum effect_kind kinds[] = {EFFECT_HTTP,      EFFECT_LINE,     EFFECT_RUN,        EFFECT_LOOK,
                                             EFFECT_LOOK,      EFFECT_SIGNAL,   EFFECT_AWAIT_EXIT, EFFECT_FREE_PORT,
                                             EFFECT_READ_FILE, EFFECT_PUT_FILE, EFFECT_MAKE_DIR,   EFFECT_REMOVE_TREE,
                                             EFFECT_SLEEP,     EFFECT_HTTP};
    struct effect *want = &slot->want;

    *want = (struct effect){.kind = kinds[pick(storm, sizeof(kinds) / sizeof(kinds[0]))]};
    want->timeout_ms = 1 + pick(storm, 50);
    want->method = pick(storm, 2) ? "GET" : "POST";
    want->url = pick(storm, 5) ? storm->url : "http://127.0.0.1:1/";
    want->path = want->kind == EFFECT_LINE ? storm->socket : real_path(storm->real, pick(storm, 2) ? "x" : "x/y");
    want->text = "some text\n";
    want->argv = commands[pick(storm, 4)];
    want->keep_output = pick(storm, 2) == 0;
    want->process = storm->sleeper;
    if (want->kind == EFFECT_LOOK && pick(storm, 2))
        want->process.pid = 0;
    want->mark = "PENSTOCK_NOBODY=1";
    want->sleep_ms = pick(storm, 10);
    storm->started++;
    slot->effect = io_start(storm->real->io, want, on_reply, slot);
}

static void answer(int fd, int way)
{
    static const char http[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char text[4096];

    if (read(fd, text, sizeof(text)) > 0 && way % 5 != 1)
        (void)!send(fd, http, way % 5 == 2 ? 20 : sizeof(http) - 1, MSG_NOSIGNAL);
    if (way % 5 == 3)
        usleep(20000);
    close(fd);
}

/* Serves HTTP on TCP and anything on the UNIX socket, in its own way each time. */
static pid_t serve(int tcp, int local)
{
    struct pollfd listeners[2] = {{.fd = tcp, .events = POLLIN}, {.fd = local, .events = POLLIN}};
    pid_t pid = fork();

    if (pid != 0) {
        close(tcp);
        close(local);
        return pid;
    }
    for (int way = 0;; way++) {
        poll(listeners, 2, -1);
        for (int i = 0; i < 2; i++)
            if (listeners[i].revents)
                answer(accept(listeners[i].fd, NULL, NULL), way);
    }
}

static int listen_local(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void test_stress__each_effect_ends_once(void **state)
{
    struct storm *storm = heap_alloc(sizeof(*storm));
    struct effect sleeper = {.kind = EFFECT_START, .timeout_ms = 1000};
    const char *const argv[] = {"/bin/sleep", "60", NULL};
    int port = 0;
    int tcp = real_listen(&port);
    pid_t server;
    int alive = 0;

    storm->real = *state;
    storm->random = 7;
    storm->left = STEPS;
    storm->url = arena_printf(storm->real->arena, "http://127.0.0.1:%d/", port);
    storm->socket = real_path(storm->real, "socket");
    server = serve(tcp, listen_local(storm->socket));
    sleeper.argv = argv;
    storm->sleeper = real_do(storm->real, &sleeper).process;
    for (int i = 0; i < SLOTS; i++)
        storm->slots[i].storm = storm;
    on_tick(storm);
    io_run(storm->real->io);
    for (int i = 0; i < SLOTS; i++)
        alive += storm->slots[i].effect != NULL;
    assert_int_equal(storm->started, storm->replied + storm->cancelled + alive);
    assert_true(storm->replied > 100);
    assert_true(storm->cancelled > 100);
    io_close(storm->real->io); /* with all that is under way */
    kill(storm->sleeper.pid, SIGKILL);
    kill(server, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    assert_int_equal(errno, ECHILD);
    assert_ok(io_open(-1, &storm->real->io));
    free(storm);
}

/* So that only `more` further descriptors can be had. */
static struct rlimit leave_descriptors(int more)
{
    struct rlimit limit;
    struct rlimit few;
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(lowest);
    getrlimit(RLIMIT_NOFILE, &limit);
    few = limit;
    few.rlim_cur = (rlim_t)(lowest + more);
    setrlimit(RLIMIT_NOFILE, &few);
    return limit;
}

/* What a process without free descriptors hears: failures with reasons, and never that a peer is gone. */
static void test_stress__without_descriptors_effects_fail_and_say_why(void **state)
{
    static const enum effect_kind kinds[] = {EFFECT_HTTP,      EFFECT_LINE,       EFFECT_RUN,      EFFECT_START,
                                             EFFECT_SIGNAL,    EFFECT_AWAIT_EXIT, EFFECT_PUT_FILE, EFFECT_READ_FILE,
                                             EFFECT_FREE_PORT, EFFECT_LOOK};
    struct real *real = *state;
    const char *const argv[] = {"/bin/true", NULL};
    const char *log = real_path(real, "log");

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct effect effect = {.kind = kinds[i], .timeout_ms = 500, .method = "GET", .argv = argv, .log = log};
        struct rlimit limit;
        struct reply reply;

        effect.url = "http://127.0.0.1:1/";
        effect.path = log;
        effect.process = (struct process_identity){.pid = getpid()};
        strcpy(effect.process.boot_id, clock_boot_id());
        if (kinds[i] == EFFECT_HTTP)
            (void)real_do(real, &effect); /* curl wants some for itself at the first time */
        limit = leave_descriptors(0);
        reply = real_do(real, &effect);
        setrlimit(RLIMIT_NOFILE, &limit);
        assert_int_equal(reply.transport, TRANSPORT_FAILED);
        assert_non_null(strstr(reply.text, "Too many open files"));
    }
}

static void test_stress__a_look_that_did_not_see_all_is_not_an_answer(void **state)
{
    struct real *real = *state;
    struct effect look = {.kind = EFFECT_LOOK, .timeout_ms = 500, .mark = "PENSTOCK_NOBODY=1"};
    struct rlimit limit = leave_descriptors(1); /* /proc can be opened, but no file in it */
    struct reply reply = real_do(real, &look);

    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot look for a process in '/proc': Too many open files");
}

static void test_stress__a_start_that_cannot_be_identified_is_in_doubt(void **state)
{
    struct real *real = *state;
    const char *const argv[] = {"/bin/sleep", "60", NULL};
    struct effect start = {.kind = EFFECT_START, .timeout_ms = 500, .argv = argv};
    struct rlimit limit = leave_descriptors(0);
    struct reply reply = real_do(real, &start);

    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(reply.transport, TRANSPORT_BROKEN);
    assert_string_equal(reply.text, "Too many open files");
    assert_true(reply.process.pid > 1);
    kill(reply.process.pid, SIGKILL);
    waitpid(reply.process.pid, NULL, 0);
}

static void test_stress__a_child_that_cannot_be_watched_is_ended(void **state)
{
    struct real *real = *state;
    const char *const argv[] = {"/bin/sleep", "60", NULL};
    struct effect run = {.kind = EFFECT_RUN, .timeout_ms = 5000, .argv = argv};
    struct rlimit limit = leave_descriptors(0);
    struct reply reply = real_do(real, &run);

    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(reply.transport, TRANSPORT_BROKEN);
    assert_string_equal(reply.text, "Too many open files");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_stress__each_effect_ends_once),
        TEST_WITH_IO(test_stress__without_descriptors_effects_fail_and_say_why),
        TEST_WITH_IO(test_stress__a_look_that_did_not_see_all_is_not_an_answer),
        TEST_WITH_IO(test_stress__a_start_that_cannot_be_identified_is_in_doubt),
        TEST_WITH_IO(test_stress__a_child_that_cannot_be_watched_is_ended),
    };

    return RUN_TESTS(tests);
}
