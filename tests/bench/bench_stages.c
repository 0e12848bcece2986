/*
 * B1: what a stage costs besides its command. A release of 300 command stages, each running true(1), by the real runner
 * with the journal durable, against a bare posix_spawn and waitpid of the same program, as often.
 *
 * The release's time is all of run_release(): lease, plan, journal, 300 stages, end. The CPU time is told besides: on a busy
 * machine the wall time of who sleeps and wakes most grows fastest.
 *
 * A second floor does besides what no runner can leave out: the program has a session of its own, its output comes by a
 * pipe, its errors go into a log of its own that outlives the runner, and a row is durable before it starts.
 */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "bench/bench.h"
#include "bench/raw.h"
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

/* One stage of a runner that keeps no journal but a row. */
static void run_logged(struct raw *raw, const char *log)
{
    static char *const argv[] = {PROGRAM, NULL};
    static char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int output[2], status;
    char byte;
    pid_t pid;

    BENCH_CHECK(pipe2(output, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    raw_commit(raw);
    BENCH_CHECK(posix_spawn(&pid, PROGRAM, &actions, &attributes, argv, env) == 0);
    close(output[1]);
    BENCH_CHECK(read(output[0], &byte, 1) == 0);
    BENCH_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    close(output[0]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
}

static double measure_logged(struct raw *raw, const char *directory, int round)
{
    char *logs CLEANUP(heap_cleanup) = heap_printf("%s/raw-logs-%d", directory, round);
    double begun;

    BENCH_CHECK(mkdir(logs, 0700) == 0);
    begun = bench_now_ms();
    for (int i = 0; i < STAGES; i++) {
        char *log CLEANUP(heap_cleanup) = heap_printf("%s/c%d.log", logs, i);

        run_logged(raw, log);
    }
    return bench_now_ms() - begun;
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
    struct bench must = {
        .id = "B1m", .title = "the same / with session, output, log and a durable row each", .unit = "ms"};
    char *pipeline = world_commands(STAGES, "[" PROGRAM "]");
    struct world world;
    struct raw *raw;

    cpu.sense = must.sense = BENCH_FOR_ORIENTATION;
    world_open(&world, "stages", pipeline);
    raw = raw_open(world.directory);
    measure_release(&world);
    measure_floor();
    measure_logged(raw, world.directory, -1);
    while (bench_goes_on(&wall, ROUNDS)) {
        bool first = bench_ours_first(&wall);
        struct cost ours, floor;
        double logged;

        if (first)
            ours = measure_release(&world);
        floor = measure_floor();
        logged = measure_logged(raw, world.directory, wall.count);
        if (!first)
            ours = measure_release(&world);
        bench_round(&wall, ours.wall_ms, floor.wall_ms);
        bench_round(&cpu, ours.cpu_ms, floor.cpu_ms);
        bench_round(&must, ours.wall_ms, logged);
    }
    snprintf(wall.note, sizeof(wall.note), "%.2f ms a stage, %.2f ms a bare spawn; journal verified, %lld rows",
             bench_median(wall.ours, wall.count) / STAGES, bench_median(wall.floor, wall.count) / STAGES,
             (long long)world_verify(&world));
    snprintf(cpu.note, sizeof(cpu.note), "%.2f ms a stage, %.2f ms a bare spawn",
             bench_median(cpu.ours, cpu.count) / STAGES, bench_median(cpu.floor, cpu.count) / STAGES);
    snprintf(must.note, sizeof(must.note), "%.2f ms a stage, %.2f ms of that floor",
             bench_median(must.ours, must.count) / STAGES, bench_median(must.floor, must.count) / STAGES);
    bench_print(&wall);
    bench_print(&cpu);
    bench_print(&must);
    raw_close(raw);
    world_close(&world);
    free(pipeline);
    return 0;
}
