#ifndef TESTS_SIMULATION_CHECK_PARTS_H
#define TESTS_SIMULATION_CHECK_PARTS_H

/* What the files of the checks share: check.c reads the journal, check_world.c compares it with the world. */

#include <sqlite3.h>

#include "simulation/check.h"

struct arena;
struct effect;
struct io;

struct check {
    sqlite3 *db;
    sqlite3_stmt *rows, *evidence;
    struct arena *arena;
    int64_t seq, epoch;
    unsigned char last_hash[32];
    struct checked_release **releases;
    int release_count, release_capacity;
    bool served[8];        /* by pool, right before an effect */
    const char *live_unit; /* of the last release that succeeded; NULL = none */
};
extern struct check check;

/* What the model tells of, as sim_watcher has it. */
void check_starts(struct io *io, const struct effect *effect);
void check_happens(const struct effect *effect);
void check_moment(const char *command);
void check_cut(const char *instance);
void check_happened(const struct effect *effect);
void check_world(void);

const char *check_member(const json_t *object, const char *key); /* "" when it is no text */

#endif
