#ifndef ENGINE_UNIT_COMMITS_H
#define ENGINE_UNIT_COMMITS_H

/* Commits by their full ids, and their words as they may be shown. For this room's files only. */

#include <git2.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

/* `id` has 40 hex digits. A commit that is not there is told with what helps in a shallow or partial clone. */
NODISCARD struct error *commit_find(git_repository *git, const char *id, git_commit **out);
NODISCARD struct error *commit_find_oid(git_repository *git, const git_oid *id, git_commit **out);

/* The tree of its parent `number` (from 1); *out stays NULL, the empty tree, for a commit without parents. */
NODISCARD struct error *commit_parent_tree(git_repository *git, const git_commit *commit, int number, git_tree **out);

/* b is a, or comes after it. */
NODISCARD struct error *commit_is_ancestor(git_repository *git, const git_oid *a, const git_oid *b, bool *out);

/* One line of clean UTF-8 with an end. */
const char *commit_line(struct arena *arena, const char *text, size_t length);
const char *commit_subject(struct arena *arena, const git_commit *commit);
const char *commit_person(struct arena *arena, const char *name, const char *mail); /* name <mail> */
const char *commit_id_text(struct arena *arena, const git_oid *id);
const char *commit_short_text(struct arena *arena, const git_oid *id); /* 7 digits */

#endif
