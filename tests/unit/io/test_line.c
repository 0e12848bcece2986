#include "unit/io/real.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "io/address.h"

static int listen_on(const char *path, int backlog)
{
    struct unix_address address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_ok(unix_address_open(path, &address));
    assert_int_equal(bind(fd, (struct sockaddr *)&address.sockaddr, address.length), 0);
    unix_address_close(&address);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* A peer in a process of its own: `talk` gets each connection. */
static pid_t serve(int listener, void (*talk)(int fd))
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;) {
            int fd = accept(listener, NULL, NULL);

            talk(fd);
            close(fd);
        }
    }
    close(listener);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Reads up to the newline and says it back, as HAProxy answers one line. */
static void echo_line(int fd)
{
    char text[1024];
    ssize_t got = read(fd, text, sizeof(text));

    if (got > 0) {
        (void)!write(fd, "you said: ", 10);
        usleep(2000);
        (void)!write(fd, text, (size_t)got);
    }
}

static void count_bytes(int fd)
{
    static char text[65536];
    char answer[32];
    size_t sum = 0;

    while (sum < 3000000) {
        ssize_t got = read(fd, text, sizeof(text));

        if (got <= 0)
            return;
        sum += (size_t)got;
    }
    (void)!write(fd, answer, (size_t)snprintf(answer, sizeof(answer), "%zu", sum));
}

static void be_silent(int fd)
{
    (void)!write(fd, "half", 4);
    pause();
}

static void talk_for_ever(int fd)
{
    while (send(fd, "more and more ", 14, MSG_NOSIGNAL) > 0)
        ;
}

static void hang_up(int fd)
{
    (void)fd;
}

static struct effect line_of(const char *path, const char *text)
{
    return (struct effect){.kind = EFFECT_LINE, .timeout_ms = 3000, .path = path, .text = text};
}

static void test_line__sends_and_reads_until_the_peer_closes(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "show info\n");
    pid_t pid = serve(listen_on(line.path, 5), echo_line);
    struct reply reply = real_do(real, &line);

    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_string_equal(reply.text, "you said: show info\n");
    end(pid);
}

static void test_line__a_path_may_be_long(void **state)
{
    struct real *real = *state;
    const char *dir = real_path(real, "a-directory-whose-name-is-so-long-that-no-socket-address-of-the-kernel-can-hold-"
                                      "it-together-with-the-rest-of-the-path");
    struct effect line = line_of(arena_printf(real->arena, "%s/admin.socket", dir), "show info\n");
    pid_t pid;

    assert_true(strlen(line.path) > 107);
    assert_int_equal(mkdir(dir, 0700), 0);
    pid = serve(listen_on(line.path, 5), echo_line);
    assert_string_equal(real_do(real, &line).text, "you said: show info\n");
    end(pid);
}

static void test_line__a_name_that_is_too_long_fails(void **state)
{
    struct real *real = *state;
    char name[121];
    struct effect line;
    struct reply reply;

    memset(name, 'n', 120);
    name[120] = '\0';
    line = line_of(real_path(real, name), "x\n");
    reply = real_do(real, &line);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text,
                        arena_printf(real->arena, "cannot use the socket '%s': File name too long", line.path));
}

static void test_line__sends_a_long_text(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), NULL);
    char *text = arena_alloc(real->arena, 3000001);
    pid_t pid = serve(listen_on(line.path, 5), count_bytes);

    memset(text, 'x', 3000000);
    line.text = text;
    assert_string_equal(real_do(real, &line).text, "3000000");
    end(pid);
}

static void test_line__nobody_is_there(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "x\n");
    const char *long_dir = "/no/such/directory/but/with/a/name/that/is/rather/long/so/that/it/does/not/fit/into/one/"
                           "address/of/the/kernel/socket";
    struct reply reply = real_do(real, &line);

    assert_int_equal(reply.transport, TRANSPORT_REFUSED);
    assert_string_equal(reply.text, "No such file or directory");
    close(listen_on(line.path, 5));
    reply = real_do(real, &line);
    assert_int_equal(reply.transport, TRANSPORT_REFUSED);
    assert_string_equal(reply.text, "Connection refused");
    line.path = long_dir;
    assert_int_equal(real_do(real, &line).transport, TRANSPORT_REFUSED);
}

