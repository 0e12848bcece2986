#include "unit/pick_totals.h"

#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/patch.h"
#include "unit/repository.h"
#include "unit/trees.h"

struct error *pick_count_trees(struct arena *arena, git_repository *git, const git_tree *before, const git_tree *after,
                               struct pick_totals *out)
{
    struct tree_changes changes;

    TRY(tree_compare(arena, git, before, after, &changes));
    out->files = changes.count;
    for (int i = 0; i < changes.count; i++) {
        struct patch_lines lines;

        TRY(patch_count(git, &changes.items[i], &lines));
        out->binary_files += !lines.has_lines;
        out->lines_added += lines.added;
        out->lines_removed += lines.removed;
    }
    return NULL;
}

static struct error *tree_of(git_repository *git, const char *id, git_tree **out)
{
    git_commit *commit CLEANUP(commit_cleanup) = NULL;

    TRY(commit_find(git, id, &commit));
    if (git_commit_tree(out, commit) < 0)
        return repository_missing(git, "the tree of commit '%s'", id);
    return NULL;
}

static struct error *measure(struct arena *arena, git_repository *git, const char *from, const char *to,
                             struct pick_totals *out)
{
    git_tree *before CLEANUP(tree_cleanup) = NULL;
    git_tree *after CLEANUP(tree_cleanup) = NULL;

    TRY(tree_of(git, from, &before));
    TRY(tree_of(git, to, &after));
    return pick_count_trees(arena, git, before, after, out);
}

struct error *pick_measure(struct arena *arena, const char *repository, const char *from, const char *to,
                           struct pick_totals *out)
{
    git_repository *git = NULL;
    struct error *error = repository_open(repository, &git);

    *out = (struct pick_totals){0};
    if (!error)
        error = measure(arena, git, from, to, out);
    repository_close(&git);
    return error;
}
