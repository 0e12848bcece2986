#ifndef ENGINE_UNIT_PICK_MERGE_H
#define ENGINE_UNIT_PICK_MERGE_H

/* One commit's change put onto a tree. For this room's files only. */

#include <git2.h>

#include "unit/pick.h"

struct arena;

struct pick_merged {
    git_oid tree; /* when there are no conflicts */
    struct pick_conflict *conflicts;
    int conflict_count;
    int conflict_capacity;
};

/* What `theirs` changed since `base` (a tree; NULL = empty), onto the tree of `ours`. New objects are written to `git`. */
NODISCARD struct error *pick_merge(struct arena *arena, git_repository *git, const git_tree *base,
                                   const git_commit *ours, const git_commit *theirs, struct pick_merged *out);

#endif
