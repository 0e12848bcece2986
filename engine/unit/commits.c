#include "unit/commits.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/repository.h"

#define SHORT_DIGITS 7
#define LINE_LIMIT_BYTES 1000 /* of a subject or an author */

struct error *commit_find_oid(git_repository *git, const git_oid *id, git_commit **out)
{
    char hex[GIT_OID_HEXSZ + 1];
    int result = git_commit_lookup(out, git, id);

    git_oid_tostr(hex, sizeof(hex), id);
    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "commit '%s'", hex);
    if (result < 0)
        return repository_error("cannot read the commit '%s'", hex);
    return NULL;
}

struct error *commit_find(git_repository *git, const char *id, git_commit **out)
{
    git_oid oid;

    MUST(strlen(id) == GIT_OID_HEXSZ && git_oid_fromstr(&oid, id) == 0);
    return commit_find_oid(git, &oid, out);
}

struct error *commit_parent_tree(git_repository *git, const git_commit *commit, int number, git_tree **out)
{
    git_commit *parent = NULL;
    struct error *error;
    int result;

    *out = NULL;
    if (git_commit_parentcount(commit) == 0)
        return NULL;
    TRY(commit_find_oid(git, git_commit_parent_id(commit, (unsigned)number - 1), &parent));
    result = git_commit_tree(out, parent);
    error = result < 0 ? repository_missing(git, "the tree of a commit") : NULL;
    git_commit_free(parent);
    return error;
}

struct error *commit_is_ancestor(git_repository *git, const git_oid *a, const git_oid *b, bool *out)
{
    int result = git_oid_equal(a, b) ? 1 : git_graph_descendant_of(git, b, a);

    if (result < 0)
        return repository_missing(git, "a commit on the way from one to the other");
    *out = result == 1;
    return NULL;
}

const char *commit_line(struct arena *arena, const char *text, size_t length)
{
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(LINE_LIMIT_BYTES * 4);

    text_clean(&clean, text, length < LINE_LIMIT_BYTES ? length : LINE_LIMIT_BYTES);
    for (size_t i = 0; i < clean.length; i++)
        if (clean.bytes[i] == '\n' || clean.bytes[i] == '\t')
            clean.bytes[i] = ' ';
    return arena_text(arena, strbuf_view(&clean));
}

const char *commit_subject(struct arena *arena, const git_commit *commit)
{
    /* Made at the first question, and kept: the object does not change by it. */
    const char *summary = git_commit_summary((git_commit *)(uintptr_t)commit);

    return commit_line(arena, summary ? summary : "", summary ? strlen(summary) : 0);
}

const char *commit_person(struct arena *arena, const char *name, const char *mail)
{
    const char *line = arena_printf(arena, "%s <%s>", name ? name : "", mail ? mail : "");

    return commit_line(arena, line, strlen(line));
}

const char *commit_id_text(struct arena *arena, const git_oid *id)
{
    char hex[GIT_OID_HEXSZ + 1];

    return arena_text(arena, git_oid_tostr(hex, sizeof(hex), id));
}

const char *commit_short_text(struct arena *arena, const git_oid *id)
{
    char hex[SHORT_DIGITS + 1];

    return arena_text(arena, git_oid_tostr(hex, sizeof(hex), id));
}
