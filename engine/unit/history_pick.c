/* Which commits are the same change: what messages claim, tried; and what they do not say. */

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/history.h"
#include "unit/patch.h"
#include "unit/pick_merge.h"
#include "unit/pick_objects.h"
#include "unit/repository.h"

#define CLAIMS_LIMIT 32 /* of one message */

/* A repository that is only read: what trying a pick makes stays in memory. */
static struct error *open_to_try(const char *repository, git_repository **out)
{
    struct pick_objects *objects;

    TRY(repository_open(repository, out));
    return pick_objects_hold(*out, &objects);
}

/* Does picking `source` (against its parent `number`) again, onto the parent of `result`, give the tree of `result`? */
static struct error *gives_tree(git_repository *git, const git_commit *source, int number, const git_commit *result,
                                bool *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    git_tree *base CLEANUP(tree_cleanup) = NULL;
    git_commit *onto CLEANUP(commit_cleanup) = NULL;
    struct pick_merged merged;

    *out = false;
    if (git_commit_parentcount(result) != 1)
        return NULL;
    TRY(commit_find_oid(git, git_commit_parent_id(result, 0), &onto));
    if (git_oid_equal(git_commit_tree_id(onto), git_commit_tree_id(result)))
        return NULL; /* it changes nothing, so anything that is there already would give it */
    TRY(commit_parent_tree(git, source, number, &base));
    TRY(pick_merge(arena, git, base, onto, source, &merged));
    *out = !merged.conflict_count && git_oid_equal(&merged.tree, git_commit_tree_id(result));
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ where from */

static struct error *prove(git_repository *git, const git_commit *pick, const git_commit *source,
                           enum history_proof *out)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    int parents = (int)git_commit_parentcount(source);
    struct patch own, other;
    bool is_same = false;

    *out = HISTORY_CLAIMED;
    if (git_commit_parentcount(pick) > 1)
        return NULL;
    TRY(patch_read(arena, git, pick, 1, &own));
    for (int number = 1; number <= (parents ? parents : 1); number++) {
        TRY(patch_read(arena, git, source, number, &other));
        TRY(patch_same(git, &own, &other, &is_same));
        if (is_same) {
            *out = HISTORY_SAME_PATCH;
            return NULL;
        }
        TRY(gives_tree(git, source, number, pick, &is_same));
        if (is_same)
            *out = HISTORY_SAME_RESULT;
    }
    return NULL;
}

/* The id in a line as `git cherry-pick -x` writes it; NULL for any other line. */
static const char *claimed_id(struct arena *arena, const char *line, size_t length)
{
    static const char head[] = "(cherry picked from commit ";
    const char *id = line + strlen(head);

    if (length != strlen(head) + GIT_OID_HEXSZ + 1 || !text_starts(line, head) || line[length - 1] != ')')
        return NULL;
    for (int i = 0; i < GIT_OID_HEXSZ; i++)
        if (!isdigit((unsigned char)id[i]) && !(id[i] >= 'a' && id[i] <= 'f'))
            return NULL;
    return arena_text_n(arena, id, GIT_OID_HEXSZ);
}

static struct error *try_claim(git_repository *git, const git_commit *pick, struct history_source *source)
{
    git_commit *found CLEANUP(commit_cleanup) = NULL;
    git_oid id;

    MUST(git_oid_fromstr(&id, source->id) == 0);
    if (git_commit_lookup(&found, git, &id) < 0)
        return NULL;
    source->exists = true;
    return prove(git, pick, found, &source->proof);
}

