/*
 * The server does nothing but read requests, fork and wait, in memory that the dynamic linker gave it: nothing of the
 * program and of its libraries is begun, or every child would inherit what a process of its own begins anew.
 */

#include "main/zygote.h"

#ifdef PENSTOCK_FAULTS

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MOST 1024

struct request {
    char bytes[ZYGOTE_REQUEST_MOST];
    char *words[WORDS_MOST + 2]; /* the arguments, NULL, the environment, NULL */
    int argument_count;
    int fds[ZYGOTE_FDS];
};

/* The texts of a message into request->words. */
static bool read_words(struct request *request, size_t length)
{
    struct zygote_request head;
    size_t at = sizeof(head);
    uint32_t count = 0;

    if (length <= at || request->bytes[length - 1] != '\0')
        return false;
    memcpy(&head, request->bytes, sizeof(head));
    if (head.argument_count == 0 || head.argument_count > WORDS_MOST ||
        head.variable_count > WORDS_MOST - head.argument_count)
        return false;
    request->argument_count = (int)head.argument_count;
    memset(request->words, 0, sizeof(request->words));
    for (; at < length && count < head.argument_count + head.variable_count; count++) {
        request->words[count < head.argument_count ? count : count + 1] = request->bytes + at;
        at += strlen(request->bytes + at) + 1;
    }
    return at == length && count == head.argument_count + head.variable_count;
}

/* 1: there is one; 0: the other side has left; -1: it makes no sense. */
static int receive(struct request *request)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(request->fds))];
    } control;
    struct iovec part = {request->bytes, sizeof(request->bytes)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    if (length == 0)
        return 0;
    if (length < 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !head || head->cmsg_type != SCM_RIGHTS ||
        head->cmsg_len != CMSG_LEN(sizeof(request->fds)))
        return -1;
    memcpy(request->fds, CMSG_DATA(head), sizeof(request->fds));
    return read_words(request, (size_t)length) ? 1 : -1;
}

static void close_all(const struct request *request)
{
    for (int i = 0; i < ZYGOTE_FDS; i++)
        close(request->fds[i]);
}

static _Noreturn void become(struct request *request, int (*program)(int argc, char **argv))
{
    if (fchdir(request->fds[ZYGOTE_DIRECTORY]) != 0)
        _exit(127);
    for (int i = ZYGOTE_STDIN; i <= ZYGOTE_STDERR; i++) {
        if (dup2(request->fds[i], i - ZYGOTE_STDIN) < 0)
            _exit(127);
    }
    close_all(request);
    environ = request->words + request->argument_count + 1;
    exit(program(request->argument_count, request->words));
}

static bool answer(struct zygote_answer answer)
{
    return send(STDIN_FILENO, &answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
}

int zygote_serve(int (*program)(int argc, char **argv))
{
    static struct request request;
    int got;

    while ((got = receive(&request)) > 0) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
            become(&request, program);
        close_all(&request);
        if (pid < 0 || !answer((struct zygote_answer){.pid = pid}) || waitpid(pid, &status, 0) != pid ||
            !answer((struct zygote_answer){.pid = pid, .ended = 1, .status = status}))
            return 1;
    }
    return got < 0 ? 1 : 0;
}

#endif
