/* Who decides, when, and how badly. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "control/control.h"
#include "io/io.h"
#include "simulation/check.h"
#include "simulation/sim.h"
#include "store/record.h"

static struct {
    struct record *record;
    struct arena *arena;
    int64_t decisions;
    int64_t total;
    const char *old_subject; /* of a gate that was asked before */
} people;

struct intention {
    const char *release;
    const char *target; /* gate or instance; NULL */
    const char *person;
    const char *subject; /* TAMPER */
    enum decision_kind decision;
    int step;
    bool exact; /* FORCE: with the right numbers */
    bool smuggled;
};

void people_begin(struct record *record)
{
    people.record = record;
    people.arena = arena_new();
    people.decisions = 0;
    people.old_subject = NULL;
}

void people_end(void)
{
    arena_free(people.arena);
    people.arena = NULL;
    people.record = NULL;
}

int64_t people_decisions(void)
{
    return people.total;
}

/* What the record says is left on the instance, as a person reads it off the screen. */
static json_t *numbers_of(const char *release, const char *instance)
{
    json_t *params = json_pack("{s:s}", "release", release), *rows = NULL, *out = json_object();
    const char *column = "left";

    error_free(query_rows(people.record, "drain_instances", params, &rows));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        if (text_is(json_string_value(json_object_get(row, "instance")), instance) &&
            json_integer_value(json_object_get(row, "lost")) > 0)
            column = "lost";
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        if (text_is(json_string_value(json_object_get(row, "instance")), instance))
            json_object_set(out, json_string_value(json_object_get(row, "probe")), json_object_get(row, column));
    }
    json_decref(params);
    json_decref(rows);
    return out;
}

static bool decide(const struct decision_request *request)
{
    struct error *error;

    hooks_people(true);
    error = control_decide(people.record, people.arena, request);
    hooks_people(false);
    people.decisions++;
    people.total++;
    sim_log("person %s decides %s %s: %s", request->person, decision_text(request->decision),
            request->gate ? request->gate : "", error ? error->text : "taken");
    if (!error)
        return true;
    error_free(error);
    return false;
}

static bool simple(const char *release, const char *person, enum decision_kind decision, const char *target,
                   json_t *values)
{
    struct decision_request request = {.release = release,
                                       .gate = target,
                                       .decision = decision,
                                       .person = person,
                                       .comment = "simulated",
                                       .values = values};
    bool taken = decide(&request);

    json_decref(values);
    return taken;
}

/* A row that no command of ours would write: a vote for something else, or one of last week's. */
static void smuggle(const struct intention *intention)
{
    struct tx tx = TX_INIT;
    json_t *body = json_pack("{s:s, s:s}", "person", intention->person, "comment", "smuggled");
    struct event event = {.kind = EVENT_DECISION_MADE,
                          .release = intention->release,
                          .at_ms = sim.now + sim.wall_offset,
                          .boot_ms = sim.now,
                          .actor = intention->person,
                          .reason = "smuggled in",
                          .step = intention->step,
                          .decision = DECISION_APPROVE,
                          .subject = intention->subject,
                          .body = body};
    struct error *error;

    hooks_people(true);
    error = tx_begin(people.record, &tx);
    if (!error)
        error = journal_append(&tx, &event);
    if (!error)
        error = tx_commit(&tx);
    tx_rollback(&tx);
    hooks_people(false);
    if (error)
        sim_log("smuggling failed: %s", error->text);
    error_free(error);
    json_decref(body);
    sim_log("! somebody smuggles an approval into the journal");
    bell_ring(control_bell(people.arena, record_directory(people.record), "prod"));
}

static void do_it(void *context)
{
    struct intention *intention = context;
    const struct checked_release *release = check_release(intention->release);

    if (!people.record || sim.failed || !release || *release->end)
        return;
    if (intention->smuggled) {
        smuggle(intention);
    } else if (intention->decision == DECISION_FORCE) {
        json_t *values = numbers_of(intention->release, intention->target);

        if (!intention->exact)
            json_object_set_new(values, "rooms", json_integer(7));
        (void)simple(intention->release, intention->person, DECISION_FORCE, intention->target, values);
    } else {
        (void)simple(intention->release, intention->person, intention->decision, intention->target, NULL);
    }
}

static struct intention *plan_to(int64_t in_ms, const char *release, const char *person, enum decision_kind decision,
                                 const char *target)
{
    struct intention *intention = ARENA_NEW(people.arena, struct intention);

    *intention = (struct intention){.release = arena_text(people.arena, release),
                                    .target = arena_text(people.arena, target),
                                    .person = arena_text(people.arena, person),
                                    .decision = decision,
                                    .exact = true};
    sim_after(in_ms, NULL, do_it, intention);
    return intention;
}

