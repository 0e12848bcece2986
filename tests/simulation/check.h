#ifndef TESTS_SIMULATION_CHECK_H
#define TESTS_SIMULATION_CHECK_H

/*
 * What must hold, looked at from outside: the rows of the journal are read by plain SQL, the world by its own state.
 * Called after each commit, before each effect begins, when it has happened, and after each event of the world.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct record;

struct row {
    int64_t seq, epoch, at_ms, boot_ms;
    const char *release, *kind, *actor;
    json_t *event; /* {step, attempt, reason, subject, decision, ..., body} */
};

void check_begin(const char *path); /* and looks on from now */
void check_end(void);
void check_journal(void); /* reads what is new */
/* The projections that people read are what the journal says. */
void check_projections(struct record *record);
/* The runner's end was told to the caller as this release's end. */
void check_release_ended(const char *release);

/* Told of each row, after the people were. NULL: nobody. */
extern void (*check_row_hook)(const struct row *row);

/* For people and the harness. */
struct checked_step {
    const char *verb, *target, *key, *track, *pool;
    json_t *params;
    int attempts, outcomes; /* of intents */
    bool open;
    int64_t open_epoch;
    bool done, started, overdue, asked;
    bool once;    /* not repeatable */
    bool proves;  /* on the way forward, and its target may have no traffic before */
    bool tells;   /* its target that it is to end, or is not */
    bool doubted; /* an attempt of it has no outcome, and nobody has said since that it may be done again */
    const char *subject;
    int64_t done_seq; /* of the last outcome */
};
struct checked_release {
    const char *id, *unit, *old_unit, *requester, *kind;
    json_t *plan;
    struct checked_step *steps;
    int step_count;
    const char *mode, *end, *reason;
    bool pivoted, drift_open, foreign, signalled_old, held;
    json_t *votes;  /* [{seq, step, subject, person}] */
    json_t *forced; /* {instance: {probe: n}} */
    json_t *lost;   /* {instance: true} */
    int64_t last_seq;
};
struct checked_release *check_release(const char *id); /* NULL: not seen */
struct checked_release *check_live(void);              /* the one that has no end; or NULL */
int64_t check_epoch(void);
int64_t check_rows(void);

#endif
