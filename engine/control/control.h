#ifndef ENGINE_CONTROL_CONTROL_H
#define ENGINE_CONTROL_CONTROL_H

/*
 * What people ask for: decisions, written into the record and announced to the runner by its doorbell. Never acts.
 * A decision that is not permitted is kept in the record too, with the reason (an auditor wants the refused vote).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/event.h"

struct arena;
struct record;

struct overrides_spec;

/* A rule of an environment that may be broken for a time. */
struct override_request {
    const char *environment;
    const char *rule;                       /* one of the rules that can be overridden (plan/rules.h) */
    int64_t until_ms;                       /* wall clock */
    const struct overrides_spec *permitted; /* who may, as the environment says */
};

struct decision_request {
    const char *release; /* "r-17"; OVERRIDE: "" when none is live */
    const char *gate;    /* APPROVE, REJECT: the gate's name; NULL = the only open one. FORCE: the instance or NULL */
    enum decision_kind decision;
    const char *person;  /* login name who decides */
    const char *comment; /* may be ""; never NULL */
    const char *subject; /* APPROVE, REJECT: what the person was shown; NULL = what the gate asks now */
    const struct override_request *override; /* OVERRIDE, else NULL */
    const json_t *values; /* FORCE: {"rooms": 2}: the exact numbers given up. ABORT: {"keep": true} or
                                  {"as_is": true}. Else NULL */
};

/*
 * Checks that the person may decide this now and journals it. Errors: ERR_NOT_FOUND (no such release or gate),
 * ERR_NOT_ALLOWED (not one of the gate's people, requester barred, decided before), ERR_CONFLICT (the evidence moved,
 * already opened, past the pivot, nothing to retry, reviewed already).
 */
NODISCARD struct error *control_decide(struct record *record, struct arena *arena,
                                       const struct decision_request *request);

/* The operating system's user: login name of the real uid, "uid-1000" when it has none. In the arena. */
NODISCARD struct error *control_person(struct arena *arena, const char **out);

/* Where the runner of an environment listens. In the arena. */
const char *control_bell(struct arena *arena, const char *state_directory, const char *environment);

#endif
