#include "unit/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/patch.h"
#include "unit/pick_merge.h"
#include "unit/pick_objects.h"
#include "unit/pick_totals.h"
#include "unit/repository.h"
#include "unit/trees.h"

#define SEARCH_LIMIT 1000 /* commits looked at, for the one that has done it already */

struct pick {
    struct arena *arena;
    git_repository *git;
    const struct pick_request *request;
    git_signature *committer;
    git_commit *tip; /* so far */
    struct pick_result *out;
};

static void pick_release(struct pick *pick)
{
    git_signature_free(pick->committer);
    git_commit_free(pick->tip);
}

static struct error *refuse(struct pick *pick, const git_commit *source, enum pick_verdict verdict)
{
    pick->out->verdict = verdict;
    pick->out->refused = commit_id_text(pick->arena, git_commit_id(source));
    pick->out->refused_subject = commit_subject(pick->arena, source);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ parents */

static struct error *list_parents(struct pick *pick, const git_commit *source)
{
    int count = (int)git_commit_parentcount(source);

    pick->out->parents = arena_array(pick->arena, (size_t)count + 1, sizeof(*pick->out->parents));
    for (int i = 0; i < count; i++) {
        git_commit *parent CLEANUP(commit_cleanup) = NULL;

        TRY(commit_find_oid(pick->git, git_commit_parent_id(source, (unsigned)i), &parent));
        pick->out->parents[i] = (struct pick_parent){.id = commit_id_text(pick->arena, git_commit_id(parent)),
                                                     .subject = commit_subject(pick->arena, parent)};
    }
    pick->out->parent_count = count;
    return NULL;
}

/* PICK_CLEAN: `mainline` goes with the commit. */
static enum pick_verdict judge_parents(const git_commit *source, int mainline)
{
    int count = (int)git_commit_parentcount(source);

    if (count > 1 && mainline == 0)
        return PICK_IS_MERGE;
    if (count > 1 && mainline > count)
        return PICK_NO_SUCH_PARENT;
    if (count <= 1 && mainline > 0)
        return PICK_NO_MERGE;
    return PICK_CLEAN;
}

/* ------------------------------------------------------------------------------------------------ the new commit */

static bool ends_with_pick_line(const char *message)
{
    size_t length = strlen(message), start;

    if (length && message[length - 1] == '\n')
        length--;
    for (start = length; start > 0 && message[start - 1] != '\n';)
        start--;
    return text_starts(message + start, "(cherry picked from commit ");
}

/* A paragraph of trailers at the end goes on; behind any other text a new one begins. */
static bool has_trailers(const char *message)
{
    git_message_trailer_array trailers = {0};
    bool any = git_message_trailers(&trailers, message) == 0 && trailers.count > 0;

    git_message_trailer_array_free(&trailers);
    return any || ends_with_pick_line(message);
}

/* As `git cherry-pick -x` has it. */
static struct error *make_message(const git_commit *source, git_buf *out)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char hex[GIT_OID_HEXSZ + 1];

    strbuf_text(&text, git_commit_message(source));
    if (text.length && text.bytes[text.length - 1] != '\n')
        strbuf_char(&text, '\n');
    if (!has_trailers(strbuf_view(&text)))
        strbuf_char(&text, '\n');
    strbuf_printf(&text, "(cherry picked from commit %s)\n", git_oid_tostr(hex, sizeof(hex), git_commit_id(source)));
    if (git_message_prettify(out, strbuf_view(&text), 0, '#') < 0)
        return repository_error("cannot use the message of %.7s", hex);
    return NULL;
}

static struct error *commit_tree(struct pick *pick, const git_commit *source, const git_oid *tree_id)
{
    git_tree *tree CLEANUP(tree_cleanup) = NULL;
    git_buf message = GIT_BUF_INIT;
    const git_commit *parents[] = {pick->tip};
    git_commit *made = NULL;
    struct error *error;
    git_oid id;
    int result;

    if (git_tree_lookup(&tree, pick->git, tree_id) < 0)
        return repository_error("cannot read the new tree");
    error = make_message(source, &message);
    if (error)
        return error;
    result = git_commit_create(&id, pick->git, NULL, git_commit_author(source), pick->committer,
                               git_commit_message_encoding(source), message.ptr, tree, 1, parents);
    git_buf_dispose(&message);
    if (result < 0)
        return repository_error("cannot make the new commit");
    TRY(commit_find_oid(pick->git, &id, &made));
    git_commit_free(pick->tip);
    pick->tip = made;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ nothing to do */

/* The commit on the way to the tip that is the same patch. Only for the message, so a bounded look is enough. */
static struct error *find_applied(struct pick *pick, const git_commit *source, int number)
{
    git_revwalk *walk CLEANUP(revwalk_cleanup) = NULL;
    struct patch own;
    bool is_ancestor, is_same = false;
    git_oid id;

