#ifndef ENGINE_UNIT_PICK_H
#define ENGINE_UNIT_PICK_H

/*
 * Cherry-picks in memory: commits, in the order given, onto a commit. No checkout, index, file or ref is touched. Objects
 * are written to the repository only when every commit was picked cleanly and `keep` is set; until then, and for ever
 * when it is refused, they are in memory. Moving the branch is branch_move()'s business, last of all.
 *
 * Where git's answer depends on more than these three trees say for sure, the pick is refused: what is clean here
 * has the same tree as git cherry-pick makes (with git's own settings, not the person's). Not the other way round.
 * Blocks.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct arena;

struct pick_person {
    const char *name;
    const char *mail;
    int64_t at_s;       /* seconds since 1970 */
    int offset_minutes; /* of the time zone, east is positive */
};

struct pick_request {
    const char *repository;
    const char *const *commits; /* full ids, oldest first */
    int count;
    const char *onto; /* full id: the tip of the branch */
    int mainline;     /* 0 = none; else the number of a merge's parent, from 1, for every commit given */
    struct pick_person committer;
    bool keep; /* false: only try */
};

enum pick_verdict {
    PICK_CLEAN,
    PICK_CONFLICT,        /* `conflicts` says where */
    PICK_ALREADY_APPLIED, /* it would change nothing: its change is there */
    PICK_EMPTY,           /* the commit itself changes nothing */
    PICK_IS_MERGE,        /* and no mainline was given; `parents` */
    PICK_NO_MERGE,        /* and a mainline was given */
    PICK_NO_SUCH_PARENT,  /* the merge has fewer parents; `parents` */
};

enum pick_conflict_kind {
    CONFLICT_BOTH_MODIFIED,
    CONFLICT_BOTH_ADDED,
    CONFLICT_DELETED_BY_US,   /* the branch does not have the file that the commit changes */
    CONFLICT_DELETED_BY_THEM, /* the commit deletes what the branch has changed */
    CONFLICT_RENAMED,         /* by one or both, and not for sure to what: `other` */
    CONFLICT_DIRECTORY_MOVED, /* the directory is gone on one side and has new files on the other */
    CONFLICT_FILE_DIRECTORY,  /* a file on one side, a directory on the other */
    CONFLICT_KIND,            /* file, link or submodule: both changed what it is */
    CONFLICT_BINARY,          /* both changed it */
    CONFLICT_LINK,            /* both changed where the symbolic link leads */
    CONFLICT_SUBMODULE,       /* both changed which commit it is at */
    CONFLICT_MERGE_ATTRIBUTE, /* .gitattributes wants another way of merging */
    CONFLICT_TWO_WAYS,        /* ways of comparing the lines give different results */
    CONFLICT_TOO_LARGE,       /* for merging */
    CONFLICT_KIND_COUNT,
};

struct pick_conflict {
    enum pick_conflict_kind kind;
    const char *path;    /* cleaned of control characters */
    const char *other;   /* another path that has to do with it; NULL = none */
    const char *base;    /* ids of what is there; "" = nothing */
    const char *ours;    /* the branch */
    const char *theirs;  /* the commit */
    const char *excerpt; /* the first conflict with its markers; "" when it cannot be shown in lines */
    bool excerpt_cut;
};

struct pick_parent {
    const char *id;
    const char *subject;
};

struct picked {
    const char *source;
    const char *subject;
    const char *id; /* of the new commit */
};

/* The whole pick, the branch's tip against the new one. A renamed file is one that is gone and one that is new. */
struct pick_totals {
    int commits;
    int files;
    int binary_files; /* of these; they count no lines */
    int64_t lines_added;
    int64_t lines_removed;
};

struct pick_result {
    enum pick_verdict verdict;
    const char *tip;       /* the new one; NULL unless clean */
    struct picked *picked; /* those before the refused one, too */
    int picked_count;
    struct pick_totals totals; /* when clean */

    const char *refused; /* source commit that could not be picked; NULL when clean */
    const char *refused_subject;
    struct pick_conflict *conflicts; /* in the order of the paths */
    int conflict_count;
    const char *applied_as;      /* PICK_ALREADY_APPLIED: the commit below `onto` that did it; NULL = not known */
    struct pick_parent *parents; /* PICK_IS_MERGE, PICK_NO_SUCH_PARENT */
    int parent_count;
};

/* NULL is an answer: `out->verdict` says which. */
NODISCARD struct error *pick_commits(struct arena *arena, const struct pick_request *request, struct pick_result *out);

/* What `to` has changed against `from`, both full ids; out->commits stays 0. For commits that a person made by hand. */
NODISCARD struct error *pick_measure(struct arena *arena, const char *repository, const char *from, const char *to,
                                     struct pick_totals *out);

/*
 * A refusal in words, ERR_PICK_REFUSED with the commands that help; NULL when it was clean. `branch` is the name of what
 * `onto` is the tip of. Conflicts are counted here and listed by pick_conflict_text().
 */
NODISCARD struct error *pick_refusal(const struct pick_request *request, const struct pick_result *result,
                                     const char *branch);
/* "both changed it": after a path. */
const char *pick_conflict_text(enum pick_conflict_kind kind);
const char *pick_conflict_id(enum pick_conflict_kind kind); /* "both_modified" */
const char *pick_verdict_id(enum pick_verdict verdict);     /* "already_applied" */

#endif
