#include "io/process.h"

/*
 * Processes by identity: LOOK, SIGNAL, AWAIT_EXIT. They need not be our children: an instance outlives the runner
 * that started it, and the next runner knows it by pid, start time and boot.
 *
 * A pidfd is opened first and the identity is checked after: what the pidfd then means is the process we meant.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "io/loop.h"

#define ENVIRONMENT_LIMIT_BYTES ((size_t)256 * 1024)
#define LOADING_TRIES 50
#define LOADING_PAUSE_NS 500000
#define SIGNAL_WHOLE_GROUP 4U /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

struct look_effect {
    struct io_effect base;
    LIST_ENTRY(look_effect) link; /* in io->looks, when it looks for a mark */
    bool listed;
    bool there;
    struct process_identity process;
    struct strbuf environment;
};

struct signal_effect {
    struct io_effect base;
};

struct await_effect {
    struct io_effect base;
    int pidfd;
    struct io_watch *watch;
    struct io_timer *timer;
};

/* ------------------------------------------------------------------------------------------------ /proc */

/* A whole small file of /proc, at most size - 1 bytes. */
static bool read_proc(pid_t pid, const char *name, char *out, size_t size)
{
    char path[64];
    ssize_t got;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, out, size - 1);
    close(fd);
    if (got <= 0)
        return false;
    out[got] = '\0';
    return true;
}

bool process_read_stat(pid_t pid, struct process_stat *out)
{
    char text[1024];
    const char *rest;

    /* The name in brackets may itself hold brackets and blanks; the last bracket ends it. */
    if (!read_proc(pid, "stat", text, sizeof(text)) || !(rest = strrchr(text, ')')))
        return false;
    return sscanf(rest + 1, " %c %*d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %" SCNu64,
                  &out->state, &out->group, &out->session, &out->threads, &out->start) == 5;
}

static struct process_identity identity_of(pid_t pid, uint64_t start)
{
    struct process_identity identity = {.pid = pid, .start = start};

    snprintf(identity.boot_id, sizeof(identity.boot_id), "%s", clock_boot_id());
    return identity;
}

struct process_identity process_identify(pid_t pid)
{
    struct process_stat stat = {0};

    (void)process_read_stat(pid, &stat);
    return identity_of(pid, stat.start);
}

/* A leader may have ended while its other threads go on; then the process is still there. */
static bool is_alive(const struct process_stat *stat)
{
    return (stat->state != 'Z' && stat->state != 'X') || stat->threads > 1;
}

static bool is_there(const struct process_identity *process, struct process_stat *stat)
{
    return process->pid > 1 && text_is(process->boot_id, clock_boot_id()) && process_read_stat(process->pid, stat) &&
           stat->start == process->start && is_alive(stat);
}

/* ------------------------------------------------------------------------------------------------ LOOK */

/* A whole file of /proc into `out`, which is emptied first. */
static void read_all(pid_t pid, const char *name, struct strbuf *out)
{
    char path[64];
    char bytes[8192];
    ssize_t got;
    int fd;

    strbuf_reset(out);
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while (!out->cut && (got = read(fd, bytes, sizeof(bytes))) > 0)
        strbuf_add(out, bytes, (size_t)got);
    close(fd);
}

/*
 * NAME=value, each ended by a NUL. False: not readable, or none.
 *
 * While the kernel still loads a program, its environment and its command line are both empty, and that goes on for
 * a moment after posix_spawn has returned. Such a process is asked again, or it would be started a second time.
 */
static bool read_environment(pid_t pid, struct strbuf *out)
{
    static const struct timespec pause = {.tv_nsec = LOADING_PAUSE_NS};
    char byte[2];

    read_all(pid, "environ", out);
    for (int i = 0; i < LOADING_TRIES && out->length == 0 && !read_proc(pid, "cmdline", byte, sizeof(byte)); i++) {
        struct process_stat stat;

        if (!process_read_stat(pid, &stat) || !is_alive(&stat))
            return false;
        nanosleep(&pause, NULL);
        read_all(pid, "environ", out);
    }
    return out->length > 0;
}

static const char *next_entry(const struct strbuf *environment, const char *entry)
{
    const char *end = environment->bytes + environment->length;

    if (!entry)
        return environment->bytes;
    entry += strlen(entry) + 1;
    return entry < end ? entry : NULL;
}

