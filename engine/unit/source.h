#ifndef ENGINE_UNIT_SOURCE_H
#define ENGINE_UNIT_SOURCE_H

/*
 * The git repository a release comes from, through libgit2 only. Never changes it: no checkout, no index, no ref.
 * Blocks (disk); export runs in a child process of its own.
 */

#include <stdbool.h>

#include "base/error.h"

struct arena;

struct source_commit {
    const char *id;       /* 40 hex digits */
    const char *short_id; /* 7 */
    const char *branch;   /* the branch that was named, or "" for a tag or a bare commit */
    const char *subject;  /* first line, cleaned of control characters */
    const char *author;   /* name <mail> */
};

/*
 * Resolves a branch, tag or (abbreviated) commit; NULL = HEAD. Shallow clones that lack the object, foreign ownership,
 * unknown extensions and missing repositories are explained in plain words with the command that helps.
 */
NODISCARD struct error *source_resolve(struct arena *arena, const char *repository, const char *what,
                                       struct source_commit *out);
/*
 * The tip of a branch as everybody has it: as origin had it at the last fetch, or, where the clone knows none of origin, its
 * own. ERR_NOT_FOUND when there is neither.
 */
NODISCARD struct error *source_shared(struct arena *arena, const char *repository, const char *branch,
                                      struct source_commit *out, bool *of_origin);
/* Gives back the memory that reading repositories needed: half a megabyte, too much for a process that waits for days. */
void source_forget(void);
/*
 * Writes the commit's tree to `directory`, which appears only when complete (temp name + rename) and is replaced when
 * it is there. Exec bits and symlinks are kept; a link that leaves the tree, an absolute link, a submodule without
 * content and a git-lfs pointer are refused by name. `.gitattributes export-ignore` is honoured.
 */
NODISCARD struct error *source_export(const char *repository, const char *commit, const char *directory);

#endif
