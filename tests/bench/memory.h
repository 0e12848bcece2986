#ifndef TESTS_BENCH_MEMORY_H
#define TESTS_BENCH_MEMORY_H

/* What /proc/PID/smaps_rollup says, in KiB. */

#include <sys/types.h>

struct memory {
    long resident;
    long private_dirty;
};

struct memory memory_of(pid_t pid);

#endif
