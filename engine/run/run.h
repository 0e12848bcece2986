#ifndef ENGINE_RUN_RUN_H
#define ENGINE_RUN_RUN_H

/*
 * The executor: the only caller of drivers, and the only writer of a live release's journal (people's decisions apart).
 * One process per live release, one thread, one loop: fold, commit, act. It may die at any instruction.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/event.h"

struct arena;
struct plan;
struct record;

enum run_result {
    RUN_ENDED,   /* the release has an end */
    RUN_HELD,    /* a person is needed; traffic stays as it is */
    RUN_AT_GATE, /* stopped at a gate, because the caller wanted that */
    RUN_STOPPED, /* asked by a signal; the release can be resumed */
};

struct run_outcome {
    enum run_result result;
    enum release_end end; /* RUN_ENDED */
    int signal;           /* RUN_STOPPED */
};

struct run_options {
    const char *person; /* login name, for the lease */
    bool until_gate;    /* leave at the first gate that waits for people */
    bool takeover;      /* kill orphaned children of a dead runner instead of waiting for them */
    /* Called from the loop after events became durable, and about once a second while nothing happens. May be NULL. */
    void (*changed)(void *context);
    /* A line for people about something that is not in the record (waiting for an orphan ...). May be NULL. */
    void (*notice)(void *context, const char *line);
    void *context;
};

/*
 * Writes the release and its plan into the record: the release exists when this returns NULL. ERR_CONFLICT when the
 * environment has a live release, or when the record moved since the facts were read.
 */
NODISCARD struct error *run_begin(struct record *record, struct arena *arena, const struct plan *plan,
                                  int64_t facts_seq);

/*
 * Runs the release from where its journal stands, until it ends, is held, or is told to stop. Blocks. ERR_LEASE_HELD when
 * another runner works on the environment. A failure of the record stops all acting and is returned; traffic stays.
 */
NODISCARD struct error *run_release(struct record *record, const char *release, const struct run_options *options,
                                    struct run_outcome *out);

#endif
