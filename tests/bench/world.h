#ifndef TESTS_BENCH_WORLD_H
#define TESTS_BENCH_WORLD_H

/*
 * A project with a record of its own, made of texts: what `penstock release` reads from files and git, without both.
 */

#include <stdint.h>

struct arena;
struct lease;
struct plan;
struct project_spec;
struct pipeline_spec;
struct record;

struct world {
    struct arena *arena;
    char *directory; /* the state directory */
    struct record *record;
    struct project_spec *project;
    struct pipeline_spec *pipeline;
    int64_t facts_seq; /* of the last plan */
};

/* `pipeline` is of environment 'prod', which has the gate 'managers'. */
void world_open(struct world *world, const char *name, const char *pipeline);
void world_close(struct world *world);

/* The next release, planned from what the record says. Its source directory is there. */
struct plan *world_plan(struct world *world);
/* The same as a release that exists. */
struct plan *world_begin(struct world *world);
/* Runs it to its good end. */
void world_run(struct world *world, const struct plan *plan);
/* The whole chain is sound. Returns how many rows it has. */
int64_t world_verify(struct world *world);

/*
 * Writes what a runner would have written if every step before `until` had gone well at once. Instances that were created
 * are this very process, and their addresses are 127.x.y.z:port, one for each.
 */
void world_pretend(struct world *world, const struct plan *plan, int until, int port);

/* A pipeline of `count` command stages; malloc'd. */
char *world_commands(int count, const char *argv);

#endif
