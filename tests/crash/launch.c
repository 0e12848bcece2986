#include "crash/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "crash/place.h"
#include "main/zygote.h"

#define PROCESS_SECONDS 20
#define VARIABLES_MOST 512

static struct {
    const char *program;
    pid_t server;
    int socket;
} launcher = {.socket = -1};

static const char fault_name[] = "PENSTOCK_FAULT=";

/* Our own environment, and `fault` (a whole entry, or NULL); to be freed, but not its entries. */
static char **environment_with(char *fault)
{
    char **list = heap_alloc((VARIABLES_MOST + 2) * sizeof(*list));
    int count = 0;

    for (char **entry = environ; *entry && count < VARIABLES_MOST; entry++) {
        if (!text_starts(*entry, fault_name))
            list[count++] = *entry;
    }
    list[count] = fault;
    return list;
}

void launch_open(const char *program)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        die("cannot make a socket");
    launcher.program = program;
    launcher.server = fork();
    if (launcher.server == 0) {
        dup2(sockets[1], STDIN_FILENO);
        execl(program, program, "__zygote", (char *)NULL);
        _exit(127);
    }
    if (launcher.server < 0)
        die("cannot start a process");
    close(sockets[1]);
    launcher.socket = sockets[0];
}

void launch_close(void)
{
    int status;

    close(launcher.socket);
    if (waitpid(launcher.server, &status, 0) != launcher.server || status != 0)
        die("the fork server ended with status %d", status);
}

static int plain_wait(const struct launch *launch, const int *fds, char **environment)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        for (int i = ZYGOTE_STDIN; i <= ZYGOTE_STDERR; i++)
            dup2(fds[i], i - ZYGOTE_STDIN);
        alarm(PROCESS_SECONDS);
        execve(launcher.program, (char *const *)launch->arguments, environment);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("cannot start a process");
    return status;
}

static uint32_t add_texts(char *message, size_t *length, const char *const *texts)
{
    uint32_t count = 0;

    for (; texts[count]; count++) {
        size_t size = strlen(texts[count]) + 1;

        if (size > ZYGOTE_REQUEST_MOST - *length)
            die("the environment is too large");
        memcpy(message + *length, texts[count], size);
        *length += size;
    }
    return count;
}

static void ask(const struct launch *launch, const int *fds, char **environment)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int) * ZYGOTE_FDS)];
    } control = {0};
    static char bytes[ZYGOTE_REQUEST_MOST];
    struct zygote_request request;
    struct iovec part = {bytes, sizeof(request)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    request.argument_count = add_texts(bytes, &part.iov_len, launch->arguments);
    request.variable_count = add_texts(bytes, &part.iov_len, (const char *const *)environment);
    memcpy(bytes, &request, sizeof(request));
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    control.head.cmsg_len = CMSG_LEN(sizeof(int) * ZYGOTE_FDS);
    memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * ZYGOTE_FDS);
    if (sendmsg(launcher.socket, &message, MSG_NOSIGNAL) != (ssize_t)part.iov_len)
        die("the fork server does not listen");
}

static struct zygote_answer hear(void)
{
    struct zygote_answer answer;

    if (recv(launcher.socket, &answer, sizeof(answer), 0) != (ssize_t)sizeof(answer))
        die("the fork server does not answer");
    return answer;
}

static int forked_wait(const struct launch *launch, const int *fds, char **environment)
{
    struct pollfd ready = {.fd = launcher.socket, .events = POLLIN};
    struct zygote_answer begun;

    ask(launch, fds, environment);
    begun = hear();
    if (poll(&ready, 1, PROCESS_SECONDS * 1000) == 0)
        kill(begun.pid, SIGALRM);
    return hear().status;
}

int launch_wait(const struct launch *launch)
{
    char *fault CLEANUP(heap_cleanup) = launch->fault ? heap_printf("%s%s", fault_name, launch->fault) : NULL;
    char **environment = environment_with(fault);
    int output = open(launch->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int fds[ZYGOTE_FDS] = {
        [ZYGOTE_DIRECTORY] = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        [ZYGOTE_STDIN] = open("/dev/null", O_RDONLY | O_CLOEXEC),
        [ZYGOTE_STDOUT] = output,
        [ZYGOTE_STDERR] = output,
    };
    int status;

    if (fds[ZYGOTE_DIRECTORY] < 0 || fds[ZYGOTE_STDIN] < 0 || output < 0)
        die("cannot open '%s'", launch->output);
    status = launch->plain ? plain_wait(launch, fds, environment) : forked_wait(launch, fds, environment);
    close(fds[ZYGOTE_DIRECTORY]);
    close(fds[ZYGOTE_STDIN]);
    close(output);
    free(environment);
    return status;
}
