#include "unit/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/repository.h"
#include "unit/trees.h"

#define MAILMAP_LIMIT_BYTES ((git_object_size_t)1 << 20)

/* ------------------------------------------------------------------------------------------------ a set of commits */

/* Open addressing; a commit's id is as good as a hash. */
struct id_set {
    git_oid *slots; /* all zero: free */
    size_t count;
    size_t capacity; /* a power of two */
};

static void id_set_release(struct id_set *set)
{
    free(set->slots);
}

static git_oid *slot_of(const struct id_set *set, const git_oid *id)
{
    size_t at = 0;

    memcpy(&at, id->id, sizeof(at));
    for (at &= set->capacity - 1; !git_oid_is_zero(&set->slots[at]); at = (at + 1) & (set->capacity - 1))
        if (git_oid_equal(&set->slots[at], id))
            break;
    return &set->slots[at];
}

static bool id_set_has(const struct id_set *set, const git_oid *id)
{
    return set->capacity && git_oid_equal(slot_of(set, id), id);
}

static void id_set_add(struct id_set *set, const git_oid *id)
{
    if (set->count * 2 >= set->capacity) {
        struct id_set larger = {.capacity = set->capacity ? set->capacity * 2 : 64, .count = set->count};

        larger.slots = heap_alloc(larger.capacity * sizeof(*larger.slots));
        for (size_t i = 0; i < set->capacity; i++)
            if (!git_oid_is_zero(&set->slots[i]))
                *slot_of(&larger, &set->slots[i]) = set->slots[i];
        free(set->slots);
        *set = larger;
    }
    set->count += !id_set_has(set, id);
    *slot_of(set, id) = *id;
}

/* ------------------------------------------------------------------------------------------------ branches */

struct tip {
    char *name; /* in full */
    git_oid id;
};

struct tips {
    struct arena *arena;
    struct tip *items;
    int count;
    int capacity;
};

static struct error *broken_history(git_repository *git)
{
    return repository_missing(git, "a commit on the way to a branch");
}

/* One that leads nowhere, or to no commit, contains no commit. */
static void push_tip(struct tips *tips, const git_reference *reference)
{
    git_object *object CLEANUP(object_cleanup) = NULL;
    struct tip *tip;

    if (git_reference_type(reference) != GIT_REFERENCE_DIRECT ||
        git_reference_peel(&object, reference, GIT_OBJECT_COMMIT) < 0)
        return;
    tip = ARENA_PUSH(tips->arena, tips->items, tips->count, tips->capacity);
    tip->name = arena_text(tips->arena, git_reference_name(reference));
    git_oid_cpy(&tip->id, git_object_id(object));
}

static struct error *read_tips(git_repository *git, const char *pattern, struct tips *tips)
{
    git_reference_iterator *references = NULL;
    int result = git_reference_iterator_glob_new(&references, git, pattern);

    while (result == 0) {
        git_reference *reference CLEANUP(reference_cleanup) = NULL;

        result = git_reference_next(&reference, references);
        if (result == 0)
            push_tip(tips, reference);
    }
    git_reference_iterator_free(references);
    return result == GIT_ITEROVER ? NULL : repository_error("cannot read the branches");
}

/* The commits between `commit` (with it) and the tips, as far as they come after it. */
static struct error *walk_after(git_repository *git, git_commit *commit, const struct tips *tips, struct id_set *after)
{
    git_revwalk *walk CLEANUP(revwalk_cleanup) = NULL;
    git_oid id;
    int result = git_revwalk_new(&walk, git);

    if (result < 0 || git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE) < 0)
        return repository_error("cannot walk the history");
    for (int i = 0; i < tips->count; i++)
        if (git_revwalk_push(walk, &tips->items[i].id) < 0)
            return broken_history(git);
    for (unsigned i = 0; i < git_commit_parentcount(commit); i++)
        if (git_revwalk_hide(walk, git_commit_parent_id(commit, i)) < 0)
            return broken_history(git);
    id_set_add(after, git_commit_id(commit));
    while ((result = git_revwalk_next(&id, walk)) == 0) {
        git_commit *next CLEANUP(commit_cleanup) = NULL;
        bool is_after = false;

        TRY(commit_find_oid(git, &id, &next));
        for (unsigned i = 0; i < git_commit_parentcount(next) && !is_after; i++)
            is_after = id_set_has(after, git_commit_parent_id(next, i));
        if (is_after)
            id_set_add(after, &id);
    }
    return result == GIT_ITEROVER ? NULL : broken_history(git);
}

