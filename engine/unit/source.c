#include "unit/source.h"

/*
 * From a name to a commit. Only names of branches and tags, and commit numbers: no revision language, so that what is
 * released is what was named, and no name can mean something else tomorrow ("@{1 day ago}", ":/text").
 */

#include <ctype.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/repository.h"

/* What was found under a name. */
struct named {
    git_commit *commit;
    char *branch; /* NULL: not a branch */
};

static void named_release(struct named *named)
{
    git_commit_free(named->commit);
    free(named->branch);
}

/* ------------------------------------------------------------------------------------------------ describing */

static void describe(struct arena *arena, const struct named *named, struct source_commit *out)
{
    const git_signature *author = git_commit_author(named->commit);

    out->id = commit_id_text(arena, git_commit_id(named->commit));
    out->short_id = commit_short_text(arena, git_commit_id(named->commit));
    out->branch = named->branch ? commit_line(arena, named->branch, strlen(named->branch)) : "";
    out->subject = commit_subject(arena, named->commit);
    out->author = commit_person(arena, author ? author->name : NULL, author ? author->email : NULL);
}

/* ------------------------------------------------------------------------------------------------ looking up */

/* Follows tags to their commit. */
static struct error *peel(git_repository *git, const git_object *object, const char *what, git_commit **out)
{
    int result = git_object_peel((git_object **)out, object, GIT_OBJECT_COMMIT);

    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "commit '%s'", what);
    if (result < 0)
        return error_new(ERR_NOT_FOUND, KIND_PERMANENT, "'%s' names a %s, not a commit", what,
                         git_object_type2string(git_object_type(object)));
    return NULL;
}

/* *out stays NULL when there is no such reference. `what` is the name as it was typed. */
static struct error *find_reference(git_repository *git, const char *what, const char *full, git_commit **out)
{
    git_reference *reference CLEANUP(reference_cleanup) = NULL;
    git_reference *direct CLEANUP(reference_cleanup) = NULL;
    git_object *object CLEANUP(object_cleanup) = NULL;
    int result = git_reference_lookup(&reference, git, full);

    if (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC)
        return NULL;
    if (result == 0)
        result = git_reference_resolve(&direct, reference);
    if (result == 0)
        result = git_object_lookup(&object, git, git_reference_target(direct), GIT_OBJECT_ANY);
    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "what '%s' points to", what);
    if (result < 0)
        return repository_error("cannot read the reference '%s'", full);
    return peel(git, object, what, out);
}

/* The name with each of these in front, in this order. A branch is called by what follows `branch_from`. */
static struct error *find_named(git_repository *git, const char *what, struct named *out)
{
    git_commit *tag = NULL;
    struct error *error;
    char *head CLEANUP(heap_cleanup) = heap_printf("refs/heads/%s", what);
    char *tagged CLEANUP(heap_cleanup) = heap_printf("refs/tags/%s", what);
    char *remote CLEANUP(heap_cleanup) = heap_printf("refs/remotes/%s", what);
    char *origin CLEANUP(heap_cleanup) = heap_printf("refs/remotes/origin/%s", what);
    const char *slash = strchr(what, '/');

    TRY(find_reference(git, what, head, &out->commit));
    error = find_reference(git, what, tagged, &tag);
    if (!error && tag && out->commit && !git_oid_equal(git_commit_id(tag), git_commit_id(out->commit)))
        error = error_hint(
            error_new(ERR_CONFLICT, KIND_PERMANENT, "'%s' is both a branch and a tag, of different commits", what),
            "say 'refs/heads/%s' or 'refs/tags/%s'", what, what);
    if (error || out->commit) {
        git_commit_free(tag);
        if (!error)
            out->branch = heap_text(what);
        return error;
    }
    out->commit = tag;
    /* A clone for a build often has the branch of its origin only. */
    if (!out->commit && slash) {
        TRY(find_reference(git, what, remote, &out->commit));
        if (out->commit)
            out->branch = heap_text(slash + 1);
    }
    if (!out->commit) {
        TRY(find_reference(git, what, origin, &out->commit));
        if (out->commit)
            out->branch = heap_text(what);
    }
    return NULL;
}

static struct error *find_full_name(git_repository *git, const char *what, struct named *out)
{
    static const char heads[] = "refs/heads/";
    static const char remotes[] = "refs/remotes/";
    const char *slash;

    TRY(find_reference(git, what, what, &out->commit));
    if (!out->commit)
        return NULL;
    if (text_starts(what, heads))
        out->branch = heap_text(what + strlen(heads));
    if (text_starts(what, remotes) && (slash = strchr(what + strlen(remotes), '/')))
        out->branch = heap_text(slash + 1);
    return NULL;
}

