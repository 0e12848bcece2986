#ifndef ENGINE_UNIT_PICK_FILE_H
#define ENGINE_UNIT_PICK_FILE_H

/* One file, changed on both sides: its content merged by lines, where that has one answer. For this room's files only. */

#include <git2.h>
#include <stdbool.h>

#include "unit/pick.h"
#include "unit/trees.h"

struct arena;

struct pick_sides {
    struct tree_item base;
    struct tree_item ours;
    struct tree_item theirs;
};

/* What merging asks of everything around the three files. */
struct pick_context {
    struct arena *arena;
    git_repository *git;
    git_repository *plain;  /* its objects, without settings: attributes come from the commits alone */
    const git_commit *ours; /* whose .gitattributes count */
    const git_commit *theirs;
    const char *theirs_label; /* behind the markers of an excerpt */
};

struct pick_file {
    struct tree_item result; /* when `is_clean` */
    bool is_clean;
    enum pick_conflict_kind conflict; /* otherwise */
    const char *excerpt;
    bool excerpt_cut;
};

/* All three are there. `path` is where the result goes; it is asked for its attributes. */
NODISCARD struct error *pick_file_merge(const struct pick_context *context, const char *path,
                                        const struct pick_sides *sides, struct pick_file *out);

#endif
