#include "unit/unit.h"

#include "main/zygote.h"

#ifdef PENSTOCK_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/file.h"

struct served {
    int socket;
    pid_t server;
};

/* Says what it got. With the argument "kill" it ends by a signal, else with its number of arguments. */
static int program(int argc, char **argv)
{
    char directory[200] = "";
    static int calls;

    if (!getcwd(directory, sizeof(directory)))
        return 99;
    dprintf(STDOUT_FILENO, "%s in %s with %s, call %d\n", argv[argc - 1], directory, getenv("COLOUR"), ++calls);
    dprintf(STDERR_FILENO, "%s\n", getenv("USER") ? "more than it was given" : "nothing else");
    if (argc > 1 && strcmp(argv[1], "kill") == 0)
        raise(SIGKILL);
    return argc;
}

static struct served serve(void)
{
    struct served served;
    int sockets[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    fflush(NULL);
    served.server = fork();
    if (served.server == 0) {
        dup2(sockets[1], STDIN_FILENO);
        close(sockets[0]);
        close(sockets[1]);
        _exit(zygote_serve(program));
    }
    close(sockets[1]);
    served.socket = sockets[0];
    return served;
}

static int leave(struct served *served)
{
    int status;

    close(served->socket);
    assert_int_equal(waitpid(served->server, &status, 0), served->server);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* One message with so many descriptors, each of them `fd` but the directory. */
static void send_request(const struct served *served, const void *bytes, size_t length, int fd, int fd_count)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int) * ZYGOTE_FDS)];
    } control = {0};
    int fds[ZYGOTE_FDS] = {open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, fd, fd};
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd_count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
        control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        control.head.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
        memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * (size_t)fd_count);
    }
    assert_int_equal(sendmsg(served->socket, &message, 0), (ssize_t)length);
    close(fds[0]);
}

static struct zygote_answer hear(const struct served *served)
{
    struct zygote_answer answer = {0};

    assert_int_equal(recv(served->socket, &answer, sizeof(answer), 0), (ssize_t)sizeof(answer));
    return answer;
}

/* Two arguments and a variable; what it wrote goes to `output`. */
static int run(const struct served *served, const char *argument, struct strbuf *output)
{
    char path[] = "/tmp/penstock-zygote-XXXXXX";
    struct zygote_request head = {.argument_count = 2, .variable_count = 1};
    struct strbuf message CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int fd = mkstemp(path);
    struct zygote_answer begun, ended;

    assert_true(fd >= 0);
    strbuf_add(&message, (const char *)&head, sizeof(head));
    strbuf_add(&message, "penstock", sizeof("penstock"));
    strbuf_add(&message, argument, strlen(argument) + 1);
    strbuf_add(&message, "COLOUR=red", sizeof("COLOUR=red"));
    send_request(served, message.bytes, message.length, fd, ZYGOTE_FDS);
    begun = hear(served);
    ended = hear(served);
    assert_false(begun.ended);
    assert_true(begun.pid > 0);
    assert_true(ended.ended);
    assert_int_equal(ended.pid, begun.pid);
    assert_ok(file_read(path, output));
    close(fd);
    unlink(path);
    return ended.status;
}

static void test_zygote__each_request_is_a_process_from_its_beginning(void **state)
{
    struct served served = serve();

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct strbuf output CLEANUP(strbuf_release) = STRBUF_INIT(0);
        int status = run(&served, "look", &output);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
        assert_string_equal(strbuf_view(&output), "look in / with red, call 1\nnothing else\n");
    }
    assert_int_equal(leave(&served), 0);
}

static void test_zygote__tells_who_was_killed_and_goes_on(void **state)
{
    struct served served = serve();
    struct strbuf output CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int status = run(&served, "kill", &output);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    strbuf_reset(&output);
    assert_int_equal(run(&served, "look", &output), 2 << 8);
    assert_int_equal(leave(&served), 0);
}

static void test_zygote__leaves_at_what_makes_no_sense(void **state)
{
    static const struct {
        uint32_t arguments, variables;
        const char *texts;
        size_t length;
        int fds;
    } rows[] = {
        {1, 0, "a", 2, 0},          {1, 0, "a", 2, ZYGOTE_FDS - 1}, {0, 0, "a", 2, ZYGOTE_FDS},
        {2, 0, "a", 2, ZYGOTE_FDS}, {1, 0, "a\0b", 4, ZYGOTE_FDS},  {1, 0, "ab", 2, ZYGOTE_FDS},
        {1, 0, "", 0, ZYGOTE_FDS},  {9999, 1, "a", 2, ZYGOTE_FDS},  {1, 0xffffffff, "a", 2, ZYGOTE_FDS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zygote_request head = {.argument_count = rows[i].arguments, .variable_count = rows[i].variables};
        struct strbuf message CLEANUP(strbuf_release) = STRBUF_INIT(0);
        struct served served = serve();

        strbuf_add(&message, (const char *)&head, sizeof(head));
        strbuf_add(&message, rows[i].texts, rows[i].length);
        send_request(&served, message.bytes, message.length, STDERR_FILENO, rows[i].fds);
        assert_int_equal(leave(&served), 1);
    }
}

#else

/* The whole program says so, if it was built. */
static void test_zygote__is_no_command_of_other_builds(void **state)
{
    char *command CLEANUP(heap_cleanup) = NULL;
    int status;

    (void)state;
    if (!getenv("PENSTOCK"))
        skip();
    command =
        heap_printf("'%s' __zygote </dev/null 2>&1 | grep -qF \"unknown command '__zygote'\"", getenv("PENSTOCK"));
    status = system(command);
    assert_int_equal(status, 0);
}

#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {
#ifdef PENSTOCK_FAULTS
        cmocka_unit_test(test_zygote__each_request_is_a_process_from_its_beginning),
        cmocka_unit_test(test_zygote__tells_who_was_killed_and_goes_on),
        cmocka_unit_test(test_zygote__leaves_at_what_makes_no_sense),
#else
        cmocka_unit_test(test_zygote__is_no_command_of_other_builds),
#endif
    };

    return RUN_TESTS(tests);
}
