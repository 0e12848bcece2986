/*
 * B2: the journal's rate, in transactions a second. Each checks the lease, and appends, chains and projects what happened:
 * one change of a step's state, or, as the runner does it between two commands, the outcome of a step together with the
 * intent of the next. Against a raw SQLite loop that commits one row of 300 bytes, with the same journal mode and
 * synchronous setting.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "bench/raw.h"
#include "bench/world.h"
#include "plan/plan.h"
#include "store/lease.h"
#include "store/record.h"

#define ROUNDS 11
#define COMMITS 500

static void append(struct tx *tx, const struct lease *lease, struct event *event, const json_t *body)
{
    event->release = lease->release;
    event->epoch = lease->epoch;
    event->at_ms = clock_wall_ms();
    event->boot_ms = clock_boot_ms();
    event->actor = "penstock";
    event->attempt = 1;
    event->body = body;
    bench_must(journal_append(tx, event));
}

/* The outcome of the step before (if any) and the intent of this one (if any). */
static void commit(struct world *world, const struct lease *lease, const struct plan *plan, int before, int step)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    bench_must(tx_begin(world->record, &tx));
    bench_must(lease_check(&tx, lease));
    if (before >= 0) {
        json_t *done CLEANUP(json_cleanup) = json_pack("{s:{s:i, s:s}}", "detail", "exit", 0, "output", "");
        struct event ended = {.kind = EVENT_STEP_DONE, .step = before, .reason = plan->steps[before].title};

        append(&tx, lease, &ended, done);
    }
    if (step >= 0) {
        json_t *key CLEANUP(json_cleanup) = json_pack("{s:s}", "key", plan->steps[step].key);
        struct event started = {.kind = EVENT_STEP_STARTED, .step = step, .reason = plan->steps[step].title};

        append(&tx, lease, &started, key);
    }
    bench_must(tx_commit(&tx));
}

/* COMMITS transactions a second; the release is ended after. */
static double rate_of_journal(struct world *world, bool merged)
{
    const struct plan *plan = world_begin(world);
    struct event ended = {.kind = EVENT_RELEASE_ENDED, .step = -1, .reason = "measured", .end = END_FAILED};
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct lease lease = LEASE_INIT;
    double begun, time;

    bench_must(lease_take(world->record, world->arena, "prod", plan->release, "bench", &lease));
    begun = bench_now_ms();
    for (int i = 0; i < COMMITS; i++) {
        if (merged)
            commit(world, &lease, plan, i - 1, i);
        else
            commit(world, &lease, plan, i % 2 ? i / 2 : -1, i % 2 ? -1 : i / 2);
    }
    time = bench_now_ms() - begun;
    bench_must(tx_begin(world->record, &tx));
    append(&tx, &lease, &ended, NULL);
    bench_must(tx_commit(&tx));
    lease_release(&lease);
    return COMMITS * 1e3 / time;
}

static double rate_of_raw(struct raw *raw)
{
    double begun = bench_now_ms();

    for (int i = 0; i < COMMITS; i++)
        raw_commit(raw);
    return COMMITS * 1e3 / (bench_now_ms() - begun);
}

static void note(struct bench *bench, const char *what)
{
    snprintf(bench->note, sizeof(bench->note), "%.3f ms a commit of %s, %.3f ms a raw one",
             1e3 / bench_median(bench->ours, bench->count), what, 1e3 / bench_median(bench->floor, bench->count));
}

int main(void)
{
    struct bench one = {.id = "B2",
                        .title = "durable transitions a second / raw one-row commits a second",
                        .unit = "1/s",
                        .limit = 0.8,
                        .sense = BENCH_AT_LEAST};
    struct bench two = {.id = "B2m",
                        .title = "the same with two transitions in each commit, counted as one",
                        .unit = "1/s",
                        .limit = 0.8,
                        .sense = BENCH_AT_LEAST};
    char *pipeline = world_commands(COMMITS, "[/bin/true]");
    struct world world;
    struct raw *raw;

    world_open(&world, "journal", pipeline);
    raw = raw_open(world.directory);
    rate_of_journal(&world, true);
    rate_of_raw(raw);
    while (bench_goes_on(&one, ROUNDS)) {
        bool first = bench_ours_first(&one);
        double merged = first ? rate_of_journal(&world, true) : 0;
        double apart = first ? rate_of_journal(&world, false) : 0;
        double floor = rate_of_raw(raw);

        if (!first) {
            apart = rate_of_journal(&world, false);
            merged = rate_of_journal(&world, true);
        }
        bench_round(&one, apart, floor);
        bench_round(&two, merged, floor);
    }
    world_verify(&world);
    note(&one, "one event");
    note(&two, "two events");
    bench_print(&one);
    bench_print(&two);
    raw_close(raw);
    world_close(&world);
    free(pipeline);
    return 0;
}