static bool has_mark(const struct strbuf *environment, const char *mark)
{
    for (const char *entry = next_entry(environment, NULL); entry; entry = next_entry(environment, entry))
        if (text_is(entry, mark))
            return true;
    return false;
}

static void found(struct look_effect *self, struct process_identity process, const struct strbuf *environment)
{
    self->there = true;
    self->process = process;
    strbuf_reset(&self->environment);
    if (!environment->bytes)
        return;
    for (const char *entry = next_entry(environment, NULL); entry; entry = next_entry(environment, entry))
        if (text_starts(entry, "PENSTOCK_") && strchr(entry, '=') && !strchr(entry, '\n'))
            strbuf_printf(&self->environment, "%s\n", entry);
}

static void look_reply(void *context)
{
    struct look_effect *self = context;
    struct reply reply = {.transport = TRANSPORT_OK, .there = self->there, .process = self->process};

    reply.environment = strbuf_view(&self->environment);
    effect_reply(&self->base, &reply);
}

static void look_at(void *context)
{
    struct look_effect *self = context;
    const struct process_identity *process = &self->base.effect->process;
    struct strbuf environment CLEANUP(strbuf_release) = STRBUF_INIT(ENVIRONMENT_LIMIT_BYTES);
    struct process_stat stat;

    if (is_there(process, &stat)) {
        (void)read_environment(process->pid, &environment);
        found(self, *process, &environment);
    }
    look_reply(self);
}

/* A daemon of the process we look for carries the same mark; the oldest is the one that was started. */
static void match(struct io_looks *looks, pid_t pid, const struct process_stat *stat, const struct strbuf *environment)
{
    struct look_effect *look;

    LIST_FOREACH(look, looks, link)
    {
        if ((!look->there || stat->start < look->process.start) && has_mark(environment, look->base.effect->mark))
            found(look, identity_of(pid, stat->start), environment);
    }
}

/* Only our own user's processes count: another user could give a process any environment. */
static bool is_candidate(int proc_fd, const char *name, pid_t *out_pid, struct process_stat *stat)
{
    struct stat info;

    if (!isdigit((unsigned char)name[0]))
        return false;
    *out_pid = (pid_t)strtol(name, NULL, 10);
    return fstatat(proc_fd, name, &info, 0) == 0 && info.st_uid == geteuid() && process_read_stat(*out_pid, stat) &&
           stat->session == *out_pid && is_alive(stat);
}

/* One walk serves all marks that are looked for: a thousand stamps do not cost a thousand walks. */
static void walk(void *context)
{
    struct io *io = context;
    struct io_looks looks = LIST_HEAD_INITIALIZER(looks);
    struct strbuf environment CLEANUP(strbuf_release) = STRBUF_INIT(ENVIRONMENT_LIMIT_BYTES);
    struct look_effect *look;
    struct dirent *entry;
    DIR *proc = opendir("/proc");

    /* Those that come while we reply wait for the next walk. */
    while ((look = LIST_FIRST(&io->looks))) {
        LIST_REMOVE(look, link);
        LIST_INSERT_HEAD(&looks, look, link);
    }
    while (proc && (entry = readdir(proc))) {
        struct process_stat stat;
        pid_t pid;

        if (is_candidate(dirfd(proc), entry->d_name, &pid, &stat) && read_environment(pid, &environment))
            match(&looks, pid, &stat, &environment);
    }
    while ((look = LIST_FIRST(&looks))) {
        LIST_REMOVE(look, link);
        look->listed = false;
        if (proc)
            look_reply(look);
        else
            effect_fail(&look->base, error_errno("cannot read '/proc'"));
    }
    if (proc)
        closedir(proc);
}

static void look_begin(struct io_effect *base)
{
    struct look_effect *self = (struct look_effect *)base;

    self->environment = (struct strbuf)STRBUF_INIT(effect_limit(base->effect));
    if (base->effect->process.pid != 0) {
        effect_later(base, look_at);
        return;
    }
    MUST(base->effect->mark && strchr(base->effect->mark, '='));
    LIST_INSERT_HEAD(&base->io->looks, self, link);
    self->listed = true;
    io_task_queue(base->io, &base->io->look_task, walk, base->io);
}

