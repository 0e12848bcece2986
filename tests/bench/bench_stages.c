/*
 * B1: what a stage costs besides its command. A release of 300 command stages, each running true(1), by the real runner
 * with the journal durable, against a bare posix_spawn and waitpid of the same program, as often.
 *
 * The release's time is all of run_release(): lease, plan, journal, 300 stages, end. The CPU time is told besides: on a busy
 * machine the wall time of who sleeps and wakes most grows fastest.
 */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "bench/bench.h"
#include "bench/world.h"

#define ROUNDS 15
#define STAGES 300
#define PROGRAM "/bin/true"

/* Of the wall, and of the CPU of this process and its children. */
struct cost {
    double wall_ms, cpu_ms;
};

static struct cost now(void)
{
    return (struct cost){bench_now_ms(), bench_used_ms(RUSAGE_SELF) + bench_used_ms(RUSAGE_CHILDREN)};
}

static struct cost since(struct cost begun)
{
    struct cost end = now();

    return (struct cost){end.wall_ms - begun.wall_ms, end.cpu_ms - begun.cpu_ms};
}

static struct cost measure_floor(void)
{
    static char *const argv[] = {PROGRAM, NULL};
    static char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    struct cost begun = now();

    for (int i = 0; i < STAGES; i++) {
        int status;
        pid_t pid;

        BENCH_CHECK(posix_spawn(&pid, PROGRAM, NULL, NULL, argv, env) == 0);
        BENCH_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    return since(begun);
}

static struct cost measure_release(struct world *world)
{
    const struct plan *plan = world_begin(world);
    struct cost begun = now();

    world_run(world, plan);
    return since(begun);
}

int main(void)
{
    struct bench wall = {.id = "B1",
                         .title = "300 stages of true(1), durable / posix_spawn and waitpid of 300",
                         .unit = "ms",
                         .limit = 1.5};
    struct bench cpu = {.id = "B1c", .title = "the same in CPU time, children too", .unit = "ms", .limit = 1.5};
    char *pipeline = world_commands(STAGES, "[" PROGRAM "]");
    struct world world;

    cpu.sense = BENCH_FOR_ORIENTATION;
    world_open(&world, "stages", pipeline);
    measure_release(&world);
    measure_floor();
    while (bench_goes_on(&wall, ROUNDS)) {
        bool first = bench_ours_first(&wall);
        struct cost ours, floor;

        if (first)
            ours = measure_release(&world);
        floor = measure_floor();
        if (!first)
            ours = measure_release(&world);
        bench_round(&wall, ours.wall_ms, floor.wall_ms);
        bench_round(&cpu, ours.cpu_ms, floor.cpu_ms);
    }
    snprintf(wall.note, sizeof(wall.note), "%.2f ms a stage, %.2f ms a bare spawn; journal verified, %lld rows",
             bench_median(wall.ours, wall.count) / STAGES, bench_median(wall.floor, wall.count) / STAGES,
             (long long)world_verify(&world));
    snprintf(cpu.note, sizeof(cpu.note), "%.2f ms a stage, %.2f ms a bare spawn",
             bench_median(cpu.ours, cpu.count) / STAGES, bench_median(cpu.floor, cpu.count) / STAGES);
    bench_print(&wall);
    bench_print(&cpu);
    world_close(&world);
    free(pipeline);
    return 0;
}
