#ifndef TESTS_UNIT_STORE_STORY_H
#define TESTS_UNIT_STORE_STORY_H

/*
 * A record in a directory of its own, and releases told into it as a runner would: intent, outcome, gate, drain, end.
 * Time is the story's own, a second an event, so that what is written is the same each time.
 *
 * A unit is "prod-aaaaaaa-1" and stands in two regions with one instance each: ".west.1" and ".east.1".
 */

#include "unit/unit.h"

#include <jansson.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "plan/event.h"
#include "store/record.h"

struct story {
    struct arena *arena;
    struct record *record;
    const char *parent;    /* removed at the end */
    const char *directory; /* the state directory */
    int64_t now_ms;
    const char *release;
    const char *unit;
    const char *old_unit;
    const char *shares; /* the last ones told */
};

/* The plan of a story's release; each target is of the new or the old unit. */
enum story_step {
    S_EXPORT,
    S_COLLECT,
    S_CREATE_WEST,
    S_CREATE_EAST,
    S_READY_WEST,
    S_READY_EAST,
    S_CHECK_WEST,
    S_CHECK_EAST,
    S_SHARES_HALF,
    S_GATE,
    S_SHARES_ALL,
    S_BEGIN_WEST,
    S_BEGIN_EAST,
    S_WAIT_WEST,
    S_WAIT_EAST,
    S_PROVE_WEST,
    S_PROVE_EAST,
    S_STOP_WEST,
    S_STOP_EAST,
    S_KILL_WEST,
    S_KILL_EAST,
    S_REMOVE_WEST,
    S_REMOVE_EAST,
    S_OLD_REMOVE,
    S_UNDO_CANCEL_WEST,
    S_UNDO_CANCEL_EAST,
    S_UNDO_SHARES,
    S_UNDO_BEGIN_WEST,
    S_UNDO_WAIT_WEST,
    S_UNDO_STOP_WEST,
    S_UNDO_REMOVE_WEST,
    S_UNDO_STOP_EAST,
    S_UNDO_REMOVE_EAST,
    S_UNDO_UNIT_REMOVE,
    S_DOOR_REMOVE,
    S_COUNT,
};

static const struct {
    int stage;
    const char *verb;
    const char *target; /* "new", "old" and "" become the unit's name */
} story_steps[S_COUNT] = {
    [S_EXPORT] = {0, "unit.export", "new"},
    [S_COLLECT] = {0, "unit.collect", "new"},
    [S_CREATE_WEST] = {1, "instance.create", "new.west.1"},
    [S_CREATE_EAST] = {1, "instance.create", "new.east.1"},
    [S_READY_WEST] = {1, "instance.ready", "new.west.1"},
    [S_READY_EAST] = {1, "instance.ready", "new.east.1"},
    [S_CHECK_WEST] = {2, "check.http", "new.west.1"},
    [S_CHECK_EAST] = {2, "check.command", "new.east.1"},
    [S_SHARES_HALF] = {3, "traffic.shares", "rooms"},
    [S_GATE] = {3, "gate", "half"},
    [S_SHARES_ALL] = {3, "traffic.shares", "rooms"},
    [S_BEGIN_WEST] = {4, "drain.begin", "old.west.1"},
    [S_BEGIN_EAST] = {4, "drain.begin", "old.east.1"},
    [S_WAIT_WEST] = {4, "drain.wait", "old.west.1"},
    [S_WAIT_EAST] = {4, "drain.wait", "old.east.1"},
    [S_PROVE_WEST] = {5, "drain.prove", "old.west.1"},
    [S_PROVE_EAST] = {5, "drain.prove", "old.east.1"},
    [S_STOP_WEST] = {5, "instance.stop", "old.west.1"},
    [S_STOP_EAST] = {5, "instance.stop", "old.east.1"},
    [S_KILL_WEST] = {5, "instance.kill", "old.west.1"},
    [S_KILL_EAST] = {5, "instance.kill", "old.east.1"},
    [S_REMOVE_WEST] = {5, "instance.remove", "old.west.1"},
    [S_REMOVE_EAST] = {5, "instance.remove", "old.east.1"},
    [S_OLD_REMOVE] = {5, "unit.remove", "old"},
    [S_UNDO_CANCEL_WEST] = {6, "drain.cancel", "old.west.1"},
    [S_UNDO_CANCEL_EAST] = {6, "drain.cancel", "old.east.1"},
    [S_UNDO_SHARES] = {6, "traffic.shares", "rooms"},
    [S_UNDO_BEGIN_WEST] = {6, "drain.begin", "new.west.1"},
    [S_UNDO_WAIT_WEST] = {6, "drain.wait", "new.west.1"},
    [S_UNDO_STOP_WEST] = {6, "instance.stop", "new.west.1"},
    [S_UNDO_REMOVE_WEST] = {6, "instance.remove", "new.west.1"},
    [S_UNDO_STOP_EAST] = {6, "instance.stop", "new.east.1"},
    [S_UNDO_REMOVE_EAST] = {6, "instance.remove", "new.east.1"},
    [S_UNDO_UNIT_REMOVE] = {6, "unit.remove", "new"},
    [S_DOOR_REMOVE] = {6, "door.remove", "prod"},
};

