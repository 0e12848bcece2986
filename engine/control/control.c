/*
 * Decisions of people. Each is checked and journaled in one transaction, so that two people who decide at the same
 * moment cannot both be the last; then the runner's bell rings, and the runner does what follows.
 *
 * Refusals that an auditor wants to see (who tried what) are journaled as decision.refused; questions that make no
 * sense (no such gate, nothing to retry) only fail.
 */

#include "control/control.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "control/deciding.h"
#include "io/io.h"
#include "plan/approval.h"
#include "plan/drain.h"
#include "store/record.h"

#define COMMENT_LIMIT_BYTES ((size_t)4000)

static void deciding_cleanup(struct deciding *own)
{
    json_cleanup(&own->release);
    json_cleanup(&own->gates);
    error_free(own->refusal);
    own->refusal = NULL;
}

const char *control_bell(struct arena *arena, const char *state_directory, const char *environment)
{
    return arena_printf(arena, "%s/bells/%s.sock", state_directory, environment);
}

struct error *deciding_rows(struct deciding *own, const char *query, json_t **out)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "release", own->request->release);

    return query_rows(own->record, query, params, out);
}

const char *deciding_text(const json_t *row, const char *key)
{
    const char *text = json_get_text(row, key);

    return text ? text : "";
}

struct error *deciding_release(struct deciding *own)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "id", own->request->release);

    TRY(query_row(own->record, "release_show", params, &own->release));
    if (!json_is_object(own->release))
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "there is no release '%s'", own->request->release);
    return NULL;
}

static struct error *check_live(const struct deciding *own)
{
    if (text_is(deciding_text(own->release, "state"), "ended"))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s has already ended: %s", own->request->release,
                         text_spaced(own->arena, deciding_text(own->release, "end")));
    return NULL;
}

static bool is_asked(const json_t *gate)
{
    return text_is(deciding_text(gate, "state"), "asked");
}

/* Gates of the release that ask now: "'a', 'b'". */
static const char *open_gates(const struct deciding *own, int *count)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *gate;

    *count = 0;
    json_array_foreach(own->gates, index, gate)
    {
        if (is_asked(gate))
            strbuf_printf(&list, "%s'%s'", (*count)++ ? ", " : "", deciding_text(gate, "name"));
    }
    return arena_text(own->arena, strbuf_view(&list));
}

/* The gate that is meant: the named one that asks, else the named one that was answered, else the only one that asks. */
static struct error *find_gate(struct deciding *own)
{
    const char *name = own->request->gate;
    int asked;
    const char *list = open_gates(own, &asked);
    size_t index;
    const json_t *gate;

    json_array_foreach(own->gates, index, gate)
    {
        if (name && !text_is(name, deciding_text(gate, "name")))
            continue;
        if (is_asked(gate) || (name && !own->gate))
            own->gate = gate;
    }
    if (!name && asked > 1)
        return error_hint(
            error_new(ERR_CONFLICT, KIND_PERMANENT, "several gates of %s wait: %s", own->request->release, list),
            "name the one that is meant");
    if (own->gate)
        return NULL;
    if (asked > 0)
        return error_hint(
            error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no gate '%s' of %s was asked yet", name, own->request->release),
            "what waits: %s", list);
    if (name)
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no gate '%s' of %s was asked yet", name,
                         own->request->release);
    return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no gate of %s waits for anybody", own->request->release);
}

/* Nothing to refuse yet: is the question still the one that was shown? */
static struct error *check_question(const struct deciding *own, int64_t now_ms)
{
    const char *name = deciding_text(own->gate, "name");
    int64_t expires_ms = json_get_int(own->gate, "expires_ms", 0);