static void take_branches(struct arena *arena, const struct tips *tips, const char *below, const struct id_set *after,
                          struct history_branch **out, int *count)
{
    *out = arena_array(arena, (size_t)tips->count + 1, sizeof(**out));
    *count = 0;
    for (int i = 0; i < tips->count; i++)
        if (text_starts(tips->items[i].name, below) && id_set_has(after, &tips->items[i].id))
            (*out)[(*count)++] = (struct history_branch){.name = tips->items[i].name + strlen(below),
                                                         .tip = commit_id_text(arena, &tips->items[i].id)};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct tip *)a)->name, ((const struct tip *)b)->name);
}

struct error *history_branches(struct arena *arena, const char *repository, const char *commit,
                               struct history_branches *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *found CLEANUP(commit_cleanup) = NULL;
    struct id_set after CLEANUP(id_set_release) = {0};
    struct tips tips = {.arena = arena};

    *out = (struct history_branches){0};
    TRY(repository_open(repository, &git));
    TRY(commit_find(git, commit, &found));
    TRY(read_tips(git, "refs/heads/*", &tips));
    TRY(read_tips(git, "refs/remotes/origin/*", &tips));
    TRY(walk_after(git, found, &tips, &after));
    if (tips.count)
        qsort(tips.items, (size_t)tips.count, sizeof(*tips.items), by_name);
    take_branches(arena, &tips, "refs/heads/", &after, &out->local, &out->local_count);
    take_branches(arena, &tips, "refs/remotes/origin/", &after, &out->origin, &out->origin_count);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ two commits */

struct error *history_is_ancestor(const char *repository, const char *ancestor, const char *commit, bool *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *a CLEANUP(commit_cleanup) = NULL;
    git_commit *b CLEANUP(commit_cleanup) = NULL;

    TRY(repository_open(repository, &git));
    TRY(commit_find(git, ancestor, &a));
    TRY(commit_find(git, commit, &b));
    return commit_is_ancestor(git, git_commit_id(a), git_commit_id(b), out);
}

struct error *history_merge_base(struct arena *arena, const char *repository, const char *a, const char *b,
                                 const char **out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *left CLEANUP(commit_cleanup) = NULL;
    git_commit *right CLEANUP(commit_cleanup) = NULL;
    git_oid base;
    int result;

    *out = NULL;
    TRY(repository_open(repository, &git));
    TRY(commit_find(git, a, &left));
    TRY(commit_find(git, b, &right));
    result = git_merge_base(&base, git, git_commit_id(left), git_commit_id(right));
    /* Half a history may have lost the commit where they parted. */
    if (result < 0 && (result != GIT_ENOTFOUND || git_repository_is_shallow(git) == 1))
        return repository_missing(git, "the commit where the two histories parted");
    if (result == 0)
        *out = commit_id_text(arena, &base);
    return NULL;
}

struct error *history_path_change(const char *repository, const char *from, const char *to, const char *path,
                                  enum history_change *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *old CLEANUP(commit_cleanup) = NULL;
    git_commit *new CLEANUP(commit_cleanup) = NULL;
    git_tree *old_tree CLEANUP(tree_cleanup) = NULL;
    git_tree *new_tree CLEANUP(tree_cleanup) = NULL;
    struct tree_item before, after;

    TRY(repository_open(repository, &git));
    TRY(commit_find(git, from, &old));
    TRY(commit_find(git, to, &new));
    if (git_commit_tree(&old_tree, old) < 0 || git_commit_tree(&new_tree, new) < 0)
        return repository_missing(git, "the tree of a commit");
    TRY(tree_look(git, old_tree, path, &before));
    TRY(tree_look(git, new_tree, path, &after));
    *out = tree_item_same(&before, &after) ? (tree_item_is(&before) ? HISTORY_SAME : HISTORY_ABSENT)
           : !tree_item_is(&before)        ? HISTORY_ADDED
           : !tree_item_is(&after)         ? HISTORY_REMOVED
                                           : HISTORY_CHANGED;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ a range */

static void mailmap_cleanup(git_mailmap **map)
{
    git_mailmap_free(*map);
}

/* The tip's own: not the work tree's, which anybody can change without a commit. */
static struct error *read_mailmap(git_repository *git, const git_commit *tip, git_mailmap **out)
{
    git_tree *tree CLEANUP(tree_cleanup) = NULL;
    git_blob *blob CLEANUP(blob_cleanup) = NULL;
    struct tree_item item;

    if (git_commit_tree(&tree, tip) < 0)
        return repository_missing(git, "the tree of a commit");
    TRY(tree_look(git, tree, ".mailmap", &item));
    if (item.mode != GIT_FILEMODE_BLOB && item.mode != GIT_FILEMODE_BLOB_EXECUTABLE)
        return git_mailmap_new(out) < 0 ? repository_error("cannot make a map of names") : NULL;
    if (git_blob_lookup(&blob, git, &item.id) < 0)
        return repository_missing(git, "the content of '.mailmap'");
    if (git_blob_rawsize(blob) > MAILMAP_LIMIT_BYTES)
        return error_new(ERR_LIMIT, KIND_PERMANENT, "'.mailmap' is larger than 1 MiB");
    if (git_mailmap_from_buffer(out, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob)) < 0)
        return repository_error("cannot read '.mailmap'");
    return NULL;
}

static struct error *describe_person(struct arena *arena, const git_mailmap *map, const git_signature *person,
                                     struct history_person *out)
{
    const char *name = person ? person->name : "", *mail = person ? person->email : "";

    out->said = commit_person(arena, name, mail);
    if (git_mailmap_resolve(&name, &mail, map, name, mail) < 0)
        return repository_error("cannot use '.mailmap'");
    out->real = commit_person(arena, name, mail);
    return NULL;
}

static struct error *describe(struct arena *arena, const git_mailmap *map, const git_commit *commit,
                              struct history_commit *out)
{
    out->id = commit_id_text(arena, git_commit_id(commit));
    out->short_id = commit_short_text(arena, git_commit_id(commit));
    out->subject = commit_subject(arena, commit);
    out->at_s = git_commit_time(commit);
    out->parent_count = (int)git_commit_parentcount(commit);
    TRY(describe_person(arena, map, git_commit_author(commit), &out->author));
    return describe_person(arena, map, git_commit_committer(commit), &out->committer);
}

static struct error *begin_range(git_repository *git, const git_commit *tip, const char *base, git_revwalk **out)
{
    git_commit *from CLEANUP(commit_cleanup) = NULL;

    if (git_revwalk_new(out, git) < 0 || git_revwalk_sorting(*out, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME) < 0)
        return repository_error("cannot walk the history");
    if (base)
        TRY(commit_find(git, base, &from));
    if (git_revwalk_push(*out, git_commit_id(tip)) < 0 || (from && git_revwalk_hide(*out, git_commit_id(from)) < 0))
        return broken_history(git);
    return NULL;
}

struct error *history_range(struct arena *arena, const char *repository, const char *base, const char *tip, int limit,
                            struct history_range *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_revwalk *walk CLEANUP(revwalk_cleanup) = NULL;
    git_commit *last CLEANUP(commit_cleanup) = NULL;
    git_mailmap *map CLEANUP(mailmap_cleanup) = NULL;
    int capacity = 0, result;
    git_oid id;

    *out = (struct history_range){0};
    TRY(repository_open(repository, &git));
    TRY(commit_find(git, tip, &last));
    TRY(read_mailmap(git, last, &map));
    TRY(begin_range(git, last, base, &walk));
    while ((result = git_revwalk_next(&id, walk)) == 0 && out->count < limit) {
        git_commit *commit CLEANUP(commit_cleanup) = NULL;

        TRY(commit_find_oid(git, &id, &commit));
        TRY(describe(arena, map, commit, ARENA_PUSH(arena, out->commits, out->count, capacity)));
    }
    if (result < 0 && result != GIT_ITEROVER)
        return broken_history(git);
    out->more = result == 0;
    return NULL;
}