static const struct {
    const char *name, *kind;
    int first, last;
} story_stages[] = {
    {"build", "build", S_EXPORT, S_COLLECT},
    {"deploy", "deploy", S_CREATE_WEST, S_READY_EAST},
    {"validate", "validate", S_CHECK_WEST, S_CHECK_EAST},
    {"shift", "shift", S_SHARES_HALF, S_SHARES_ALL},
    {"drain", "drain", S_BEGIN_WEST, S_WAIT_EAST},
    {"destroy", "destroy", S_PROVE_WEST, S_OLD_REMOVE},
    {"undo", "undo", S_UNDO_CANCEL_WEST, S_DOOR_REMOVE},
};

static const char *story_target(const struct story *story, int step)
{
    const char *target = story_steps[step].target;

    if (strncmp(target, "new", 3) == 0)
        return arena_printf(story->arena, "%s%s", story->unit, target + 3);
    if (strncmp(target, "old", 3) == 0)
        return arena_printf(story->arena, "%s%s", story->old_unit ? story->old_unit : "none", target + 3);
    return target;
}

static json_t *story_instance(const struct story *story, const char *region)
{
    char *stamp CLEANUP(heap_cleanup) = heap_printf("%s.%s", story->unit, region);
    char *name CLEANUP(heap_cleanup) = heap_printf("%s.1", stamp);
    char *dir CLEANUP(heap_cleanup) = heap_printf("/srv/%s", name);
    char *log CLEANUP(heap_cleanup) = heap_printf("/srv/%s.log", name);
    char *mark CLEANUP(heap_cleanup) = heap_printf("PENSTOCK_INSTANCE=rec/%s", name);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", name, "stamp", stamp, "region", region, "dir", dir,
                     "log", log, "mark", mark);
}

/* The body of release.planned. New reference. */
static json_t *story_plan(const struct story *story, int number)
{
    json_t *stages = json_array(), *steps = json_array(), *body;

    for (size_t i = 0; i < sizeof(story_stages) / sizeof(story_stages[0]); i++)
        json_array_append_new(stages, json_pack("{s:s, s:s, s:i, s:i}", "name", story_stages[i].name, "kind",
                                                story_stages[i].kind, "first_step", story_stages[i].first, "last_step",
                                                story_stages[i].last));
    for (int i = 0; i < S_COUNT; i++) {
        const char *target = story_target(story, i);

        json_array_append_new(
            steps, json_pack("{s:i, s:s, s:s, s:s, s:s++, s:s+}", "stage", story_steps[i].stage, "verb",
                             story_steps[i].verb, "track", story_steps[i].stage == 6 ? "undo" : "forward", "target",
                             target, "title", story_steps[i].verb, " ", target, "key", "k-", story_steps[i].verb));
    }
    body =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:i, s:s?, s:s, s:s, s:s, s:s}", "plan", "feed", "kind", "release",
                  "environment", "prod", "pipeline", "rooms", "project", "demo", "unit", story->unit, "unit_number",
                  number, "old_unit", story->old_unit, "commit", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "branch",
                  "main", "subject", "make rooms quieter", "requester", "ana");
    json_object_set_new(body, "stages", stages);
    json_object_set_new(body, "steps", steps);
    json_object_set_new(body, "contract", json_pack("{s:s}", "driver", "process"));
    json_object_set_new(body, "door", json_pack("{s:s, s:s}", "driver", "haproxy", "url", "http://127.0.0.1:8080"));
    json_object_set_new(body, "instances",
                        json_pack("[o, o]", story_instance(story, "west"), story_instance(story, "east")));
    return body;
}

static struct error *story_try(struct story *story, struct event *event)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    if (!event->release)
        event->release = story->release;
    if (!event->actor)
        event->actor = "penstock";
    if (!event->reason)
        event->reason = event_kind_text(event->kind);
    event->at_ms = story->now_ms;
    event->boot_ms = story->now_ms / 2;
    story->now_ms += 1000;
    TRY(tx_begin(story->record, &tx));
    TRY(journal_append(&tx, event));
    return tx_commit(&tx);
}

/* Appends one event in a transaction of its own; returns its row. The body (may be NULL) is taken. */
static int64_t story_tell(struct story *story, struct event event, json_t *body)
{
    event.body = body;
    assert_ok(story_try(story, &event));
    json_decref(body);
    return event.seq;
}

