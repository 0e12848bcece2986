#ifndef ENGINE_IO_PROCESS_H
#define ENGINE_IO_PROCESS_H

/*
 * What /proc says about a process. A zombie is not there: nothing of it runs any more. And not to be able to look is
 * not the same as to see nothing.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "drivers/effect.h"

struct process_stat {
    char state;
    pid_t group;
    pid_t session;
    int threads;
    uint64_t start; /* clock ticks since boot */
};

/* 0, ESRCH when there is no such process, or another errno: then nobody knows. */
NODISCARD int process_read_stat(pid_t pid, struct process_stat *out);
/* Of a process that was just started, even if it has already ended. 0, or an errno as above. */
NODISCARD int process_identify(pid_t pid, struct process_identity *out);

#endif
