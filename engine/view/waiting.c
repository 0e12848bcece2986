/* What a release waits for, and what a person can do about it. */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/approval.h"
#include "plan/authors.h"
#include "plan/drain.h"
#include "view/release_view.h"

static const json_t *asked_gate(const struct release_view *view)
{
    size_t index;
    const json_t *gate;

    json_array_foreach(view->gates, index, gate)
    {
        if (text_is(view_text(gate, "state"), "asked"))
            return gate;
    }
    return NULL;
}

/* Those of the gate's people who still can approve; an empty list when anyone may. */
static json_t *may_approve(const json_t *gate)
{
    json_t *people = json_array();
    size_t index;
    json_t *person;

    json_array_foreach(json_object_get(gate, "people"), index, person)
    {
        if (approval_of(gate, json_string_value(person)) == APPROVAL_COUNTS)
            json_array_append(people, person);
    }
    return people;
}

/* The authors who are kept out: of the gate's people, or all of them where anyone may approve. */
static json_t *kept_out(const json_t *gate)
{
    const json_t *people = json_object_get(gate, "people");
    json_t *authors = json_array();
    size_t index;
    json_t *login;

    json_array_foreach(json_object_get(gate, "barred"), index, login)
    {
        if (json_array_size(people) == 0 || authors_has(people, json_string_value(login)))
            json_array_append(authors, login);
    }
    return authors;
}

static json_t *waiting_plain(const char *kind, const char *what, int64_t since_ms)
{
    return json_pack("{s:s, s:s, s:I}", "kind", kind, "what", what, "since_ms", (json_int_t)since_ms);
}

/* "gate go opens the way to 50%": the step's title says what follows. */
static const char *title_of(const struct release_view *view, int64_t step)
{
    size_t index;
    const json_t *row;

    json_array_foreach(view->steps, index, row)
    {
        if (json_get_int(row, "ordinal", -1) == step)
            return view_text(row, "title");
    }
    return "";
}

static json_t *waiting_gate(const struct release_view *view, const json_t *gate)
{
    json_t *waiting = waiting_plain("gate", arena_printf(view->arena, "gate %s", view_text(gate, "name")),
                                    json_get_int(gate, "asked_ms", 0));
    json_t *approved = json_object_get(gate, "approvers");
    int64_t expires_ms = json_get_int(gate, "expires_ms", 0);

    json_object_set(waiting, "gate", json_object_get(gate, "name"));
    json_object_set_new(waiting, "title", json_string(title_of(view, json_get_int(gate, "step", -1))));
    json_object_set(waiting, "subject", json_object_get(gate, "subject"));
    json_object_set_new(waiting, "approvals", json_integer(json_get_int(gate, "approvals", 1)));
    json_object_set(waiting, "approved_by", approved);
    json_object_set_new(waiting, "people", may_approve(gate));
    json_object_set_new(waiting, "anyone", json_boolean(json_array_size(json_object_get(gate, "people")) == 0));
    json_object_set_new(waiting, "barred",
                        json_get_flag(gate, "bar_requester") ? json_string(view_text(view->release, "requester"))
                                                             : json_null());
    json_object_set_new(waiting, "barred_authors", kept_out(gate));
    json_object_set_new(waiting, "expires_ms", expires_ms ? json_integer(expires_ms) : json_null());
    return waiting;
}

/* The first drain that asks a person. */
static const json_t *asking_drain(const struct release_view *view)
{
    size_t index;
    const json_t *step;

    json_array_foreach(view->steps, index, step)
    {
        if (view_asks_person(view, step))
            return step;
    }
    return NULL;
}

/* The step that runs and says most about the wait: a person's first, then the latest. */
static const json_t *running_step(const struct release_view *view)
{
    const json_t *found = NULL;
    size_t index;
    const json_t *stage;

    json_array_foreach(view->stages, index, stage)
    {
        const json_t *step = view_stage_running(view, stage);

        if (step && (!found || json_get_int(step, "started_ms", 0) >= json_get_int(found, "started_ms", 0)))
            found = step;
    }
    return found;
}

/* "drain" | "hold" | "step" for people and programs. */
static const char *wait_kind(const json_t *step)
{
    const char *verb = view_text(step, "verb");

    if (text_is(verb, "drain.wait") || text_is(verb, "drain.prove"))
        return "drain";
    return text_is(verb, "hold") ? "hold" : "step";
}

json_t *view_waiting_gate(const struct release_view *view, const char *name)
{
    const json_t *found = NULL;
    size_t index;
    const json_t *gate;

    json_array_foreach(view->gates, index, gate)
    {
        if (!text_is(view_text(gate, "state"), "asked") || (name && !text_is(view_text(gate, "name"), name)))
            continue;
        if (found)
            return json_null();
        found = gate;
    }
    return found ? waiting_gate(view, found) : json_null();
}