    if (!is_asked(own->gate))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "gate '%s' of %s was already %s", name, own->request->release,
                         deciding_text(own->gate, "state"));
    if (expires_ms > 0 && now_ms >= expires_ms)
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "gate '%s' of %s expired at %s", name, own->request->release,
                         time_text(own->arena, expires_ms));
    if (own->request->subject && !text_is(own->request->subject, deciding_text(own->gate, "subject")))
        return error_hint(
            error_new(ERR_CONFLICT, KIND_PERMANENT, "what gate '%s' asks has changed since it was shown to you", name),
            "look again, then decide");
    return NULL;
}

const char *deciding_people(struct arena *arena, const json_t *people)
{
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t index;
    const json_t *person;

    json_array_foreach(people, index, person)
    {
        strbuf_printf(&list, "%s%s", index ? ", " : "", json_string_value(person));
    }
    return arena_text(arena, strbuf_view(&list));
}

/* Only the gate's people may say no too; but that needs no second pair of eyes, and may follow one's own yes. */
static struct error *check_person(struct deciding *own)
{
    const char *person = own->request->person;
    const char *name = deciding_text(own->gate, "name");
    bool approves = own->request->decision == DECISION_APPROVE;

    switch (approval_of(own->gate, person)) {
    case APPROVAL_COUNTS:
        break;
    case APPROVAL_OF_STRANGER:
        return error_hint(
            error_new(ERR_NOT_ALLOWED, KIND_PERMANENT, "'%s' is not one of the people of gate '%s'", person, name),
            "these are: %s", deciding_people(own->arena, json_object_get(own->gate, "people")));
    case APPROVAL_OF_REQUESTER:
        if (approves)
            return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                             "'%s' asked for this release; gate '%s' wants somebody else", person, name);
        break;
    case APPROVAL_OF_AUTHOR:
        if (approves)
            return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                             "'%s' wrote commits of this release; gate '%s' wants somebody else", person, name);
        break;
    case APPROVAL_TWICE:
        if (approves)
            return error_new(ERR_NOT_ALLOWED, KIND_PERMANENT,
                             "'%s' has already approved gate '%s'; it wants %d different people", person, name,
                             (int)json_get_int(own->gate, "approvals", 1));
        break;
    }
    return NULL;
}

static struct error *check_gate(struct deciding *own, int64_t now_ms)
{
    TRY(deciding_rows(own, "gates", &own->gates));
    TRY(find_gate(own));
    TRY(check_question(own, now_ms));
    own->step = (int)json_get_int(own->gate, "step", -1);
    own->subject = deciding_text(own->gate, "subject");
    own->refusal = check_person(own);
    return NULL;
}

/* Aborts and rollbacks: only before the pivot, and not when it goes back already. */
static struct error *check_back(const struct deciding *own)
{
    bool as_is = json_get_bool(own->request->values, "as_is", false);
    const char *release = own->request->release;

    if (as_is)
        return NULL;
    if (text_is(deciding_text(own->release, "kind"), "destroy"))
        return error_hint(
            error_new(ERR_CONFLICT, KIND_PERMANENT, "%s destroys: there is nothing to go back to", release),
            "end it as it stands with abort --as-is");
    if (json_get_flag(own->release, "pivot"))
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                    "release %s is past its pivot: the old stamps are being destroyed", release),
                          "release the old commit again, or end this one with abort --as-is");
    if (text_is(deciding_text(own->release, "state"), "rolling_back"))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s is going back already", release);
    return NULL;
}

static struct error *check_retry(const struct deciding *own)
{
    if (!text_is(deciding_text(own->release, "state"), "held"))
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "release %s is %s, not held: there is nothing to try again",
                         own->request->release, text_spaced(own->arena, deciding_text(own->release, "state")));
    return NULL;
}

/*
 * What the record counts on the instance now: {probe: number or null}. An instance that died took its work with it:
 * that is `lost`, and nothing is left any more.
 */
static struct error *count_left(struct deciding *own, const char *instance, json_t **out)
{
    json_t *drains CLEANUP(json_cleanup) = NULL;
    const char *column = "left";
    size_t index;
    const json_t *row;

