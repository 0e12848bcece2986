#ifndef ENGINE_IO_IO_H
#define ENGINE_IO_IO_H

/*
 * The door to the world, as the runner sees it: start an effect, get its reply later; timers; signals; the doorbell.
 * io_open() gives the real one (one thread, one libuv loop). The simulator gives another with a virtual clock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "drivers/effect.h"

struct io;
struct io_effect; /* one effect under way */
struct io_timer;

/* The reply is borrowed until the function returns. The io_effect is gone when it is called. */
typedef void (*io_reply_fn)(void *context, const struct reply *reply);
typedef void (*io_fn)(void *context);
typedef void (*io_signal_fn)(void *context, int signal);

/*
 * `lock_fd`: a descriptor that children of EFFECT_RUN inherit (the runner's lock), or -1. Blocks nothing.
 * Ignores SIGPIPE for the process.
 */
NODISCARD struct error *io_open(int lock_fd, struct io **out);
void io_close(
    struct io *io); /* cancels everything; children of EFFECT_RUN are killed, processes of EFFECT_START live on */

/*
 * Copies nothing: `effect` and its texts must live until the reply. The reply always comes later, from io_run(),
 * never from within this call, and always comes exactly once unless cancelled.
 */
struct io_effect *io_start(struct io *io, const struct effect *effect, io_reply_fn done, void *context);
void io_cancel(struct io_effect *effect); /* no reply comes any more; a RUN child is killed with its group */

/*
 * The log that the next child will probably write: it is made now, because now there is time for it. Only a hint: nothing
 * comes of it when it cannot be made or is not wanted in the end. NULL is fine.
 */
void io_expect_log(struct io *io, const char *path);

struct io_timer *io_timer_start(struct io *io, int64_t ms, io_fn fire, void *context); /* once */
void io_timer_stop(struct io_timer *timer); /* also frees; NULL is fine. A fired timer frees itself after `fire`. */

/* SIGTERM, SIGINT, SIGHUP come here instead of ending the process. */
NODISCARD struct error *io_on_signals(struct io *io, io_signal_fn fn, void *context);
/*
 * Listens for datagrams on the UNIX socket `path` (any length of path; an old socket file is replaced). It is for this user
 * alone, or for the group too where that may write to its directory.
 */
NODISCARD struct error *io_on_bell(struct io *io, const char *path, io_fn fn, void *context);
/* Calls `fn` once from the loop, after everything that is ready now was handled. */
void io_soon(struct io *io, io_fn fn, void *context);

void io_run(struct io *io); /* until io_stop() */
void io_stop(struct io *io);

int64_t io_boot_ms(struct io *io);
int64_t io_wall_ms(struct io *io);

/*
 * Ends a process that was found to hold a dead runner's lock, with its group. Only for such: nothing here checks who it is.
 */
void io_kill_orphan(int64_t pid);

/* Rings the bell of another process; nobody there is fine (it reads the record when it starts). */
void bell_ring(const char *path);

#endif
