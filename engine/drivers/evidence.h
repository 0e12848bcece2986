#ifndef ENGINE_DRIVERS_EVIDENCE_H
#define ENGINE_DRIVERS_EVIDENCE_H

/*
 * Words of the outside world that are going to be kept or shown: without control characters, always valid UTF-8, and
 * never longer than `most` bytes. NULL is taken as an empty text. In the arena.
 */

#include <stddef.h>

struct arena;

const char *evidence_start(struct arena *arena, const char *text, size_t length, size_t most);
/* The end of it, from a line's beginning where there is one. */
const char *evidence_end(struct arena *arena, const char *text, size_t length, size_t most);

#endif
