#ifndef ENGINE_PLAN_DRAIN_H
#define ENGINE_PLAN_DRAIN_H

/*
 * Is anything left on an instance? The pure judge that every destruction hangs on, and its ledger.
 *
 * Settled means: the very same process, asked so many times in a row over so long a time, answered every question with
 * a number at or below its limit, and the front door has nothing in flight to it. A missing, late, broken or negative
 * answer is unknown; unknown starts the count again and is never zero. A process that died or was replaced did not
 * drain: what was on it is lost, and only a person can go on from there. Where the process still runs, because it was the
 * service in it that started anew, it may have got new work since: once the loss is accepted, it drains anew.
 *
 * The ledger counts by kind (rooms, recordings, ...): seen = ended + forced + lost + left, always.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;

#define DRAIN_UNKNOWN (-1)

struct drain_limit {
    const char *probe;
    int64_t most;
};

struct drain_rule {
    struct drain_limit *limits;
    int limit_count;
    int samples;      /* in a row, at least 1 */
    int64_t over_ms;  /* from the first to the last of them, at least */
    bool accept_lost; /* the undo track: what died with the new unit is counted, and the release goes on */
};

struct drain_line {
    int64_t seen, ended, forced, lost;
    int64_t left;     /* at the last known answer; DRAIN_UNKNOWN before the first. What was forced is not in it */
    bool unknown;     /* the last answer was none: what is left cannot be said now, whatever was known before */
    int64_t given_up; /* forced ones that may still be there: they are not counted a second time */
};

struct drain_answer {
    int64_t boot_ms;
    bool process_known;    /* we could look at all */
    bool process_there;    /* that very process (pid, start time, boot) */
    const char *identity;  /* what the service says of itself; NULL = it says nothing */
    const int64_t *values; /* in the order of the rule's limits; DRAIN_UNKNOWN */
    int64_t in_flight;     /* at the front door; DRAIN_UNKNOWN */
};

enum drain_verdict {
    DRAIN_WAITING,
    DRAIN_SETTLED,
    DRAIN_LOST, /* died or replaced: a person is needed */
};

struct drain_judge {
    const struct drain_rule *rule;
    struct drain_line *lines; /* one a limit */
    const char *identity;     /* from the first answer that had one */
    bool gone;                /* died or was replaced, and nobody has accepted the loss */
    bool dead;                /* its process has ended, for sure */
    int in_row;
    int64_t first_ms; /* of the row */
    bool rose;        /* the last answer showed more than the one before: something new landed here */
    bool changed;     /* the last answer changed the ledger or what is known: worth a row in the journal */
    int64_t in_flight;
    struct arena *arena;
};

void drain_judge_init(struct drain_judge *judge, struct arena *arena, const struct drain_rule *rule);
/* Goes on from a ledger that was journaled before (the body of drain.sampled). */
void drain_judge_restore(struct drain_judge *judge, const json_t *body);
enum drain_verdict drain_judge_feed(struct drain_judge *judge, const struct drain_answer *answer);
/*
 * A person gives up what is left, or accepts what was lost; `values` {probe: number} must name every kind with its exact
 * number. DRAIN_LOSS_ACCEPTED: something still runs there, and is judged from the next answer on.
 */
enum drain_force { DRAIN_NOT_GIVEN_UP, DRAIN_LOSS_ACCEPTED, DRAIN_GIVEN_UP };
enum drain_force drain_judge_force(struct drain_judge *judge, const json_t *values);
/* {"values", "identity", "in_flight", "gone", "ledger"}: the body of drain.sampled without the instance; new reference. */
json_t *drain_judge_body(const struct drain_judge *judge);
/* "rooms 2, recordings 1 left" or what is unknown; in the arena. */
const char *drain_judge_text(struct arena *arena, const struct drain_judge *judge);
/* {probe: number or null} as people give it up: "rooms=2,recordings=unknown"; in the arena. */
const char *drain_left_text(struct arena *arena, const json_t *left);

#endif
