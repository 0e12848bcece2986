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

/* What an error of /proc means: ESRCH, or that we do not know. A process that ends while it is read gives ESRCH. */
static int meaning_of(int number)
{
    return number == ENOENT || number == ESRCH ? ESRCH : number;
}

/* The first size - 1 bytes of a file of /proc. 0 or an errno. */
static int read_proc(pid_t pid, const char *name, char *out, size_t size)
{
    char path[64];
    ssize_t got;
    int number;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return meaning_of(errno);
    got = read(fd, out, size - 1);
    number = got < 0 ? meaning_of(errno) : 0;
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return number;
}

int process_read_stat(pid_t pid, struct process_stat *out)
{
    char text[1024];
    const char *rest;
    int number = read_proc(pid, "stat", text, sizeof(text));

    if (number != 0)
        return number;
    /* The name in brackets may itself hold brackets and blanks; the last bracket ends it. */
    rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %c %*d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %" SCNu64,
                        &out->state, &out->group, &out->session, &out->threads, &out->start) != 5)
        return EIO;
    return 0;
}

static struct process_identity identity_of(pid_t pid, uint64_t start)
{
    struct process_identity identity = {.pid = pid, .start = start};

    snprintf(identity.boot_id, sizeof(identity.boot_id), "%s", clock_boot_id());
    return identity;
}

int process_identify(pid_t pid, struct process_identity *out)
{
    struct process_stat stat = {0};
    int number = process_read_stat(pid, &stat);

    *out = identity_of(pid, stat.start);
    return number == 0 && !out->boot_id[0] ? EIO : number;
}

/* A leader may have ended while its other threads go on; then the process is still there. */
static bool is_alive(const struct process_stat *stat)
{
    return (stat->state != 'Z' && stat->state != 'X') || stat->threads > 1;
}

/* 0: it is there; ESRCH: it is not, or is another by now; else we do not know. */
static int find_process(const struct process_identity *process, struct process_stat *stat)
{
    int number;

    if (process->pid <= 1)
        return ESRCH;
    if (!clock_boot_id()[0])
        return EIO;
    if (!text_is(process->boot_id, clock_boot_id()))
        return ESRCH;
    number = process_read_stat(process->pid, stat);
    if (number != 0)
        return number;
    return stat->start == process->start && is_alive(stat) ? 0 : ESRCH;
}

/* ------------------------------------------------------------------------------------------------ LOOK */

/* A whole file of /proc into `out`, which is emptied first. 0 or an errno. */
static int read_all(pid_t pid, const char *name, struct strbuf *out)
{
    char path[64];
    char bytes[8192];
    ssize_t got = 0;
    int number;
    int fd;

    strbuf_reset(out);
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return meaning_of(errno);
    while (!out->cut && (got = read(fd, bytes, sizeof(bytes))) > 0)
        strbuf_add(out, bytes, (size_t)got);
    number = got < 0 ? meaning_of(errno) : 0;
    close(fd);
    return number;
}

/* While the kernel still loads a program, its command line is empty, like its environment. */
static bool is_loading(pid_t pid)
{
    struct process_stat stat;
    char byte[2];

    return read_proc(pid, "cmdline", byte, sizeof(byte)) == 0 && byte[0] == '\0' &&
           process_read_stat(pid, &stat) == 0 && is_alive(&stat);
}

/*
 * NAME=value, each ended by a NUL. 0 or an errno.
 *
 * Loading goes on for a moment after posix_spawn has returned; a process in that state is asked again, or it would not
 * be found and be started a second time.
 */
static int read_environment(pid_t pid, struct strbuf *out)
{
    static const struct timespec pause = {.tv_nsec = LOADING_PAUSE_NS};
    int number = read_all(pid, "environ", out);

    for (int i = 0; i < LOADING_TRIES && number == 0 && out->length == 0 && is_loading(pid); i++) {
        nanosleep(&pause, NULL);
        number = read_all(pid, "environ", out);
    }
    return number;
}

