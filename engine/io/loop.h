#ifndef ENGINE_IO_LOOP_H
#define ENGINE_IO_LOOP_H

/*
 * What the files of this room share: the loop's struct, tasks, watches, and the life of an effect.
 *
 * An effect under way is a struct of its own module that begins with a struct io_effect. It ends in one of two ways:
 * effect_reply() takes it off the list, tells the caller, releases and frees it; io_cancel() does the same without
 * telling. So a module must return straight away once it has replied: the effect is gone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "io/io.h"
#include "io/log.h"

struct io_bell;
struct io_child;
struct io_http;
struct io_watch;
struct strbuf;

/* Something to be done from the loop, later. Lives in its owner. */
struct io_task {
    TAILQ_ENTRY(io_task) link;
    io_fn fn;
    void *context;
    uint64_t pass; /* the pass of the loop in which it was queued; it runs in a later one */
    bool queued;
};
TAILQ_HEAD(io_tasks, io_task);

/* How one kind of effect is performed. */
struct effect_way {
    size_t size;                             /* of the module's struct, which begins with struct io_effect */
    void (*begin)(struct io_effect *self);   /* never replies before it returns */
    void (*release)(struct io_effect *self); /* ends what is under way, frees all but `self`; any moment after begin */
};

struct io_effect {
    LIST_ENTRY(io_effect) link;
    struct io *io;
    const struct effect_way *way;
    const struct effect *effect;
    io_reply_fn done;
    void *context;
    struct io_task task;   /* what happens next, if it needs no event */
    struct error *failure; /* what effect_fail_later() will say */
    int64_t begun_ms;      /* boot clock */
};

LIST_HEAD(io_effects, io_effect);
LIST_HEAD(io_children, io_child);
LIST_HEAD(io_looks, look_effect);

#define IO_SIGNALS 3

struct io {
    uv_loop_t loop;
    uv_idle_t spin;   /* active while tasks wait: the loop does not sleep */
    uv_check_t check; /* runs the tasks, after everything that was ready */
    uv_signal_t signals[IO_SIGNALS];
    io_signal_fn on_signal;
    void *on_signal_context;
    struct io_tasks tasks; /* of effects */
    struct io_tasks soon;  /* of io_soon(); come after `tasks` */
    struct io_effects effects;
    struct io_timer **timers; /* a heap, the first one due in front */
    size_t timers_left;
    size_t timers_capacity;
    struct io_watch *alarm_watch;
    int alarm_fd;                /* a timerfd for the first of them */
    int64_t alarm_ms;            /* when it rings; INT64_MAX = not */
    uint64_t timer_count;        /* ever started */
    struct io_children children; /* no effect waits for them any more, but they must be reaped */
    struct io_looks looks;       /* wait for the next walk through /proc */
    struct io_task look_task;    /* that walk */
    struct io_http *http;        /* NULL until the first HTTP effect */
    struct io_bell *bell;        /* NULL until io_on_bell() */
    struct expected_log expected_log;
    uint8_t *ports; /* one bit for each port that FREE_PORT gave out; NULL until the first */
    int ports_given;
    uint64_t pass;
    int lock_fd;
    bool has_signals;
};

/* Queued twice is queued once. */
void io_task_queue(struct io *io, struct io_task *task, io_fn fn, void *context);
void io_task_drop(struct io *io, struct io_task *task);

/* A descriptor that the loop watches; it stays the caller's. Errors on it show as readable and writable. */
typedef void (*io_watch_fn)(void *context, int events); /* UV_READABLE | UV_WRITABLE */

struct io_watch *io_watch_open(struct io *io, int fd, io_watch_fn fn, void *context); /* NULL: errno says why */
void io_watch_set(struct io_watch *watch, int events);
void io_watch_hand_on(struct io_watch *watch, io_watch_fn fn, void *context); /* to another owner */
void io_watch_ref(struct io_watch *watch);
void io_watch_unref(struct io_watch *watch);  /* io_run() does not wait for it */
void io_watch_close(struct io_watch **watch); /* then the descriptor may be closed; NULL is fine */

/* A descriptor that is closed once: sets it to -1. */
void io_close_fd(int *fd);

void effect_reply(struct io_effect *self, struct reply *reply);
/* TRANSPORT_FAILED with the error's text. Takes ownership. */
void effect_fail(struct io_effect *self, struct error *error);
/* The same from the loop: for `begin`, which must not reply. */
void effect_fail_later(struct io_effect *self, struct error *error);
/* The reply's text is what `text` holds; TRANSPORT_CUT if that was too much. Otherwise `transport`. */
void effect_reply_text(struct io_effect *self, enum transport_result transport, const struct strbuf *text);
size_t effect_limit(const struct effect *effect);
int64_t effect_timeout(const struct effect *effect); /* at least 1 ms */
/* Does `next` from the loop. */
void effect_later(struct io_effect *self, io_fn next);

extern const struct effect_way http_way;
extern const struct effect_way line_way;
extern const struct effect_way run_way;
extern const struct effect_way start_way;
extern const struct effect_way signal_way;
extern const struct effect_way look_way;
extern const struct effect_way await_way;
extern const struct effect_way file_way;
extern const struct effect_way port_way;
extern const struct effect_way sleep_way;

/* Called by io_close(). */
void http_close(struct io *io);
void bell_close(struct io *io);
void children_close(struct io *io);

#endif
