/*
 * B7: looking back at a long history. A record of PENSTOCK_BENCH_RELEASES releases (tests/generate) is made, and then: the
 * newest fifty of an environment, and fifty out of the middle; every named query as `penstock audit NAME -o csv`, against the
 * same SQL in the sqlite3 shell; and the resident memory of an export of all of it.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "generate/history.h"
#include "store/audit.h"
#include "store/record.h"
#include "view/rows.h"

#define ROUNDS 15
#define QUERY_ROUNDS 3
#define STARTS_LEAST 10 /* of the shell: what is shorter says nothing of a query */
#define PAGE 50
#define PAGES_A_ROUND 20
#define RELEASES_USUAL 100000

extern char **environ;

static int64_t releases(void)
{
    const char *said = getenv("PENSTOCK_BENCH_RELEASES");

    return said ? atoll(said) : RELEASES_USUAL;
}

/* Milliseconds for one page, the mean of some. */
static double page_ms(struct record *record, int64_t until_ms)
{
    const struct rows_page page = {.environment = "prod", .limit = PAGE, .until_ms = until_ms};
    double begun = bench_now_ms();

    for (int i = 0; i < PAGES_A_ROUND; i++) {
        json_t *rows CLEANUP(json_cleanup) = NULL;

        bench_must(rows_page(record, &page, &rows));
        BENCH_CHECK(json_array_size(rows) == PAGE);
    }
    return (bench_now_ms() - begun) / PAGES_A_ROUND;
}

static void measure_pages(const char *directory)
{
    struct bench newest = {
        .id = "B7", .title = "the newest fifty of an environment, in the process", .unit = "ms", .limit = 1};
    struct bench middle = {.id = "B7m", .title = "fifty out of the middle", .unit = "ms", .limit = 1};
    struct record *record CLEANUP(record_cleanup) = NULL;
    json_t *row CLEANUP(json_cleanup) = NULL;
    int64_t half_ms, rows;

    bench_must(record_open(directory, RECORD_READ, &record));
    bench_must(journal_verify(record, &rows));
    bench_must(rows_release(record, "r-1", &row));
    half_ms = (json_get_int(row, "created_ms", 0) + HISTORY_UNTIL_MS) / 2;
    while (bench_goes_on(&newest, ROUNDS)) {
        bench_value(&newest, page_ms(record, 0));
        bench_value(&middle, page_ms(record, half_ms));
    }
    snprintf(newest.note, sizeof(newest.note), "of %" PRId64 " releases, %" PRId64 " events", releases(), rows);
    bench_print(&newest);
    bench_print(&middle);
}

