#include "unit/pick_merge.h"

/*
 * Only what the commit changed is looked at: for each path, what it was, what it is in the commit and on the branch. Where one
 * side left a path alone the other one has it. The rest is renames, told by pick_renames.c, and lines, by pick_file.c.
 *
 * git also follows directories: a file that is new in a directory which the other side has moved goes there, or is a
 * conflict. Whether a directory was moved is a guess over all its files, so here each such file is a conflict.
 */

#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/handles.h"
#include "unit/pick_file.h"
#include "unit/pick_renames.h"
#include "unit/repository.h"
#include "unit/trees.h"

struct merge {
    struct pick_context context;
    const git_tree *base;
    git_tree *ours;
    struct tree_changes theirs;
    struct tree_changes branch; /* base to ours, when `branch_known`: larger, and seldom needed */
    bool branch_known;
    bool *taken; /* of theirs: already dealt with, as the new name of something */
    struct tree_edits edits;
    struct pick_merged *out;
};

static const struct tree_item nothing = {.mode = GIT_FILEMODE_UNREADABLE};

/* ------------------------------------------------------------------------------------------------ results */

static const char *id_text(struct arena *arena, const struct tree_item *item)
{
    char hex[GIT_OID_HEXSZ + 1];

    if (!tree_item_is(item))
        return "";
    return arena_text(arena, git_oid_tostr(hex, sizeof(hex), &item->id));
}

static const char *clean_path(struct arena *arena, const char *path)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(0);

    if (!path)
        return NULL;
    text_clean(&clean, path, strlen(path));
    return arena_text(arena, strbuf_view(&clean));
}

static struct pick_conflict *push_conflict(struct merge *merge, enum pick_conflict_kind kind, const char *path,
                                           const char *other, const struct pick_sides *sides)
{
    struct arena *arena = merge->context.arena;
    struct pick_conflict *conflict =
        ARENA_PUSH(arena, merge->out->conflicts, merge->out->conflict_count, merge->out->conflict_capacity);

    conflict->kind = kind;
    conflict->path = clean_path(arena, path);
    conflict->other = clean_path(arena, other);
    conflict->base = id_text(arena, &sides->base);
    conflict->ours = id_text(arena, &sides->ours);
    conflict->theirs = id_text(arena, &sides->theirs);
    conflict->excerpt = "";
    return conflict;
}

static void push_edit(struct merge *merge, const char *path, const struct tree_item *item)
{
    struct tree_edits *edits = &merge->edits;
    struct tree_edit *edit = ARENA_PUSH(merge->context.arena, edits->items, edits->count, edits->capacity);

    edit->path = path;
    edit->item = *item;
}

/* All three are there; the result goes to `path`. `other` is the other name, if it has one. */
static struct error *merge_at(struct merge *merge, const char *path, const char *other, const struct pick_sides *sides)
{
    struct pick_file file;

