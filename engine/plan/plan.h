#ifndef ENGINE_PLAN_PLAN_H
#define ENGINE_PLAN_PLAN_H

/*
 * The plan: immutable, hashed, stored with the release. A resumed release decodes the very bytes it started with.
 *
 * A plan is a list of steps in two tracks: forward (what the pipeline asks for) and undo (what takes it back before
 * the pivot, already in the order in which it would run). A step is one verb on one target with one wanted state;
 * its parameters are a JSON object that only its verb's executor reads (docs/reference/steps.md).
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/event.h"

struct arena;

enum verb {
    VERB_UNIT_EXPORT,     /* the commit's tree into a directory of its own */
    VERB_UNIT_BUILD,      /* argv in that directory */
    VERB_UNIT_COLLECT,    /* artifacts: there, named, digested */
    VERB_UNIT_REMOVE,     /* the unit's directories */
    VERB_DOOR_ENSURE,     /* the front door answers and has the pools */
    VERB_DOOR_SINGLE,     /* proof: the front door refers to one unit only (or none) */
    VERB_DOOR_REMOVE,     /* managed front door: stopped and its files removed */
    VERB_INSTANCE_CREATE, /* started, and written down with its identity */
    VERB_INSTANCE_READY,  /* healthy so many times in a row within its start time */
    VERB_INSTANCE_STOP,   /* the stop signal, then its grace. Outcome detail: exited true | false */
    VERB_INSTANCE_KILL,   /* SIGKILL, when the grace was not enough; skipped otherwise */
    VERB_INSTANCE_REMOVE, /* proof that it is gone; its directory removed */
    VERB_CHECK_HTTP,      /* one question to one instance */
    VERB_CHECK_COMMAND,   /* one command per stamp */
    VERB_TRAFFIC_ADD,     /* known to the front door, checked healthy there, share 0 */
    VERB_TRAFFIC_SHARES,  /* the pool's shares, absolute; read back */
    VERB_TRAFFIC_DRAIN,   /* no new traffic to the instance; running requests go on */
    VERB_TRAFFIC_UNDRAIN, /* eligible again */
    VERB_TRAFFIC_REMOVE,  /* unknown to the front door; refused while connections are left */
    VERB_HOLD,            /* observed healthy time at a share */
    VERB_GATE,            /* decisions of people */
    VERB_PROBER_SETTLE,   /* the prober's outstanding requests are answered and within the limit */
    VERB_DRAIN_BEGIN,     /* the instance is told to take no new rooms */
    VERB_DRAIN_CANCEL,    /* it may take new rooms again */
    VERB_DRAIN_WAIT,      /* nothing left on the instance, settled */
    VERB_DRAIN_PROVE,     /* the same once more, fresh, right before it is stopped */
    VERB_COMMAND_RUN,     /* argv, exit code */
    VERB_COUNT,
};

enum track { TRACK_FORWARD, TRACK_UNDO };
enum side { SIDE_NEW, SIDE_OLD };

struct plan_stage {
    const char *name;
    const char *kind;   /* spec's word; "undo" for the undo track's one stage */
    int64_t timeout_ms; /* 0 = none */
    int first_step;     /* ordinals first..last, last < first when it has none */
    int last_step;
};

struct plan_step {
    int ordinal; /* its index in plan.steps */
    int stage;   /* index in plan.stages */
    enum verb verb;
    enum track track;
    const char *target; /* instance, pool, unit, gate or check name */
    const int *needs;   /* ordinals that must be done or skipped before (same track) */
    int need_count;
    int undoes;            /* undo track: wanted only if this forward step was ever started; -1 = always */
    bool cleanup;          /* undo track: left out by `abort --keep` */
    bool repeatable;       /* an intent without outcome may be run again */
    int retries;           /* further attempts after a transient failure */
    int64_t timeout_ms;    /* of one attempt; 0 = none (gates, holds, drains) */
    int proof;             /* the DRAIN_PROVE step that must be fresh when this starts; -1 = none */
    bool pivots;           /* starting it is the pivot (unless already pivoted) */
    const char *key;       /* stable over attempts: base of SHA-256(release, stage, verb, target, params) */
    const char *title;     /* for people: "start prod-1a2b3c4-1.west.1" */
    const char *undo_text; /* what undoes it, for the shown plan; NULL = nothing to undo */
    const json_t *params;
};

struct plan_instance {
    const char *name;  /* "<unit>.<region>.<k>" */
    const char *stamp; /* "<unit>.<region>" */
    const char *region;
    const char *unit;
    enum side side;
    const char *dir;
    const char *log;
    const char *address;    /* old side: "127.0.0.1:4711"; new side: NULL until created */
    const json_t *identity; /* old side: {pid, start, boot_id, mark}; new side: NULL */
};

