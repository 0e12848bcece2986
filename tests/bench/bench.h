#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

/*
 * What the benchmarks share: clocks, a scratch directory, rounds of pairs, and the one JSON line that tests/bench/run
 * reads. A benchmark that cannot do its work says why and ends with 1; a slow one ends with 0.
 *
 * A measure is a list of rounds. Each round holds ours and, next to it in time, its floor; the order alternates, so
 * that what the machine does to one of them it does to the other. The median of the rounds' ratios is judged.
 *
 * The machine may be shared. A round in which others used much of it counts only when there are too few calm ones; then
 * a measure that is over its limit is called noisy instead. All rounds are kept.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define BENCH_ROUNDS_MOST 64

enum bench_sense { BENCH_AT_MOST, BENCH_AT_LEAST, BENCH_FOR_ORIENTATION };

struct bench {
    const char *id;    /* "B1" */
    const char *title; /* what is divided by what; without a floor: what is measured */
    const char *unit;  /* of ours and floor: "ms" */
    double limit;
    enum bench_sense sense;
    bool has_floor; /* else the value itself is judged */
    int count;
    double ours[BENCH_ROUNDS_MOST], floor[BENCH_ROUNDS_MOST];
    double others[BENCH_ROUNDS_MOST]; /* share of the machine's CPU that went to other processes */
    char note[800];                   /* one line more, for people */
};

/* Milliseconds: of the wall, and of this process's CPU. */
double bench_now_ms(void);
double bench_cpu_ms(void);
double bench_used_ms(int who); /* RUSAGE_SELF, RUSAGE_CHILDREN */

void bench_must(struct error *error); /* ends with 1 unless NULL */
_Noreturn void bench_fail(const char *format, ...) PRINTF_LIKE(1, 2);
#define BENCH_CHECK(condition) ((condition) ? (void)0 : bench_fail("'%s' does not hold", #condition))

/* Are more rounds wanted? `usual` of them, or $PENSTOCK_BENCH_ROUNDS; up to twice as many until enough were calm. */
bool bench_goes_on(const struct bench *bench, int usual);
/* A new empty directory below $PENSTOCK_BENCH_SCRATCH; the caller frees the path. */
char *bench_scratch(const char *name);

/* The side of a round that comes first. */
bool bench_ours_first(const struct bench *bench);
void bench_round(struct bench *bench, double ours, double floor);
void bench_value(struct bench *bench, double value); /* a round without a floor */
/* One JSON object on standard output. */
void bench_print(const struct bench *bench);

double bench_median(const double *values, int count);
/* Least squares of log(y) over log(x). */
double bench_slope(const double *x, const double *y, int count);

#endif