    TRY(deciding_rows(own, "drain_instances", &drains));
    json_array_foreach(drains, index, row)
    {
        if (text_is(deciding_text(row, "instance"), instance) && json_get_int(row, "lost", 0) > 0)
            column = "lost";
    }
    *out = json_object();
    json_array_foreach(drains, index, row)
    {
        /* What nobody can say now is null, also on an instance that died: no number stands for it. */
        const char *of = json_is_null(json_object_get(row, "left")) ? "left" : column;

        if (text_is(deciding_text(row, "instance"), instance))
            json_object_set(*out, deciding_text(row, "probe"), json_object_get(row, of));
    }
    return NULL;
}

static bool is_lost(const json_t *instances, const char *name)
{
    size_t index;
    const json_t *row;

    json_array_foreach(instances, index, row)
    {
        if (text_is(deciding_text(row, "name"), name))
            return text_is(deciding_text(row, "state"), "lost");
    }
    return false;
}

/* A drain that ran past its deadline, or whose instance died: only a person can go on from there. */
static bool asks_person(const json_t *step, const json_t *instances)
{
    const char *verb = deciding_text(step, "verb");

    if (!text_is(verb, "drain.wait") && !text_is(verb, "drain.prove"))
        return false;
    return text_is(deciding_text(step, "state"), "running") &&
           (json_get_flag(json_object_get(step, "detail"), "overdue") ||
            is_lost(instances, deciding_text(step, "target")));
}

/* The drain that asks a person: the named instance's, or the only one. */
static struct error *find_asking(struct deciding *own, const json_t *steps, const json_t **out)
{
    json_t *instances CLEANUP(json_cleanup) = NULL;
    struct strbuf list CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int count = 0;
    size_t index;
    const json_t *step;

    *out = NULL;
    TRY(deciding_rows(own, "instances", &instances));
    json_array_foreach(steps, index, step)
    {
        if (!asks_person(step, instances))
            continue;
        strbuf_printf(&list, "%s%s", count++ ? ", " : "", deciding_text(step, "target"));
        if (!own->request->gate || text_is(own->request->gate, deciding_text(step, "target")))
            *out = step;
    }
    if (count == 0)
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "no drain of %s asks a person: it waits by itself",
                         own->request->release);
    if (!*out)
        return error_hint(
            error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no drain of '%s' asks a person", own->request->gate),
            "these do: %s", strbuf_view(&list));
    if (!own->request->gate && count > 1)
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "several drains of %s ask: %s", own->request->release,
                                    strbuf_view(&list)),
                          "name the instance with --instance");
    return NULL;
}

/* Work is given up only where a drain asks for it, and only as exactly as many as it counts. */
static struct error *check_force(struct deciding *own)
{
    json_t *steps CLEANUP(json_cleanup) = NULL;
    json_t *left CLEANUP(json_cleanup) = NULL;
    const json_t *row;

    TRY(deciding_rows(own, "steps", &steps));
    TRY(find_asking(own, steps, &row));
    own->step = (int)json_get_int(row, "ordinal", -1);
    TRY(count_left(own, deciding_text(row, "target"), &left));
    if (!json_equal(left, own->request->values)) {
        own->refusal = error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "you give up %s, but on %s there are %s",
                                            drain_left_text(own->arena, own->request->values),
                                            deciding_text(row, "target"), drain_left_text(own->arena, left)),
                                  "look again, then state exactly what is there");
        return NULL;
    }
    if (!*own->request->comment)
        return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "giving up work needs a reason"),
                          "say why with --comment");
    return NULL;
}

static struct error *check(struct deciding *own, int64_t now_ms)
{
    own->step = -1;
    if (own->request->decision == DECISION_OVERRIDE)
        return check_override(own, now_ms);
    TRY(deciding_release(own));
    if (own->request->decision == DECISION_REVIEW)
        return check_review(own);
    TRY(check_live(own));
    switch (own->request->decision) {
    case DECISION_APPROVE:
    case DECISION_REJECT:
        return check_gate(own, now_ms);
    case DECISION_ABORT:
    case DECISION_ROLLBACK:
        return check_back(own);
    case DECISION_RETRY:
        return check_retry(own);
    case DECISION_FORCE:
        return check_force(own);
    case DECISION_OVERRIDE:
    case DECISION_REVIEW:
    case DECISION_NONE:
        break;
    }
    BUG("decision %d", (int)own->request->decision);
}

