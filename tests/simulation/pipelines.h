#ifndef TESTS_SIMULATION_PIPELINES_H
#define TESTS_SIMULATION_PIPELINES_H

/* Pipelines by the seed: small ones, of all kinds. Also says what world they need (world.managed, world.pool_count). */

struct arena;

const char *pipelines_project(struct arena *arena);
const char *pipelines_make(struct arena *arena);

#endif
