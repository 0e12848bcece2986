#ifndef ENGINE_UNIT_PICK_OBJECTS_H
#define ENGINE_UNIT_PICK_OBJECTS_H

/*
 * Objects that are made in memory and go to the disk together, or not at all. (libgit2's own mempack can only make a pack of
 * everything its commits reach, which is the whole repository.) For this room's files only.
 */

#include <git2.h>

#include "base/error.h"

struct pick_objects;

/* From now on everything written through `git` is held in memory, and found there. Lives as long as `git`. */
NODISCARD struct error *pick_objects_hold(git_repository *git, struct pick_objects **out);

/* Writes all that is held to the repository, synced: a branch may point to it then. */
NODISCARD struct error *pick_objects_keep(git_repository *git, const struct pick_objects *objects);

#endif
