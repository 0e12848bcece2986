#ifndef ENGINE_UNIT_REPOSITORY_H
#define ENGINE_UNIT_REPOSITORY_H

/* Opens a git repository, and turns libgit2's errors into words that help. For this room's files only. */

#include <git2.h>
#include <stdbool.h>

#include "base/error.h"

/* Starts libgit2, once, until source_forget(); for what needs no repository. */
NODISCARD struct error *repository_start(void);
/* `path` is a work tree's root or a bare repository. */
NODISCARD struct error *repository_open(const char *path, git_repository **out);
void repository_close(git_repository **git); /* NULL inside is fine */

/*
 * Whether what libgit2 writes is on the disk when it returns; else a branch could point to what a power cut took away. For
 * the whole process, so only around a call.
 */
void repository_sync(bool on);

/* ERR_REPOSITORY: the sentence, then what libgit2 said last. */
NODISCARD struct error *repository_error(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same for an object that is not in the clone: says so, and how to get it, if the clone is shallow or partial. */
NODISCARD struct error *repository_missing(git_repository *git, const char *format, ...) PRINTF_LIKE(2, 3);
/* The path for a command line: the work tree's root, without a slash at the end. Malloc'd. */
char *repository_path(git_repository *git);

#endif
