#ifndef ENGINE_VIEW_HORIZON_H
#define ENGINE_VIEW_HORIZON_H

/* How far an environment can go back: at once while the old unit stands, else by a new release of an earlier commit. */

#include <jansson.h>

#include "base/error.h"

struct arena;
struct record;

/*
 * {warm, unit, release, commit, text, command}: `text` for people, `command` without the program's name. JSON null when
 * there is nothing to go back to. New reference.
 */
NODISCARD struct error *horizon_read(struct record *record, struct arena *arena, const char *environment, json_t **out);

#endif