static const char *next_entry(const struct strbuf *environment, const char *entry)
{
    const char *end = environment->bytes + environment->length;

    if (!entry)
        return environment->length > 0 ? environment->bytes : NULL;
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

static void look_fail(struct look_effect *self, int number)
{
    errno = number;
    effect_fail(&self->base, error_errno("cannot look for a process in '/proc'"));
}

static void look_at(void *context)
{
    struct look_effect *self = context;
    const struct process_identity *process = &self->base.effect->process;
    struct strbuf environment CLEANUP(strbuf_release) = STRBUF_INIT(ENVIRONMENT_LIMIT_BYTES);
    struct process_stat stat;
    int number = find_process(process, &stat);

    if (number == 0)
        number = read_environment(process->pid, &environment);
    if (number == 0)
        found(self, *process, &environment);
    if (number == 0 || number == ESRCH)
        look_reply(self);
    else
        look_fail(self, number);
}

/* A live process of our own user, as it was found on the walk. */
struct candidate {
    struct process_identity process;
    bool leads; /* its session */
};

/* A program that shows a title of its own may write it over its environment, all of it. */
static bool is_overwritten(const struct strbuf *environment)
{
    return !environment->bytes || !memchr(environment->bytes, '=', environment->length);
}

static bool has_output(pid_t pid, const char *log)
{
    char path[64];
    struct stat output;
    struct stat wanted;

    snprintf(path, sizeof(path), "/proc/%d/fd/1", (int)pid);
    return log && stat(log, &wanted) == 0 && stat(path, &output) == 0 && output.st_dev == wanted.st_dev &&
           output.st_ino == wanted.st_ino;
}

/* A daemon of the process we look for carries the same mark; the oldest is the one that was started. */
static void match(struct io_looks *looks, const struct candidate *candidate, const struct strbuf *environment)
{
    bool overwritten = is_overwritten(environment);

    for (struct look_effect *look = LIST_FIRST(looks); look; look = LIST_NEXT(look, link))
        if ((candidate->leads || look->base.effect->anyone) &&
            (!look->there || candidate->process.start < look->process.start) &&
            (overwritten ? has_output(candidate->process.pid, look->base.effect->log)
                         : has_mark(environment, look->base.effect->mark)))
            found(look, candidate->process, environment);
}

/* Most processes lead no session; who looks for leaders only is spared their environments. */
static bool is_anyone_wanted(const struct io_looks *looks)
{
    const struct look_effect *look;

    LIST_FOREACH(look, looks, link)
    {
        if (look->base.effect->anyone)
            return true;
    }
    return false;
}

/*
 * Reads the environment of a live process of our own user: another user could give a process any environment.
 * 0; ESRCH: it is none that is looked for, or gone; else we do not know.
 */
static int read_candidate(int proc_fd, const char *name, bool anyone, struct candidate *out, struct strbuf *environment)
{
    pid_t pid = (pid_t)strtol(name, NULL, 10);
    struct process_stat stat;
    struct stat info;
    int number;

    if (pid <= 1)
        return ESRCH;
    if (fstatat(proc_fd, name, &info, 0) != 0)
        return meaning_of(errno);
    if (info.st_uid != geteuid())
        return ESRCH;
    number = process_read_stat(pid, &stat);
    if (number != 0)
        return number;
    /* Session 0 are the kernel's own, and those of another namespace. */
    if ((stat.session != pid && !anyone) || stat.session == 0 || !is_alive(&stat))
        return ESRCH;
    *out = (struct candidate){identity_of(pid, stat.start), stat.session == pid};
    number = read_environment(pid, environment);
    return number == EACCES || number == EPERM ? ESRCH : number; /* it hides, so it is not one that we started */
}

/* 0, or why not all could be seen. */
static int walk_proc(struct io_looks *looks)
{
    struct strbuf environment CLEANUP(strbuf_release) = STRBUF_INIT(ENVIRONMENT_LIMIT_BYTES);
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int result = clock_boot_id()[0] ? 0 : EIO;
    bool anyone = is_anyone_wanted(looks);

    if (!proc)
        return errno;
    while ((entry = readdir(proc))) {
        struct candidate candidate = {0};
        int number;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        number = read_candidate(dirfd(proc), entry->d_name, anyone, &candidate, &environment);
        if (number == 0)
            match(looks, &candidate, &environment);
        else if (number != ESRCH)
            result = number;
    }
    closedir(proc);
    return result;
}

/* One walk serves all marks that are looked for: a thousand stamps do not cost a thousand walks. */
static void walk(void *context)
{
    struct io *io = context;
    struct io_looks looks = LIST_HEAD_INITIALIZER(looks);
    struct look_effect *look;
    int number;

    /* Those that come while we reply wait for the next walk. */
    while ((look = LIST_FIRST(&io->looks))) {
        LIST_REMOVE(look, link);
        LIST_INSERT_HEAD(&looks, look, link);
    }
    number = walk_proc(&looks);
    while ((look = LIST_FIRST(&looks))) {
        LIST_REMOVE(look, link);
        look->listed = false;
        /* Not to have seen all is not to have found none, and not to have found the oldest. */
        if (number == 0)
            look_reply(look);
        else
            look_fail(look, number);
    }
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

/* A pidfd for exactly this process; -1 with errno ESRCH when it is gone, or another errno when we do not know. */
static int open_process(const struct process_identity *process, struct process_stat *stat)
{
    int number = ESRCH;
    int pidfd = process->pid > 1 ? pidfd_open(process->pid, 0) : -1;

    if (pidfd < 0 && process->pid > 1)
        number = errno == EINVAL ? ESRCH : errno; /* EINVAL: the number is now a mere thread's */
    if (pidfd >= 0) {
        number = find_process(process, stat);
        if (number != 0)
            io_close_fd(&pidfd);
    }
    errno = number;
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