static bool is_number(const char *what)
{
    size_t length = strlen(what);

    for (size_t i = 0; i < length; i++)
        if (!isxdigit((unsigned char)what[i]))
            return false;
    return length >= GIT_OID_MINPREFIXLEN && length <= GIT_OID_HEXSZ;
}

static struct error *find_number(git_repository *git, const char *what, struct named *out)
{
    git_object *object CLEANUP(object_cleanup) = NULL;
    size_t length = strlen(what);
    git_oid id;
    int result;

    if (!is_number(what) || git_oid_fromstrn(&id, what, length) < 0)
        return NULL;
    result = git_object_lookup_prefix(&object, git, &id, length, GIT_OBJECT_ANY);
    if (result == GIT_ENOTFOUND)
        return NULL;
    if (result == GIT_EAMBIGUOUS)
        return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "the number '%s' is of more than one object", what),
                          "give more of its digits");
    if (result < 0)
        return repository_error("cannot read the commit '%s'", what);
    return peel(git, object, what, &out->commit);
}

static struct error *find_head(git_repository *git, struct named *out)
{
    git_reference *head CLEANUP(reference_cleanup) = NULL;
    git_object *object CLEANUP(object_cleanup) = NULL;
    char *path CLEANUP(heap_cleanup) = repository_path(git);
    int result = git_repository_head(&head, git);

    if (result == GIT_EUNBORNBRANCH || result == GIT_ENOTFOUND)
        return error_hint(
            error_new(ERR_NOT_FOUND, KIND_PERMANENT, "the git repository '%s' has no commit at HEAD yet", path),
            "commit something, or name a branch, tag or commit");
    if (result < 0)
        return repository_error("cannot read HEAD of the git repository '%s'", path);
    result = git_object_lookup(&object, git, git_reference_target(head), GIT_OBJECT_ANY);
    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "the commit at HEAD");
    if (result < 0)
        return repository_error("cannot read the commit at HEAD of '%s'", path);
    if (git_reference_is_branch(head))
        out->branch = heap_text(git_reference_shorthand(head));
    return peel(git, object, "HEAD", &out->commit);
}

/* ------------------------------------------------------------------------------------------------ not found */

static struct error *not_found(git_repository *git, const char *what)
{
    char *path CLEANUP(heap_cleanup) = repository_path(git);
    struct error *error;
    git_strarray names = {NULL, 0};
    const char **candidates;
    size_t count = 0;

    if (git_repository_is_shallow(git) == 1)
        return repository_missing(git, "a branch, tag or commit '%s'", what);
    error = error_new(ERR_NOT_FOUND, KIND_PERMANENT, "no branch, tag or commit '%s' in the git repository '%s'", what,
                      path);
    if (git_reference_list(&names, git) < 0)
        return error;
    candidates = heap_alloc((names.count + 1) * sizeof(*candidates));
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.strings[i];

        if (text_starts(name, "refs/heads/") || text_starts(name, "refs/tags/"))
            candidates[count++] = strchr(name + strlen("refs/"), '/') + 1;
    }
    if (text_nearest(what, candidates))
        error_hint(error, "did you mean '%s'?", text_nearest(what, candidates));
    free(candidates);
    git_strarray_dispose(&names);
    return error;
}

static struct error *find(git_repository *git, const char *what, struct named *out)
{
    if (!what || text_is(what, "HEAD"))
        return find_head(git, out);
    if (strlen(what) == GIT_OID_HEXSZ)
        TRY(find_number(git, what, out)); /* a branch that is called like a commit does not hide it */
    if (!out->commit && text_starts(what, "refs/"))
        TRY(find_full_name(git, what, out));
    if (!out->commit)
        TRY(find_named(git, what, out));
    if (!out->commit)
        TRY(find_number(git, what, out));
    return out->commit ? NULL : not_found(git, what);
}

struct error *source_resolve(struct arena *arena, const char *repository, const char *what, struct source_commit *out)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    struct named named CLEANUP(named_release) = {0};

    TRY(repository_open(repository, &git));
    TRY(find(git, what, &named));
    describe(arena, &named, out);
    return NULL;
}

/* By its full name: anybody can call a branch of the clone "origin/main". */
struct error *source_shared(struct arena *arena, const char *repository, const char *branch, struct source_commit *out,
                            bool *of_origin)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    struct named named CLEANUP(named_release) = {0};
    char *full CLEANUP(heap_cleanup) = heap_printf("refs/remotes/origin/%s", branch);

    *of_origin = false;
    TRY(repository_open(repository, &git));
    TRY(find_full_name(git, full, &named));
    *of_origin = named.commit != NULL;
    if (!named.commit)
        TRY(find(git, branch, &named));
    describe(arena, &named, out);
    return NULL;
}
