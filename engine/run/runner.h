#ifndef ENGINE_RUN_RUNNER_H
#define ENGINE_RUN_RUNNER_H

/*
 * The inside of the executor, shared by its files. One struct runner a process; every file below has one job:
 *
 *   runner.c   the tick: fold, commit, act            calls.c    one driver call, pumped over io
 *   steps.c    which verb is carried out by what      drainer.c  drain.wait and drain.prove
 *   waits.c    instance.ready, hold, prober.settle    prober.c   the open-loop client
 *   watch.c    monitors: what they ask, and when      door.c     drift of the front door, found and repaired
 *
 * What happens in the world comes in as an event in the queue; the next tick folds it, journals it together with all
 * that follows, and only then acts.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "drivers/call.h"
#include "drivers/registry.h"
#include "io/io.h"
#include "plan/machine.h"
#include "run/run.h"
#include "store/lease.h"
#include "store/record.h"

struct activity;
struct call_run;
struct door;
struct prober;
struct watch;

struct runner {
    struct record *record;
    struct arena *arena; /* as long as the run */
    const char *release;
    struct plan *plan;
    struct machine_state state;
    struct io *io;
    struct lease lease;
    const struct run_options *options;
    struct run_outcome *outcome;
    struct error *error; /* why the run had to stop; the record's failure, usually */
    const char *self;    /* this program's path */

    json_t *instances;     /* {name: what is known of it now} */
    json_t *ledgers;       /* {instance: body of its last drain.sampled} */
    json_t *forced;        /* {instance: values that a person gave up} */
    json_t *lost;          /* {instance: true}: said once */
    json_t *door_identity; /* of the front door when we last knew it to be ours; NULL = not seen yet */

    struct queued *queue, **queue_end;
    bool tick_due;
    struct io_timer *wake; /* for machine_wakes_at() */
    struct io_timer *heartbeat;
    int64_t seen_seq;          /* the last journal row that is folded in */
    bool bell;                 /* somebody rang: read their decisions */
    int stopping;              /* the signal that asked us to leave, or 0 */
    struct io_timer *patience; /* for what still runs when we should leave */

    struct activity **activities; /* by step; NULL = none */
    struct watch *watches;        /* by monitor */
    struct prober *prober;        /* NULL unless live */
    int traffic_epoch;            /* rises with each change of traffic that we begin or end: voids observations */
    struct door *door;            /* door.c's own */
    bool repairing;
};

/* Something that happened; its texts and body live in `arena`, which goes with it. */
struct queued {
    struct queued *next;
    struct arena *arena;
    struct event event;
    const char *evidence; /* bytes to be kept by digest; NULL = none */
};

/* A new thing to tell; fill ->event (step, body ...) right away. The tick comes by itself. */
struct queued *runner_queue(struct runner *r, enum event_kind kind, int step, const char *reason);
/* Outcome of a step's attempt. `detail` is stolen, may be NULL; evidence may be NULL. */
void runner_step_done(struct runner *r, int step, json_t *detail, const char *evidence);
/* `error` is taken. */
void runner_step_failed(struct runner *r, int step, struct error *error, const char *evidence);
void runner_fail(struct runner *r, struct error *error);          /* stop acting and leave; takes `error` */
const char *runner_keep(struct queued *queued, const char *text); /* copies into its arena */

/* Folds the rows of this release that others (or an earlier runner) wrote. */
NODISCARD struct error *runner_read_journal(struct runner *r);
/* Runs until there is a reason to leave; r->outcome says which. */
NODISCARD struct error *runner_loop(struct runner *r, const char *bell_path);
void runner_close(struct runner *r);

/* calls.c */
typedef void (*call_end_fn)(void *context, struct call_run *run, enum call_status status);
struct call_spec {
    advance_fn advance;
    const char *verb;
    const char *target;
    const char *key;
    const json_t *params; /* borrowed while the call lives */
    const char *instance; /* name, for what is known of it; NULL */
    const json_t *env;    /* of a step: list of {name, source, value}; NULL */
    int64_t timeout_ms;   /* 0 = 60 s */
    call_end_fn ended;
    void *context;
};
/* `ended` is called later, never from within; the call_run is freed when it returns. */
struct call_run *call_start(struct runner *r, const struct call_spec *spec);
void call_cancel(struct call_run *run);
struct call *call_of(struct call_run *run);

/* An activity carries out one running step. */
struct activity {
    struct runner *runner;
    int step;
    bool is_call; /* has effects of its own that should not be cut off without need */
    struct call_run *call;
    struct io_timer *timer;
    struct arena *arena;
    void (*stop)(struct activity *activity); /* frees what own holds; may be NULL */
    void *own;
};
void activity_start(struct runner *r, int step); /* steps.c */
void activity_stop(struct activity *activity);   /* cancels whatever is under way, frees */
const struct plan_step *activity_step(const struct activity *activity);
/* Asks the stamp's driver whether the process of the step's instance is there; it becomes the activity's call. */
void activity_observe(struct activity *activity, call_end_fn ended);

/* Starters by verb: each fills the activity that is given. */
void drainer_start(struct activity *activity);
void ready_start(struct activity *activity);
void hold_start(struct activity *activity);
void settle_start(struct activity *activity);
void single_start(struct activity *activity);
/* A person gave something up: drains look again at once. */
void drainer_nudge(struct activity *activity);

/* Drivers of this plan. */
const struct traffic_driver *runner_traffic(const struct runner *r);
const struct stamp_driver *runner_stamp(const struct runner *r, const char *instance);
const char *runner_address(const struct runner *r, const char *instance); /* NULL: not created yet */
json_t *runner_health_params(const struct runner *r, const char *instance, const json_t *health); /* new reference */

/* watch.c */
void watch_update(struct runner *r); /* starts and stops monitors after each tick */
void watch_stop(struct runner *r);
/* Does everything that has a share answer well, as far as we saw? */
bool watch_all_well(const struct runner *r);

/* prober.c */
void prober_start(struct runner *r, const struct plan_monitor *monitor);
void prober_stop(struct runner *r); /* tallies what is finished, drops the rest */
/* No further requests; `settled` is called when the last is answered and tallied. */
void prober_settle(struct runner *r, void (*settled)(void *context), void *context);
void prober_unsettle(struct runner *r); /* nobody waits for that any more */

/* door.c */
void door_watch(struct runner *r, const struct plan_monitor *monitor, void (*done)(void *context), void *context);
void door_repair(struct runner *r); /* when drift is open and not foreign */
void door_stop(struct runner *r);

#endif
