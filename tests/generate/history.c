#include "generate/history.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "plan/event.h"
#include "store/database.h"

#define BATCH 2000 /* releases a transaction */
#define PLANS 100  /* different plan texts */
#define HOUR_MS INT64_C(3600000)
#define YEARS_MS (INT64_C(10) * 365 * 24 * HOUR_MS)
#define ENVIRONMENTS 3
#define HEX_COMMIT 41

/* The steps of each release; "old" and "new" become the unit's name. Only who goes back has those from BACK on. */
enum { COLLECT, CREATE, HALF, GATE, ALL, WAIT, REMOVE, TAKE, BACK, UNDO_REMOVE, UNDO_TAKE, STEP_COUNT };

static const struct {
    int stage;
    const char *verb, *target, *title;
} steps[STEP_COUNT] = {
    [COLLECT] = {0, "unit.collect", "new", "collect the artifacts"},
    [CREATE] = {0, "instance.create", "new.west.1", "start an instance"},
    [HALF] = {1, "traffic.shares", "app", "50% of the traffic"},
    [GATE] = {1, "gate", "managers", "ask the managers"},
    [ALL] = {1, "traffic.shares", "app", "100% of the traffic"},
    [WAIT] = {2, "drain.wait", "old.west.1", "wait until it is empty"},
    [REMOVE] = {2, "instance.remove", "old.west.1", "remove the old instance"},
    [TAKE] = {2, "unit.remove", "old", "remove the old unit"},
    [BACK] = {3, "traffic.shares", "app", "all traffic back"},
    [UNDO_REMOVE] = {3, "instance.remove", "new.west.1", "remove the new instance"},
    [UNDO_TAKE] = {3, "unit.remove", "new", "remove the new unit"},
};
static const char *const stages[] = {"build", "shift", "destroy", "undo"};

static const char *const people[] = {"ana", "ben", "chi", "dora", "emil", "fay", "gus", "hana"};
#define PEOPLE (sizeof(people) / sizeof(people[0]))

struct environment {
    const char *name;
    char live[64]; /* the unit; "" = none yet */
    int units;
};

struct history {
    struct record *record;
    struct arena *arena; /* of a batch */
    struct tx tx;
    uint64_t dice;
    int64_t now_ms;
    const char *plans[PLANS];
    struct environment environments[ENVIRONMENTS];
    /* the release at hand */
    struct environment *environment;
    char id[32], unit[64], old[64], commit[HEX_COMMIT];
    const char *kind, *requester;
    enum release_end end;
};

/* Numerical Recipes' generator: the same rows everywhere. */
static unsigned dice(struct history *h, unsigned sides)
{
    h->dice = h->dice * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(h->dice >> 33) % sides;
}

static bool chance(struct history *h, unsigned in_thousand)
{
    return dice(h, 1000) < in_thousand;
}

static const char *somebody(struct history *h)
{
    return people[dice(h, PEOPLE)];
}

static const char *somebody_else(struct history *h, const char *person)
{
    const char *found = somebody(h);

    while (strcmp(found, person) == 0)
        found = somebody(h);
    return found;
}

static void make_commit(struct history *h, char out[HEX_COMMIT])
{
    for (int i = 0; i < HEX_COMMIT - 1; i++)
        out[i] = "0123456789abcdef"[dice(h, 16)];
    out[HEX_COMMIT - 1] = '\0';
}

/* Appends one event of the release. The body (may be NULL) is taken. */
static struct error *tell(struct history *h, struct event event, json_t *body, int64_t *seq)
{
    json_t *owned CLEANUP(json_cleanup) = body;

    event.release = event.release ? event.release : h->id;
    event.actor = event.actor ? event.actor : "penstock";
    event.reason = event.reason ? event.reason : event_kind_text(event.kind);
    event.at_ms = h->now_ms;
    event.boot_ms = h->now_ms / 2;
    event.body = owned;
    TRY(journal_append(&h->tx, &event));
    if (seq)
        *seq = event.seq;
    h->now_ms += 1000;
    return NULL;
}

static struct error *done(struct history *h, int step, json_t *detail)
{
    struct event event = {.kind = EVENT_STEP_DONE, .step = step, .attempt = 1, .epoch = 1, .reason = steps[step].title};

    return tell(h, event, json_pack("{s:o*}", "detail", detail), NULL);
}

static const char *target_of(const struct history *h, int step)
{
    const char *target = steps[step].target;

    if (strncmp(target, "new", 3) == 0)
        return arena_printf(h->arena, "%s%s", h->unit, target + 3);
    if (strncmp(target, "old", 3) == 0)
        return arena_printf(h->arena, "%s%s", *h->old ? h->old : "none", target + 3);
    return target;
}

static int step_count(const struct history *h)
{
    return h->end == END_SUCCEEDED || h->end == END_FAILED ? BACK : STEP_COUNT;
}