    TRY(pick_file_merge(&merge->context, path, sides, &file));
    if (file.is_clean) {
        push_edit(merge, path, &file.result);
    } else {
        struct pick_conflict *conflict = push_conflict(merge, file.conflict, path, other, sides);

        conflict->excerpt = file.excerpt;
        conflict->excerpt_cut = file.excerpt_cut;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ looking */

static struct error *know_branch(struct merge *merge)
{
    if (!merge->branch_known)
        TRY(tree_compare(merge->context.arena, merge->context.git, merge->base, merge->ours, &merge->branch));
    merge->branch_known = true;
    return NULL;
}

static struct error *look_ours(struct merge *merge, const char *path, struct tree_item *out)
{
    return tree_look(merge->context.git, merge->ours, path, out);
}

/* A directory where a file is asked for is no file. */
static bool is_file(const struct tree_item *item)
{
    return tree_item_is(item) && item->mode != GIT_FILEMODE_TREE;
}

static int find_path(const struct tree_changes *changes, const char *path)
{
    for (int i = 0; i < changes->count; i++)
        if (text_is(changes->items[i].path, path))
            return i;
    return -1;
}

static bool has_additions(const struct tree_changes *changes)
{
    for (int i = 0; i < changes->count; i++)
        if (!tree_item_is(&changes->items[i].before))
            return true;
    return false;
}

/* ------------------------------------------------------------------------------------------------ directories */

static struct error *is_directory(struct merge *merge, const git_tree *tree, const char *path, bool *out)
{
    struct tree_item item;

    TRY(tree_look(merge->context.git, tree, path, &item));
    *out = item.mode == GIT_FILEMODE_TREE;
    return NULL;
}

/* Is a directory above the new path one that the branch took away, with what may be its new place? Says which. */
static struct error *moved_by_ours(struct merge *merge, const char *path, const char **out)
{
    *out = NULL;
    for (const char *slash = strchr(path, '/'); slash && !*out; slash = strchr(slash + 1, '/')) {
        const char *directory = arena_text_n(merge->context.arena, path, (size_t)(slash - path));
        bool was, is;

        TRY(is_directory(merge, merge->base, directory, &was));
        if (!was)
            return NULL;
        TRY(is_directory(merge, merge->ours, directory, &is));
        if (is)
            continue;
        TRY(know_branch(merge));
        if (!has_additions(&merge->branch))
            return NULL;
        *out = directory;
    }
    return NULL;
}

/* Files that only the branch has, in a directory that the commit took away. */
static struct error *check_gone(struct merge *merge, const char *directory)
{
    git_tree *ours CLEANUP(tree_cleanup) = NULL;
    git_tree *base CLEANUP(tree_cleanup) = NULL;
    struct arena *arena = merge->context.arena;
    struct tree_item old, now;
    struct tree_changes changes;

    TRY(tree_look(merge->context.git, merge->base, directory, &old));
    TRY(look_ours(merge, directory, &now));
    if (now.mode != GIT_FILEMODE_TREE || git_oid_equal(&old.id, &now.id))
        return NULL;
    if (git_tree_lookup(&base, merge->context.git, &old.id) < 0 ||
        git_tree_lookup(&ours, merge->context.git, &now.id) < 0)
        return repository_missing(merge->context.git, "the directory '%s'", directory);
    TRY(tree_compare(arena, merge->context.git, base, ours, &changes));
    for (int i = 0; i < changes.count; i++) {
        struct pick_sides sides = {.base = nothing, .ours = changes.items[i].after, .theirs = nothing};

        if (!tree_item_is(&changes.items[i].before))
            push_conflict(merge, CONFLICT_DIRECTORY_MOVED,
                          arena_printf(arena, "%s/%s", directory, changes.items[i].path), directory, &sides);
    }
    return NULL;
}

/* A directory in one that is gone too needs no look of its own. */
static bool is_below_gone(const struct tree_changes *theirs, const char *directory)
{
    for (int i = 0; i < theirs->gone_count; i++) {
        size_t length = strlen(theirs->gone[i]);

        if (strncmp(directory, theirs->gone[i], length) == 0 && directory[length] == '/')
            return true;
    }
    return false;
}

static struct error *check_all_gone(struct merge *merge)
{
    if (!has_additions(&merge->theirs))
        return NULL;
    for (int i = 0; i < merge->theirs.gone_count; i++)
        if (!is_below_gone(&merge->theirs, merge->theirs.gone[i]))
            TRY(check_gone(merge, merge->theirs.gone[i]));
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ each change */

/* The commit's new file at `index` is a new name; false in *out when something is in its way. */
static struct error *may_take(struct merge *merge, int index, bool *out)
{
    const struct tree_change *added = &merge->theirs.items[index];
    const char *moved;
    struct tree_item ours;

    TRY(look_ours(merge, added->path, &ours));
    TRY(moved_by_ours(merge, added->path, &moved));
    *out = !tree_item_is(&ours) && !moved && !merge->taken[index];
    return NULL;
}

/* The commit removes what the branch has changed. */
static struct error *removed_by_theirs(struct merge *merge, const struct tree_change *change,
                                       const struct tree_item *ours)
{
    struct pick_sides sides = {.base = change->before, .ours = *ours, .theirs = nothing};
    enum pick_rename rename;
    bool free_to_take = false;
    int to;

    TRY(pick_rename_find(merge->context.git, &merge->theirs, change, &rename, &to));
    if (rename == RENAME_NONE) {
        push_conflict(merge, CONFLICT_DELETED_BY_THEM, change->path, NULL, &sides);
        return NULL;
    }
    if (rename == RENAME_SURE)
        TRY(may_take(merge, to, &free_to_take));
    if (!free_to_take) {
        push_conflict(merge, CONFLICT_RENAMED, change->path, to >= 0 ? merge->theirs.items[to].path : NULL, &sides);
        return NULL;
    }
    merge->taken[to] = true;
    sides.theirs = merge->theirs.items[to].after;
    push_edit(merge, change->path, &nothing);
    return merge_at(merge, merge->theirs.items[to].path, change->path, &sides);
}

/* Neither has it any more; if one of them renamed it, the other one's removal (or new name) does not go with that. */
static struct error *removed_by_both(struct merge *merge, const struct tree_change *change)
{
    struct pick_sides sides = {.base = change->before, .ours = nothing, .theirs = nothing};
    enum pick_rename by_theirs, by_ours;
    const struct tree_changes *theirs = &merge->theirs, *branch = &merge->branch;
    int theirs_to, ours_to;

    TRY(know_branch(merge));
    TRY(pick_rename_find(merge->context.git, theirs, change, &by_theirs, &theirs_to));
    TRY(pick_rename_find(merge->context.git, branch, change, &by_ours, &ours_to));
    if (by_theirs == RENAME_NONE && by_ours == RENAME_NONE)
        return NULL;
    if (by_theirs != RENAME_SURE || by_ours != RENAME_SURE || merge->taken[theirs_to] ||
        !text_is(theirs->items[theirs_to].path, branch->items[ours_to].path)) {
        push_conflict(merge, CONFLICT_RENAMED, change->path,
                      theirs_to >= 0 ? theirs->items[theirs_to].path
                      : ours_to >= 0 ? branch->items[ours_to].path
                                     : NULL,
                      &sides);
        return NULL;
    }
    merge->taken[theirs_to] = true;
    sides.ours = branch->items[ours_to].after;
    sides.theirs = theirs->items[theirs_to].after;
    return merge_at(merge, theirs->items[theirs_to].path, change->path, &sides);
}

static struct error *apply_removal(struct merge *merge, const struct tree_change *change)
{
    struct tree_item ours;

    TRY(look_ours(merge, change->path, &ours));
    if (!is_file(&ours))
        return removed_by_both(merge, change);
    if (!tree_item_same(&ours, &change->before))
        return removed_by_theirs(merge, change, &ours);
    push_edit(merge, change->path, &nothing);
    return NULL;
}

/* The commit changes what the branch does not have under that name. */
static struct error *changed_elsewhere(struct merge *merge, const struct tree_change *change)
{
    struct pick_sides sides = {.base = change->before, .ours = nothing, .theirs = change->after};
    enum pick_rename rename;
    int to;

    TRY(know_branch(merge));
    TRY(pick_rename_find(merge->context.git, &merge->branch, change, &rename, &to));
    if (rename == RENAME_SURE && find_path(&merge->theirs, merge->branch.items[to].path) < 0) {
        sides.ours = merge->branch.items[to].after;
        return merge_at(merge, merge->branch.items[to].path, change->path, &sides);
    }
    push_conflict(merge, rename == RENAME_NONE ? CONFLICT_DELETED_BY_US : CONFLICT_RENAMED, change->path,
                  to >= 0 ? merge->branch.items[to].path : NULL, &sides);
    return NULL;
}

static struct error *apply_modification(struct merge *merge, const struct tree_change *change)
{
    struct pick_sides sides = {.base = change->before, .theirs = change->after};

    TRY(look_ours(merge, change->path, &sides.ours));
    if (!is_file(&sides.ours))
        return changed_elsewhere(merge, change);
    return merge_at(merge, change->path, NULL, &sides);
}

/* Two new files of one name go together when one of them is empty. */
static bool one_is_empty(const struct tree_item *ours, const struct tree_item *theirs)
{
    return ours->mode == theirs->mode && (tree_item_is_empty(ours) || tree_item_is_empty(theirs));
}

static struct error *apply_addition(struct merge *merge, const struct tree_change *change)
{
    struct pick_sides sides = {.base = nothing, .theirs = change->after};
    const char *moved;

    TRY(look_ours(merge, change->path, &sides.ours));
    TRY(moved_by_ours(merge, change->path, &moved));
    if (moved)
        push_conflict(merge, CONFLICT_DIRECTORY_MOVED, change->path, moved, &sides);
    else if (is_file(&sides.ours) && one_is_empty(&sides.ours, &change->after))
        push_edit(merge, change->path, tree_item_is_empty(&sides.ours) ? &change->after : &sides.ours);
    else if (is_file(&sides.ours) && !tree_item_same(&sides.ours, &change->after))
        push_conflict(merge, CONFLICT_BOTH_ADDED, change->path, NULL, &sides);
    else if (!is_file(&sides.ours))
        push_edit(merge, change->path, &change->after); /* over a directory: tree_edit() sees whether it is empty */
    return NULL;
}

/* Removals first: they tell which additions are new names. */
static struct error *apply_all(struct merge *merge)
{
    const struct tree_changes *theirs = &merge->theirs;

    for (int i = 0; i < theirs->count; i++)
        if (!tree_item_is(&theirs->items[i].after))
            TRY(apply_removal(merge, &theirs->items[i]));
    for (int i = 0; i < theirs->count; i++) {
        const struct tree_change *change = &theirs->items[i];

        if (tree_item_is(&change->before) && tree_item_is(&change->after))
            TRY(apply_modification(merge, change));
        else if (tree_item_is(&change->after) && !merge->taken[i])
            TRY(apply_addition(merge, change));
    }
    return check_all_gone(merge);
}

/* ------------------------------------------------------------------------------------------------ all */

static void repository_cleanup(git_repository **git)
{
    git_repository_free(*git);
}

/* The objects alone: attributes then come from the commits, not from somebody's work tree. */
static struct error *make_plain(git_repository *git, git_repository **out)
{
    git_odb *odb = NULL;
    int result = git_repository_odb(&odb, git);

    if (result == 0)
        result = git_repository_wrap_odb(out, odb);
    git_odb_free(odb);
    return result < 0 ? repository_error("cannot read the attributes of the commits") : NULL;
}

static int by_path(const void *a, const void *b)
{
    return tree_path_order(((const struct pick_conflict *)a)->path, ((const struct pick_conflict *)b)->path);
}

static struct error *finish(struct merge *merge)
{
    struct pick_merged *out = merge->out;
    const struct pick_sides unknown = {.base = nothing, .ours = nothing, .theirs = nothing};
    const char *collision = NULL;

    if (!out->conflict_count)
        TRY(tree_edit(merge->context.arena, merge->context.git, merge->ours, &merge->edits, &out->tree, &collision));
    if (collision)
        push_conflict(merge, CONFLICT_FILE_DIRECTORY, collision, NULL, &unknown);
    if (out->conflict_count)
        qsort(out->conflicts, (size_t)out->conflict_count, sizeof(*out->conflicts), by_path);
    return NULL;
}

struct error *pick_merge(struct arena *arena, git_repository *git, const git_tree *base, const git_commit *ours,
                         const git_commit *theirs, struct pick_merged *out)
{
    git_repository *plain CLEANUP(repository_cleanup) = NULL;
    git_tree *our_tree CLEANUP(tree_cleanup) = NULL;
    git_tree *their_tree CLEANUP(tree_cleanup) = NULL;
    char label[GIT_OID_HEXSZ + 1];
    struct merge merge = {.base = base, .out = out};

    *out = (struct pick_merged){0};
    if (git_commit_tree(&our_tree, ours) < 0 || git_commit_tree(&their_tree, theirs) < 0)
        return repository_missing(git, "the tree of a commit");
    TRY(make_plain(git, &plain));
    merge.ours = our_tree;
    merge.context = (struct pick_context){.arena = arena, .git = git, .plain = plain, .ours = ours, .theirs = theirs};
    merge.context.theirs_label = arena_text_n(arena, git_oid_tostr(label, sizeof(label), git_commit_id(theirs)), 7);
    TRY(tree_compare(arena, git, base, their_tree, &merge.theirs));
    merge.taken = arena_array(arena, (size_t)merge.theirs.count + 1, sizeof(*merge.taken));
    TRY(apply_all(&merge));
    return finish(&merge);
}
