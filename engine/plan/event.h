#ifndef ENGINE_PLAN_EVENT_H
#define ENGINE_PLAN_EVENT_H

/*
 * Events: the only way a release's state changes. Each is one row of the journal; the state is the fold over them.
 *
 * The typed fields are what the machine reads. `body` carries the rest for projections and people (docs/reference/
 * events.md lists the keys of each kind). Encoded canonically, hashed and chained by store/journal.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

enum event_kind {
    EVENT_RELEASE_PLANNED, /* body: plan (digest), environment, unit, old_unit, commit, pipeline, kind, stages, steps, instances,
                               terms (plan.h) */
    EVENT_RUNNER_STARTED, /* a runner took the lease; body: pid, start, boot_id, host, person */
    EVENT_RUNNER_STOPPED, /* it left in order; body: signal */
    EVENT_STEP_STARTED,   /* the intent: durable before any effect. step, attempt; body: key */
    EVENT_STEP_DONE,      /* step, attempt; body: detail, evidence (digest) */
    EVENT_STEP_FAILED,    /* step, attempt, error_kind; body: code, text, hint, detail, evidence */
    EVENT_STEP_SKIPPED,   /* step; reason says why */
    EVENT_STEP_DOUBTED,   /* an intent without outcome of a verb that cannot be repeated */
    EVENT_STEP_RENEWED,   /* a done proof became stale, or a person asked to try again: pending once more */
    EVENT_HOLD_SLICE,     /* step, number = milliseconds of observed healthy time */
    EVENT_DRAIN_SAMPLED,  /* step; body: instance, values {probe: number or null}, identity, in_flight, ledger {probe:
                               {seen, ended, forced, lost, left}} — the ledger is absolute, not a difference */
    EVENT_DRAIN_OVERDUE,  /* step; the deadline passed, a person is asked; body: left {probe: number} */
    EVENT_PROBER_TALLIED, /* body: stage, sent, failed, buckets {"<= ms": count} of this slice; number = failed so far */
    EVENT_GATE_ASKED,    /* step; subject = what an approval binds to; expires_ms (wall); body: gate, approvals, people,
                               barred, expires_ms */
    EVENT_GATE_OPENED,   /* step; body: decisions [seq, ...] that were used, once */
    EVENT_GATE_EXPIRED,  /* step */
    EVENT_DECISION_MADE, /* by a person; decision, step (-1 = the release), subject; body: person, comment, values */
    EVENT_DECISION_REFUSED, /* a decision that was not permitted is kept too; body: decision, person, why */
    EVENT_RELEASE_TURNED,   /* mode changes; body: reason is the event's reason, step = the cause or -1 */
    EVENT_RELEASE_PIVOTED, /* the first old stamp is about to be destroyed; nothing goes backward by itself after this */
    EVENT_TRAFFIC_DRIFTED,  /* body: pool, wanted, found, cause ("restart" | "missing" | "gone" | "foreign") */
    EVENT_TRAFFIC_REPAIRED, /* body: pool, wanted */
    EVENT_INSTANCE_LOST,    /* died without being asked; body: instance, how, log */
    EVENT_INSTANCE_SICK,    /* unhealthy answers in a row; body: instance, answer */
    EVENT_INSTANCE_WELL,    /* healthy again; body: instance */
    EVENT_CALENDAR_CLOSED, /* a share waits: a window is over or a freeze began; expires_ms (wall) = until when; body: rule */
    EVENT_CALENDAR_OPENED, /* it waits no longer; body: rule */
    EVENT_BRANCH_MADE,     /* a release branch was made; of no release. body: branch, commit, trunk */
    EVENT_FINDING,         /* something a person should know that changes nothing by itself; body: what */
    EVENT_RELEASE_ENDED,   /* end; the reason is the event's reason */
    EVENT_KIND_COUNT,
};

enum decision_kind {
    DECISION_NONE,
    DECISION_APPROVE,  /* a gate */
    DECISION_REJECT,   /* a gate */
    DECISION_ABORT,    /* the release goes back, or ends as it is */
    DECISION_ROLLBACK, /* the release goes back */
    DECISION_RETRY,    /* go on from the failed step */
    DECISION_FORCE,    /* give up what is left on an instance; body.values names the exact numbers */
    DECISION_OVERRIDE, /* a rule of an environment may be broken until a time; body: environment, rule, until_ms */
    DECISION_REVIEW,   /* a hotfix was looked at afterwards, by somebody else */
};

enum release_mode {
    MODE_FORWARD,
    MODE_UNDO, /* going back before the pivot */
    MODE_HELD, /* nothing starts until a person decides; traffic stays as it is */
};

enum release_end {
    END_NONE, /* live */
    END_SUCCEEDED,
    END_ROLLED_BACK,
    END_FAILED,
    END_ABORTED,
    END_REJECTED,
    END_EXPIRED,
};

struct event {
    enum event_kind kind;
    int64_t seq;         /* 0 until journaled */
    const char *release; /* "r-17" */
    int64_t epoch;       /* of the runner's lease; 0 for a person's event */
    int64_t at_ms;       /* wall clock, for people */
    int64_t boot_ms;     /* CLOCK_BOOTTIME, for ages within one boot and epoch */
    const char *actor;   /* a person's login name, or "penstock"; never NULL */
    const char *reason;  /* never NULL in the journal */
    int step;            /* ordinal in the plan, or -1 */
    int attempt;         /* from 1; 0 when not about a step */
    enum error_kind error_kind;
    enum decision_kind decision;
    enum release_mode mode; /* RELEASE_TURNED */
    enum release_end end;   /* RELEASE_TURNED to MODE_UNDO: the end it leads to; RELEASE_ENDED: the end */
    int64_t number;
    int64_t expires_ms;  /* GATE_ASKED, wall clock; 0 = never */
    const char *subject; /* SHA-256 hex: what a decision is bound to; may be NULL */
    const json_t *body;  /* borrowed or arena-owned object; may be NULL */
};

const char *event_kind_text(enum event_kind kind); /* "step.started" */
bool event_kind_parse(const char *text, enum event_kind *out);
const char *decision_text(enum decision_kind decision);
bool decision_parse(const char *text, enum decision_kind *out);
const char *mode_text(enum release_mode mode); /* "forward" | "undo" | "held" */
bool mode_parse(const char *text, enum release_mode *out);
const char *end_text(enum release_end end); /* "" while live, else "succeeded", "rolled_back", ... */
bool end_parse(const char *text, enum release_end *out);
/* What the process exits with for this end (0, 1, 5, 6); 0 for END_NONE. */
int end_exit_code(enum release_end end);

/*
 * The journal's form: one JSON object with the non-default typed fields and `body`. New reference.
 * seq, release, epoch, times and actor are columns of their own and not part of it.
 */
json_t *event_encode(const struct event *event);
/* The reverse. `json` must outlive the event's texts and body, which are borrowed from it. Refuses unknown or mistyped
 * fields: a row that this version does not understand must not be half understood. */
NODISCARD struct error *event_decode(const json_t *json, enum event_kind kind, struct event *out);
/*
 * The same, quickly, from the canonical text itself: works in place, and the event's texts are borrowed from it. False
 * when the text has escapes outside its body, or is not as event_encode() writes it: then event_decode() has the word.
 * *body (NULL before) is a new reference in either case, or NULL. `body` NULL: it is not wanted, and only stepped over.
 */
bool event_scan(char *text, enum event_kind kind, struct event *out, json_t **body);
/* Does somebody who goes on with a release read the body of such an event? The others are for projections and people. */
bool event_body_is_folded(enum event_kind kind);

#endif
