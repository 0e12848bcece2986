/*
 * B5: what the watch over a waiting release costs as its stamps grow in number.
 *
 * Four runners at once, with 1, 10, 100 and 1000 instances, each waiting at a gate: one HTTP health question an instance and
 * second, each to an address of its own, and one look a second at a real HAProxy that knows all servers. Their journals say
 * that everything before the gate was done, as a runner would have written it; from there run_release() goes on, in a
 * process that starts anew. What is
 * judged is the slope of the processes' CPU over the number of instances, in double logarithm; the slope of the last decade
 * alone is judged too, for the constant part hides growth in the whole one.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "bench/bench.h"
#include "bench/memory.h"
#include "bench/server.h"
#include "bench/world.h"
#include "plan/plan.h"
#include "run/run.h"
#include "store/record.h"

#define ROUNDS 7
#define SIZES 4
#define SETTLE_MS 3000
#define WINDOW_MS 2000
#define PATIENCE_MS 60000

static const struct size {
    int regions, instances;
} sizes[SIZES] = {{1, 1}, {10, 1}, {100, 1}, {100, 10}};

struct runner {
    pid_t pid;
    int ready; /* a byte comes when it waits at the gate; a second one when all was in order at its end */
    clockid_t clock;
    double count, cpu_ms;
};

static char *pipeline_of(const struct size *size, const char *socket)
{
    struct strbuf text = STRBUF_INIT(0);

    strbuf_text(&text, "pipeline: bench\nenvironment: prod\nstamps:\n  regions: [");
    for (int i = 1; i <= size->regions; i++)
        strbuf_printf(&text, "%sr%d", i > 1 ? ", " : "", i);
    strbuf_printf(
        &text,
        "]\n  instances: %d\n  start: [./server]\n  health: {get: /health, every: 1s}\n"
        "traffic:\n  socket: %s\n  url: \"http://127.0.0.1:1\"\n  pools:\n    p%d: {match: /}\n"
        "stages:\n  - build\n  - deploy\n  - validate: {checks: [{name: smoke, get: /}]}\n  - gate: managers\n",
        size->instances, socket, size->regions * size->instances);
    return strbuf_take(&text);
}

/* A backend for each runner, with all its servers at weight 0. They are not checked: that would be HAProxy's work. */
static pid_t start_haproxy(const char *directory, const char *socket)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/haproxy.cfg", directory);
    pid_t pid;

    strbuf_printf(&text,
                  "global\n    stats socket unix@%s mode 600 level admin\ndefaults\n    mode http\n"
                  "    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\n",
                  socket);
    for (int i = 0; i < SIZES; i++) {
        strbuf_printf(&text, "backend p%d\n", sizes[i].regions * sizes[i].instances);
        for (int k = 0; k < sizes[i].regions * sizes[i].instances; k++)
            strbuf_printf(&text, "    server prod-1a2b3c4-1.r%d.%d 127.0.0.1:9 weight 0\n", k / sizes[i].instances + 1,
                          k % sizes[i].instances + 1);
    }
    bench_must(file_put(path, strbuf_view(&text), text.length, 0600));
    pid = fork();
    BENCH_CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open("/dev/null", O_WRONLY), 2);
        execlp("haproxy", "haproxy", "-db", "-q", "-f", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500 && !file_exists(socket); i++)
        usleep(10000);
    if (!file_exists(socket))
        bench_fail("haproxy does not start");
    return pid;
}

static int gate_of(const struct plan *plan)
{
    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].verb == VERB_GATE)
            return i;
    }
    bench_fail("the plan has no gate");
}

static struct error *refuse_trouble(void *context, const struct event *event)
{
    (void)context;
    if (event->kind == EVENT_INSTANCE_SICK || event->kind == EVENT_INSTANCE_LOST ||
        event->kind == EVENT_TRAFFIC_DRIFTED || event->kind == EVENT_STEP_FAILED)
        return error_new(ERR_CHECK_FAILED, KIND_PERMANENT, "the watch saw trouble: %s, %s",
                         event_kind_text(event->kind), event->reason);
    return NULL;
}

static void tell(void *context)
{
    static bool told;
    const int *pipe_fd = context;

    if (!told)
        BENCH_CHECK(write(*pipe_fd, "r", 1) == 1);
    told = true;
}

/* Makes the journal of a release that waits at its gate, then becomes its runner, with nothing left of the planning. */
static void become_runner(const struct size *size, const char *socket, int port, int pipe_fd)
{
    char *name = heap_printf("growth-%d", size->regions * size->instances);
    char *argv[] = {"bench_growth", "run", NULL, heap_printf("%d", pipe_fd), NULL};
    const struct plan *plan;
    struct world world;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    world_open(&world, name, pipeline_of(size, socket));
    plan = world_begin(&world);
    world_pretend(&world, plan, gate_of(plan), port);
    record_close(world.record);
    argv[2] = world.directory;
    execv("/proc/self/exe", argv);
    bench_fail("cannot start the runner");
}

