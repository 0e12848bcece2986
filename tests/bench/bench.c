#include "bench/bench.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define NOISY_SPREAD 3.0 /* p90 / p10 of the floor: above it the machine was measured, not us */
#define CALM_SHARE 0.15  /* so much of the machine may others use in a round */
#define CALM_LEAST 5     /* so many calm rounds can be judged alone */
#define CALM_ENOUGH 9

static double read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

double bench_now_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double bench_cpu_ms(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_fail(const char *format, ...)
{
    va_list arguments;

    fputs("bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void bench_must(struct error *error)
{
    char *line CLEANUP(heap_cleanup) = NULL;

    if (!error)
        return;
    line = error_line(error);
    bench_fail("%s%s%s", line, error->hint ? "; " : "", error->hint ? error->hint : "");
}

static bool is_calm(const struct bench *bench, int round)
{
    return bench->others[round] <= CALM_SHARE;
}

static int calm_rounds(const struct bench *bench)
{
    int calm = 0;

    for (int i = 0; i < bench->count; i++)
        calm += is_calm(bench, i);
    return calm;
}

bool bench_goes_on(const struct bench *bench, int usual)
{
    const char *said = getenv("PENSTOCK_BENCH_ROUNDS");
    int wanted = said ? atoi(said) : usual;

    if (bench->count == BENCH_ROUNDS_MOST || bench->count == 0)
        return bench->count == 0;
    return bench->count < wanted || (!said && calm_rounds(bench) < CALM_ENOUGH && bench->count < 2 * wanted);
}

char *bench_scratch(const char *name)
{
    const char *below = getenv("PENSTOCK_BENCH_SCRATCH");
    /* A name that never was: ext4 is slow for minutes in a group of inodes where many files were removed. */
    char *path = heap_printf("%s/%s-%d", below ? below : "/tmp/penstock-bench", name, (int)getpid());

    bench_must(file_make_dirs(path));
    return path;
}

bool bench_ours_first(const struct bench *bench)
{
    return bench->count % 2 == 1;
}

/* Clock ticks since boot that all processors spent in processes, and all that they had. */
static void read_processors(double *busy, double *all)
{
    double user, nice, system, idle, wait, irq, softirq, steal;
    FILE *file = fopen("/proc/stat", "re");

    BENCH_CHECK(file && fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &wait, &irq,
                               &softirq, &steal) == 8);
    fclose(file);
    *busy = user + nice + system + steal;
    *all = *busy + idle + wait + irq + softirq;
}

double bench_used_ms(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* What others had since the last round ended. Two measures of one round get the same answer. */
static double share_of_others(void)
{
    static double last_busy, last_all, last_own, share;
    double own = (bench_used_ms(RUSAGE_SELF) + bench_used_ms(RUSAGE_CHILDREN)) / 1e3 * (double)sysconf(_SC_CLK_TCK);
    double busy, all;

    read_processors(&busy, &all);
    if (all - last_all < 3)
        return share;
    share = (busy - last_busy - (own - last_own)) / (all - last_all);
    share = share < 0 ? 0 : share;
    last_busy = busy;
    last_all = all;
    last_own = own;
    return share;
}

__attribute__((constructor)) static void begin_shares(void)
{
    share_of_others();
}

void bench_round(struct bench *bench, double ours, double floor)
{
    BENCH_CHECK(bench->count < BENCH_ROUNDS_MOST && floor > 0);
    bench->ours[bench->count] = ours;
    bench->floor[bench->count] = floor;
    bench->others[bench->count++] = share_of_others();
    bench->has_floor = true;
}

void bench_value(struct bench *bench, double value)
{
    BENCH_CHECK(bench->count < BENCH_ROUNDS_MOST);
    bench->ours[bench->count++] = value;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Between the two nearest of the sorted values. */
static double quantile(const double *values, int count, double at)
{
    double sorted[BENCH_ROUNDS_MOST];
    double place = at * (count - 1);
    int below = (int)place;

    memcpy(sorted, values, (size_t)count * sizeof(*values));
    qsort(sorted, (size_t)count, sizeof(*sorted), compare);
    return below + 1 < count ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
}

double bench_median(const double *values, int count)
{
    return quantile(values, count, 0.5);
}

double bench_slope(const double *x, const double *y, int count)
{
    double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;

    for (int i = 0; i < count; i++) {
        sum_x += log(x[i]);
        sum_y += log(y[i]);
        sum_xx += log(x[i]) * log(x[i]);
        sum_xy += log(x[i]) * log(y[i]);
    }
    return (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x);
}

static const char *verdict(const struct bench *bench, double value, double spread, bool calm)
{
    bool good = bench->sense == BENCH_AT_MOST ? value <= bench->limit : value >= bench->limit;

    if (bench->sense == BENCH_FOR_ORIENTATION)
        return "-";
    if (spread > NOISY_SPREAD || (!good && !calm))
        return "noisy";
    return good ? "ok" : "over";
}

static json_t *round_json(const struct bench *bench, int round)
{
    if (!bench->has_floor)
        return json_real(bench->ours[round]);
    return json_pack("{s:f, s:f, s:f, s:f}", "ours", bench->ours[round], "floor", bench->floor[round], "ratio",
                     bench->ours[round] / bench->floor[round], "others", bench->others[round]);
}

void bench_print(const struct bench *bench)
{
    static const char *const senses[] = {"at most", "at least", "none"};
    double ratios[BENCH_ROUNDS_MOST], floors[BENCH_ROUNDS_MOST];
    bool calm = calm_rounds(bench) >= CALM_LEAST;
    double value, spread = 1;
    json_t *rounds = json_array();
    json_t *out;
    int judged = 0;

    BENCH_CHECK(bench->count > 0);
    for (int i = 0; i < bench->count; i++) {
        json_array_append_new(rounds, round_json(bench, i));
        if (calm && !is_calm(bench, i))
            continue;
        floors[judged] = bench->floor[i];
        ratios[judged++] = bench->has_floor ? bench->ours[i] / bench->floor[i] : bench->ours[i];
    }
    value = bench_median(ratios, judged);
    if (bench->has_floor)
        spread = quantile(floors, judged, 0.9) / quantile(floors, judged, 0.1);
    out = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:s, s:f, s:s, s:i, s:b, s:s, s:o}", "id", bench->id, "title",
                    bench->title, "unit", bench->unit, "value", value, "p10", quantile(ratios, judged, 0.1), "p90",
                    quantile(ratios, judged, 0.9), "limit", bench->limit, "sense", senses[bench->sense], "floor_spread",
                    spread, "verdict", verdict(bench, value, spread, calm), "judged", judged, "is_ratio",
                    bench->has_floor, "note", bench->note, "rounds", rounds);
    BENCH_CHECK(out);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(out);
}