/* One side's unit: `contract` says how to ask, drain and stop its instances, as it was released. */
struct plan_unit {
    const char *name; /* NULL: there is no such side */
    const char *commit;
    const json_t *contract; /* {health, probes, stop, drain} */
};

enum monitor_kind { MONITOR_TRAFFIC, MONITOR_HEALTH, MONITOR_PROBER, MONITOR_LIMIT };

struct plan_monitor {
    enum monitor_kind kind;
    const char *target; /* pool, instance, stage, probe */
    int first_step;     /* live from the start of this step ... */
    int last_step;      /* ... until this one is done or skipped; -1 = the end of the release */
    const json_t *params;
};

enum plan_kind {
    PLAN_RELEASE,
    PLAN_HOTFIX,   /* commits picked onto the live branch, on a shorter ladder; reviewed afterwards */
    PLAN_ROLLBACK, /* an earlier release's commit again, after its unit was destroyed */
    PLAN_DESTROY,
};

/*
 * On what terms the release goes: which rules it met and how, where its commits come from, when it may not take more
 * traffic. `json` is what an approver and an auditor see; the rest is read from it for the machine. NULL json: a destruction.
 *
 *   base_commit   the commit that was live; absent on a first release
 *   scheduled     true: a nightly job asked for it
 *   allow_as      true: decisions about it may be given in another person's name
 *   overrides     {people, bar_requester, bar_authors}: who may let one of its rules be broken while it is live
 *   back_to       "r-12": the release that a PLAN_ROLLBACK repeats
 *   authors       [{name, mail, logins: [...]}] of base_commit..commit, committers too
 *   rules         [{rule, verdict: "met" | "overridden" | "exempt", detail, override_seq?}]
 *   picks         [{commit, source, by_hand}] of a PLAN_HOTFIX, oldest first
 *   shortened     [{what, was, now, reason}]: what a hotfix leaves out of its pipeline
 *   leaves        [{rule, until_ms, override_seq}] overrides that were given beforehand and count for this release
 *   review_ms     how long after its end a PLAN_HOTFIX must be reviewed
 *   keep_until_ms a short-lived environment: when it may be cleaned up (wall clock)
 *   closures      [{from_ms, until_ms, rule: "window" | "freeze", reason, also?: "window"}] wall clock, in order, not
 *                 overlapping; when no more traffic may be given. `also`: that rule closes the time too. The last one has
 *                 no end (until_ms 0): so far the calendar was looked up
 */
struct plan_closure {
    int64_t from_ms, until_ms; /* wall clock; until_ms 0 = open end */
    const char *rule;
    const char *reason;
    const char *also; /* NULL, or a second rule that closes the same time: both must be let through */
};

struct plan_terms {
    const json_t *json;
    const struct plan_closure *closures;
    int closure_count;
};

struct plan {
    enum plan_kind kind;
    const char *release; /* "r-17" */
    const char *project;
    const char *environment;
    const char *pipeline; /* its name */
    const char *commit;
    const char *branch;  /* "" when a bare commit was named */
    const char *subject; /* the commit's first line */
    const char *requester;
    bool rollback;             /* on_failure: rollback */
    struct plan_unit unit;     /* new; name NULL in PLAN_DESTROY */
    struct plan_unit old_unit; /* name NULL on a first release */
    struct plan_terms terms;
    const json_t *door; /* {driver, socket | bind, dir, url, pools [{name, match}]} */
    struct plan_stage *stages;
    int stage_count;
    struct plan_step *steps;
    int step_count;
    struct plan_instance *instances;
    int instance_count;
    struct plan_monitor *monitors;
    int monitor_count;
    const char *text;   /* canonical JSON */
    const char *digest; /* SHA-256 hex of text */
};

const char *verb_text(enum verb verb); /* "instance.create" */
bool verb_parse(const char *text, enum verb *out);
const char *side_text(enum side side);
const char *track_text(enum track track);
const char *plan_kind_text(enum plan_kind kind); /* "release", "hotfix", "rollback", "destroy" */

const struct plan_instance *plan_instance(const struct plan *plan, const char *name);

/* Makes terms.closures from terms.json. False: they are not as described above. */
NODISCARD bool plan_read_terms(struct arena *arena, struct plan_terms *terms);

/* Fills text and digest from the rest. */
void plan_encode(struct arena *arena, struct plan *plan);
/* From the canonical text; everything in the arena. A text that plan_encode did not write is ERR_RECORD_DAMAGED. */
NODISCARD struct error *plan_decode(struct arena *arena, const char *text, size_t length, struct plan **out);

#endif