/* Until SIGTERM. */
static int be_runner(const char *directory, int pipe_fd)
{
    const struct run_options options = {.person = "bench", .changed = tell, .context = &pipe_fd};
    struct run_outcome outcome;
    struct record *record;
    int64_t rows;

    bench_must(record_open(directory, RECORD_WRITE, &record));
    bench_must(run_release(record, "r-1", &options, &outcome));
    BENCH_CHECK(outcome.result == RUN_STOPPED);
    bench_must(journal_read(record, "r-1", 0, refuse_trouble, NULL));
    bench_must(journal_verify(record, &rows));
    BENCH_CHECK(write(pipe_fd, "g", 1) == 1);
    record_close(record);
    return 0;
}

static double cpu_of(const struct runner *runner)
{
    struct timespec time;

    BENCH_CHECK(clock_gettime(runner->clock, &time) == 0);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void start_runner(struct runner *runner, const struct size *size, const char *socket, int port)
{
    int ends[2];

    BENCH_CHECK(pipe2(ends, 0) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
    runner->count = size->regions * size->instances;
    runner->pid = fork();
    BENCH_CHECK(runner->pid >= 0);
    if (runner->pid == 0)
        become_runner(size, socket, port, ends[1]);
    close(ends[1]);
    runner->ready = ends[0];
    BENCH_CHECK(clock_getcpuclockid(runner->pid, &runner->clock) == 0);
}

static void await_byte(const struct runner *runner)
{
    char byte;

    if (read(runner->ready, &byte, 1) != 1)
        bench_fail("the runner with %d instances ended", (int)runner->count);
}

static void sleep_ms(int ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* One window: the CPU that each runner used in it, by second. */
static void look(struct runner *runners, double *cpu)
{
    double begun = bench_now_ms(), before[SIZES];

    for (int i = 0; i < SIZES; i++)
        before[i] = cpu_of(&runners[i]);
    sleep_ms(WINDOW_MS);
    for (int i = 0; i < SIZES; i++)
        cpu[i] = (cpu_of(&runners[i]) - before[i]) * 1e3 / (bench_now_ms() - begun);
}

static void end_runners(struct runner *runners)
{
    int status;

    for (int i = 0; i < SIZES; i++)
        kill(runners[i].pid, SIGTERM);
    for (int i = 0; i < SIZES; i++) {
        await_byte(&runners[i]);
        BENCH_CHECK(waitpid(runners[i].pid, &status, 0) == runners[i].pid && status == 0);
    }
}

static void end_child(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void measure(void)
{
    struct bench whole = {
        .id = "B5", .title = "slope of CPU over 1 to 1000 watched instances", .unit = "", .limit = 1.1};
    struct bench last = {.id = "B5d", .title = "the same from 100 to 1000 only", .unit = "", .limit = 1.1};
    struct bench core = {.id = "B5c", .title = "CPU of a core at 1000 instances, 1 Hz", .unit = "%", .limit = 3};
    struct bench grown = {.id = "B5m", .title = "resident memory an instance at 1000", .unit = "KiB", .limit = 8};
    char *directory = bench_scratch("growth");
    char *socket = heap_printf("%s/admin.sock", directory);
    struct runner runners[SIZES];
    double x[SIZES], cpu[SIZES];
    pid_t haproxy, server;
    int port;

    server = server_start(&port);
    haproxy = start_haproxy(directory, socket);
    for (int i = 0; i < SIZES; i++)
        start_runner(&runners[i], &sizes[i], socket, port);
    for (int i = 0; i < SIZES; i++) {
        await_byte(&runners[i]);
        x[i] = runners[i].count;
    }
    sleep_ms(SETTLE_MS);
    while (bench_goes_on(&whole, ROUNDS)) {
        long base = memory_of(runners[0].pid).resident, most = memory_of(runners[SIZES - 1].pid).resident;

        look(runners, cpu);
        bench_value(&whole, bench_slope(x, cpu, SIZES));
        bench_value(&last, bench_slope(x + SIZES - 2, cpu + SIZES - 2, 2));
        bench_value(&core, cpu[SIZES - 1] / 10);
        bench_value(&grown, (double)(most - base) / (x[SIZES - 1] - 1));
    }
    snprintf(whole.note, sizeof(whole.note), "CPU a second in the last window: %.2f, %.2f, %.2f, %.2f ms", cpu[0],
             cpu[1], cpu[2], cpu[3]);
    end_runners(runners);
    end_child(haproxy);
    end_child(server);
    bench_print(&whole);
    bench_print(&last);
    bench_print(&core);
    bench_print(&grown);
    free(socket);
    free(directory);
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return be_runner(argv[2], atoi(argv[3]));
    measure();
    return 0;
}
