#include "bench/bench.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define NOISY_SPREAD 3.0 /* p90 / p10 of the floor: above it the machine was measured, not us */

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

int bench_rounds(int usual)
{
    const char *said = getenv("PENSTOCK_BENCH_ROUNDS");
    int rounds = said ? atoi(said) : usual;

    return rounds < 1 ? 1 : rounds > BENCH_ROUNDS_MOST ? BENCH_ROUNDS_MOST : rounds;
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

void bench_round(struct bench *bench, double ours, double floor)
{
    BENCH_CHECK(bench->count < BENCH_ROUNDS_MOST && floor > 0);
    bench->ours[bench->count] = ours;
    bench->floor[bench->count++] = floor;
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

static const char *verdict(const struct bench *bench, double value, double spread)
{
    if (bench->sense == BENCH_FOR_ORIENTATION)
        return "-";
    if (spread > NOISY_SPREAD)
        return "noisy";
    return (bench->sense == BENCH_AT_MOST ? value <= bench->limit : value >= bench->limit) ? "ok" : "over";
}

void bench_print(const struct bench *bench)
{
    static const char *const senses[] = {"at most", "at least", "none"};
    double ratios[BENCH_ROUNDS_MOST];
    json_t *rounds = json_array();
    double value, spread = 1;
    json_t *out;

    BENCH_CHECK(bench->count > 0);
    for (int i = 0; i < bench->count; i++) {
        ratios[i] = bench->has_floor ? bench->ours[i] / bench->floor[i] : bench->ours[i];
        if (bench->has_floor)
            json_array_append_new(rounds, json_pack("{s:f, s:f, s:f}", "ours", bench->ours[i], "floor", bench->floor[i],
                                                    "ratio", ratios[i]));
        else
            json_array_append_new(rounds, json_real(ratios[i]));
    }
    value = bench_median(ratios, bench->count);
    if (bench->has_floor)
        spread = quantile(bench->floor, bench->count, 0.9) / quantile(bench->floor, bench->count, 0.1);
    out = json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:s, s:f, s:s, s:b, s:s, s:o}", "id", bench->id, "title",
                    bench->title, "unit", bench->unit, "value", value, "p10", quantile(ratios, bench->count, 0.1),
                    "p90", quantile(ratios, bench->count, 0.9), "limit", bench->limit, "sense", senses[bench->sense],
                    "floor_spread", spread, "verdict", verdict(bench, value, spread), "is_ratio", bench->has_floor,
                    "note", bench->note, "rounds", rounds);
    BENCH_CHECK(out);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(out);
}
