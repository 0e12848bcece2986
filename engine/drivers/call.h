#ifndef ENGINE_DRIVERS_CALL_H
#define ENGINE_DRIVERS_CALL_H

/*
 * A call is one verb on one target with its wanted state and its stable key. A driver is a table of functions
 *
 *     advance(call, last reply) -> CALL_WANTS(effect) | CALL_DONE(outcome) | CALL_FAILED(error)
 *
 * that never connects, spawns, sleeps or reads a clock. `last` is NULL at the first advance. Contract of every driver:
 *   1. the same call with the same key twice has the effect of one: it observes first and acts on a difference only;
 *   2. observing changes nothing and never guesses; unknown is an answer and never zero;
 *   3. it reads back after it writes; done means that the world shows it;
 *   4. every failure says permanent, transient or in doubt (error->kind); no retries of its own;
 *   5. it finds its own things by marks, so leftovers can be listed and removed.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "drivers/effect.h"

struct arena;

enum call_status { CALL_WANTS, CALL_DONE, CALL_FAILED };

struct call {
    /* in: set by the runner, constant over the call's life */
    const char *verb;   /* "instance.create" */
    const char *target; /* "prod-1a2b3c4-1.west.1" */
    const char *key;
    const json_t *params; /* the step's parameters */
    const json_t *door;   /* the plan's front door object; NULL when there is none */
    const json_t
        *instance;     /* what is known of the target instance now: {name, unit, dir, log, mark, address, pid, start,
                                 boot_id}; the last four only once it was created. NULL: the target is no instance */
    const json_t *env; /* {NAME: value}: the declared environment with references resolved; never written down */
    const char *self;  /* this program's own path, for verbs that run it as a child */
    int64_t epoch;
    struct arena *arena; /* of this attempt: everything the call builds lives here */

    /* own: the driver's */
    void *scratch; /* from the arena; NULL at the first advance */

    /* out */
    json_t *detail;       /* facts for the journal; owned by the call (call_release) */
    const char *evidence; /* the bytes that the outcome rests on, in the arena; NULL = none */
    struct error *error;  /* CALL_FAILED; owned by the call */
};

typedef enum call_status (*advance_fn)(struct call *call, const struct reply *last, struct effect *want);

/* Frees what the call owns (detail, error), not the arena. */
void call_release(struct call *call);

/* Ends of a call. `detail` is stolen, may be NULL. */
enum call_status call_done(struct call *call, json_t *detail, const char *evidence);
enum call_status call_failed(struct call *call, struct error *error); /* takes ownership */
/* The usual error of a reply that was not TRANSPORT_OK: `what` names the peer. NULL when it was. */
NODISCARD struct error *reply_error(const struct reply *reply, const char *what);

/* Fill one want; texts must live in the call's arena. */
enum call_status want_http(struct call *call, struct effect *want, const char *method, const char *url,
                           const char *body, int64_t timeout_ms);
enum call_status want_line(struct call *call, struct effect *want, const char *socket, const char *text);
enum call_status want_sleep(struct effect *want, int64_t ms);

#define CALL_TRY(call, expression)                   \
    do {                                             \
        struct error *call_error_ = (expression);    \
        if (call_error_)                             \
            return call_failed((call), call_error_); \
    } while (0)

#endif
