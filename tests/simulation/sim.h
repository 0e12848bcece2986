#ifndef TESTS_SIMULATION_SIM_H
#define TESTS_SIMULATION_SIM_H

/*
 * The simulation: the model's world (engine/model/sim.h), with pipelines, people and faults by the seed, looked at from
 * outside by checks that share nothing with the engine's own.
 *
 *   pipelines.c  small pipelines, of all kinds
 *   people.c     who decides, when, and how badly
 *   check.c      what must hold whatever goes wrong
 *   mutations.c  faults of the engine itself, by the linker: each must be found
 *   story.c      one seed: several releases of one record, to their ends
 *   simulate.c   the program
 */

#include "model/sim.h"

struct record;

/* ---------------------------------------------------------------------------------------------- people.c */

struct row; /* check.h */
void people_begin(struct record *record);
void people_end(void);
void people_see(const struct row *row);
/* A release that stands still: somebody must decide. False when there was nothing that could be decided. */
bool people_decide_held(const char *release, int tries);
/* It waits for people for too long. */
bool people_decide_late(const char *release, int tries);
int64_t people_decisions(void);

/* ------------------------------------------------------------------------------------------- mutations.c */

extern const char *mutation; /* NULL = none */
bool mutated(const char *name);
extern const struct mutation {
    const char *name, *what, *invariants;
    uint64_t faults; /* bits: with these alone it is found soon; 0 = with those of the seed */
} mutations[];

/* ----------------------------------------------------------------------------------------------- story.c */

struct story_counts {
    int64_t releases, resumes, held, ends[16], destroys, compared;
};
extern struct story_counts story_counts;
/* True: everything held. */
bool story_run(uint64_t seed, const char *directory);
/* For the watcher: somebody else takes the release over, while the runner stands still. */
void story_zombie(void);

#endif
