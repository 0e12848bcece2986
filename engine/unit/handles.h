#ifndef ENGINE_UNIT_HANDLES_H
#define ENGINE_UNIT_HANDLES_H

/* libgit2's objects that free themselves: for CLEANUP(...). For this room's files only. */

#include <git2.h>

static inline void commit_cleanup(git_commit **commit)
{
    git_commit_free(*commit);
}

static inline void tree_cleanup(git_tree **tree)
{
    git_tree_free(*tree);
}

static inline void blob_cleanup(git_blob **blob)
{
    git_blob_free(*blob);
}

static inline void reference_cleanup(git_reference **reference)
{
    git_reference_free(*reference);
}

static inline void object_cleanup(git_object **object)
{
    git_object_free(*object);
}

static inline void tree_entry_cleanup(git_tree_entry **entry)
{
    git_tree_entry_free(*entry);
}

static inline void revwalk_cleanup(git_revwalk **walk)
{
    git_revwalk_free(*walk);
}

static inline void signature_cleanup(git_signature **signature)
{
    git_signature_free(*signature);
}

static inline void patch_cleanup(git_patch **patch)
{
    git_patch_free(*patch);
}

static inline void treebuilder_cleanup(git_treebuilder **builder)
{
    git_treebuilder_free(*builder);
}

#endif
