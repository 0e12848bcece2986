#ifndef ENGINE_STORE_LEASE_H
#define ENGINE_STORE_LEASE_H

/*
 * Who may act on an environment: a row with an epoch (the fencing token) plus an flock whose descriptor is inherited
 * by children that must end with their step. The lock dies with its process and its children, so there is nothing
 * to clean up by hand; a new runner cannot start beside an orphaned child of the old one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct record;
struct tx;

struct lease {
    const char *environment;
    const char *release;
    int64_t epoch;
    int lock_fd; /* flock is held while this is open; -1 = not held */
    struct record *record;
};
#define LEASE_INIT    \
    {                 \
        .lock_fd = -1 \
    }

struct lease_holder {
    const char *release;
    const char *person;
    const char *host;
    int64_t pid;
    int64_t since_ms; /* wall */
    bool alive;       /* that very process (pid, start time, boot id) is running */
};

/*
 * Takes the lock and raises the epoch, journaling EVENT_RUNNER_STARTED. ERR_LEASE_HELD names the holder, since when,
 * and the next command; when the holder is dead but a child of it still holds the lock, says that.
 * `person` is the login name.
 */
NODISCARD struct error *lease_take(struct record *record, struct arena *arena, const char *environment,
                                   const char *release, const char *person, struct lease *out);
/* First thing in each of the runner's transactions: ERR_LEASE_HELD when another runner took over. */
NODISCARD struct error *lease_check(struct tx *tx, const struct lease *lease);
/*
 * Processes that hold the lock now, this one apart: the orphans, when the holder is dead. At most `most` pids, as far
 * as this user may look; returns how many.
 */
size_t lease_orphans(struct record *record, struct arena *arena, const char *environment, int64_t *pids, size_t most);
/* Closes the lock; the row stays as history. */
void lease_release(struct lease *lease);
/* Who holds (or held last); *found false when nobody ever did. `locked`: the lock is held right now by anyone. */
NODISCARD struct error *lease_holder(struct record *record, struct arena *arena, const char *environment,
                                     struct lease_holder *out, bool *found, bool *locked);

#endif