static void look_release(struct io_effect *base)
{
    struct look_effect *self = (struct look_effect *)base;

    if (self->listed)
        LIST_REMOVE(self, link);
    strbuf_release(&self->environment);
}

const struct effect_way look_way = {
    .size = sizeof(struct look_effect),
    .begin = look_begin,
    .release = look_release,
};

/* ------------------------------------------------------------------------------------------------ SIGNAL */

/* A pidfd for exactly this process; -1 with errno ESRCH when it is gone. */
static int open_process(const struct process_identity *process, struct process_stat *stat)
{
    int pidfd;

    if (process->pid <= 1) {
        errno = ESRCH;
        return -1;
    }
    pidfd = pidfd_open(process->pid, 0);
    if (pidfd < 0) {
        errno = errno == EINVAL ? ESRCH : errno; /* EINVAL: the number is now a mere thread's */
        return -1;
    }
    if (!is_there(process, stat)) {
        close(pidfd);
        errno = ESRCH;
        return -1;
    }
    return pidfd;
}

static int send_to(int pidfd, pid_t pid, const struct process_stat *stat, int number)
{
    int result = pidfd_send_signal(pidfd, number, NULL, stat->group == pid ? SIGNAL_WHOLE_GROUP : 0);

    /* An older kernel does not know the flag. The number is still the leader's: it was there a moment ago. */
    if (result != 0 && errno == EINVAL && stat->group == pid)
        return kill(-pid, number);
    return result;
}

static void signal_now(void *context)
{
    struct signal_effect *self = context;
    const struct effect *effect = self->base.effect;
    struct reply reply = {.transport = TRANSPORT_OK};
    struct process_stat stat;
    int pidfd = open_process(&effect->process, &stat);
    int number = pidfd < 0 ? errno : 0;

    if (pidfd >= 0 && send_to(pidfd, effect->process.pid, &stat, effect->signal) != 0)
        number = errno;
    io_close_fd(&pidfd);
    if (number != 0 && number != ESRCH) {
        errno = number;
        effect_fail(&self->base, error_errno("cannot signal process %d", (int)effect->process.pid));
        return;
    }
    reply.there = number == 0;
    reply.process = effect->process;
    effect_reply(&self->base, &reply);
}

static void signal_begin(struct io_effect *base)
{
    effect_later(base, signal_now);
}

static void signal_release(struct io_effect *base)
{
    (void)base;
}

const struct effect_way signal_way = {
    .size = sizeof(struct signal_effect),
    .begin = signal_begin,
    .release = signal_release,
};

/* ------------------------------------------------------------------------------------------------ AWAIT_EXIT */

static void await_reply(struct await_effect *self, bool still_there)
{
    struct reply reply = {.transport = TRANSPORT_OK, .there = still_there, .timed_out = still_there};

    reply.process = self->base.effect->process;
    effect_reply(&self->base, &reply);
}

static void on_exit_seen(void *context, int events)
{
    (void)events;
    await_reply(context, false);
}

static void already_gone(void *context)
{
    await_reply(context, false);
}

static void on_await_timeout(void *context)
{
    struct await_effect *self = context;

    self->timer = NULL;
    await_reply(self, true);
}

static void await_begin(struct io_effect *base)
{
    struct await_effect *self = (struct await_effect *)base;
    struct process_stat stat;

    self->pidfd = open_process(&base->effect->process, &stat);
    if (self->pidfd < 0 && errno == ESRCH) {
        effect_later(base, already_gone);
        return;
    }
    if (self->pidfd < 0 || !(self->watch = io_watch_open(base->io, self->pidfd, on_exit_seen, self))) {
        effect_fail_later(base, error_errno("cannot watch process %d", (int)base->effect->process.pid));
        return;
    }
    io_watch_set(self->watch, UV_READABLE);
    self->timer = io_timer_start(base->io, effect_timeout(base->effect), on_await_timeout, self);
}

static void await_release(struct io_effect *base)
{
    struct await_effect *self = (struct await_effect *)base;

    io_watch_close(&self->watch);
    io_timer_stop(self->timer);
    io_close_fd(&self->pidfd);
}

const struct effect_way await_way = {
    .size = sizeof(struct await_effect),
    .begin = await_begin,
    .release = await_release,
};
