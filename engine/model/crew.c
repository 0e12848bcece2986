/* People, as a rehearsal has them: they open their gates within minutes, and look after what is held. */

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "control/control.h"
#include "model/rehearse.h"
#include "model/sim.h"
#include "plan/authors.h"
#include "plan/plan.h"
#include "store/record.h"

#define PEOPLE_MOST 16

struct intention {
    const char *release, *person, *target;
    enum decision_kind decision;
};

/* False: it was refused. */
static bool decide(const char *person, enum decision_kind decision, const char *target, json_t *values)
{
    const struct decision_request request = {.release = rehearsal.act.plan->release,
                                             .gate = target,
                                             .decision = decision,
                                             .person = person,
                                             .comment = "rehearsed",
                                             .values = values};
    struct error *error;
    bool taken;

    hooks_people(true);
    error = control_decide(rehearsal.people, rehearsal.arena, &request);
    hooks_people(false);
    taken = !error;
    error_free(error);
    json_decref(values);
    return taken;
}

/* What the record says is lost, or left, on the instance: the numbers that giving it up has to name. */
static json_t *numbers_of(const char *instance)
{
    json_t *params = json_pack("{s:s}", "release", rehearsal.act.plan->release), *rows = NULL, *out = json_object();
    size_t index;
    json_t *row;
    const char *column = "left";

    error_free(query_rows(rehearsal.people, "drain_instances", params, &rows));
    json_array_foreach(rows, index, row)
    {
        if (text_is(json_get_text(row, "instance"), instance) && json_get_int(row, "lost", 0) > 0)
            column = "lost";
    }
    json_array_foreach(rows, index, row)
    {
        if (text_is(json_get_text(row, "instance"), instance))
            json_object_set(out, json_get_text(row, "probe"), json_object_get(row, column));
    }
    json_decref(params);
    json_decref(rows);
    return out;
}

static void do_it(void *context)
{
    const struct intention *intention = context;

    /* It may be over, or another release's turn. */
    if (!rehearsal.people || *rehearsal.act.end || sim.failed ||
        !text_is(rehearsal.act.plan->release, intention->release))
        return;
    (void)decide(intention->person, intention->decision, intention->target,
                 intention->decision == DECISION_FORCE ? numbers_of(intention->target) : NULL);
}

static void intend(int64_t in_ms, const char *person, enum decision_kind decision, const char *target)
{
    struct intention *intention = ARENA_NEW(rehearsal.arena, struct intention);

    *intention = (struct intention){.release = rehearsal.act.plan->release,
                                    .person = arena_text(rehearsal.arena, person),
                                    .target = arena_text(rehearsal.arena, target),
                                    .decision = decision};
    sim_after(in_ms, NULL, do_it, intention);
}

/* Who asks for the release wrote it, too. */
static bool is_barred(const json_t *body, const char *person)
{
    return (json_get_bool(body, "bar_requester", false) && text_is(person, rehearsal.cast->requester)) ||
           authors_has(json_object_get(body, "barred"), person);
}

/* Who may: those that the gate names, without those who are barred. */
static int may_open(const json_t *body, const char *people[PEOPLE_MOST])
{
    /* A gate of nobody in particular is everybody's. */
    static const char *const anyone[] = {"ana", "bo", "chi", "dan", "eve", "fay", "gus", "hal"};
    const json_t *named = json_object_get(body, "people");
    int count = 0;

    for (size_t i = 0; i < json_array_size(named) && count < PEOPLE_MOST; i++) {
        const char *person = json_string_value(json_array_get(named, i));

        if (!is_barred(body, person))
            people[count++] = person;
    }
    for (size_t i = 0; json_array_size(named) == 0 && i < sizeof(anyone) / sizeof(*anyone); i++)
        people[count++] = anyone[i];
    return count;
}

void crew_gate(int step, const json_t *body)
{
    const char *people[PEOPLE_MOST], *gate = rehearsal.act.plan->steps[step].target;
    int count = may_open(body, people), wanted = (int)json_get_int(body, "approvals", 1);
    int64_t expires_ms = json_get_int(body, "expires_ms", 0), in_ms = rng_range(&sim.people, 30000, 120000);
    const char *requester = rehearsal.cast->requester;
    int first;

    if (count < wanted) {
        verdict_gate(
            gate, arena_printf(rehearsal.arena, "it wants %d approval%s, and %s may give one%s%s%s", wanted,
                               wanted == 1 ? "" : "s",
                               count == 0   ? "nobody"
                               : count == 1 ? "only one person"
                                            : arena_printf(rehearsal.arena, "only %d people", count),
                               is_barred(body, requester) ? ": '" : "", is_barred(body, requester) ? requester : "",
                               !is_barred(body, requester)                   ? ""
                               : json_get_bool(body, "bar_requester", false) ? "' asks for the release and is barred"
                                                                             : "' wrote commits of it and is barred"));
        return;
    }
    if (expires_ms && in_ms > expires_ms / 4)
        in_ms = expires_ms / 4;
    first = (int)rng_range(&sim.people, 0, count - 1);
    for (int i = 0; i < wanted && i < count; i++)
        intend(in_ms + i * in_ms / 4, people[(first + i) % count], DECISION_APPROVE, gate);
}

/* What is gone is given up: once the release asks for it, which it does not do at once. */
void crew_lost(const char *instance)
{
    static const int64_t minutes[] = {3, 10, 30, 120};

    for (size_t i = 0; instance && i < sizeof(minutes) / sizeof(*minutes); i++)
        intend(minutes[i] * 60000, "somebody", DECISION_FORCE, instance);
}

void crew_held(int tries)
{
    if (tries > 6)
        (void)decide("somebody", DECISION_ABORT, NULL, json_pack("{s:b}", "as_is", 1));
    else if (tries <= 3 || !decide("somebody", DECISION_ROLLBACK, NULL, NULL))
        (void)decide("somebody", DECISION_RETRY, NULL, NULL);
}
