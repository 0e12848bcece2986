#include "bench/memory.h"

#include <stdio.h>

#include "bench/bench.h"

struct memory memory_of(pid_t pid)
{
    struct memory memory = {-1, -1};
    char path[64], line[256];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    file = fopen(path, "re");
    if (!file)
        bench_fail("there is no process %d", (int)pid);
    while (fgets(line, sizeof(line), file)) {
        sscanf(line, "Rss: %ld", &memory.resident);
        sscanf(line, "Private_Dirty: %ld", &memory.private_dirty);
    }
    fclose(file);
    BENCH_CHECK(memory.resident >= 0 && memory.private_dirty >= 0);
    return memory;
}