json_t *view_waiting(const struct release_view *view)
{
    const json_t *gate = asked_gate(view);
    const json_t *overdue = asking_drain(view);
    const json_t *step;
    json_t *waiting;

    if (view_has_ended(view))
        return json_null();
    if (text_is(view->state, "held") && !overdue)
        return waiting_plain("person", view_text(view->release, "reason"), json_get_int(view->release, "state_ms", 0));
    if (gate)
        return waiting_gate(view, gate);
    if (overdue) {
        waiting = waiting_plain("overdue",
                                arena_printf(view->arena, "a person: work is left on %s", view_text(overdue, "target")),
                                json_get_int(view->release, "state_ms", 0));
        json_object_set(waiting, "instance", json_object_get(overdue, "target"));
        json_object_set_new(waiting, "left", view_left_on(view, view_text(overdue, "target")));
        return waiting;
    }
    step = running_step(view);
    if (!view->runner_alive)
        return waiting_plain("runner", "a runner: none is alive", view->last_ms);
    if (!step)
        return waiting_plain("step", view_text(view->release, "reason"), json_get_int(view->release, "state_ms", 0));
    return waiting_plain(wait_kind(step), view_text(step, "title"), json_get_int(step, "started_ms", 0));
}

bool view_waits_for_people(const struct release_view *view)
{
    json_t *waiting CLEANUP(json_cleanup) = view_waiting(view);
    const char *kind = view_text(waiting, "kind");

    return text_is(kind, "gate") || text_is(kind, "overdue") || text_is(kind, "person") || text_is(kind, "runner");
}

static void add(const struct release_view *view, json_t *next, const char *command, const char *why)
{
    json_array_append_new(next, json_pack("{s:o, s:s}", "command",
                                          json_string(arena_printf(view->arena, "%s %s", view->program, command)),
                                          "why", why));
}

static void add_of(const struct release_view *view, json_t *next, const char *verb, const char *rest, const char *why)
{
    add(view, next, arena_printf(view->arena, "%s %s%s", verb, view->id, rest), why);
}

static void next_when_ended(const struct release_view *view, json_t *next)
{
    const char *end = view_text(view->release, "end");
    bool release = text_is(view_text(view->release, "kind"), "release");

    if (text_is(end, "succeeded")) {
        add(view, next, arena_printf(view->arena, "status %s", view->environment), "what is live now");
        return;
    }
    add_of(view, next, "show", "", "why it ended so");
    add_of(view, next, "logs", "", "the last lines of its logs");
    if (release)
        add(view, next, arena_printf(view->arena, "release %s", view->environment),
            "a new release, once that is mended");
}

static void next_when_held(const struct release_view *view, json_t *next)
{
    bool forward = !json_get_flag(view->release, "pivot") && !text_is(view_text(view->release, "kind"), "destroy");

    add_of(view, next, "show", "", "why it stopped");
    add_of(view, next, "retry", "", "try again from where it stopped");
    if (forward)
        add_of(view, next, "rollback", "", "give the traffic back to the old unit");
    else
        add_of(view, next, "abort", " --as-is", "end it where it stands");
}

json_t *view_next(const struct release_view *view)
{
    json_t *next = json_array();
    json_t *waiting CLEANUP(json_cleanup) = view_waiting(view);
    const char *kind = view_text(waiting, "kind");

    if (view_has_ended(view)) {
        next_when_ended(view, next);
        return next;
    }
    if (text_is(kind, "gate")) {
        add_of(view, next, "approve", arena_printf(view->arena, " %s", view_text(waiting, "gate")), "open the gate");
        add_of(view, next, "reject", arena_printf(view->arena, " %s", view_text(waiting, "gate")),
               "say no: it goes back");
    } else if (text_is(kind, "overdue")) {
        const char *left = drain_left_text(view->arena, json_object_get(waiting, "left"));

        add_of(view, next, "approve",
               arena_printf(view->arena, "%s%s --instance %s --comment WHY", *left ? " --abandon " : "", left,
                            view_text(waiting, "instance")),
               "give up exactly what is left");
    } else if (text_is(kind, "person")) {
        next_when_held(view, next);
    }
    if (!view->runner_alive && !text_is(kind, "person"))
        add_of(view, next, "resume", "", "no runner is alive: go on from the journal");
    else if (!text_is(kind, "person"))
        add_of(view, next, "watch", "", "follow it");
    return next;
}
