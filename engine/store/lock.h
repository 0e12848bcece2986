#ifndef ENGINE_STORE_LOCK_H
#define ENGINE_STORE_LOCK_H

/*
 * flock: the lock that dies with its descriptors. write.lock is held around each write transaction and checkpoint, for
 * SQLite 3.40.1 can corrupt a write-ahead log when two connections write and checkpoint at the same moment.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Opens (and makes, 0600) a lock file; close-on-exec. */
NODISCARD struct error *lock_open(const char *path, int *out_fd);
/* False when another holds it; true: held. */
NODISCARD struct error *lock_try(int fd, const char *path, bool *out_held);
/* Waits for at most `limit_ms`; a process that is stopped in the middle of a write must not hang all others for ever. */
NODISCARD struct error *lock_wait(int fd, const char *path, int64_t limit_ms);
void lock_drop(int fd);

#endif
