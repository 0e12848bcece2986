#ifndef ENGINE_STORE_HOLDER_H
#define ENGINE_STORE_HOLDER_H

/* Processes by what cannot be mistaken: pid, start time and boot. Reads /proc; an unreadable answer is "not there". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat; 0 when there is no such process. */
int64_t holder_start(int64_t pid);
/* That very process still runs. */
bool holder_is_alive(int64_t pid, int64_t start, const char *boot_id);
/*
 * Processes that hold the flock of this file, as far as we may look into them; not ourselves. At most `most` pids;
 * returns how many.
 */
size_t holder_find(const char *lock_path, int64_t *pids, size_t most);

#endif
