#ifndef ENGINE_UNIT_PICK_TOTALS_H
#define ENGINE_UNIT_PICK_TOTALS_H

/* What differs between two trees, counted. For this room's files only. */

#include <git2.h>

#include "base/error.h"
#include "unit/pick.h"

/* All but out->commits. */
NODISCARD struct error *pick_count_trees(struct arena *arena, git_repository *git, const git_tree *before,
                                         const git_tree *after, struct pick_totals *out);

#endif