static json_t *steps_json(const struct history *h)
{
    json_t *list = json_array();

    for (int i = 0; i < step_count(h); i++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "stage", steps[i].stage, "verb",
                                              steps[i].verb, "track", steps[i].stage == 3 ? "undo" : "forward",
                                              "target", target_of(h, i), "title", steps[i].title, "key", "k"));
    return list;
}

static json_t *stages_json(const struct history *h)
{
    json_t *list = json_array();
    int first = 0;

    while (first < step_count(h)) {
        int i = steps[first].stage;
        int last = first;

        while (last + 1 < STEP_COUNT && steps[last + 1].stage == i)
            last++;
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i}", "name", stages[i], "kind", stages[i],
                                              "first_step", first, "last_step", last));
        first = last + 1;
    }
    return list;
}

static json_t *terms_json(struct history *h)
{
    json_t *terms = json_pack("{s:[{s:s, s:s}], s:[{s:s, s:s, s:s}]}", "authors", "name", somebody(h), "mail",
                              "a@example.org", "rules", "rule", "branches", "verdict", "met", "detail", "on main");

    if (chance(h, 5))
        json_array_append_new(json_object_get(terms, "rules"), json_pack("{s:s, s:s, s:s}", "rule", "freeze", "verdict",
                                                                         "overridden", "detail", "the holidays"));
    if (strcmp(h->kind, "hotfix") == 0) {
        char source[HEX_COMMIT];

        make_commit(h, source);
        json_object_set_new(
            terms, "picks",
            json_pack("[{s:s, s:s, s:b}]", "commit", h->commit, "source", source, "by_hand", chance(h, 100)));
        json_object_set_new(terms, "shortened",
                            json_pack("[{s:s, s:s, s:s, s:s}]", "what", "shift.steps", "was", "50%, 100%", "now",
                                      "100%", "reason", "hotfix.ladder"));
        json_object_set_new(terms, "review_ms", json_integer(48 * HOUR_MS));
    }
    if (strcmp(h->kind, "rollback") == 0)
        json_object_set_new(terms, "back_to", json_string("r-1"));
    return terms;
}

static json_t *planned_json(struct history *h)
{
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "plan", h->plans[dice(h, PLANS)], "kind", h->kind,
        "environment", h->environment->name, "pipeline", h->environment->name, "project", "rooms", "unit", h->unit,
        "unit_number", h->environment->units, "commit", h->commit, "branch", "main", "subject",
        chance(h, 500) ? "make rooms quieter" : "do not lose the last word", "requester", h->requester);
    const char *name = arena_printf(h->arena, "%s.west.1", h->unit);

    if (*h->old)
        json_object_set_new(body, "old_unit", json_string(h->old));
    json_object_set_new(body, "contract", json_pack("{s:s}", "driver", "process"));
    json_object_set_new(body, "door", json_pack("{s:s}", "driver", "haproxy"));
    json_object_set_new(body, "stages", stages_json(h));
    json_object_set_new(body, "steps", steps_json(h));
    json_object_set_new(body, "terms", terms_json(h));
    json_object_set_new(body, "instances",
                        json_pack("[{s:s, s:s+, s:s, s:s, s:s, s:s}]", "name", name, "stamp", h->unit, ".west",
                                  "region", "west", "dir", "/srv/rooms", "log", "/srv/rooms.log", "mark", "m"));
    return body;
}

static struct error *share(struct history *h, int step, int basis_points)
{
    json_t *shares = json_pack("{s:i}", h->unit, basis_points);

    if (*h->old)
        json_object_set_new(shares, h->old, json_integer(10000 - basis_points));
    h->now_ms += 60000;
    return done(h, step, json_pack("{s:o}", "shares", shares));
}

/* *opened false: somebody said no, or nobody said anything. */
static struct error *gate(struct history *h, enum release_end end, bool *opened)
{
    const char *person = chance(h, 10) ? h->requester : somebody_else(h, h->requester);
    struct event asked = {
        .kind = EVENT_GATE_ASKED, .step = GATE, .epoch = 1, .subject = h->plans[0], .expires_ms = h->now_ms + HOUR_MS};
    struct event refused = {.kind = EVENT_DECISION_REFUSED,
                            .step = GATE,
                            .decision = DECISION_APPROVE,
                            .actor = h->requester,
                            .subject = h->plans[0]};
    struct event made = {.kind = EVENT_DECISION_MADE,
                         .step = GATE,
                         .decision = end == END_REJECTED ? DECISION_REJECT : DECISION_APPROVE,
                         .actor = person,
                         .subject = h->plans[0]};
    struct event open = {.kind = EVENT_GATE_OPENED, .step = GATE, .attempt = 1, .epoch = 1, .subject = h->plans[0]};
    int64_t vote;

