#include "io/loop.h"

/*
 * Children: RUN waits for one and takes its whole group down with it; START lets one go.
 *
 * A pidfd per child tells of its end. Each child is reaped by its own pidfd and never by waitpid(-1), so a number is
 * not used again while somebody here still thinks of it: the group is signalled before its leader is reaped.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "io/process.h"
#include "io/spawn.h"

#define GRACE_MS 2000      /* from SIGTERM to SIGKILL */
#define CLOSE_WAIT_MS 1000 /* io_close() waits that long for killed children */
#define READ_BYTES 16384
#define READS_A_TURN 4  /* so that one loud child does not keep the loop from the others */
#define READS_AT_END 64 /* what may still be in the pipe, and more */
#define LOG_LOOK_MS 1000

struct io_child {
    LIST_ENTRY(io_child) link;
    pid_t pid;
    int pidfd;
    struct io_watch *watch;
    bool killed;
};

struct run_effect {
    struct io_effect base;
    struct io_child *child; /* NULL before it was started and after it was handed on */
    struct io_timer *timer;
    struct io_timer *log_timer;
    struct io_watch *output_watch;
    struct strbuf output;
    int output_fd; /* our end of the pipe, or -1 */
    int log_fd;    /* or -1 */
    int number;    /* why it could not be watched */
    bool timed_out;
};

struct start_effect {
    struct io_effect base;
    struct process_identity process;
    int number; /* why it could not be identified, or 0 */
};

/* ------------------------------------------------------------------------------------------------ children */

static void free_child(struct io_child *child)
{
    io_watch_close(&child->watch);
    io_close_fd(&child->pidfd);
    free(child);
}

/* False: it has not ended. */
static bool reap(const struct io_child *child, int *out_status)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) != 0)
        return true; /* ECHILD: somebody else reaped it, so it has ended */
    if (info.si_pid == 0)
        return false;
    *out_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return true;
}

static void on_end_unwatched(void *context, int events)
{
    struct io_child *child = context;
    int status;

    (void)events;
    if (!reap(child, &status))
        return;
    LIST_REMOVE(child, link);
    free_child(child);
}

/* NULL: no descriptor for it; errno says why. */
static struct io_child *child_new(struct io *io, pid_t pid, io_watch_fn fn, void *context)
{
    struct io_child *child;
    int pidfd = pidfd_open(pid, 0);

    if (pidfd < 0)
        return NULL;
    child = heap_alloc(sizeof(*child));
    child->pid = pid;
    child->pidfd = pidfd;
    child->watch = io_watch_open(io, pidfd, fn, context ? context : child);
    if (!child->watch) {
        free_child(child);
        return NULL;
    }
    io_watch_set(child->watch, UV_READABLE);
    return child;
}

/* Nobody waits for it any more; it is still reaped when it ends, as long as we live. */
static void leave_to_reaper(struct io *io, struct io_child *child)
{
    LIST_INSERT_HEAD(&io->children, child, link);
    io_watch_unref(child->watch);
}

void children_close(struct io *io)
{
    int64_t until_ms = clock_boot_ms() + CLOSE_WAIT_MS;

    while (!LIST_EMPTY(&io->children)) {
        struct io_child *child = LIST_FIRST(&io->children);
        struct pollfd wait = {.fd = child->pidfd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_boot_ms();
        int status;

        if (child->killed)
            while (poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0) < 0 && errno == EINTR)
                ;
        (void)reap(child, &status);
        LIST_REMOVE(child, link);
        free_child(child);
    }
}

/* ------------------------------------------------------------------------------------------------ RUN */

static void signal_group(const struct io_child *child, int number)
{
    kill(-child->pid, number); /* ESRCH cannot be: the leader is not reaped yet */
}

static void end_output(struct run_effect *self)
{
    io_watch_close(&self->output_watch);
    io_close_fd(&self->output_fd);
}

static void read_output(struct run_effect *self, int reads)
{
    char bytes[READ_BYTES];

    for (int i = 0; i < reads && self->output_fd >= 0; i++) {
        ssize_t got = read(self->output_fd, bytes, sizeof(bytes));

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            end_output(self);
            return;
        }
        strbuf_add(&self->output, bytes, (size_t)got);
        if (self->log_fd >= 0)
            log_append(self->log_fd, bytes, (size_t)got);
    }
}

static void on_output(void *context, int events)
{
    (void)events;
    read_output(context, READS_A_TURN);
}

static void on_run_end(void *context, int events)
{
    struct run_effect *self = context;
    struct reply reply = {.transport = TRANSPORT_OK};

    (void)events;
    /* The leader is a zombie now, so the group's number is still its own. */
    signal_group(self->child, SIGKILL);
    if (!reap(self->child, &reply.status))
        return;
    free_child(self->child);
    self->child = NULL;
    if (self->output_fd >= 0)
        read_output(self, READS_AT_END);
    log_shorten(self->log_fd);
    reply.timed_out = self->timed_out;
    if (self->output.cut)
        reply.transport = TRANSPORT_CUT;
    reply.text = strbuf_view(&self->output);
    reply.length = self->output.length;
    effect_reply(&self->base, &reply);
}

