#include "unit/trees.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/handles.h"
#include "unit/repository.h"

#define DEPTH_LIMIT 128
#define CHANGES_LIMIT 1000000

static struct error *too_deep(const char *path)
{
    return error_new(ERR_LIMIT, KIND_PERMANENT, "'%s' has more than %d directories in each other", path, DEPTH_LIMIT);
}

static struct error *read_tree(git_repository *git, const git_oid *id, const char *path, git_tree **out)
{
    int result = git_tree_lookup(out, git, id);

    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "the directory '%s'", path);
    if (result < 0)
        return repository_error("cannot read the directory '%s'", path);
    return NULL;
}

bool tree_item_is_empty(const struct tree_item *item)
{
    git_oid empty;

    return tree_item_is_regular(item) && git_odb_hash(&empty, "", 0, GIT_OBJECT_BLOB) == 0 &&
           git_oid_equal(&item->id, &empty);
}

/* "a" < "a/x" < "a-b": the slash stands below every character of a name, the end below the slash. */
static int rank_of(char c)
{
    return c == '\0' ? 0 : c == '/' ? 1 : (unsigned char)c + 2;
}

int tree_path_order(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return rank_of(*a) - rank_of(*b);
}

/* ------------------------------------------------------------------------------------------------ comparing */

struct comparison {
    struct arena *arena;
    git_repository *git;
    struct tree_changes *out;
};

static struct error *compare(struct comparison *comparison, const git_tree *before, const git_tree *after,
                             const char *below, int depth);

static const char *path_of(struct comparison *comparison, const char *below, const char *name)
{
    return below[0] ? arena_printf(comparison->arena, "%s/%s", below, name) : arena_text(comparison->arena, name);
}

static bool is_tree(const git_tree_entry *entry)
{
    return entry && git_tree_entry_type(entry) == GIT_OBJECT_TREE;
}

static struct tree_item item_of(const git_tree_entry *entry)
{
    struct tree_item item = {.mode = GIT_FILEMODE_UNREADABLE};

    if (entry) {
        item.mode = git_tree_entry_filemode(entry);
        git_oid_cpy(&item.id, git_tree_entry_id(entry));
    }
    return item;
}

/* Either may be NULL; neither is a tree. */
static struct error *push_change(struct comparison *comparison, const char *path, const git_tree_entry *before,
                                 const git_tree_entry *after)
{
    struct tree_changes *out = comparison->out;
    struct tree_change *change;

    if (out->count >= CHANGES_LIMIT)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "more than %d files differ", CHANGES_LIMIT);
    change = ARENA_PUSH(comparison->arena, out->items, out->count, out->capacity);
    change->path = path;
    change->before = item_of(before);
    change->after = item_of(after);
    return NULL;
}

/* Entries of one name, either of which may be NULL; both are trees, or none is. */
static struct error *compare_entries(struct comparison *comparison, const git_tree_entry *before,
                                     const git_tree_entry *after, const char *below, int depth)
{
    git_tree *old CLEANUP(tree_cleanup) = NULL;
    git_tree *new CLEANUP(tree_cleanup) = NULL;
    const char *path;

    if (before && after && git_tree_entry_filemode(before) == git_tree_entry_filemode(after) &&
        git_oid_equal(git_tree_entry_id(before), git_tree_entry_id(after)))
        return NULL;
    path = path_of(comparison, below, git_tree_entry_name(before ? before : after));
    if (!is_tree(before ? before : after))
        return push_change(comparison, path, before, after);
    if (before)
        TRY(read_tree(comparison->git, git_tree_entry_id(before), path, &old));
    if (after)
        TRY(read_tree(comparison->git, git_tree_entry_id(after), path, &new));
    else
        *ARENA_PUSH(comparison->arena, comparison->out->gone, comparison->out->gone_count,
                    comparison->out->gone_capacity) = path;
    return compare(comparison, old, new, path, depth + 1);
}

static struct error *compare(struct comparison *comparison, const git_tree *before, const git_tree *after,
                             const char *below, int depth)
{
    size_t old_count = before ? git_tree_entrycount(before) : 0;
    size_t new_count = after ? git_tree_entrycount(after) : 0;
    size_t i = 0, j = 0;

    if (depth > DEPTH_LIMIT)
        return too_deep(below);
    while (i < old_count || j < new_count) {
        const git_tree_entry *old = i < old_count ? git_tree_entry_byindex(before, i) : NULL;
        const git_tree_entry *new = j < new_count ? git_tree_entry_byindex(after, j) : NULL;
        int order = !old ? 1 : !new ? -1 : git_tree_entry_cmp(old, new);

        i += order <= 0;
        j += order >= 0;
        TRY(compare_entries(comparison, order <= 0 ? old : NULL, order >= 0 ? new : NULL, below, depth));
    }
    return NULL;
}

static int by_path(const void *a, const void *b)
{
    return tree_path_order(((const struct tree_change *)a)->path, ((const struct tree_change *)b)->path);
}

struct error *tree_compare(struct arena *arena, git_repository *git, const git_tree *before, const git_tree *after,
                           struct tree_changes *out)
{
    struct comparison comparison = {.arena = arena, .git = git, .out = out};

    *out = (struct tree_changes){0};
    if (before && after && git_oid_equal(git_tree_id(before), git_tree_id(after)))
        return NULL;
    TRY(compare(&comparison, before, after, "", 0));
    if (out->count)
        qsort(out->items, (size_t)out->count, sizeof(*out->items), by_path);
    return NULL;
}

