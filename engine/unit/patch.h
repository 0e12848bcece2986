#ifndef ENGINE_UNIT_PATCH_H
#define ENGINE_UNIT_PATCH_H

/*
 * What a commit changes, as a thing that can be compared: the paths with their modes, and in each file the lines taken
 * out, put in, and the three around them, wherever in the file they stand. Like `git patch-id --stable`, but stricter where
 * that is too easy for a release: blanks count, and of what has no lines (binary, link, submodule) both ids count.
 * For this room's files only.
 */

#include <git2.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "unit/trees.h"

struct arena;

struct patch {
    struct tree_changes changes;
    struct digest paths;
    struct digest lines; /* when `lines_known`: contents are read only if the paths are the same */
    bool lines_known;
};

/* Against the parent `number` (from 1; a commit without parents against nothing). */
NODISCARD struct error *patch_read(struct arena *arena, git_repository *git, const git_commit *commit, int number,
                                   struct patch *out);
NODISCARD struct error *patch_same(git_repository *git, struct patch *a, struct patch *b, bool *out);

/* Of one change. A binary file, a link and a submodule have no lines. */
struct patch_lines {
    bool has_lines;
    int64_t added;
    int64_t removed;
};

NODISCARD struct error *patch_count(git_repository *git, const struct tree_change *change, struct patch_lines *out);

#endif
