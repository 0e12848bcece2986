#ifndef ENGINE_MODEL_REHEARSE_H
#define ENGINE_MODEL_REHEARSE_H

/*
 * A rehearsal: a few releases by a pipeline, one after another, in the model's world. Each is an act:
 *
 *   first       nothing stands yet
 *   ordinary    users are there, and nothing goes wrong
 *   forgotten   the same with a room that nobody leaves; only where the drain waits for work and has no deadline
 *   faults      things go wrong, by the seed; not with --faults none
 *
 * What is found is about the pipeline: work that it gives up, a release that does not end. What only the faults broke is
 * told, and held against nobody.
 *
 *   rehearse.c  the acts; timeline.c: what happened, out of the journal; crew.c: people who do what they are asked
 *   verdict.c   what is found; main.c: the program, which `penstock rehearse` starts
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct environment_spec;
struct pipeline_spec;
struct plan;
struct project_spec;
struct record;
struct stage_spec;

enum rehearsal_faults { FAULTS_NONE, FAULTS_SOME, FAULTS_MANY };

struct rehearsal_cast {
    const struct project_spec *project;
    struct pipeline_spec *pipeline;
    const struct environment_spec *environment;
    const char *requester;
    enum rehearsal_faults faults;
};

struct act {
    const char *name;
    bool calm;      /* nothing goes wrong by itself: what does is the pipeline's */
    bool forgotten; /* a room stays open */
    const struct plan *plan;
    int64_t began_ms;    /* boot clock */
    int64_t last_seq;    /* of the journal, as far as it was read */
    int64_t epoch;       /* of the runner */
    int stage;           /* the last that began; -1 */
    const char *end;     /* "" while it has none */
    const char *reason;  /* why it went back, or holds */
    const char *failure; /* what the last failed step said; NULL = none failed */
    int failed_step;     /* the cause of going back, or of a hold; -1 */
    bool stopped;        /* we have seen enough */
    json_t *told;        /* {name, release, end, took_ms, events [{at_ms, kind, stage, text}], gates, lost, ...} */
};

extern struct rehearsal {
    struct arena *arena;
    const struct rehearsal_cast *cast;
    uint64_t seed;
    struct record *record, *people;
    struct act act;
    json_t *document; /* what comes out: {acts, findings, ...} */
} rehearsal;

/* One run: the document that `penstock rehearse -o json` prints. New reference; ERR_IO when there is no place for it. */
NODISCARD struct error *rehearse(const struct rehearsal_cast *cast, uint64_t seed, json_t **out);
/* So long nothing at all may happen before the act is ended; counted anew from each row of the journal. */
int64_t rehearse_patience_ms(void);
/* A signal came: the run ends at the next event. */
void rehearse_interrupt(void);

/* timeline.c */
void timeline_begin(void);
void timeline_read(void); /* what is new in the journal */
void timeline_add(const char *kind, const char *stage, const char *text);
/* The work that the drains of this act saw end: "12 rooms, 3 recordings"; "" for none. */
const char *timeline_drained(void);
/* The stage of the pipeline that a step of the plan belongs to; NULL: of the way back. */
const struct stage_spec *timeline_stage(int step);

/* crew.c */
void crew_gate(int step, const json_t *body); /* it asks */
void crew_lost(const char *instance);         /* it died with work on it */
void crew_held(int tries);

/* verdict.c */
struct losses {
    int64_t rooms, recordings, queued; /* that the release itself ended */
    int64_t requests;                  /* that found nobody */
};
void verdict_refused(const char *text, const char *hint, struct mark mark);
void verdict_gate(const char *gate, const char *why);
void verdict_stands_still(void);
void verdict_act(const struct losses *lost); /* at its end */
void verdict_fault(const char *text);        /* of the engine, or the model */
/* Does the drain wait until nothing of this kind of work (enum work_kind) is left? */
bool verdict_waits_for(int work);

#endif
