#ifndef ENGINE_PLAN_MACHINE_H
#define ENGINE_PLAN_MACHINE_H

/*
 * The pure heart. State is a fold over events; machine_next() says which events must follow from where we stand.
 *
 *     state = fold(state, event)            for every journaled event, in order; the same live and after a crash
 *     events = next(plan, state, now)       what to journal before anything is done about it
 *
 * Nothing here reads a clock, a file or the environment.
 */

#include <stdbool.h>
#include <stdint.h>

#include "plan/event.h"
#include "plan/plan.h"

struct arena;

enum step_status {
    STEP_PENDING,
    STEP_RUNNING, /* an intent without an outcome */
    STEP_BACKOFF, /* failed for now, tried again after retry_ms */
    STEP_DOUBT,   /* may have happened; a person is asked */
    STEP_DONE,
    STEP_FAILED,
    STEP_SKIPPED,
};

struct step_state {
    enum step_status status;
    int attempt;           /* attempts begun */
    int failures;          /* since the retry budget was last renewed */
    bool started;          /* ever: what undo looks at */
    int64_t seq;           /* of the event that made it done */
    int64_t first_boot_ms; /* boot clock at its first start; deadlines count from there, anew after a reboot */
    int64_t epoch;         /* of the last event about it */
    int64_t boot_ms;       /* of the last event about it */
    int64_t held_ms;       /* VERB_HOLD: observed healthy time so far */
    bool exited;           /* VERB_INSTANCE_STOP: it ended within its grace */
    bool asked;            /* VERB_GATE: the question stands */
    const char *subject;   /* VERB_GATE: what approvals must carry */
    int64_t expires_ms;    /* VERB_GATE, wall clock */
    bool rejected;         /* VERB_GATE: a person said no */
    bool expired;          /* VERB_GATE: nobody said anything in time */
    bool overdue;          /* VERB_DRAIN_WAIT: a person is asked */
};

/* An approval that is not used up yet. */
struct vote {
    int64_t seq;
    int step;
    const char *person;
    const char *subject;
};

/* A rule of the environment that a person let be broken for a time. */
struct leave {
    const char *rule;
    int64_t until_ms; /* wall clock */
};

/* An instance was lost or is sick, and nobody has decided yet that the release goes on without it. */
struct alarm {
    const char *reason; /* NULL = all is well */
    bool lost;          /* it will not be well again */
};

/* What the front door was told about an instance in one pool. */
struct known {
    bool added;
    bool drained;
};

struct machine_state {
    const struct plan *plan;
    struct step_state *steps; /* plan->step_count */
    struct graph *graph;      /* who waits for whom, and what could happen next; machine.c keeps it */
    struct known *known;      /* by instance and pool */
    bool *monitor_off;        /* by monitor: what it watches is being stopped on purpose */
    enum release_mode mode;
    enum release_mode before_hold; /* where a retry goes back to */
    enum release_end end;          /* END_NONE while live */
    enum release_end going_to;     /* in MODE_UNDO: the end it leads to */
    bool pivoted;
    bool keep;                /* abort --keep: leave cleanup steps out */
    enum decision_kind asked; /* ABORT, ROLLBACK or RETRY asked by a person and not yet acted on; else NONE */
    const char *asked_by;
    bool as_is;           /* abort --as-is: end where we stand */
    struct alarm *alarms; /* by instance, and one more for those that the plan does not name */
    bool drift_open;      /* a repair is under way: no step of traffic, drain or destroy starts */
    int64_t repaired_seq; /* of the last repair: what was proved before it proves nothing */
    bool foreign;         /* a foreign change of traffic: held until a person decides */
    int64_t epoch;        /* of the current runner */
    int64_t prober_failed;
    int64_t prober_most;   /* failed requests that the plan allows; -1 = it has no prober */
    int64_t prober_judged; /* so many of them are too many, but a person decided to go on */
    int64_t *stage_since;  /* boot clock at the stage's first step in this epoch, later by every pause; 0 = not begun */
    int64_t *stage_paused; /* boot clock since when the stage waits for people; 0 = it does not */
    struct vote *votes;
    int vote_count, vote_capacity;
    struct leave *leaves;
    int leave_count, leave_capacity;
    int closed_step;         /* the share that waits for the calendar; -1 */
    int64_t closed_until_ms; /* as it was said: wall clock, 0 = no end in sight */
    const char *closed_rule; /* as it was said */
    int failed_step;         /* the cause of MODE_UNDO or MODE_HELD; -1 */
    const char *reason;      /* why it goes back; for people */
    struct arena *arena;
};

/* What time it is, for the machine. */
struct machine_now {
    int64_t boot_ms;
    int64_t wall_ms;
};

#define PROOF_FRESH_MS 60000 /* a proof older than this is asked for again before anything is destroyed */

void machine_init(struct machine_state *state, struct arena *arena, const struct plan *plan);
/* Folds one event. BUG on an event that cannot follow from the state: the journal is damaged or we are. */
void machine_fold(struct machine_state *state, const struct event *event);
/*
 * The next event that follows, or false when nothing follows until the world answers, time passes or a person decides.
 * The caller stamps it (seq, times, epoch), journals it and folds it before asking again. An EVENT_STEP_STARTED that
 * comes out is an intent: its effects may begin once it is durable.
 */
bool machine_next(struct machine_state *state, struct machine_now now, struct event *out);
/* When time alone will make machine_next() say something: boot clock milliseconds, or -1. */
int64_t machine_wakes_at(const struct machine_state *state, struct machine_now now);

bool machine_monitor_live(const struct machine_state *state, const struct plan_monitor *monitor);
/*
 * What a decision about this step must be bound to: SHA-256 over the plan, the step and its attempt, and the evidence of
 * every step that is done. A step that has to be done again gives another subject, and so does a gate that is asked anew
 * after a no or when nobody came in time: older approvals are void.
 */
const char *machine_subject(struct arena *arena, const struct machine_state *state, int step);
/* The traffic.shares step whose shares are in force for `pool`, or -1 when this release has not changed them yet. */
int machine_shares_step(const struct machine_state *state, const char *pool);
/* What the steps done so far told the front door about plan->instances[instance] in the pool. */
struct known machine_known(const struct machine_state *state, int instance, const char *pool);
const char *step_status_text(enum step_status status);

#endif
