/* The journal as the checks read it: by plain SQL, on a connection of their own; and what must hold of its rows. */

#include "simulation/check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "simulation/check_parts.h"
#include "simulation/sim.h"
#include "store/record.h"

/* An answer may be late by its whole time-out. */
#define LIMIT_KNOWN_MS 8000

struct check check;
void (*check_row_hook)(const struct row *row);

static void must_sql(int code, const char *what)
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return;
    sim_violation("I7", "the record cannot be read (%s): %s", what, sqlite3_errmsg(check.db));
}

static int64_t runner_opens(void)
{
    check_journal();
    return check.epoch;
}

static bool commits(void)
{
    return !mutated("act-before-commit") || !sim.io;
}

void check_begin(const char *path)
{
    check = (struct check){.arena = arena_new()};
    watcher = (struct sim_watcher){.opened = runner_opens,
                                   .commits = commits,
                                   .committed = check_journal,
                                   .starts = check_starts,
                                   .happens = check_happens,
                                   .happened = check_happened,
                                   .commanded = check_moment,
                                   .cuts = check_cut,
                                   .moved = check_world,
                                   .stalls = story_zombie};
    memset(check.last_hash, 0, sizeof(check.last_hash));
    must_sql(sqlite3_open_v2(path, &check.db, SQLITE_OPEN_READONLY, NULL), "open");
    sqlite3_db_config(check.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    must_sql(sqlite3_prepare_v2(check.db,
                                "SELECT seq, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash"
                                " FROM event WHERE seq > ?1 ORDER BY seq",
                                -1, &check.rows, NULL),
             "prepare");
    must_sql(sqlite3_prepare_v2(check.db, "SELECT bytes FROM evidence WHERE digest = ?1", -1, &check.evidence, NULL),
             "prepare");
}

void check_end(void)
{
    watcher = (struct sim_watcher){0};
    sqlite3_finalize(check.rows);
    sqlite3_finalize(check.evidence);
    sqlite3_close(check.db);
    for (int i = 0; i < check.release_count; i++) {
        json_decref(check.releases[i]->plan);
        json_decref(check.releases[i]->votes);
        json_decref(check.releases[i]->forced);
        json_decref(check.releases[i]->lost);
    }
    arena_free(check.arena);
    check = (struct check){0};
}

struct checked_release *check_release(const char *id)
{
    for (int i = check.release_count - 1; i >= 0; i--) {
        if (text_is(check.releases[i]->id, id))
            return check.releases[i];
    }
    return NULL;
}

struct checked_release *check_live(void)
{
    for (int i = check.release_count - 1; i >= 0; i--) {
        if (!*check.releases[i]->end)
            return check.releases[i];
    }
    return NULL;
}

int64_t check_epoch(void)
{
    return check.epoch;
}

int64_t check_rows(void)
{
    return check.seq;
}

void check_projections(struct record *record)
{
    struct error *error = journal_compare(record);
    char *line;

    if (!error)
        return;
    line = error_line(error);
    sim_violation("I7", "%s", line);
    free(line);
    error_free(error);
}

const char *check_member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static json_t *read_plan(const char *digest)
{
    json_t *plan = NULL;

    sqlite3_bind_text(check.evidence, 1, digest, -1, SQLITE_STATIC);
    if (sqlite3_step(check.evidence) == SQLITE_ROW)
        plan = json_loadb(sqlite3_column_blob(check.evidence, 0), (size_t)sqlite3_column_bytes(check.evidence, 0), 0,
                          NULL);
    sqlite3_reset(check.evidence);
    if (!plan)
        sim_violation("I11", "the plan %s of a release is not in the record", digest);
    return plan;
}

static bool is_proof(const struct checked_step *step)
{
    return text_is(step->track, "forward") &&
           (text_is(step->verb, "instance.ready") || text_is(step->verb, "check.http") ||
            text_is(step->verb, "check.command"));
}

static void planned(const struct row *row)
{
    const json_t *body = json_object_get(row->event, "body"), *steps;
    struct checked_release *release = arena_alloc(check.arena, sizeof(*release));

    if (check_live())
        sim_violation("I8", "release %s began while %s is live", row->release, check_live()->id);
    release->id = arena_text(check.arena, row->release);
    release->unit = arena_text(check.arena, check_member(body, "unit"));
    release->old_unit = arena_text(check.arena, check_member(body, "old_unit"));
    release->requester = arena_text(check.arena, check_member(body, "requester"));
    release->kind = arena_text(check.arena, check_member(body, "kind"));
    release->plan = read_plan(check_member(body, "plan"));
    release->mode = "forward";
    release->end = release->reason = "";
    release->votes = json_array();
    release->forced = json_object();
    release->lost = json_object();
    steps = json_object_get(release->plan, "steps");
    release->step_count = (int)json_array_size(steps);
    release->steps = arena_array(check.arena, (size_t)release->step_count + 1, sizeof(*release->steps));
    for (int i = 0; i < release->step_count; i++) {
        const json_t *step = json_array_get(steps, (size_t)i);

        release->steps[i].verb = check_member(step, "verb");
        release->steps[i].target = check_member(step, "target");
        release->steps[i].key = check_member(step, "key");
        release->steps[i].track = check_member(step, "track");
        release->steps[i].params = json_object_get(step, "params");
        release->steps[i].once = !json_is_true(json_object_get(step, "repeatable"));
        release->steps[i].pool = check_member(release->steps[i].params, "pool");
        release->steps[i].proves = is_proof(&release->steps[i]);
        release->steps[i].tells = text_starts(release->steps[i].verb, "drain.");
    }
    *ARENA_PUSH(check.arena, check.releases, check.release_count, check.release_capacity) = release;
    for (int i = 0; i < world.instance_count; i++) {
        world.instances[i]->told_good = false;
        world.instances[i]->told_zeros = 0;
        world.instances[i]->told_best = 0;
        world.instances[i]->drained_boot = 0;
    }
}

static struct checked_step *step_of(struct checked_release *release, const struct row *row)
{
    json_t *number = json_object_get(row->event, "step");

    if (!release || !json_is_integer(number) || json_integer_value(number) < 0 ||
        json_integer_value(number) >= release->step_count)
        return NULL;
    return &release->steps[json_integer_value(number)];
}

/* The runner that had it under way is dead. */
static void open_no_more(struct checked_step *step)
{
    step->doubted = step->doubted || (step->open && step->once);
    step->open = false;
}

static void runner_started(const struct row *row)
{
    struct checked_release *release = check_release(row->release);

    if (row->epoch <= check.epoch)
        sim_violation("I8", "runner started with epoch %lld, the one before had %lld", (long long)row->epoch,
                      (long long)check.epoch);
    check.epoch = row->epoch;
    for (int i = 0; release && i < release->step_count; i++)
        open_no_more(&release->steps[i]);
}

static void started(struct checked_release *release, struct checked_step *step, const struct row *row)
{
    int attempt = (int)json_integer_value(json_object_get(row->event, "attempt"));

    if (step->open)
        sim_violation("I1", "'%s %s' begins while its last attempt is under way", step->verb, step->target);
    if (attempt != step->attempts + 1)
        sim_violation("I1", "'%s %s' begins attempt %d after %d", step->verb, step->target, attempt, step->attempts);
    if (!text_is(check_member(json_object_get(row->event, "body"), "key"), step->key))
        sim_violation("I11", "'%s %s' begins with another key than the plan's", step->verb, step->target);
    if (release->pivoted && text_is(step->track, "undo"))
        sim_violation("I9", "'%s %s' goes back after the pivot", step->verb, step->target);
    if (release->signalled_old && text_is(step->track, "undo"))
        sim_violation("I9", "'%s %s' goes back after an old instance was stopped", step->verb, step->target);
    if (text_is(release->mode, "held"))
        sim_violation("I12", "'%s %s' begins while the release is held", step->verb, step->target);
    if (step->doubted)
        sim_violation("I1", "'%s %s' may have happened, is not repeatable, and is done again", step->verb,
                      step->target);
    step->attempts = attempt;
    step->open = step->started = true;
    step->open_epoch = row->epoch;
    step->done = false;
}

static void outcome(struct checked_step *step, const struct row *row, bool done)
{
    int attempt = (int)json_integer_value(json_object_get(row->event, "attempt"));

    if (!step->open)
        sim_violation("I1", "'%s' of '%s %s' without an intent that is open", row->kind, step->verb, step->target);
    else if (attempt != step->attempts)
        sim_violation("I1", "'%s' of '%s %s' for attempt %d, the last one is %d", row->kind, step->verb, step->target,
                      attempt, step->attempts);
    step->open = false;
    step->done = done;
    step->done_seq = row->seq;
}

static void shares_done(const struct row *row, const struct checked_step *step)
{
    const json_t *shares = json_object_get(json_object_get(json_object_get(row->event, "body"), "detail"), "shares");
    int pool = door_pool_index(step->pool);
    int64_t sum = 0, weights = 0;
    const char *unit;
    json_t *share;

    json_object_foreach((json_t *)(uintptr_t)shares, unit, share) sum += json_integer_value(share);
    if (sum != 10000)
        sim_violation("I2", "the shares of pool %s sum to %lld", step->pool, (long long)sum);
    if (faults_door_disturbed() || pool < 0)
        return;
    for (int i = 0; i < door.count; i++)
        weights += door.servers[i].pool == pool ? door.servers[i].weight : 0;
    json_object_foreach((json_t *)(uintptr_t)shares, unit, share)
    {
        int64_t own = 0;

        for (int i = 0; i < door.count; i++) {
            if (door.servers[i].pool == pool && text_starts(door.servers[i].name, unit))
                own += door.servers[i].weight;
        }
        if (weights == 0 || own * 10000 != json_integer_value(share) * weights)
            sim_violation("I2", "unit %s has %lld of %lld in pool %s, not %lld", unit, (long long)own,
                          (long long)weights, step->pool, (long long)json_integer_value(share));
    }
}

/* Who answered first, as far as it is written down: what a dead runner was told and did not write nobody knows. */
static void sampled(const struct row *row)
{
    const json_t *body = json_object_get(row->event, "body");
    struct instance *instance = world_instance(check_member(body, "instance"));
    const char *dash = strrchr(check_member(body, "identity"), '-');

    if (instance && dash && !instance->drained_boot)
        instance->drained_boot = atoi(dash + 1);
}

/* A runner that died with its stop written down does not know whether it was sent. */
static bool stop_was_begun(const struct checked_release *release, const char *instance)
{
    for (int i = 0; i < release->step_count; i++) {
        const struct checked_step *step = &release->steps[i];

        if (step->started && text_is(step->verb, "instance.stop") && text_is(step->target, instance))
            return true;
    }
    return false;
}

/* What died or started anew did not drain: only a person can go on from there. */
static void drained(struct checked_release *release, const struct checked_step *step)
{
    struct instance *instance = world_instance(step->target);

    if (!text_is(step->track, "forward") || !instance || json_object_get(release->forced, step->target))
        return;
    /* What the engine has stopped already, or may have, may end, or start anew, as it likes. */
    if (!instance->stopped && !stop_was_begun(release, step->target) && instance->drained_boot &&
        instance->drained_boot != instance->boots)
        sim_violation("I5", "%s is taken for drained, and it started anew meanwhile", instance->name);
}

static void decision(struct checked_release *release, const struct row *row)
{
    const char *what = check_member(row->event, "decision");
    const json_t *body = json_object_get(row->event, "body");
    struct checked_step *step = step_of(release, row);

    if (text_is(what, "approve"))
        json_array_append_new(release->votes,
                              json_pack("{s:I, s:O?, s:s, s:s, s:b}", "seq", (json_int_t)row->seq, "step",
                                        json_object_get(row->event, "step"), "subject",
                                        check_member(row->event, "subject"), "person", row->actor, "used", 0));
    if (text_is(what, "force") && step)
        json_object_set(release->forced, step->target, json_object_get(body, "values"));
    if (!text_is(what, "approve") && !text_is(what, "reject"))
        release->foreign = false;
    for (int i = 0; i < release->step_count && !text_is(what, "approve"); i++)
        release->steps[i].doubted = false;
}

static bool among(const json_t *people, const char *person)
{
    if (json_array_size(people) == 0)
        return true;
    for (size_t i = 0; i < json_array_size(people); i++) {
        if (text_is(json_string_value(json_array_get(people, i)), person))
            return true;
    }
    return false;
}

static void gate_opened(struct checked_release *release, struct checked_step *step, const struct row *row)
{
    const json_t *used = json_object_get(json_object_get(row->event, "body"), "decisions");
    int64_t wanted = json_integer_value(json_object_get(step->params, "approvals"));
    const char *persons[8];
    int count = 0;

    for (size_t i = 0; i < json_array_size(used); i++) {
        json_int_t seq = json_integer_value(json_array_get(used, i));
        json_t *vote = NULL;
        const char *person;

        for (size_t k = 0; k < json_array_size(release->votes); k++) {
            if (json_integer_value(json_object_get(json_array_get(release->votes, k), "seq")) == seq)
                vote = json_array_get(release->votes, k);
        }
        if (!vote) {
            sim_violation("I6", "gate %s was opened by %lld, which is no approval", step->target, (long long)seq);
            continue;
        }
        person = check_member(vote, "person");
        if (&release->steps[json_integer_value(json_object_get(vote, "step"))] != step)
            sim_violation("I6", "gate %s was opened by an approval of another gate", step->target);
        if (!step->subject || !text_is(check_member(vote, "subject"), step->subject))
            sim_violation("I6", "gate %s was opened by an approval of something else", step->target);
        if (json_is_true(json_object_get(vote, "used")))
            sim_violation("I6", "gate %s was opened by an approval that was used before", step->target);
        if (!among(json_object_get(step->params, "people"), person))
            sim_violation("I6", "gate %s was opened by '%s', who is not asked", step->target, person);
        if (json_is_true(json_object_get(step->params, "bar_requester")) && text_is(person, release->requester))
            sim_violation("I6", "gate %s was opened by the requester '%s'", step->target, person);
        for (int k = 0; k < count; k++) {
            if (text_is(persons[k], person))
                sim_violation("I6", "gate %s counts '%s' twice", step->target, person);
        }
        if (count < 8)
            persons[count++] = person;
        json_object_set_new(vote, "used", json_true());
    }
    if (count < wanted)
        sim_violation("I6", "gate %s wants %lld approvals and was opened by %d", step->target, (long long)wanted,
                      count);
}

static void turned(struct checked_release *release, const struct row *row)
{
    const char *mode = check_member(row->event, "mode");

    release->mode = arena_text(check.arena, *mode ? mode : "forward");
    release->reason = arena_text(check.arena, check_member(row->event, "reason"));
    if (text_is(release->mode, "undo") && (release->pivoted || release->signalled_old))
        sim_violation("I9", "the release goes back after the pivot: %s", release->reason);
}

static bool has_limits(const struct checked_release *release)
{
    const json_t *monitors = json_object_get(release->plan, "monitors");

    for (size_t i = 0; i < json_array_size(monitors); i++) {
        if (text_is(check_member(json_array_get(monitors, i), "kind"), "limit"))
            return true;
    }
    return false;
}

/* Time at a share counts only while no new instance is above its limit. */
static void held_well(const struct checked_release *release, const struct checked_step *step)
{
    if (!has_limits(release) || fault_active(FAULT_SUSPEND))
        return;
    for (int i = 0; i < world.instance_count; i++) {
        const struct instance *instance = world.instances[i];

        if (text_is(instance->unit, release->unit) && instance_alive(instance) && instance_errors(instance) &&
            sim.now - instance->errors_since > LIMIT_KNOWN_MS)
            sim_violation("I13", "'%s %s' is over while %s has counted errors for %lld ms", step->verb, step->target,
                          instance->name, (long long)(sim.now - instance->errors_since));
    }
}

static void about_step(struct checked_release *release, struct checked_step *step, const struct row *row)
{
    if (text_is(row->kind, "step.started")) {
        started(release, step, row);
    } else if (text_is(row->kind, "step.done")) {
        outcome(step, row, true);
        if (text_is(step->verb, "traffic.shares"))
            shares_done(row, step);
        if (text_is(step->verb, "hold"))
            held_well(release, step);
        if (text_starts(step->verb, "drain.wait") || text_starts(step->verb, "drain.prove"))
            drained(release, step);
    } else if (text_is(row->kind, "gate.opened")) {
        gate_opened(release, step, row);
        outcome(step, row, true);
    } else if (text_is(row->kind, "step.failed")) {
        outcome(step, row, false);
    } else if (text_is(row->kind, "step.skipped") || text_is(row->kind, "step.doubted")) {
        step->open = false;
    } else if (text_is(row->kind, "step.renewed")) {
        step->done = step->open = step->asked = step->overdue = false;
    } else if (text_is(row->kind, "drain.sampled")) {
        sampled(row);
    } else if (text_is(row->kind, "drain.overdue")) {
        step->overdue = true;
    } else if (text_is(row->kind, "gate.asked")) {
        step->asked = true;
        step->subject = arena_text(check.arena, check_member(row->event, "subject"));
    } else if (text_is(row->kind, "gate.expired")) {
        step->asked = false;
    }
}

static void about_release(struct checked_release *release, const struct row *row)
{
    const json_t *body = json_object_get(row->event, "body");

    if (text_is(row->kind, "release.turned")) {
        turned(release, row);
    } else if (text_is(row->kind, "release.pivoted")) {
        release->pivoted = true;
    } else if (text_is(row->kind, "release.ended")) {
        release->end = arena_text(check.arena, check_member(row->event, "end"));
        if (!*release->end)
            sim_violation("I12", "release %s ended without an end", release->id);
    } else if (text_is(row->kind, "traffic.drifted")) {
        release->drift_open = true;
        release->foreign = text_is(check_member(body, "cause"), "foreign");
    } else if (text_is(row->kind, "traffic.repaired")) {
        release->drift_open = release->foreign = false;
    } else if (text_is(row->kind, "instance.lost")) {
        json_object_set_new(release->lost, check_member(body, "instance"), json_true());
    } else if (text_is(row->kind, "decision.made")) {
        decision(release, row);
    }
}

static void see(const struct row *row)
{
    struct checked_release *release;
    struct checked_step *step;

    if (row->seq != check.seq + 1)
        sim_violation("I7", "row %lld follows row %lld", (long long)row->seq, (long long)check.seq);
    check.seq = row->seq;
    if (!*row->actor || !*check_member(row->event, "reason"))
        sim_violation("I12", "row %lld (%s) has no actor or no reason", (long long)row->seq, row->kind);
    if (text_is(row->kind, "runner.started"))
        runner_started(row);
    else if (row->epoch != 0 && row->epoch != check.epoch)
        sim_violation("I8", "row %lld (%s) is of epoch %lld, the lease has %lld", (long long)row->seq, row->kind,
                      (long long)row->epoch, (long long)check.epoch);
    if (text_is(row->kind, "release.planned")) {
        planned(row);
        world.new_unit = check_release(row->release)->unit;
        return;
    }
    release = check_release(row->release);
    if (!release)
        return;
    if (*release->end && row->epoch > 0 && !text_is(row->kind, "runner.started"))
        sim_violation("I8", "row %lld (%s) comes after the end of %s", (long long)row->seq, row->kind, release->id);
    release->last_seq = row->seq;
    step = step_of(release, row);
    if (step)
        about_step(release, step, row);
    about_release(release, row);
    world.new_unit = check_live() ? check_live()->unit : NULL;
}

static void log_row(const struct row *row)
{
    char *body = json_dumps(json_object_get(row->event, "body"), JSON_COMPACT);
    const struct checked_step *step = step_of(check_release(row->release), row);

    sim_log("#%lld e%lld %s %s%s%s%s: %s %.300s", (long long)row->seq, (long long)row->epoch, row->kind,
            step ? step->verb : "", step ? " " : "", step ? step->target : "",
            step && json_object_get(row->event, "attempt") ? " (attempt)" : "", check_member(row->event, "reason"),
            body && !text_is(row->kind, "release.planned") ? body : "");
    free(body);
}

/* Rows are read first and told to the people after: they write into the same record. */
void check_journal(void)
{
    struct row rows[64];
    int count = 0;

    if (!check.db || sim.failed)
        return;
    sqlite3_bind_int64(check.rows, 1, check.seq);
    while (sqlite3_step(check.rows) == SQLITE_ROW) {
        struct row *row = &rows[count++];
        const void *prev = sqlite3_column_blob(check.rows, 8), *hash = sqlite3_column_blob(check.rows, 9);

        *row = (struct row){.seq = sqlite3_column_int64(check.rows, 0),
                            .release = arena_text(check.arena, (const char *)sqlite3_column_text(check.rows, 1)),
                            .kind = arena_text(check.arena, (const char *)sqlite3_column_text(check.rows, 2)),
                            .epoch = sqlite3_column_int64(check.rows, 3),
                            .actor = arena_text(check.arena, (const char *)sqlite3_column_text(check.rows, 4)),
                            .at_ms = sqlite3_column_int64(check.rows, 5),
                            .boot_ms = sqlite3_column_int64(check.rows, 6)};
        row->event = json_loadb((const char *)sqlite3_column_text(check.rows, 7),
                                (size_t)sqlite3_column_bytes(check.rows, 7), 0, NULL);
        if (!prev || !hash || memcmp(prev, check.last_hash, 32) != 0)
            sim_violation("I7", "row %lld is not chained to the one before", (long long)row->seq);
        if (hash)
            memcpy(check.last_hash, hash, 32);
        see(row);
        if (sim.tell)
            log_row(row);
        if (count == 64)
            break;
    }
    sqlite3_reset(check.rows);
    for (int i = 0; i < count; i++) {
        if (!sim.failed)
            people_see(&rows[i]);
        if (!sim.failed && check_row_hook)
            check_row_hook(&rows[i]);
        json_decref(rows[i].event);
    }
    if (count == 64)
        check_journal();
}