    TRY(commit_is_ancestor(pick->git, git_commit_id(source), git_commit_id(pick->tip), &is_ancestor));
    if (is_ancestor) {
        pick->out->applied_as = commit_id_text(pick->arena, git_commit_id(source));
        return NULL;
    }
    TRY(patch_read(pick->arena, pick->git, source, number, &own));
    if (git_revwalk_new(&walk, pick->git) < 0 || git_revwalk_push(walk, git_commit_id(pick->tip)) < 0 ||
        git_revwalk_hide(walk, git_commit_id(source)) < 0)
        return repository_error("cannot walk the history");
    for (int i = 0; i < SEARCH_LIMIT && !is_same && git_revwalk_next(&id, walk) == 0; i++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();
        git_commit *other CLEANUP(commit_cleanup) = NULL;
        struct patch patch;

        TRY(commit_find_oid(pick->git, &id, &other));
        if (git_commit_parentcount(other) > 1)
            continue;
        TRY(patch_read(arena, pick->git, other, 1, &patch));
        TRY(patch_same(pick->git, &own, &patch, &is_same));
        if (is_same)
            pick->out->applied_as = commit_id_text(pick->arena, &id);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ one, and all */

static struct error *pick_one(struct pick *pick, const git_commit *source)
{
    enum pick_verdict verdict = judge_parents(source, pick->request->mainline);
    int number = pick->request->mainline ? pick->request->mainline : 1;
    git_tree *base CLEANUP(tree_cleanup) = NULL;
    struct pick_merged merged;
    struct picked *picked;

    if (verdict != PICK_CLEAN) {
        TRY(list_parents(pick, source));
        return refuse(pick, source, verdict);
    }
    TRY(commit_parent_tree(pick->git, source, number, &base));
    if (base && git_oid_equal(git_tree_id(base), git_commit_tree_id(source)))
        return refuse(pick, source, PICK_EMPTY);
    TRY(pick_merge(pick->arena, pick->git, base, pick->tip, source, &merged));
    if (merged.conflict_count) {
        pick->out->conflicts = merged.conflicts;
        pick->out->conflict_count = merged.conflict_count;
        return refuse(pick, source, PICK_CONFLICT);
    }
    if (git_oid_equal(&merged.tree, git_commit_tree_id(pick->tip))) {
        TRY(find_applied(pick, source, number));
        return refuse(pick, source, PICK_ALREADY_APPLIED);
    }
    TRY(commit_tree(pick, source, &merged.tree));
    picked = &pick->out->picked[pick->out->picked_count++];
    picked->source = commit_id_text(pick->arena, git_commit_id(source));
    picked->subject = commit_subject(pick->arena, source);
    picked->id = commit_id_text(pick->arena, git_commit_id(pick->tip));
    return NULL;
}

static struct error *count_totals(struct pick *pick, const git_tree *before)
{
    git_tree *after CLEANUP(tree_cleanup) = NULL;

    if (git_commit_tree(&after, pick->tip) < 0)
        return repository_error("cannot read the new tree");
    pick->out->totals.commits = pick->out->picked_count;
    return pick_count_trees(pick->arena, pick->git, before, after, &pick->out->totals);
}

static struct error *begin(struct pick *pick)
{
    const struct pick_person *person = &pick->request->committer;

    TRY(repository_open(pick->request->repository, &pick->git));
    if (git_signature_new(&pick->committer, person->name, person->mail, person->at_s, person->offset_minutes) < 0)
        return repository_error("'%s <%s>' cannot be a committer", person->name, person->mail);
    pick->out->picked = arena_array(pick->arena, (size_t)pick->request->count + 1, sizeof(*pick->out->picked));
    return commit_find(pick->git, pick->request->onto, &pick->tip);
}

static struct error *run(struct pick *pick)
{
    git_tree *before CLEANUP(tree_cleanup) = NULL;
    struct pick_objects *objects;

    TRY(begin(pick));
    if (git_commit_tree(&before, pick->tip) < 0)
        return repository_missing(pick->git, "the tree of a commit");
    TRY(pick_objects_hold(pick->git, &objects));
    for (int i = 0; i < pick->request->count && pick->out->verdict == PICK_CLEAN; i++) {
        git_commit *source CLEANUP(commit_cleanup) = NULL;

        TRY(commit_find(pick->git, pick->request->commits[i], &source));
        TRY(pick_one(pick, source));
    }
    if (pick->out->verdict != PICK_CLEAN)
        return NULL;
    TRY(count_totals(pick, before));
    if (pick->request->keep)
        TRY(pick_objects_keep(pick->git, objects));
    pick->out->tip = commit_id_text(pick->arena, git_commit_id(pick->tip));
    return NULL;
}

struct error *pick_commits(struct arena *arena, const struct pick_request *request, struct pick_result *out)
{
    struct pick pick = {.arena = arena, .request = request, .out = out};
    struct error *error;

    *out = (struct pick_result){0};
    error = run(&pick);
    pick_release(&pick);
    repository_close(&pick.git);
    return error;
}
