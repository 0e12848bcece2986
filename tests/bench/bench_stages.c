/*
 * B1: what a stage costs besides its command. A release of 300 command stages, each running true(1), by the real runner
 * with the journal durable, against a bare posix_spawn and waitpid of the same program, as often.
 *
 * The release's time is all of run_release(): lease, plan, journal, 300 stages, end.
 */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "bench/bench.h"
#include "bench/world.h"

#define STAGES 300
#define PROGRAM "/bin/true"

static double time_floor(void)
{
    static char *const argv[] = {PROGRAM, NULL};
    static char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    double begun = bench_now_ms();

    for (int i = 0; i < STAGES; i++) {
        int status;
        pid_t pid;

        BENCH_CHECK(posix_spawn(&pid, PROGRAM, NULL, NULL, argv, env) == 0);
        BENCH_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    return bench_now_ms() - begun;
}

static double time_release(struct world *world)
{
    const struct plan *plan = world_begin(world);
    double begun = bench_now_ms();

    world_run(world, plan);
    return bench_now_ms() - begun;
}

int main(void)
{
    struct bench bench = {.id = "B1",
                          .title = "300 stages of true(1), durable / posix_spawn and waitpid of 300",
                          .unit = "ms",
                          .limit = 1.5};
    int rounds = bench_rounds(11);
    char *pipeline = world_commands(STAGES, "[" PROGRAM "]");
    struct world world;

    world_open(&world, "stages", pipeline);
    time_release(&world);
    time_floor();
    while (bench.count < rounds) {
        double ours, floor;

        if (bench_ours_first(&bench)) {
            ours = time_release(&world);
            floor = time_floor();
        } else {
            floor = time_floor();
            ours = time_release(&world);
        }
        bench_round(&bench, ours, floor);
    }
    snprintf(bench.note, sizeof(bench.note), "%.2f ms a stage, %.2f ms a bare spawn; journal verified, %lld rows",
             bench_median(bench.ours, bench.count) / STAGES, bench_median(bench.floor, bench.count) / STAGES,
             (long long)world_verify(&world));
    bench_print(&bench);
    world_close(&world);
    free(pipeline);
    return 0;
}