#define NO_STEP (-1)
/* TELL(story, step, body, .kind = ..., ...) */
#define TELL(story, at, body, ...) story_tell((story), (struct event){.step = (at), __VA_ARGS__}, (body))

/* Intent and outcome. The detail (may be NULL) is taken. */
static void story_do(struct story *story, int step, json_t *detail)
{
    TELL(story, step, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .epoch = 1, .attempt = 1);
    TELL(story, step, json_pack("{s:o*, s:s}", "detail", detail, "evidence", "e0"), .kind = EVENT_STEP_DONE, .epoch = 1,
         .attempt = 1);
}

static void story_do_all(struct story *story, int first, int last)
{
    for (int i = first; i <= last; i++)
        story_do(story, i, NULL);
}

static void story_create(struct story *story, int step, int port)
{
    char address[32];

    snprintf(address, sizeof(address), "127.0.0.1:%d", port);
    story_do(
        story, step,
        json_pack("{s:s, s:i, s:i, s:s}", "address", address, "pid", port + 1, "start", port + 2, "boot_id", "boot"));
}

/* Basis points of the new unit; the old one, if any, has the rest. */
static void story_shares(struct story *story, int step, int basis_points)
{
    json_t *shares = json_pack("{s:i}", story->unit, basis_points);

    if (story->old_unit)
        json_object_set_new(shares, story->old_unit, json_integer(10000 - basis_points));
    story_do(story, step, json_pack("{s:o}", "shares", shares));
}

static void story_plan_release(struct story *story, int number, const char *old_unit)
{
    story->release = arena_printf(story->arena, "r-%d", number);
    story->unit = arena_printf(story->arena, "prod-aaaaaaa-%d", number);
    story->old_unit = old_unit;
    TELL(story, NO_STEP, story_plan(story, number), .kind = EVENT_RELEASE_PLANNED, .actor = "ana",
         .reason = "ana asked for it");
}

/* Up to the checks, with two artifacts. */
static void story_deploy(struct story *story)
{
    story_do(story, S_EXPORT, NULL);
    story_do(story, S_COLLECT,
             json_pack("{s:[{s:s, s:i, s:s}, {s:s, s:i, s:s}]}", "artifacts", "name", "server", "bytes", 4096, "sha256",
                       "aa", "name", "client.js", "bytes", 512, "sha256", "bb"));
    story_create(story, S_CREATE_WEST, 4000);
    story_create(story, S_CREATE_EAST, 5000);
    story_do_all(story, S_READY_WEST, S_CHECK_EAST);
}

static int64_t story_ask_gate(struct story *story)
{
    TELL(story, S_GATE, json_pack("{s:s}", "key", "k"), .kind = EVENT_STEP_STARTED, .epoch = 1, .attempt = 1);
    return TELL(story, S_GATE,
                json_pack("{s:s, s:i, s:[s, s], s:b, s:i, s:s}", "gate", "half", "approvals", 1, "people", "ben",
                          "cleo", "bar_requester", 1, "expires_ms", 3600000, "on_expiry", "hold"),
                .kind = EVENT_GATE_ASKED, .epoch = 1, .subject = "beef", .expires_ms = story->now_ms + 3600000,
                .reason = "gate half waits for people");
}

static void story_open_gate(struct story *story)
{
    int64_t vote;

    story_ask_gate(story);
    vote = TELL(story, S_GATE, json_pack("{s:s}", "comment", "looks good"), .kind = EVENT_DECISION_MADE, .actor = "ben",
                .decision = DECISION_APPROVE, .subject = "beef");
    TELL(story, S_GATE, json_pack("{s:[I]}", "decisions", (json_int_t)vote), .kind = EVENT_GATE_OPENED, .epoch = 1,
         .attempt = 1, .subject = "beef", .reason = "gate half is open");
}

static void story_end(struct story *story, enum release_end end)
{
    TELL(story, NO_STEP, NULL, .kind = EVENT_RELEASE_ENDED, .epoch = 1, .end = end, .reason = "every step is done");
}

/* A whole first release: r-1, prod-aaaaaaa-1. */
static void story_first(struct story *story)
{
    story_plan_release(story, 1, NULL);
    story_deploy(story);
    story_shares(story, S_SHARES_ALL, 10000);
    story_end(story, END_SUCCEEDED);
}

static void story_sample(struct story *story, int step, int seen, int ended, int left)
{
    json_t *ledger = json_pack("{s:i, s:i, s:i, s:i, s:o}", "seen", seen, "ended", ended, "forced", 0, "lost", 0,
                               "left", left < 0 ? json_null() : json_integer(left));

    TELL(story, step,
         json_pack("{s:s, s:{s:o}, s:{s:o}, s:s, s:i}", "instance", story_target(story, step), "values", "rooms",
                   left < 0 ? json_null() : json_integer(left), "ledger", "rooms", ledger, "identity", "i1",
                   "in_flight", 0),
         .kind = EVENT_DRAIN_SAMPLED, .epoch = 1);
}

