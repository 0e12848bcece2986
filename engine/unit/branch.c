#include "unit/branch.h"

#include <string.h>

#include "base/fault.h"
#include "base/memory.h"
#include "base/text.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/repository.h"

static const git_oid no_id; /* "must not exist" */

struct error *branch_check_name(const char *branch)
{
    int valid = 0;

    if (!branch)
        return error_new(ERR_USAGE, KIND_PERMANENT, "the branch has no name");
    if (!text_is_utf8(branch))
        return error_new(ERR_USAGE, KIND_PERMANENT, "'%s' is not UTF-8, and the record holds nothing else", branch);
    TRY(repository_start());
    if (git_branch_name_is_valid(&valid, branch) == 0 && valid)
        return NULL;
    return error_hint(error_new(ERR_USAGE, KIND_PERMANENT, "'%s' cannot be the name of a branch", branch),
                      "git's rules: git help check-ref-format");
}

static struct error *open_for(const struct branch_change *change, git_repository **out)
{
    TRY(branch_check_name(change->branch));
    TRY(repository_open(change->repository, out));
    if (change->name && change->mail && git_repository_set_ident(*out, change->name, change->mail) < 0)
        return repository_error("cannot use '%s' for the log of the branch", change->name);
    return NULL;
}

/* What git_reference_create_matching() said, for a reason that does not depend on what was asked. */
static struct error *write_error(git_repository *git, const struct branch_change *change, int result)
{
    char *path CLEANUP(heap_cleanup) = heap_text(git_repository_commondir(git));

    if (result == GIT_ELOCKED)
        return error_hint(error_new(ERR_CONFLICT, KIND_TRANSIENT,
                                    "another program is changing the branch '%s' at this moment", change->branch),
                          "try again; if nothing works on it any more: rm %srefs/heads/%s.lock", path, change->branch);
    return repository_error("cannot write the branch '%s'", change->branch);
}

/* The branches that git cannot have beside it: "a" and "a/b" are a file and a directory of that name. */
static struct error *check_neighbours(git_repository *git, const struct branch_change *change)
{
    char *below CLEANUP(heap_cleanup) = heap_printf("refs/heads/%s/*", change->branch);
    git_reference_iterator *iterator = NULL;
    git_reference *reference CLEANUP(reference_cleanup) = NULL;
    char *taken CLEANUP(heap_cleanup) = NULL;

    if (git_reference_iterator_glob_new(&iterator, git, below) == 0 && git_reference_next(&reference, iterator) == 0)
        taken = heap_text(git_reference_shorthand(reference));
    git_reference_iterator_free(iterator);
    for (const char *slash = strchr(change->branch, '/'); slash && !taken; slash = strchr(slash + 1, '/')) {
        char *above CLEANUP(heap_cleanup) = strndup(change->branch, (size_t)(slash - change->branch));
        git_reference *found CLEANUP(reference_cleanup) = NULL;

        if (git_branch_lookup(&found, git, above, GIT_BRANCH_LOCAL) == 0)
            taken = heap_text(above);
    }
    if (!taken)
        return NULL;
    return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                "the branch '%s' cannot be made while there is a branch '%s'", change->branch, taken),
                      "choose another name");
}

static struct error *exists_already(git_repository *git, const char *branch)
{
    git_reference *reference CLEANUP(reference_cleanup) = NULL;
    char hex[8] = "";

    if (git_branch_lookup(&reference, git, branch, GIT_BRANCH_LOCAL) == 0 && git_reference_target(reference))
        git_oid_tostr(hex, sizeof(hex), git_reference_target(reference));
    return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT, "the branch '%s' exists already%s%s", branch,
                                hex[0] ? ", at " : "", hex),
                      "choose another name, or look at it: git log %s", branch);
}

struct error *branch_create(const struct branch_change *change, const char *commit)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_commit *found CLEANUP(commit_cleanup) = NULL;
    git_reference *made CLEANUP(reference_cleanup) = NULL;
    char *full CLEANUP(heap_cleanup) = NULL;
    int result;

    TRY(open_for(change, &git));
    TRY(commit_find(git, commit, &found));
    TRY(check_neighbours(git, change));
    full = heap_printf("refs/heads/%s", change->branch);
    repository_sync(true);
    result = git_reference_create_matching(&made, git, full, git_commit_id(found), 0, &no_id, change->message);
    repository_sync(false);
    if (result == GIT_EEXISTS || result == GIT_EMODIFIED)
        return exists_already(git, change->branch);
    return result < 0 ? write_error(git, change, result) : NULL;
}

