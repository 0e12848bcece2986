#ifndef ENGINE_UNIT_HISTORY_H
#define ENGINE_UNIT_HISTORY_H

/*
 * Where a commit really is: the facts behind rules that a caller must not be able to talk round. Nothing here believes a
 * name, a date or a message; branches are asked by their tips, and a claim in a message is tried.
 *
 * Commits are full ids (40 hex digits, see source_resolve). Everything reads only, and blocks. A shallow or partial clone
 * that lacks a commit on the way is ERR_REPOSITORY with the command that helps: no answer is given from half a history.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

struct history_branch {
    const char *name; /* "release/7"; of origin without "origin/" */
    const char *tip;
};

/* Every branch whose tip is the commit or comes after it, in the order of the names. */
struct history_branches {
    struct history_branch *local;
    int local_count;
    struct history_branch *origin; /* as of the last fetch */
    int origin_count;
};

NODISCARD struct error *history_branches(struct arena *arena, const char *repository, const char *commit,
                                         struct history_branches *out);

/* A commit is its own ancestor, as `git merge-base --is-ancestor` has it. */
NODISCARD struct error *history_is_ancestor(const char *repository, const char *ancestor, const char *commit,
                                            bool *out);
/* NULL when the two have no common history. */
NODISCARD struct error *history_merge_base(struct arena *arena, const char *repository, const char *a, const char *b,
                                           const char **out);

/* Who: as the commit says, and as the .mailmap of the range's tip says who that is. Both count for rules on people. */
struct history_person {
    const char *said; /* name <mail> */
    const char *real; /* the same when the map does not know him */
};

struct history_commit {
    const char *id;
    const char *short_id; /* 7 */
    const char *subject;  /* first line, cleaned of control characters */
    struct history_person author;
    struct history_person committer;
    int64_t at_s; /* of the committer, in seconds since 1970, as the commit says */
    int parent_count;
};

struct history_range {
    struct history_commit *commits; /* newest first */
    int count;
    bool more; /* there are more than `limit` */
};

/* What `tip` has and `base` has not; `base` NULL = everything. */
NODISCARD struct error *history_range(struct arena *arena, const char *repository, const char *base, const char *tip,
                                      int limit, struct history_range *out);

enum history_change {
    HISTORY_ABSENT, /* in neither */
    HISTORY_SAME,
    HISTORY_ADDED,
    HISTORY_CHANGED, /* other bytes, another mode, or another kind of thing */
    HISTORY_REMOVED,
};

/* Of a file, or of everything in a directory; `path` as git has it: relative, without "./". */
NODISCARD struct error *history_path_change(const char *repository, const char *from, const char *to, const char *path,
                                            enum history_change *out);

/* How sure it is that two commits are the same change. */
enum history_proof {
    HISTORY_CLAIMED,     /* the message says so, and that is all */
    HISTORY_SAME_PATCH,  /* the same lines around, out and in, in the same files (unit/patch.h) */
    HISTORY_SAME_RESULT, /* picking the one again gives exactly the tree of the other */
};

struct history_source {
    const char *id; /* as the message says it */
    bool exists;    /* the repository has such a commit */
    enum history_proof proof;
};

struct history_sources {
    struct history_source *sources; /* in the order of the message: the last one was picked last */
    int count;
};

/* What the lines "(cherry picked from commit X)" of its message say, each tried. */
NODISCARD struct error *history_picked_from(struct arena *arena, const char *repository, const char *commit,
                                            struct history_sources *out);

enum history_presence {
    HISTORY_NOT_THERE,
    HISTORY_NOT_SEEN,  /* not among the first `limit` commits; there were more */
    HISTORY_ALMOST,    /* `found` has the same subject and author, but it is another patch */
    HISTORY_BY_RESULT, /* `found` has them too, and gives exactly the commit's tree when picked on its parent */
    HISTORY_BY_PATCH,  /* `found` is the same patch */
    HISTORY_BY_ANCESTRY,
};

struct history_place {
    enum history_presence presence;
    const char *found; /* commit on the branch; NULL when there is none */
    const char *subject;
};

/*
 * Is the commit in the history of `tip`? First by ancestry; then by patch, in what `tip` has since the two parted, `limit`
 * commits at most.
 */
NODISCARD struct error *history_on_branch(struct arena *arena, const char *repository, const char *commit,
                                          const char *tip, int limit, struct history_place *out);

#endif
