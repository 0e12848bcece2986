/*
 * B2: the journal's rate. One transition is what the runner commits between two commands: a transaction that checks the
 * lease, appends the outcome of one step and the intent of the next, chained and projected. Against a raw SQLite loop
 * that commits one row of 300 bytes, with the same journal mode, synchronous setting and checkpoints.
 */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "bench/bench.h"
#include "bench/world.h"
#include "plan/plan.h"
#include "store/lease.h"
#include "store/record.h"

#define STEPS 500

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

static void transition(struct world *world, const struct lease *lease, const struct plan *plan, int step)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    json_t *key CLEANUP(json_cleanup) = json_pack("{s:s}", "key", plan->steps[step].key);
    json_t *done CLEANUP(json_cleanup) = json_pack("{s:{s:i, s:s}}", "detail", "exit", 0, "output", "");
    struct event started = {.kind = EVENT_STEP_STARTED, .step = step, .reason = plan->steps[step].title};

    bench_must(tx_begin(world->record, &tx));
    bench_must(lease_check(&tx, lease));
    if (step > 0) {
        struct event ended = {.kind = EVENT_STEP_DONE, .step = step - 1, .reason = plan->steps[step - 1].title};

        append(&tx, lease, &ended, done);
    }
    append(&tx, lease, &started, key);
    bench_must(tx_commit(&tx));
}

/* Milliseconds for STEPS transitions; the release is ended after. */
static double time_journal(struct world *world)
{
    const struct plan *plan = world_begin(world);
    struct event ended = {.kind = EVENT_RELEASE_ENDED, .step = -1, .reason = "measured", .end = END_FAILED};
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct lease lease = LEASE_INIT;
    double begun, time;

    bench_must(lease_take(world->record, world->arena, "prod", plan->release, "bench", &lease));
    begun = bench_now_ms();
    for (int i = 0; i < STEPS; i++)
        transition(world, &lease, plan, i);
    time = bench_now_ms() - begun;
    bench_must(tx_begin(world->record, &tx));
    append(&tx, &lease, &ended, NULL);
    bench_must(tx_commit(&tx));
    lease_release(&lease);
    return time;
}

static void must_sql(sqlite3 *db, int code)
{
    if (code != SQLITE_OK && code != SQLITE_DONE)
        bench_fail("sqlite: %s", sqlite3_errmsg(db));
}

static sqlite3 *open_raw(const char *directory)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/raw.db", directory);
    sqlite3 *db;

    must_sql(NULL, sqlite3_open(path, &db));
    must_sql(db, sqlite3_exec(db,
                              "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "CREATE TABLE row (seq INTEGER PRIMARY KEY, body TEXT)",
                              NULL, NULL, NULL));
    return db;
}

static double time_raw(sqlite3 *db)
{
    char body[301];
    sqlite3_stmt *insert;
    double begun, time;

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    must_sql(db, sqlite3_prepare_v2(db, "INSERT INTO row (body) VALUES (?1)", -1, &insert, NULL));
    must_sql(db, sqlite3_bind_text(insert, 1, body, -1, SQLITE_STATIC));
    begun = bench_now_ms();
    for (int i = 0; i < STEPS; i++) {
        must_sql(db, sqlite3_step(insert));
        must_sql(db, sqlite3_reset(insert));
    }
    time = bench_now_ms() - begun;
    sqlite3_finalize(insert);
    return time;
}

int main(void)
{
    struct bench bench = {.id = "B2",
                          .title = "durable transitions a second / raw one-row commits a second",
                          .unit = "1/s",
                          .limit = 0.8,
                          .sense = BENCH_AT_LEAST};
    int rounds = bench_rounds(11);
    char *pipeline = world_commands(STEPS, "[/bin/true]");
    struct world world;
    sqlite3 *raw;

    world_open(&world, "journal", pipeline);
    raw = open_raw(world.directory);
    time_journal(&world);
    time_raw(raw);
    while (bench.count < rounds) {
        double ours, floor;

        if (bench_ours_first(&bench)) {
            ours = time_journal(&world);
            floor = time_raw(raw);
        } else {
            floor = time_raw(raw);
            ours = time_journal(&world);
        }
        bench_round(&bench, STEPS * 1e3 / ours, STEPS * 1e3 / floor);
    }
    snprintf(bench.note, sizeof(bench.note),
             "%.3f ms a transition (two events), %.3f ms a raw commit; %lld rows verified",
             1e3 / bench_median(bench.ours, bench.count), 1e3 / bench_median(bench.floor, bench.count),
             (long long)world_verify(&world));
    bench_print(&bench);
    sqlite3_close(raw);
    world_close(&world);
    free(pipeline);
    return 0;
}