/* ------------------------------------------------------------------------------------------------ moving */

static struct error *other_name(const struct branch_change *change, const char *target)
{
    const char *name = text_starts(target, "refs/heads/") ? target + strlen("refs/heads/") : target;

    return error_hint(
        error_new(ERR_CONFLICT, KIND_PERMANENT, "'%s' is only another name of the branch '%s'", change->branch, name),
        "nothing was changed; name '%s' itself", name);
}

static struct error *moved_meanwhile(git_repository *git, const struct branch_change *change, const char *old)
{
    git_reference *now CLEANUP(reference_cleanup) = NULL;
    char hex[8] = "";

    if (git_branch_lookup(&now, git, change->branch, GIT_BRANCH_LOCAL) < 0)
        return error_hint(
            error_new(ERR_CONFLICT, KIND_PERMANENT, "the branch '%s' is not there any more", change->branch),
            "git branch --list; nothing was changed");
    if (!git_reference_target(now))
        return other_name(change, git_reference_symbolic_target(now));
    git_oid_tostr(hex, sizeof(hex), git_reference_target(now));
    return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                "somebody else moved the branch '%s': it is at %s, not at %.7s", change->branch, hex,
                                old),
                      "nothing was changed; look at it and try again: git log %.7s..%s", old, hex);
}

static struct error *check_work_trees(const struct branch_change *change, const git_reference *reference)
{
    int result = git_branch_is_checked_out(reference);

    if (result < 0)
        return repository_error("cannot see where the branch '%s' is checked out", change->branch);
    if (!result)
        return NULL;
    return error_hint(error_new(ERR_CONFLICT, KIND_PERMANENT,
                                "the branch '%s' is checked out; moving it would make its files look changed",
                                change->branch),
                      "leave it there first: git switch --detach (git worktree list says where)");
}

struct error *branch_check_free(const struct branch_change *change)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_reference *now CLEANUP(reference_cleanup) = NULL;

    TRY(open_for(change, &git));
    if (git_branch_lookup(&now, git, change->branch, GIT_BRANCH_LOCAL) < 0)
        return repository_error("cannot read the branch '%s'", change->branch);
    return git_reference_target(now) ? check_work_trees(change, now)
                                     : other_name(change, git_reference_symbolic_target(now));
}

static struct error *check_forward(git_repository *git, const struct branch_change *change, const git_oid *old,
                                   const char *new, git_oid *out)
{
    git_commit *commit CLEANUP(commit_cleanup) = NULL;
    bool forward;

    TRY(commit_find(git, new, &commit));
    TRY(commit_is_ancestor(git, old, git_commit_id(commit), &forward));
    if (!forward)
        return error_new(ERR_CONFLICT, KIND_PERMANENT,
                         "the branch '%s' would lose commits: %.7s does not come after what it has", change->branch,
                         new);
    git_oid_cpy(out, git_commit_id(commit));
    return NULL;
}

struct error *branch_move(const struct branch_change *change, const char *old, const char *new)
{
    git_repository *git CLEANUP(repository_close) = NULL;
    git_reference *now CLEANUP(reference_cleanup) = NULL;
    git_reference *moved CLEANUP(reference_cleanup) = NULL;
    git_oid from, to;
    int result;

    MUST(strlen(old) == GIT_OID_HEXSZ && git_oid_fromstr(&from, old) == 0);
    TRY(open_for(change, &git));
    result = git_branch_lookup(&now, git, change->branch, GIT_BRANCH_LOCAL);
    if (result < 0 && result != GIT_ENOTFOUND)
        return repository_error("cannot read the branch '%s'", change->branch);
    if (result < 0 || !git_reference_target(now) || !git_oid_equal(git_reference_target(now), &from))
        return moved_meanwhile(git, change, old);
    TRY(check_work_trees(change, now));
    TRY(check_forward(git, change, &from, new, &to));
    fault_point("branch.before");
    repository_sync(true);
    result = git_reference_create_matching(&moved, git, git_reference_name(now), &to, 1, &from, change->message);
    repository_sync(false);
    fault_point("branch.after");
    if (result == GIT_EMODIFIED || result == GIT_ENOTFOUND)
        return moved_meanwhile(git, change, old);
    return result < 0 ? write_error(git, change, result) : NULL;
}
