#ifndef ENGINE_UNIT_TREES_H
#define ENGINE_UNIT_TREES_H

/*
 * Two trees compared, and a tree with some paths changed. What both have in common is not read: the cost is that of the
 * directories on the way to what differs, however many files there are. For this room's files only.
 */

#include <git2.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

/* What is at a path. */
struct tree_item {
    git_oid id;
    git_filemode_t mode; /* GIT_FILEMODE_UNREADABLE (0): nothing */
};

struct tree_change {
    const char *path; /* of a file, link or submodule; never of a directory */
    struct tree_item before;
    struct tree_item after;
};

struct tree_changes {
    struct tree_change *items; /* in the order of the paths, see tree_path_order() */
    int count;
    int capacity;
    const char **gone; /* directories that are not there any more, those in them too */
    int gone_count;
    int gone_capacity;
};

static inline bool tree_item_is(const struct tree_item *item)
{
    return item->mode != GIT_FILEMODE_UNREADABLE;
}

static inline bool tree_item_same(const struct tree_item *a, const struct tree_item *b)
{
    return a->mode == b->mode && (!tree_item_is(a) || git_oid_equal(&a->id, &b->id));
}

static inline bool tree_item_is_regular(const struct tree_item *item)
{
    return item->mode == GIT_FILEMODE_BLOB || item->mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

bool tree_item_is_empty(const struct tree_item *item); /* a file without a byte */

/* Component by component, so that a directory and what is in it stand together. */
int tree_path_order(const char *a, const char *b);

/* NULL is the empty tree. A change from a file to a directory is a removal and additions. */
NODISCARD struct error *tree_compare(struct arena *arena, git_repository *git, const git_tree *before,
                                     const git_tree *after, struct tree_changes *out);

/* Also finds directories. */
NODISCARD struct error *tree_look(git_repository *git, const git_tree *tree, const char *path, struct tree_item *out);

struct tree_edit {
    const char *path;
    struct tree_item item; /* nothing = remove */
};

struct tree_edits {
    struct tree_edit *items;
    int count;
    int capacity;
};

/*
 * `tree` (NULL = empty) with the edits, each path once, sorted here. Directories that get empty vanish. *collision is a path
 * that would be both a file and a directory (then `out` is not set), else NULL.
 */
NODISCARD struct error *tree_edit(struct arena *arena, git_repository *git, const git_tree *tree,
                                  struct tree_edits *edits, git_oid *out, const char **collision);

#endif
