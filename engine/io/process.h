#ifndef ENGINE_IO_PROCESS_H
#define ENGINE_IO_PROCESS_H

/*
 * What /proc says about a process. A zombie is not there: nothing of it runs any more.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "drivers/effect.h"

struct process_stat {
    char state;
    pid_t group;
    pid_t session;
    int threads;
    uint64_t start; /* clock ticks since boot */
};

bool process_read_stat(pid_t pid, struct process_stat *out);
/* Of a process that was just started, even if it has already ended. */
struct process_identity process_identify(pid_t pid);

#endif