struct error *history_picked_from(struct arena *arena, const char *repository, const char *commit,
                                  struct history_sources *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *pick CLEANUP(commit_cleanup) = NULL;
    int capacity = 0;

    *out = (struct history_sources){0};
    TRY(open_to_try(repository, &git));
    TRY(commit_find(git, commit, &pick));
    for (const char *line = git_commit_message(pick); *line && out->count < CLAIMS_LIMIT;) {
        size_t length = strcspn(line, "\n");
        const char *id = claimed_id(arena, line, length);

        if (id) {
            struct history_source *source = ARENA_PUSH(arena, out->sources, out->count, capacity);

            source->id = id;
            TRY(try_claim(git, pick, source));
        }
        line += length + (line[length] == '\n');
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ where to */

struct search {
    struct arena *arena;
    git_repository *git;
    const git_commit *commit;
    struct patch patch;
    struct history_place *out;
};

static bool same_person(const git_signature *a, const git_signature *b)
{
    return a && b && text_is(a->name, b->name) && text_is(a->email, b->email);
}

static void found(struct search *search, enum history_presence presence, const git_commit *at)
{
    if (presence <= search->out->presence)
        return;
    search->out->presence = presence;
    search->out->found = commit_id_text(search->arena, git_commit_id(at));
    search->out->subject = commit_subject(search->arena, at);
}

static struct error *compare(struct search *search, const git_commit *other)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    struct patch patch;
    bool is_same;

    if (git_commit_parentcount(other) > 1)
        return NULL;
    TRY(patch_read(arena, search->git, other, 1, &patch));
    TRY(patch_same(search->git, &search->patch, &patch, &is_same));
    if (is_same)
        found(search, HISTORY_BY_PATCH, other);
    if (is_same || !same_person(git_commit_author(search->commit), git_commit_author(other)) ||
        !text_is(commit_subject(arena, search->commit), commit_subject(arena, other)))
        return NULL;
    found(search, HISTORY_ALMOST, other);
    TRY(gives_tree(search->git, other, 1, search->commit, &is_same));
    if (!is_same)
        TRY(gives_tree(search->git, search->commit, 1, other, &is_same));
    if (is_same)
        found(search, HISTORY_BY_RESULT, other);
    return NULL;
}

/* What the tip has and the commit has not. */
static struct error *search_since_parted(struct search *search, const git_oid *tip, int limit)
{
    git_revwalk *walk CLEANUP(revwalk_cleanup) = NULL;
    int looked = 0, result;
    git_oid id;

    TRY(patch_read(search->arena, search->git, search->commit, 1, &search->patch));
    if (git_revwalk_new(&walk, search->git) < 0 || git_revwalk_sorting(walk, GIT_SORT_TIME) < 0)
        return repository_error("cannot walk the history");
    if (git_revwalk_push(walk, tip) < 0 || git_revwalk_hide(walk, git_commit_id(search->commit)) < 0)
        return repository_missing(search->git, "a commit on the way to the branch");
    while ((result = git_revwalk_next(&id, walk)) == 0 && looked++ < limit &&
           search->out->presence < HISTORY_BY_PATCH) {
        git_commit *other CLEANUP(commit_cleanup) = NULL;

        TRY(commit_find_oid(search->git, &id, &other));
        TRY(compare(search, other));
    }
    if (result < 0 && result != GIT_ITEROVER)
        return repository_missing(search->git, "a commit on the way to the branch");
    if (result == 0 && search->out->presence == HISTORY_NOT_THERE)
        search->out->presence = HISTORY_NOT_SEEN;
    return NULL;
}

struct error *history_on_branch(struct arena *arena, const char *repository, const char *commit, const char *tip,
                                int limit, struct history_place *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *own CLEANUP(commit_cleanup) = NULL;
    git_commit *last CLEANUP(commit_cleanup) = NULL;
    struct search search = {.arena = arena, .out = out};
    bool is_ancestor;

    *out = (struct history_place){0};
    TRY(open_to_try(repository, &git));
    TRY(commit_find(git, commit, &own));
    TRY(commit_find(git, tip, &last));
    search.git = git;
    search.commit = own;
    TRY(commit_is_ancestor(git, git_commit_id(own), git_commit_id(last), &is_ancestor));
    if (is_ancestor) {
        found(&search, HISTORY_BY_ANCESTRY, own);
        return NULL;
    }
    /* A merge has no one patch. */
    return git_commit_parentcount(own) > 1 ? NULL : search_since_parted(&search, git_commit_id(last), limit);
}