/* Starts it with its output thrown away; `input` (may be NULL) is its standard input. */
static pid_t start(char *const argv[], const char *input)
{
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, input ? input : "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    BENCH_CHECK(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static double run_ms(char *const argv[], const char *input)
{
    double begun = bench_now_ms();
    int status;

    BENCH_CHECK(waitpid(start(argv, input), &status, 0) > 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail("'%s %s' ended with %d", argv[0], argv[1], status);
    return bench_now_ms() - begun;
}

/* What the shell reads: the values that we bind, and the query. */
static char *write_script(const char *directory, const char *name)
{
    char *path = heap_printf("%s/%s.sql", directory, name);
    char *query CLEANUP(heap_cleanup) = heap_printf("state/queries/audit/%s.sql", name);
    const struct embedded *file = embedded_find(query);
    char *text CLEANUP(heap_cleanup) = NULL;

    BENCH_CHECK(file);
    text = heap_printf(".parameter init\n.parameter set :now_ms %" PRId64 "\n%s", clock_wall_ms(), file->bytes);
    bench_must(file_put(path, text, strlen(text), 0600));
    return path;
}

static void measure_query(const char *directory, const char *name, struct bench *out)
{
    char *program = getenv("PENSTOCK");
    char *state CLEANUP(heap_cleanup) = heap_text(directory);
    char *query CLEANUP(heap_cleanup) = heap_text(name);
    char *database CLEANUP(heap_cleanup) = heap_printf("%s/record.db", directory);
    char *script CLEANUP(heap_cleanup) = write_script(directory, name);
    char *ours[] = {program, "--state", state, "audit", query, "-o", "csv", "-q", NULL};
    char *shell[] = {"sqlite3", "-readonly", "-batch", "-csv", "-header", database, NULL};

    for (int i = 0; i < QUERY_ROUNDS; i++) {
        double first = i % 2 ? run_ms(ours, NULL) : run_ms(shell, script);
        double second = i % 2 ? run_ms(shell, script) : run_ms(ours, NULL);

        bench_round(out, i % 2 ? first : second, i % 2 ? second : first);
    }
}

static double median_ratio(const struct bench *bench)
{
    double ratios[BENCH_ROUNDS_MOST];

    for (int i = 0; i < bench->count; i++)
        ratios[i] = bench->ours[i] / bench->floor[i];
    return bench_median(ratios, bench->count);
}

/* What it costs the shell to begin and end. */
static double shell_start_ms(void)
{
    char *shell[] = {"sqlite3", ":memory:", "SELECT 1", NULL};
    double times[QUERY_ROUNDS];

    for (int i = 0; i < QUERY_ROUNDS; i++)
        times[i] = run_ms(shell, NULL);
    return bench_median(times, QUERY_ROUNDS);
}

/*
 * The worst of the queries is judged; the note has all of them. Those that are over before they have begun are not: there
 * the start of the two programs would be compared.
 */
static void measure_queries(const char *directory)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    double least_ms = STARTS_LEAST * shell_start_ms();
    struct bench worst = {0};
    char note[sizeof(worst.note)] = "";
    const char *title = "";

    for (const struct audit_text *query = audit_queries(arena); query->name; query++) {
        struct bench bench = {.id = "B7q", .unit = "ms", .limit = 1.5};

        measure_query(directory, query->name, &bench);
        snprintf(note + strlen(note), sizeof(note) - strlen(note), "%s%s %.2f (%.0f ms)", *note ? ", " : "",
                 query->name, median_ratio(&bench), bench_median(bench.ours, bench.count));
        if (bench_median(bench.floor, bench.count) < least_ms)
            continue;
        if (worst.count && median_ratio(&bench) <= median_ratio(&worst))
            continue;
        worst = bench;
        title =
            arena_printf(arena, "audit %s / the same SQL in the sqlite3 shell: the worst of all queries", query->name);
    }
    if (!worst.count)
        bench_fail("%" PRId64 " releases are too few to measure a query", releases());
    worst.title = title;
    memcpy(worst.note, note, sizeof(note));
    bench_print(&worst);
}

/* The most that was resident since exec: ru_maxrss would count what we had when it was spawned. */
static double peak_mib(pid_t pid)
{
    char path[64], line[128];
    double kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file))
        sscanf(line, "VmHWM: %lf", &kib);
    if (file)
        fclose(file);
    return kib / 1024;
}

static void measure_export(const char *directory)
{
    struct bench bench = {
        .id = "B7e", .title = "resident memory of an export of all of it", .unit = "MiB", .limit = 16};
    char *state CLEANUP(heap_cleanup) = heap_text(directory);
    char *argv[] = {getenv("PENSTOCK"), "--state", state, "audit", "export", NULL};
    const struct timespec pause = {0, 5000000};
    double begun = bench_now_ms(), peak = 0;
    pid_t pid = start(argv, NULL);
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        double now = peak_mib(pid);

        peak = now > peak ? now : peak;
        nanosleep(&pause, NULL);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail("the export ended with %d", status);
    bench_value(&bench, peak);
    snprintf(bench.note, sizeof(bench.note), "%.1f s", (bench_now_ms() - begun) / 1e3);
    bench_print(&bench);
}

int main(void)
{
    char *directory CLEANUP(heap_cleanup) = bench_scratch("audit");

    BENCH_CHECK(getenv("PENSTOCK"));
    bench_must(history_generate(directory, releases()));
    measure_pages(directory);
    measure_queries(directory);
    measure_export(directory);
    bench_must(file_remove_tree(directory));
    return 0;
}
