/*
 * B6: how long a runner that starts again needs until it acts. The record holds one release with 10 000 journal rows, which
 * stopped in the middle; time counts from the start of the process to the first planned effect, a child of its next step.
 * The floor is a process with the same libraries that opens the file, reads all rows and hashes them.
 *
 *     bench_resume                    measures
 *     bench_resume run DIR RELEASE    the runner
 *     bench_resume scan DIR           the floor
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "bench/world.h"
#include "plan/plan.h"
#include "run/run.h"
#include "store/lease.h"
#include "store/record.h"

#define ROUNDS 15
#define STEPS 100
#define DONE 50
#define ROWS 10000
#define PATIENCE_MS 20000

static int be_runner(const char *directory, const char *release)
{
    const struct run_options options = {.person = "bench"};
    struct run_outcome outcome;
    struct record *record;

    bench_must(record_open(directory, RECORD_WRITE, &record));
    bench_must(run_release(record, release, &options, &outcome));
    return 0;
}

static int be_floor(const char *directory)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/record.db", directory);
    struct strbuf row CLEANUP(strbuf_release) = STRBUF_INIT(0);
    sqlite3_stmt *statement;
    sqlite3 *db;
    int rows = 0;

    BENCH_CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK);
    BENCH_CHECK(
        sqlite3_prepare_v2(db, "SELECT seq, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash FROM event",
                           -1, &statement, NULL) == SQLITE_OK);
    for (; sqlite3_step(statement) == SQLITE_ROW; rows++) {
        struct digest ignored;

        strbuf_reset(&row);
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const void *bytes = sqlite3_column_blob(statement, i);

            strbuf_add(&row, bytes, (size_t)sqlite3_column_bytes(statement, i));
        }
        ignored = digest_of(row.bytes, row.length);
        (void)ignored;
    }
    BENCH_CHECK(rows >= ROWS);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return 0;
}

static void add_tally(struct tx *tx, const struct lease *lease, int number)
{
    json_t *body CLEANUP(json_cleanup) =
        json_pack("{s:s, s:i, s:i, s:{s:i, s:i, s:i, s:i, s:i}}", "stage", "shift", "sent", 50, "failed", 0, "buckets",
                  "1", 31, "2", 11 + number % 3, "3", 4, "5", 2, "20", 1);
    struct event event = {.kind = EVENT_PROBER_TALLIED,
                          .release = lease->release,
                          .epoch = lease->epoch,
                          .at_ms = clock_wall_ms(),
                          .boot_ms = clock_boot_ms(),
                          .actor = "penstock",
                          .reason = "the prober's answers",
                          .step = -1,
                          .body = body};

    bench_must(journal_append(tx, &event));
}

/* A release that is half done and has been watched for long: its prober wrote most of the rows. */
static const struct plan *make_release(struct world *world)
{
    const struct plan *plan = world_begin(world);
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct lease lease = LEASE_INIT;
    int64_t rows;

    world_pretend(world, plan, DONE, 0);
    bench_must(lease_take(world->record, world->arena, "prod", plan->release, "bench", &lease));
    bench_must(journal_seq(world->record, &rows));
    bench_must(tx_begin(world->record, &tx));
    for (; rows < ROWS; rows++)
        add_tally(&tx, &lease, (int)rows);
    bench_must(tx_commit(&tx));
    lease_release(&lease);
    return plan;
}

static pid_t start(const char *const *argv)
{
    extern char **environ;
    pid_t pid;

    BENCH_CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0);
    return pid;
}

static double time_runner(const char *directory, const char *release, const char *effects)
{
    const char *const argv[] = {"bench_resume", "run", directory, release, NULL};
    struct pollfd ready = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
    double begun, time;
    int status;
    pid_t pid;

    BENCH_CHECK(ready.fd >= 0 && inotify_add_watch(ready.fd, effects, IN_CREATE | IN_ATTRIB | IN_CLOSE_WRITE) >= 0);
    begun = bench_now_ms();
    pid = start(argv);
    BENCH_CHECK(poll(&ready, 1, PATIENCE_MS) == 1);
    time = bench_now_ms() - begun;
    kill(pid, SIGKILL);
    BENCH_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    close(ready.fd);
    return time;
}

static double time_floor(const char *directory)
{
    const char *const argv[] = {"bench_resume", "scan", directory, NULL};
    double begun = bench_now_ms();
    pid_t pid = start(argv);
    int status;

    BENCH_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    return bench_now_ms() - begun;
}

static void measure(void)
{
    struct bench bench = {.id = "B6",
                          .title = "start to first effect, 10 000 rows / exec, open, scan and hash them",
                          .unit = "ms",
                          .limit = 1.5};
    char *effects = bench_scratch("effects");
    char *argv = heap_printf("[/bin/touch, %s/effect]", effects);
    char *pipeline = world_commands(STEPS, argv);
    const struct plan *plan;
    struct world world;

    world_open(&world, "resume", pipeline);
    plan = make_release(&world);
    record_close(world.record);
    time_runner(world.directory, plan->release, effects);
    time_floor(world.directory);
    while (bench_goes_on(&bench, ROUNDS)) {
        double ours, floor;

        if (bench_ours_first(&bench)) {
            ours = time_runner(world.directory, plan->release, effects);
            floor = time_floor(world.directory);
        } else {
            floor = time_floor(world.directory);
            ours = time_runner(world.directory, plan->release, effects);
        }
        bench_round(&bench, ours, floor);
    }
    bench_must(record_open(world.directory, RECORD_WRITE, &world.record));
    snprintf(bench.note, sizeof(bench.note), "%.1f ms, floor %.1f ms; %lld rows verified after %d kills",
             bench_median(bench.ours, bench.count), bench_median(bench.floor, bench.count),
             (long long)world_verify(&world), bench.count + 1);
    bench_print(&bench);
    world_close(&world);
    free(pipeline);
    free(argv);
    free(effects);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "run") == 0)
        return be_runner(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "scan") == 0)
        return be_floor(argv[2]);
    measure();
    return 0;
}
