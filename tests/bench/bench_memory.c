/*
 * B8: the memory of a release that waits at a gate. tests/bench/run has started a real `penstock release`, with two
 * instances and a front door that are watched, and gives its process id.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/memory.h"

#define ROUNDS 7
#define PAUSE_MS 400

int main(int argc, char **argv)
{
    struct bench dirty = {
        .id = "B8", .title = "private dirty memory of a release at a gate", .unit = "MiB", .limit = 4};
    struct bench resident = {.id = "B8r", .title = "its resident memory", .unit = "MiB", .limit = 16};
    const struct timespec pause = {0, PAUSE_MS * 1000000L};

    if (argc != 2)
        bench_fail("usage: bench_memory PID");
    while (bench_goes_on(&dirty, ROUNDS)) {
        struct memory memory = memory_of(atoi(argv[1]));

        bench_value(&dirty, (double)memory.private_dirty / 1024);
        bench_value(&resident, (double)memory.resident / 1024);
        nanosleep(&pause, NULL);
    }
    bench_print(&dirty);
    bench_print(&resident);
    return 0;
}
