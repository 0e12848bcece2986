#ifndef ENGINE_IO_SPAWN_H
#define ENGINE_IO_SPAWN_H

/*
 * Starts a program in a session of its own: default signals, no inherited descriptors but 0, 1, 2 and,
 * where wanted, the runner's lock as 3. Does not wait.
 */

#include <sys/types.h>

#include "base/error.h"
#include "drivers/effect.h"

struct spawn {
    const struct effect *effect; /* argv, env, cwd, input */
    int log_fd;                  /* -1 = /dev/null */
    int output_fd;               /* stdout, if it does not go to the log; or -1 */
    int lock_fd;                 /* or -1 */
};

/* Fails with "cannot start 'x': No such file or directory" and the like. */
NODISCARD struct error *spawn_program(const struct spawn *spawn, pid_t *out);

#endif
