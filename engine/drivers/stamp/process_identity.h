#ifndef ENGINE_DRIVERS_STAMP_PROCESS_IDENTITY_H
#define ENGINE_DRIVERS_STAMP_PROCESS_IDENTITY_H

/* Who a process is, between the journal's JSON {pid, start, boot_id} and the effect's struct. Pure. */

#include <jansson.h>
#include <stdbool.h>

#include "drivers/effect.h"

/* False: not all three are known, and then nothing may be signalled by them. */
bool process_identity_read(const json_t *object, struct process_identity *out);
/* Adds pid, start and boot_id to `object`. */
void process_identity_write(json_t *object, const struct process_identity *identity);
/* The value of `name` in lines of "NAME=value"; in the arena, NULL when absent. */
struct arena;
const char *environment_value(struct arena *arena, const char *lines, const char *name);
/* "TERM", "SIGTERM" -> 15; 0: no such signal. */
int signal_number(const char *name);

#endif
