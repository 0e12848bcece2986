#ifndef ENGINE_UNIT_PICK_RENAMES_H
#define ENGINE_UNIT_PICK_RENAMES_H

/*
 * Which new file of a side is the old one under another name: said only where git could say nothing else.
 * For this room's files only.
 */

#include <git2.h>

#include "base/error.h"
#include "unit/trees.h"

enum pick_rename {
    RENAME_NONE,   /* deleted, and that is all */
    RENAME_SURE,   /* to this one */
    RENAME_UNSURE, /* more than one could be meant, or there is too much to look at */
};

/*
 * What became of `gone`, a removal among `side`'s changes. `*to` is the index of the addition: the only one that can be
 * meant, or when it is unsure the likeliest; -1 when there is none.
 */
NODISCARD struct error *pick_rename_find(git_repository *git, const struct tree_changes *side,
                                         const struct tree_change *gone, enum pick_rename *out, int *to);

/*
 * git's measure of how much of the one is in the other, in 1/60000 of the larger one; half is a rename. Before 2.44 git did
 * not count a last line without a newline: `least` is without, `most` is with it.
 */
struct pick_similarity {
    int least;
    int most;
};

struct pick_similarity pick_similarity(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