    *opened = end != END_REJECTED && end != END_EXPIRED && end != END_ABORTED;
    TRY(tell(h, asked, json_pack("{s:s, s:i}", "gate", "managers", "approvals", 1), NULL));
    if (chance(h, 8))
        TRY(tell(h, refused, json_pack("{s:s, s:s}", "comment", "", "why", "you asked for the release"), NULL));
    h->now_ms += 300000 + dice(h, 1000) * 1000;
    if (end == END_EXPIRED || end == END_ABORTED)
        return NULL;
    TRY(tell(h, made, json_pack("{s:s}", "comment", "looks good, as far as I can see"), &vote));
    return *opened ? tell(h, open, json_pack("{s:[I]}", "decisions", (json_int_t)vote), NULL) : NULL;
}

static struct error *closure(struct history *h)
{
    struct event closed = {.kind = EVENT_CALENDAR_CLOSED,
                           .step = ALL,
                           .epoch = 1,
                           .expires_ms = h->now_ms + 12 * HOUR_MS,
                           .reason = "no more traffic before 08:00"};
    struct event opened = {.kind = EVENT_CALENDAR_OPENED, .step = ALL, .epoch = 1};

    TRY(tell(h, closed, json_pack("{s:s}", "rule", chance(h, 700) ? "window" : "freeze"), NULL));
    h->now_ms += 60000 * (1 + dice(h, 4));
    return tell(h, opened, NULL, NULL);
}

static struct error *sample(struct history *h, int seen, int forced, int lost, int left)
{
    struct event event = {.kind = EVENT_DRAIN_SAMPLED, .step = WAIT, .epoch = 1};

    return tell(h, event,
                json_pack("{s:s, s:{s:{s:i, s:i, s:i, s:i, s:i}}}", "instance", target_of(h, WAIT), "ledger", "rooms",
                          "seen", seen, "ended", seen - forced - lost - left, "forced", forced, "lost", lost, "left",
                          left),
                NULL);
}

static struct error *drain(struct history *h)
{
    int lost = chance(h, 2), forced = chance(h, 3), seen = lost + forced + (int)dice(h, 40);

    if (seen > 10)
        TRY(sample(h, seen, 0, 0, seen - 10));
    h->now_ms += dice(h, 3600) * 100;
    TRY(sample(h, seen, forced, lost, 0));
    return done(h, WAIT, NULL);
}

static struct error *take_back(struct history *h)
{
    struct event turned = {
        .kind = EVENT_RELEASE_TURNED, .step = HALF, .epoch = 1, .mode = MODE_UNDO, .end = END_ROLLED_BACK};
    struct event started = {
        .kind = EVENT_STEP_STARTED, .step = BACK, .attempt = 1, .epoch = 1, .reason = "the way back"};

    TRY(tell(h, turned, NULL, NULL));
    TRY(tell(h, started, json_pack("{s:s}", "key", "k"), NULL));
    TRY(share(h, BACK, 0));
    TRY(done(h, UNDO_REMOVE, NULL));
    return done(h, UNDO_TAKE, NULL);
}

static struct error *go_on(struct history *h)
{
    TRY(share(h, ALL, 10000));
    if (*h->old) {
        TRY(drain(h));
        TRY(done(h, REMOVE, NULL));
        TRY(done(h, TAKE, NULL));
    }
    snprintf(h->environment->live, sizeof(h->environment->live), "%s", h->unit);
    return NULL;
}

/* The first one of an environment succeeds: there is nothing to go back to. */
static enum release_end roll_end(struct history *h)
{
    static const struct {
        unsigned below;
        enum release_end end;
    } ends[] = {{900, END_SUCCEEDED}, {950, END_ROLLED_BACK}, {970, END_ABORTED},
                {980, END_REJECTED},  {990, END_EXPIRED},     {1000, END_FAILED}};
    unsigned roll = dice(h, 1000);
    size_t i = 0;

    while (roll >= ends[i].below)
        i++;
    return *h->old ? ends[i].end : END_SUCCEEDED;
}

static struct error *run(struct history *h)
{
    struct event started = {.kind = EVENT_STEP_STARTED, .step = HALF, .attempt = 1, .epoch = 1, .reason = "the shares"};
    enum release_end end = h->end;
    bool opened = true;

    TRY(done(h, COLLECT,
             json_pack("{s:[{s:s, s:i, s:s}]}", "artifacts", "name", "rooms", "bytes", 4096 + (int)dice(h, 4096),
                       "sha256", h->plans[dice(h, PLANS)])));
    TRY(done(h, CREATE,
             json_pack("{s:s, s:i, s:i, s:s}", "address", "127.0.0.1:4000", "pid", 4711, "start", 7, "boot_id", "b")));
    TRY(tell(h, started, json_pack("{s:s}", "key", "k"), NULL));
    TRY(share(h, HALF, 5000));
    if (chance(h, 20))
        TRY(closure(h));
    if (end != END_ROLLED_BACK && end != END_FAILED)
        TRY(gate(h, end, &opened));
    if (end == END_SUCCEEDED)
        return go_on(h);
    return end == END_FAILED ? NULL : take_back(h);
}