/* Not by git_tree_entry_bypath(): a directory whose object is missing must not look like one that is not there. */
struct error *tree_look(git_repository *git, const git_tree *tree, const char *path, struct tree_item *out)
{
    git_tree *below CLEANUP(tree_cleanup) = NULL;

    *out = item_of(NULL);
    while (tree) {
        size_t length = strcspn(path, "/");
        char *name CLEANUP(heap_cleanup) = strndup(path, length);
        const git_tree_entry *entry = git_tree_entry_byname(tree, name);
        git_tree *next = NULL;

        if (!path[length]) {
            *out = item_of(entry);
            return NULL;
        }
        if (!is_tree(entry))
            return NULL;
        TRY(read_tree(git, git_tree_entry_id(entry), name, &next));
        git_tree_free(below);
        tree = below = next;
        path += length + 1;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ editing */

struct editing {
    struct arena *arena;
    git_repository *git;
    const char *collision;
};

/* The edits of one name in one directory. */
struct group {
    const char *name;
    struct tree_edit *own;   /* of the name itself; NULL = none */
    struct tree_edits below; /* of what is in the directory of that name */
};

static struct error *edit(struct editing *editing, const git_tree *tree, const struct tree_edits *edits, size_t skip,
                          struct tree_item *out);

/* The group that begins at `at` of sorted edits whose paths begin with the same `skip` bytes; returns where it ends. */
static int take_group(struct editing *editing, const struct tree_edits *edits, int at, size_t skip, struct group *out)
{
    const char *first = edits->items[at].path + skip;
    size_t length = strcspn(first, "/");

    *out = (struct group){.name = arena_text_n(editing->arena, first, length)};
    if (!first[length])
        out->own = &edits->items[at++];
    out->below.items = &edits->items[at];
    while (at < edits->count && strncmp(edits->items[at].path + skip, first, length) == 0 &&
           edits->items[at].path[skip + length] == '/') {
        at++;
        out->below.count++;
    }
    return at;
}

static bool only_removes(const struct group *group)
{
    for (int i = 0; i < group->below.count; i++)
        if (tree_item_is(&group->below.items[i].item))
            return false;
    return true;
}

/* What the directory of that name becomes. */
static struct error *edit_below(struct editing *editing, const git_tree_entry *entry, const struct group *group,
                                size_t skip, struct tree_item *out)
{
    git_tree *tree CLEANUP(tree_cleanup) = NULL;

    *out = item_of(NULL);
    if (!is_tree(entry) && only_removes(group))
        return NULL;
    if (entry && !is_tree(entry) && !(group->own && !tree_item_is(&group->own->item))) {
        editing->collision = group->below.items[0].path;
        return NULL;
    }
    if (is_tree(entry))
        TRY(read_tree(editing->git, git_tree_entry_id(entry), group->name, &tree));
    return edit(editing, tree, &group->below, skip + strlen(group->name) + 1, out);
}

static struct error *edit_group(struct editing *editing, git_treebuilder *builder, const struct group *group,
                                size_t skip)
{
    const git_tree_entry *entry = git_treebuilder_get(builder, group->name);
    struct tree_item below = item_of(is_tree(entry) ? entry : NULL);
    struct tree_item result = item_of(entry);
    int failed = 0;

    if (group->below.count) {
        TRY(edit_below(editing, entry, group, skip, &below));
        if (is_tree(entry) || tree_item_is(&below))
            result = below;
    }
    if (group->own) {
        if (tree_item_is(&group->own->item) && tree_item_is(&below))
            editing->collision = group->own->path;
        if (!tree_item_is(&below))
            result = group->own->item;
    }
    if (editing->collision)
        return NULL;
    if (entry && tree_item_is(&result) && result.mode == git_tree_entry_filemode(entry) &&
        git_oid_equal(&result.id, git_tree_entry_id(entry)))
        return NULL;
    if (tree_item_is(&result))
        failed = git_treebuilder_insert(NULL, builder, group->name, &result.id, result.mode);
    else if (entry)
        failed = git_treebuilder_remove(builder, group->name);
    return failed < 0 ? repository_error("cannot put '%s' into a directory", group->name) : NULL;
}

/* The root is written even when it is empty; any other empty directory is nothing. */
static struct error *edit(struct editing *editing, const git_tree *tree, const struct tree_edits *edits, size_t skip,
                          struct tree_item *out)
{
    git_treebuilder *builder CLEANUP(treebuilder_cleanup) = NULL;

    *out = item_of(NULL);
    if (git_treebuilder_new(&builder, editing->git, tree) < 0)
        return repository_error("cannot make a directory");
    for (int at = 0; at < edits->count && !editing->collision;) {
        struct group group;

        at = take_group(editing, edits, at, skip, &group);
        TRY(edit_group(editing, builder, &group, skip));
    }
    if (editing->collision || (skip > 0 && git_treebuilder_entrycount(builder) == 0))
        return NULL;
    out->mode = GIT_FILEMODE_TREE;
    return git_treebuilder_write(&out->id, builder) < 0 ? repository_error("cannot write a directory") : NULL;
}

static int edit_order(const void *a, const void *b)
{
    return tree_path_order(((const struct tree_edit *)a)->path, ((const struct tree_edit *)b)->path);
}

struct error *tree_edit(struct arena *arena, git_repository *git, const git_tree *tree, struct tree_edits *edits,
                        git_oid *out, const char **collision)
{
    struct editing editing = {.arena = arena, .git = git};
    struct tree_item root;

    if (edits->count)
        qsort(edits->items, (size_t)edits->count, sizeof(*edits->items), edit_order);
    TRY(edit(&editing, tree, edits, 0, &root));
    *out = root.id;
    *collision = editing.collision;
    return NULL;
}