static void gate_asked(const struct row *row, const char *gate, int64_t step, int64_t approvals)
{
    static const char *const names[] = {"bo", "chi", "dan"};
    struct rng *rng = &sim.people;
    int64_t in_ms = rng_range(rng, 500, 20000);

    if (fault_hits(FAULT_TAMPER, 500)) {
        struct intention *intention = plan_to(rng_range(rng, 1, 15000), row->release, "chi", DECISION_APPROVE, gate);

        intention->smuggled = true;
        intention->step = (int)step;
        intention->subject = people.old_subject ? people.old_subject : "none";
        if (approvals > 1 && rng_chance(rng, 500))
            in_ms += 100000; /* the others are late */
    }
    people.old_subject = arena_text(people.arena, json_string_value(json_object_get(row->event, "subject")));
    if (fault_hits(FAULT_PEOPLE, 500)) {
        struct rng *own = fault_rng(FAULT_PEOPLE);

        switch (rng_range(own, 0, 6)) {
        case 0: /* after it has expired */
            in_ms = rng_range(own, 55000, 80000);
            break;
        case 1: /* twice */
            (void)plan_to(in_ms / 2, row->release, "bo", DECISION_APPROVE, gate);
            break;
        case 2: /* who asked for it */
            (void)plan_to(in_ms / 2, row->release, "ana", DECISION_APPROVE, gate);
            break;
        case 3:
            (void)plan_to(in_ms / 2, row->release, "eve", DECISION_APPROVE, gate);
            break;
        case 4:
            (void)plan_to(in_ms, row->release, "bo", DECISION_REJECT, gate);
            return;
        case 5: /* one says no while another says yes */
            (void)plan_to(in_ms, row->release, "chi", DECISION_REJECT, gate);
            break;
        default: /* never */
            return;
        }
    }
    for (int64_t i = 0; i < approvals; i++)
        (void)plan_to(in_ms + i * rng_range(rng, 0, 5000), row->release, names[i % 3], DECISION_APPROVE, gate);
}

void people_see(const struct row *row)
{
    const json_t *body = json_object_get(row->event, "body");
    struct rng *rng = &sim.people;

    if (!people.record)
        return;
    if (text_is(row->kind, "gate.asked")) {
        gate_asked(row, json_string_value(json_object_get(body, "gate")),
                   json_integer_value(json_object_get(row->event, "step")),
                   json_integer_value(json_object_get(body, "approvals")));
    } else if (text_is(row->kind, "drain.overdue") && rng_chance(rng, 700)) {
        const char *instance = json_string_value(json_object_get(body, "instance"));

        if (rng_chance(rng, 300))
            plan_to(rng_range(rng, 100, 3000), row->release, "bo", DECISION_FORCE, instance)->exact = false;
        (void)plan_to(rng_range(rng, 1000, 30000), row->release, "bo", DECISION_FORCE, instance);
    } else if (text_is(row->kind, "step.started") && fault_active(FAULT_PEOPLE) &&
               rng_chance(fault_rng(FAULT_PEOPLE), 3)) {
        /* Somebody wants it all back, for no reason that we know. */
        (void)plan_to(rng_range(rng, 10, 2000), row->release, "chi",
                      rng_chance(rng, 500) ? DECISION_ROLLBACK : DECISION_ABORT, NULL);
    }
}

static bool give_up(const char *release)
{
    const struct checked_release *seen = check_release(release);
    bool any = false;

    for (int i = 0; seen && i < seen->step_count; i++) {
        const struct checked_step *step = &seen->steps[i];

        if (step->open && (text_is(step->verb, "drain.wait") || text_is(step->verb, "drain.prove")))
            any = simple(release, "bo", DECISION_FORCE, step->target, numbers_of(release, step->target)) || any;
    }
    return any;
}

bool people_decide_held(const char *release, int tries)
{
    struct rng *rng = &sim.people;
    const struct checked_release *seen = check_release(release);

    if (tries > 14)
        return simple(release, "bo", DECISION_ABORT, NULL, json_pack("{s:b}", "as_is", 1));
    if (tries > 7 && seen && !seen->pivoted && !text_is(seen->kind, "destroy") && rng_chance(rng, 500) &&
        simple(release, "bo", DECISION_ROLLBACK, NULL, NULL))
        return true;
    if (rng_chance(rng, 500) && give_up(release))
        return true;
    if (rng_chance(rng, 120) && simple(release, "chi", DECISION_ROLLBACK, NULL, NULL))
        return true;
    if (rng_chance(rng, 60) &&
        simple(release, "chi", DECISION_ABORT, NULL, rng_chance(rng, 300) ? json_pack("{s:b}", "keep", 1) : NULL))
        return true;
    return simple(release, "bo", DECISION_RETRY, NULL, NULL);
}

bool people_decide_late(const char *release, int tries)
{
    const struct checked_release *seen = check_release(release);

    if (give_up(release))
        return true;
    for (int i = 0; seen && i < seen->step_count; i++) {
        const struct checked_step *step = &seen->steps[i];

        if (step->open && step->asked && text_is(step->verb, "gate")) {
            bool any = simple(release, "bo", DECISION_APPROVE, step->target, NULL);

            return simple(release, "chi", DECISION_APPROVE, step->target, NULL) || any;
        }
    }
    if (tries > 3)
        return simple(release, "bo", DECISION_ABORT, NULL, json_pack("{s:b}", "as_is", 1));
    return false;
}