static struct error *review(struct history *h)
{
    struct event event = {
        .kind = EVENT_DECISION_MADE, .step = -1, .decision = DECISION_REVIEW, .actor = somebody_else(h, h->requester)};

    return tell(h, event, json_pack("{s:s}", "comment", "it was right"), NULL);
}

static struct error *beside(struct history *h)
{
    struct event made = {.kind = EVENT_BRANCH_MADE, .step = -1, .release = "", .actor = somebody(h)};
    struct event override = {
        .kind = EVENT_DECISION_MADE, .step = -1, .release = "", .actor = somebody(h), .decision = DECISION_OVERRIDE};

    if (chance(h, 20))
        TRY(tell(h, made,
                 json_pack("{s:s+, s:s, s:s}", "branch", "release/", h->id + 2, "commit", h->commit, "trunk", "main"),
                 NULL));
    if (chance(h, 5))
        TRY(tell(h, override,
                 json_pack("{s:s, s:s, s:s, s:I}", "comment", "it has to go out", "environment", h->environment->name,
                           "rule", "freeze", "until_ms", (json_int_t)(h->now_ms + 8 * HOUR_MS)),
                 NULL));
    return NULL;
}

static struct error *release(struct history *h, int64_t number)
{
    struct event planned = {.kind = EVENT_RELEASE_PLANNED, .step = -1};
    struct event ended = {.kind = EVENT_RELEASE_ENDED, .step = -1, .epoch = 1, .reason = "every step is done"};
    unsigned where = dice(h, 10), what = dice(h, 100);

    h->environment = &h->environments[where < 2 ? 0 : where < 8 ? 1 : 2];
    h->environment->units++;
    h->kind = !*h->environment->live || what > 4 ? "release" : what == 4 ? "rollback" : "hotfix";
    h->requester = somebody(h);
    make_commit(h, h->commit);
    snprintf(h->id, sizeof(h->id), "r-%lld", (long long)number);
    snprintf(h->old, sizeof(h->old), "%s", h->environment->live);
    snprintf(h->unit, sizeof(h->unit), "%s-%.7s-%d", h->environment->name, h->commit, h->environment->units);
    TRY(beside(h));
    planned.actor = h->requester;
    planned.reason = "it was asked for";
    ended.end = h->end = roll_end(h);
    TRY(tell(h, planned, planned_json(h), NULL));
    TRY(run(h));
    TRY(tell(h, ended, NULL, NULL));
    return strcmp(h->kind, "hotfix") == 0 && chance(h, 900) ? review(h) : NULL;
}

static struct error *put_plans(struct history *h, struct arena *arena)
{
    for (int i = 0; i < PLANS; i++) {
        const char *text = arena_printf(arena, "{\"plan\":%d}", i);

        TRY(evidence_put(&h->tx, arena, text, strlen(text), &h->plans[i]));
    }
    return NULL;
}

/* Ends each release where the next may begin, so that the last one ends when the history does. */
static struct error *batch(struct history *h, int64_t first, int64_t last, int64_t releases)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    int64_t pace_ms = YEARS_MS / releases < 24 * HOUR_MS ? YEARS_MS / releases : 24 * HOUR_MS;

    h->arena = arena;
    for (int64_t number = first; number <= last; number++) {
        h->now_ms = HISTORY_UNTIL_MS - (releases - number + 1) * pace_ms;
        TRY(release(h, number));
    }
    return NULL;
}

static struct error *write_all(struct history *h, struct arena *arena, int64_t releases)
{
    TRY(database_exec(h->record, "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144"));
    TRY(tx_begin(h->record, &h->tx));
    TRY(put_plans(h, arena));
    for (int64_t number = 1; number <= releases; number += BATCH) {
        int64_t last = number + BATCH - 1 < releases ? number + BATCH - 1 : releases;

        TRY(batch(h, number, last, releases));
        TRY(tx_commit(&h->tx));
        TRY(tx_begin(h->record, &h->tx));
    }
    return tx_commit(&h->tx);
}

struct error *history_generate(const char *directory, int64_t releases)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct history h = {.dice = 1, .environments = {{.name = "prod"}, {.name = "int"}, {.name = "e2e"}}};
    struct error *error = record_open(directory, RECORD_CREATE, &h.record);

    if (!error)
        error = write_all(&h, arena, releases);
    tx_rollback(&h.tx);
    record_close(h.record);
    return error;
}
