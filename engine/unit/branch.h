#ifndef ENGINE_UNIT_BRANCH_H
#define ENGINE_UNIT_BRANCH_H

/*
 * Making a branch and moving one, by compare-and-swap: what somebody else did meanwhile is never overwritten. No work
 * tree and no index is touched, so a branch that is checked out anywhere is not moved: its files would look like changes
 * that take the new commits back. Blocks; on the disk when it returns.
 */

#include <stdbool.h>

#include "base/error.h"

/* Who, for the reflog; its time is the clock's. */
struct branch_change {
    const char *repository;
    const char *branch; /* "release/7", without refs/heads/ */
    const char *name;   /* may be NULL: as git is set up */
    const char *mail;
    const char *message; /* one line */
};

/* Is it a name that git takes for a branch? ERR_USAGE otherwise. */
NODISCARD struct error *branch_check_name(const char *branch);

/* ERR_CONFLICT when it exists, wherever it points to. `commit` is a full id. */
NODISCARD struct error *branch_create(const struct branch_change *change, const char *commit);

/* Could it be moved? ERR_CONFLICT when it is checked out in a work tree, or is another one's name; before anything is done for it. */
NODISCARD struct error *branch_check_free(const struct branch_change *change);

/*
 * From `old` to `new`, which must come after it. ERR_CONFLICT when the branch is not at `old` (any more), or is checked
 * out; KIND_TRANSIENT while another program holds its lock. Nothing happened then.
 */
NODISCARD struct error *branch_move(const struct branch_change *change, const char *old, const char *new);

#endif