/* The old side goes: drained, stopped (the east one must be killed), removed. */
static void story_destroy_old(struct story *story)
{
    story_do_all(story, S_BEGIN_WEST, S_BEGIN_EAST);
    story_sample(story, S_WAIT_WEST, 2, 1, 1);
    story_sample(story, S_WAIT_WEST, 3, 3, 0);
    story_sample(story, S_WAIT_EAST, 5, 4, 1);
    story_sample(story, S_WAIT_EAST, 5, 5, 0);
    story_do_all(story, S_WAIT_WEST, S_WAIT_EAST);
    TELL(story, S_STOP_WEST, NULL, .kind = EVENT_RELEASE_PIVOTED, .epoch = 1);
    story_do_all(story, S_PROVE_WEST, S_PROVE_EAST);
    story_do(story, S_STOP_WEST, json_pack("{s:b}", "exited", 1));
    story_do(story, S_STOP_EAST, json_pack("{s:b}", "exited", 0));
    TELL(story, S_KILL_WEST, NULL, .kind = EVENT_STEP_SKIPPED, .epoch = 1, .reason = "it ended within its grace");
    story_do_all(story, S_KILL_EAST, S_OLD_REMOVE);
}

/* A whole second release: r-2, over r-1's unit. */
static void story_second(struct story *story)
{
    story_plan_release(story, 2, "prod-aaaaaaa-1");
    story_deploy(story);
    story_shares(story, S_SHARES_HALF, 5000);
    TELL(story, NO_STEP,
         json_pack("{s:s, s:i, s:i, s:{s:i, s:i}}", "stage", "shift", "sent", 100, "failed", 1, "buckets", "5", 90,
                   "100", 9),
         .kind = EVENT_PROBER_TALLIED, .epoch = 1, .number = 1);
    TELL(story, NO_STEP,
         json_pack("{s:s, s:i, s:i, s:{s:i}}", "stage", "shift", "sent", 10, "failed", 0, "buckets", "5", 10),
         .kind = EVENT_PROBER_TALLIED, .epoch = 1, .number = 1);
    story_open_gate(story);
    story_shares(story, S_SHARES_ALL, 10000);
    story_destroy_old(story);
    story_end(story, END_SUCCEEDED);
}

/* For raw looks and raw harm: a connection of our own. */
static sqlite3 *story_raw(const struct story *story)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/record.db", story->directory);
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

/* Changes the closed record behind its back. */
static void story_harm(struct story *story, const char *sql)
{
    sqlite3 *db;
    char *problem = NULL;

    record_cleanup(&story->record);
    db = story_raw(story);
    sqlite3_exec(db, "DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s: %s", sql, problem);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* All rows as text: columns by '|', rows by newline. In the arena. */
static const char *story_ask(const struct story *story, const char *sql)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    sqlite3 *db = story_raw(story);
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        if (text.length)
            strbuf_char(&text, '\n');
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *value = (const char *)sqlite3_column_text(statement, i);

            strbuf_printf(&text, "%s%s", i ? "|" : "", value ? value : "NULL");
        }
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return arena_text(story->arena, strbuf_view(&text));
}

#define assert_rows(story, sql, want) assert_string_equal(story_ask((story), (sql)), (want))

static void story_reopen(struct story *story, enum record_mode mode)
{
    record_cleanup(&story->record);
    assert_ok(record_open(story->directory, mode, &story->record));
}

static int story_setup(void **state)
{
    struct arena *arena = arena_new();
    struct story *story = ARENA_NEW(arena, struct story);
    /* In memory where that can be had: what a sync costs is nothing that is tested here. */
    char *parent = arena_printf(arena, "%s/penstock-store-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");

    if (!mkdtemp(parent))
        return -1;
    story->arena = arena;
    story->parent = parent;
    story->directory = arena_printf(arena, "%s/state", parent);
    story->now_ms = 1795289136000;
    assert_ok(record_open(story->directory, RECORD_CREATE, &story->record));
    *state = story;
    return 0;
}

static int story_teardown(void **state)
{
    struct story *story = *state;

    record_close(story->record);
    assert_ok(file_remove_tree(story->parent));
    arena_free(story->arena);
    return 0;
}

#define STORY_TEST(f) cmocka_unit_test_setup_teardown(f, story_setup, story_teardown)

/* Not every test tells every part. */
#define STORY_UNUSED __attribute__((unused))
static STORY_UNUSED void *const story_parts[] = {
    (void *)story_first,  (void *)story_second, (void *)story_harm,     (void *)story_ask,
    (void *)story_reopen, (void *)story_setup,  (void *)story_teardown,
};

#endif
