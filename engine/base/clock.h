#ifndef ENGINE_BASE_CLOCK_H
#define ENGINE_BASE_CLOCK_H

/*
 * Two clocks. Timers and soak count on CLOCK_BOOTTIME (goes on in suspend, never jumps by hand);
 * the wall clock is for people only. Pure rooms never read a clock: time is a parameter.
 */

#include <stdint.h>

struct arena;
struct strbuf;

int64_t clock_boot_ms(void);
int64_t clock_wall_ms(void); /* UTC since 1970 */
/* "2026-11-21T19:25:36Z"; UTC. */
const char *time_text(struct arena *arena, int64_t wall_ms);
/* The same behind what the buffer holds. */
void time_add(struct strbuf *out, int64_t wall_ms);
/* Reads the form above, with or without seconds' fraction. */
_Bool time_parse(const char *text, int64_t *out_wall_ms);
/* The kernel's id of this boot, or "" when it cannot be read. Borrowed, lives for ever. */
const char *clock_boot_id(void);

#endif