static void on_log_look(void *context)
{
    struct run_effect *self = context;

    log_shorten(self->log_fd);
    self->log_timer = io_timer_start(self->base.io, LOG_LOOK_MS, on_log_look, self);
}

static void on_grace_over(void *context)
{
    struct run_effect *self = context;

    self->timer = NULL;
    signal_group(self->child, SIGKILL);
}

static void on_run_timeout(void *context)
{
    struct run_effect *self = context;

    self->timed_out = true;
    self->timer = io_timer_start(self->base.io, GRACE_MS, on_grace_over, self);
    signal_group(self->child, SIGTERM);
}

/* After the start, for the child has something to do meanwhile. False: errno says why. */
static bool watch_output(struct run_effect *self)
{
    if (self->output_fd < 0)
        return true;
    self->output_watch = io_watch_open(self->base.io, self->output_fd, on_output, self); /* it blocks no more then */
    if (!self->output_watch)
        return false;
    io_watch_set(self->output_watch, UV_READABLE);
    return true;
}

static struct error *run_child(struct run_effect *self, pid_t *out, int *writing_fd)
{
    const struct effect *effect = self->base.effect;
    int fds[2] = {-1, -1};
    struct spawn spawn = {.effect = effect, .output_fd = -1, .lock_fd = self->base.io->lock_fd};

    TRY(log_open(self->base.io, effect->log, &self->log_fd));
    if (effect->keep_output) {
        if (pipe2(fds, O_CLOEXEC) != 0)
            return error_errno("cannot make a pipe");
        self->output_fd = fds[0];
        *writing_fd = fds[1];
    }
    spawn.log_fd = self->log_fd;
    spawn.output_fd = fds[1];
    return spawn_program(&spawn, out);
}

static struct reply doubt(int number)
{
    const char *words = strerror(number);

    return (struct reply){.transport = TRANSPORT_BROKEN, .text = words, .length = strlen(words)};
}

static void run_unwatched(void *context)
{
    struct run_effect *self = context;
    struct reply reply = doubt(self->number);

    effect_reply(&self->base, &reply);
}

/* It runs, but we cannot wait for it; until its end just now it may have done anything. */
static void give_up(struct run_effect *self, pid_t pid)
{
    self->number = errno;
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    effect_later(&self->base, run_unwatched);
}

static void run_begin(struct io_effect *base)
{
    struct run_effect *self = (struct run_effect *)base;
    struct error *error;
    int writing_fd = -1;
    pid_t pid = 0;

    self->output_fd = self->log_fd = -1;
    self->output = (struct strbuf)STRBUF_INIT(effect_limit(base->effect));
    error = run_child(self, &pid, &writing_fd);
    io_close_fd(&writing_fd);
    if (error) {
        effect_fail_later(base, error);
        return;
    }
    if (!watch_output(self) || !(self->child = child_new(base->io, pid, on_run_end, self))) {
        give_up(self, pid);
        return;
    }
    self->timer = io_timer_start(base->io, effect_timeout(base->effect), on_run_timeout, self);
    if (self->log_fd >= 0)
        self->log_timer = io_timer_start(base->io, LOG_LOOK_MS, on_log_look, self);
}

static void run_release(struct io_effect *base)
{
    struct run_effect *self = (struct run_effect *)base;

    if (self->child) {
        signal_group(self->child, SIGKILL);
        self->child->killed = true;
        io_watch_hand_on(self->child->watch, on_end_unwatched, self->child);
        leave_to_reaper(base->io, self->child);
    }
    io_timer_stop(self->timer);
    io_timer_stop(self->log_timer);
    end_output(self);
    io_close_fd(&self->log_fd);
    strbuf_release(&self->output);
}

const struct effect_way run_way = {
    .size = sizeof(struct run_effect),
    .begin = run_begin,
    .release = run_release,
};

/* ------------------------------------------------------------------------------------------------ START */

static void start_reply(void *context)
{
    struct start_effect *self = context;
    struct reply reply = {.transport = TRANSPORT_OK};

    if (self->number != 0)
        reply = doubt(self->number); /* it runs, but nobody could ever tell that it is it: to be found by its mark */
    reply.process = self->process;
    effect_reply(&self->base, &reply);
}

static void start_begin(struct io_effect *base)
{
    struct start_effect *self = (struct start_effect *)base;
    struct spawn spawn = {.effect = base->effect, .log_fd = -1, .output_fd = -1, .lock_fd = -1};
    struct error *error = log_open(base->io, base->effect->log, &spawn.log_fd);
    struct io_child *child;
    pid_t pid = 0;

    if (!error)
        error = spawn_program(&spawn, &pid);
    io_close_fd(&spawn.log_fd);
    if (error) {
        effect_fail_later(base, error);
        return;
    }
    self->number = process_identify(pid, &self->process);
    child = child_new(base->io, pid, on_end_unwatched, NULL);
    if (child) /* without a pidfd it stays a zombie when it ends before us, which counts as gone all the same */
        leave_to_reaper(base->io, child);
    effect_later(base, start_reply);
}

static void start_release(struct io_effect *base)
{
    (void)base; /* what was started lives on */
}

const struct effect_way start_way = {
    .size = sizeof(struct start_effect),
    .begin = start_begin,
    .release = start_release,
};
