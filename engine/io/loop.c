#include "io/loop.h"

/*
 * The loop: tasks, timers, watches, signals. One thread, one libuv loop; it sleeps unless something is due.
 *
 * libuv closes handles late, from the loop. So each handle lives in a struct of its own that frees itself when it is
 * closed, and io_close() lets the loop turn until the last one is gone.
 *
 * Timers are our own, on one timerfd: libuv's stand still while the machine sleeps, ours count on CLOCK_BOOTTIME.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#define DESCRIPTORS_WANTED 16384

struct io_timer {
    struct io *io;
    size_t place; /* in io->timers */
    io_fn fire;
    void *context;
    int64_t due_ms; /* boot clock */
    uint64_t number;
    bool firing;
};

struct io_watch {
    uv_poll_t handle;
    io_watch_fn fn;
    void *context;
    int events; /* what was asked for */
};

struct io_soon_task {
    struct io_task task;
    io_fn fn;
    void *context;
};

static const int caught_signals[IO_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

/* ------------------------------------------------------------------------------------------------ tasks */

/* Runs what was queued before this pass; what is queued meanwhile waits for the next one. */
static void run_tasks(struct io *io, struct io_tasks *tasks)
{
    struct io_task *task;

    while ((task = TAILQ_FIRST(tasks)) && task->pass < io->pass) {
        TAILQ_REMOVE(tasks, task, link);
        task->queued = false;
        task->fn(task->context);
    }
}

static void on_spin(uv_idle_t *handle)
{
    (void)handle; /* its being there makes the loop not sleep */
}

static void on_check(uv_check_t *handle)
{
    struct io *io = handle->data;

    io->pass++;
    run_tasks(io, &io->tasks);
    run_tasks(io, &io->soon);
    if (TAILQ_EMPTY(&io->tasks) && TAILQ_EMPTY(&io->soon)) {
        uv_idle_stop(&io->spin);
        uv_check_stop(&io->check);
    }
}

static void queue_in(struct io *io, struct io_tasks *tasks, struct io_task *task)
{
    MUST(!task->queued);
    task->pass = io->pass;
    task->queued = true;
    TAILQ_INSERT_TAIL(tasks, task, link);
    uv_idle_start(&io->spin, on_spin);
    uv_check_start(&io->check, on_check);
}

void io_task_queue(struct io *io, struct io_task *task, io_fn fn, void *context)
{
    if (task->queued)
        return;
    task->fn = fn;
    task->context = context;
    queue_in(io, &io->tasks, task);
}

void io_task_drop(struct io *io, struct io_task *task)
{
    if (!task->queued)
        return;
    TAILQ_REMOVE(&io->tasks, task, link);
    task->queued = false;
}

static void run_soon(void *context)
{
    struct io_soon_task own = *(struct io_soon_task *)context;

    free(context);
    own.fn(own.context);
}

void io_soon(struct io *io, io_fn fn, void *context)
{
    struct io_soon_task *soon = heap_alloc(sizeof(*soon));

    soon->fn = fn;
    soon->context = context;
    soon->task.fn = run_soon;
    soon->task.context = soon;
    queue_in(io, &io->soon, &soon->task);
}

/* ------------------------------------------------------------------------------------------------ timers */

/* Arms the alarm; INT64_MAX leaves it as it is. An alarm for a timer that was stopped does no harm. */
static void set_alarm(struct io *io, int64_t due_ms)
{
    struct itimerspec when = {.it_value = {due_ms / 1000, due_ms % 1000 * 1000000}};

    io->alarm_ms = due_ms;
    if (due_ms != INT64_MAX)
        MUST(timerfd_settime(io->alarm_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

/* By due time; of two that are due together, the one that was started first. */
static bool is_before(const struct io_timer *a, const struct io_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void put_timer(struct io *io, size_t place, struct io_timer *timer)
{
    io->timers[place] = timer;
    timer->place = place;
}

/* The timers are a heap: none is before its parent, at (place - 1) / 2. */
static void rise(struct io *io, struct io_timer *timer)
{
    size_t place = timer->place;

    for (; place > 0 && is_before(timer, io->timers[(place - 1) / 2]); place = (place - 1) / 2)
        put_timer(io, place, io->timers[(place - 1) / 2]);
    put_timer(io, place, timer);
}

static void sink(struct io *io, struct io_timer *timer)
{
    size_t place = timer->place;
    size_t child;

    while ((child = 2 * place + 1) < io->timers_left) {
        if (child + 1 < io->timers_left && is_before(io->timers[child + 1], io->timers[child]))
            child++;
        if (is_before(timer, io->timers[child]))
            break;
        put_timer(io, place, io->timers[child]);
        place = child;
    }
    put_timer(io, place, timer);
}

static void add_timer(struct io *io, struct io_timer *timer)
{
    if (io->timers_left == io->timers_capacity) {
        io->timers_capacity = io->timers_capacity ? 2 * io->timers_capacity : 64;
        io->timers = heap_realloc(io->timers, io->timers_capacity * sizeof(struct io_timer *));
    }
    if (io->timers_left == 0)
        io_watch_ref(io->alarm_watch);
    put_timer(io, io->timers_left++, timer);
    rise(io, timer);
}

static void remove_timer(struct io_timer *timer)
{
    struct io *io = timer->io;
    struct io_timer *last = io->timers[--io->timers_left];

    if (last != timer) {
        put_timer(io, timer->place, last);
        rise(io, last);
        sink(io, last);
    }
    if (io->timers_left == 0)
        io_watch_unref(io->alarm_watch);
}

static struct io_timer *first_timer(const struct io *io)
{
    return io->timers_left > 0 ? io->timers[0] : NULL;
}

static void on_alarm(void *context, int events)
{
    struct io *io = context;
    int64_t now_ms = clock_boot_ms();
    uint64_t first_new = io->timer_count;
    uint64_t expirations;
    struct io_timer *timer;

    (void)events;
    (void)!read(io->alarm_fd, &expirations, sizeof(expirations));
    io->alarm_ms = INT64_MIN; /* those that are started meanwhile need not arm it */
    while ((timer = first_timer(io)) && timer->due_ms <= now_ms && timer->number < first_new) {
        remove_timer(timer);
        timer->firing = true;
        timer->fire(timer->context);
        free(timer);
    }
    timer = first_timer(io);
    set_alarm(io, timer ? timer->due_ms : INT64_MAX);
}

struct io_timer *io_timer_start(struct io *io, int64_t ms, io_fn fire, void *context)
{
    struct io_timer *timer = heap_alloc(sizeof(*timer));

    timer->io = io;
    timer->fire = fire;
    timer->context = context;
    timer->due_ms = clock_boot_ms() + (ms < 0 ? 0 : ms);
    timer->number = io->timer_count++;
    add_timer(io, timer);
    if (timer->due_ms < io->alarm_ms)
        set_alarm(io, timer->due_ms);
    return timer;
}

void io_timer_stop(struct io_timer *timer)
{
    if (!timer || timer->firing)
        return; /* a firing one frees itself */
    remove_timer(timer);
    free(timer);
}

/* ------------------------------------------------------------------------------------------------ watches */

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct io_watch *watch = handle->data;

    if (status < 0) {
        /* libuv has stopped the handle; the owner reads or writes and meets the error itself. */
        events = watch->events;
        uv_poll_start(handle, watch->events, on_poll);
    }
    watch->fn(watch->context, events);
}

struct io_watch *io_watch_open(struct io *io, int fd, io_watch_fn fn, void *context)
{
    struct io_watch *watch = heap_alloc(sizeof(*watch));
    int result = uv_poll_init(&io->loop, &watch->handle, fd);

    if (result < 0) {
        free(watch);
        errno = -result;
        return NULL;
    }
    watch->handle.data = watch;
    watch->fn = fn;
    watch->context = context;
    return watch;
}

void io_watch_set(struct io_watch *watch, int events)
{
    if (watch->events == events)
        return;
    watch->events = events;
    if (events)
        MUST(uv_poll_start(&watch->handle, events, on_poll) == 0);
    else
        uv_poll_stop(&watch->handle);
}

void io_watch_hand_on(struct io_watch *watch, io_watch_fn fn, void *context)
{
    watch->fn = fn;
    watch->context = context;
}

void io_watch_ref(struct io_watch *watch)
{
    uv_ref((uv_handle_t *)&watch->handle);
}

void io_watch_unref(struct io_watch *watch)
{
    uv_unref((uv_handle_t *)&watch->handle);
}

void io_watch_close(struct io_watch **watch)
{
    if (!*watch)
        return;
    uv_close((uv_handle_t *)&(*watch)->handle, free_handle);
    *watch = NULL;
}

void io_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ------------------------------------------------------------------------------------------------ signals */

static void on_signal(uv_signal_t *handle, int number)
{
    struct io *io = handle->data;

    io->on_signal(io->on_signal_context, number);
}

struct error *io_on_signals(struct io *io, io_signal_fn fn, void *context)
{
    io->on_signal = fn;
    io->on_signal_context = context;
    if (io->has_signals)
        return NULL;
    io->has_signals = true;
    for (int i = 0; i < IO_SIGNALS; i++) {
        int result;

        MUST(uv_signal_init(&io->loop, &io->signals[i]) == 0);
        io->signals[i].data = io;
        result = uv_signal_start(&io->signals[i], on_signal, caught_signals[i]);
        if (result < 0)
            return error_new(ERR_IO, KIND_PERMANENT, "cannot catch signal %d: %s", caught_signals[i],
                             uv_strerror(result));
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ life */

/* A descriptor below 3 that we open by chance would be taken for a standard stream by our children. */
static struct error *fill_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", O_RDWR) != fd) /* the lowest free number; stays open over exec */
            return error_errno("cannot open '/dev/null'");
    }
    return NULL;
}

static struct error *open_alarm(struct io *io)
{
    io->alarm_ms = INT64_MAX;
    io->alarm_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (io->alarm_fd < 0 || !(io->alarm_watch = io_watch_open(io, io->alarm_fd, on_alarm, io)))
        return error_errno("cannot make a timer");
    io_watch_set(io->alarm_watch, UV_READABLE);
    io_watch_unref(io->alarm_watch); /* until there is a timer */
    return NULL;
}

/* Every started process costs a descriptor while we live, and 1024 are gone soon. Children get the same, which is harmless. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: the old limit stands, and EMFILE says so by name */
}

struct error *io_open(int lock_fd, struct io **out)
{
    struct error *error;
    struct io *io;
    int result;

    TRY(fill_standard_streams());
    signal(SIGPIPE, SIG_IGN);
    allow_descriptors();
    io = heap_alloc(sizeof(*io));
    io->lock_fd = lock_fd;
    io->expected_log.fd = -1;
    TAILQ_INIT(&io->tasks);
    TAILQ_INIT(&io->soon);
    LIST_INIT(&io->effects);
    LIST_INIT(&io->children);
    LIST_INIT(&io->looks);
    result = uv_loop_init(&io->loop);
    if (result < 0) {
        free(io);
        return error_new(ERR_IO, KIND_TRANSIENT, "cannot make an event loop: %s", uv_strerror(result));
    }
    MUST(uv_idle_init(&io->loop, &io->spin) == 0);
    MUST(uv_check_init(&io->loop, &io->check) == 0);
    io->spin.data = io->check.data = io;
    error = open_alarm(io);
    if (error) {
        io_close(io);
        return error;
    }
    *out = io;
    return NULL;
}

void io_close(struct io *io)
{
    struct io_task *task;

    if (!io)
        return;
    while (!LIST_EMPTY(&io->effects))
        io_cancel(LIST_FIRST(&io->effects));
    io_task_drop(io, &io->look_task);
    children_close(io);
    http_close(io);
    bell_close(io);
    log_forget_expected(io);
    while (io->timers_left > 0)
        io_timer_stop(io->timers[0]);
    io_watch_close(&io->alarm_watch);
    io_close_fd(&io->alarm_fd);
    MUST(TAILQ_EMPTY(&io->tasks));
    while ((task = TAILQ_FIRST(&io->soon))) {
        TAILQ_REMOVE(&io->soon, task, link);
        free(task->context);
    }
    if (io->has_signals)
        for (int i = 0; i < IO_SIGNALS; i++)
            uv_close((uv_handle_t *)&io->signals[i], NULL);
    uv_close((uv_handle_t *)&io->spin, NULL);
    uv_close((uv_handle_t *)&io->check, NULL);
    while (uv_run(&io->loop, UV_RUN_DEFAULT) != 0)
        ; /* an io_stop() that nobody has seen yet ends one uv_run() early */
    MUST(uv_loop_close(&io->loop) == 0);
    free(io->timers);
    free(io->ports);
    free(io);
}

void io_run(struct io *io)
{
    uv_run(&io->loop, UV_RUN_DEFAULT);
}

void io_stop(struct io *io)
{
    uv_stop(&io->loop);
}

int64_t io_boot_ms(struct io *io)
{
    (void)io;
    return clock_boot_ms();
}

int64_t io_wall_ms(struct io *io)
{
    (void)io;
    return clock_wall_ms();
}