/* "approved by bo: looks good" */
static const char *reason_text(struct arena *arena, const struct decision_request *request)
{
    static const char *const past[] = {
        [DECISION_NONE] = "",
        [DECISION_APPROVE] = "approved",
        [DECISION_REJECT] = "rejected",
        [DECISION_ABORT] = "aborted",
        [DECISION_ROLLBACK] = "rollback asked",
        [DECISION_RETRY] = "retry asked",
        [DECISION_FORCE] = "work given up",
        [DECISION_OVERRIDE] = "override granted",
        [DECISION_REVIEW] = "reviewed",
    };

    return arena_printf(arena, "%s by %s%s%s", past[request->decision], request->person, *request->comment ? ": " : "",
                        request->comment);
}

static json_t *body_of(const struct deciding *own)
{
    const struct decision_request *request = own->request;
    json_t *body = json_pack("{s:s, s:s}", "person", request->person, "comment", request->comment);

    if (!text_is(own->by, request->person))
        json_object_set_new(body, "by", json_string(own->by));
    if (own->gate)
        json_object_set_new(body, "gate", json_string(deciding_text(own->gate, "name")));
    if (request->values)
        json_object_set(body, "values", (json_t *)request->values);
    if (request->override)
        json_object_update_new(body,
                               json_pack("{s:s, s:s, s:I}", "environment", request->override->environment, "rule",
                                         request->override->rule, "until_ms", (json_int_t)request->override->until_ms));
    if (own->refusal) {
        char *why CLEANUP(heap_cleanup) = error_line(own->refusal);

        json_object_set_new(body, "decision", json_string(decision_text(request->decision)));
        json_object_set_new(body, "why", json_string(why));
    }
    return body;
}

/* The machine counts votes by actor; in whose name it was really given is in the body. */
static struct error *append(struct tx *tx, struct deciding *own, int64_t now_ms)
{
    json_t *body CLEANUP(json_cleanup) = body_of(own);
    struct event event = {
        .kind = own->refusal ? EVENT_DECISION_REFUSED : EVENT_DECISION_MADE,
        .release = own->request->release,
        .at_ms = now_ms,
        .boot_ms = clock_boot_ms(),
        .actor = own->request->person,
        .decision = own->request->decision,
        .step = own->step,
        .subject = own->subject,
        .body = body,
    };

    event.reason = own->refusal ? own->refusal->text : reason_text(own->arena, own->request);
    return journal_append(tx, &event);
}

/* Without control characters and broken bytes: others will see it on their terminals. */
static const char *cleaned(struct arena *arena, const char *text)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(COMMENT_LIMIT_BYTES);

    text_clean(&out, text, strlen(text));
    return arena_text(arena, strbuf_view(&out));
}

struct error *control_decide(struct record *record, struct arena *arena, const struct decision_request *request)
{
    struct decision_request clean = *request;
    struct deciding own CLEANUP(deciding_cleanup) = {.record = record, .arena = arena, .request = &clean};
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    int64_t now_ms = clock_wall_ms();
    struct error *refusal;

    clean.person = cleaned(arena, request->person);
    clean.comment = cleaned(arena, request->comment);
    TRY(control_person(arena, &own.by));
    TRY(tx_begin(record, &tx));
    TRY(check(&own, now_ms));
    TRY(append(&tx, &own, now_ms));
    TRY(tx_commit(&tx));
    if (own.refusal) {
        refusal = own.refusal;
        own.refusal = NULL;
        return refusal;
    }
    if (own.release)
        bell_ring(control_bell(arena, record_directory(record), deciding_text(own.release, "environment")));
    return NULL;
}