static void test_line__says_that_it_is_another_kind_of_socket(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "datagrams");
    struct effect line = {.kind = EFFECT_LINE, .timeout_ms = 1000, .path = path, .text = "hello\n"};
    struct unix_address address;
    struct reply reply;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_ok(unix_address_open(path, &address));
    assert_int_equal(bind(fd, (struct sockaddr *)&address.sockaddr, address.length), 0);
    unix_address_close(&address);
    reply = real_do(real, &line);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text,
                        arena_printf(real->arena, "cannot connect to '%s': Protocol wrong type for socket", path));
    close(fd);
}

static void test_line__gives_what_came_before_the_timeout(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "x\n");
    pid_t pid = serve(listen_on(line.path, 5), be_silent);
    struct reply reply;

    line.timeout_ms = 60;
    reply = real_do(real, &line);
    assert_int_equal(reply.transport, TRANSPORT_TIMEOUT);
    assert_string_equal(reply.text, "half");
    end(pid);
}

static void test_line__cuts_an_answer_that_is_too_long(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "x\n");
    pid_t pid = serve(listen_on(line.path, 5), talk_for_ever);
    struct reply reply;

    line.limit_bytes = 100;
    reply = real_do(real, &line);
    assert_int_equal(reply.transport, TRANSPORT_CUT);
    assert_int_equal(reply.length, 100);
    end(pid);
}

static void test_line__a_peer_that_hangs_up_early_is_in_doubt(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), NULL);
    char *text = arena_alloc(real->arena, 3000001);
    pid_t pid = serve(listen_on(line.path, 5), hang_up);

    memset(text, 'x', 3000000);
    line.text = text;
    assert_int_equal(real_do(real, &line).transport, TRANSPORT_BROKEN);
    end(pid);
}

static void test_line__waits_for_a_full_backlog(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "x\n");
    int listener = listen_on(line.path, 0);
    struct unix_address address;
    struct reply reply;
    int fds[8];
    int count = 0;
    pid_t pid;

    assert_ok(unix_address_open(line.path, &address));
    do {
        fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    } while (connect(fds[count++], (struct sockaddr *)&address.sockaddr, address.length) == 0);
    unix_address_close(&address);
    line.timeout_ms = 60;
    assert_int_equal(real_do(real, &line).transport, TRANSPORT_TIMEOUT);
    for (int i = 0; i < count; i++)
        close(fds[i]);
    pid = serve(listener, echo_line);
    line.timeout_ms = 3000;
    reply = real_do(real, &line);
    assert_string_equal(reply.text, "you said: x\n");
    end(pid);
}

static void never(void *context, const struct reply *reply)
{
    (void)context;
    (void)reply;
    fail_msg("a cancelled effect replied");
}

static void test_line__cancel_at_any_moment(void **state)
{
    struct real *real = *state;
    struct effect line = line_of(real_path(real, "s"), "x\n");
    pid_t pid = serve(listen_on(line.path, 5), be_silent);
    struct io_effect *effect;

    io_cancel(io_start(real->io, &line, never, NULL));
    effect = io_start(real->io, &line, never, NULL);
    real_turn(real, 20);
    io_cancel(effect);
    (void)io_start(real->io, &line, never, NULL);
    real_turn(real, 20);
    end(pid);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_line__sends_and_reads_until_the_peer_closes),
        TEST_WITH_IO(test_line__a_path_may_be_long),
        TEST_WITH_IO(test_line__a_name_that_is_too_long_fails),
        TEST_WITH_IO(test_line__sends_a_long_text),
        TEST_WITH_IO(test_line__nobody_is_there),
        TEST_WITH_IO(test_line__says_that_it_is_another_kind_of_socket),
        TEST_WITH_IO(test_line__gives_what_came_before_the_timeout),
        TEST_WITH_IO(test_line__cuts_an_answer_that_is_too_long),
        TEST_WITH_IO(test_line__a_peer_that_hangs_up_early_is_in_doubt),
        TEST_WITH_IO(test_line__waits_for_a_full_backlog),
        TEST_WITH_IO(test_line__cancel_at_any_moment),
    };

    return RUN_TESTS(tests);
}
