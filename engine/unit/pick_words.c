/* Why a pick was refused, and what to type next. */

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "unit/pick.h"

#define SHORT_DIGITS 7
#define HINT_BYTES 2000

static const struct {
    const char *id;
    const char *text;
} conflicts[CONFLICT_KIND_COUNT] = {
    [CONFLICT_BOTH_MODIFIED] = {"both_modified", "both changed the same lines"},
    [CONFLICT_BOTH_ADDED] = {"both_added", "both added it, with different content"},
    [CONFLICT_DELETED_BY_US] = {"deleted_by_us", "the branch does not have it"},
    [CONFLICT_DELETED_BY_THEM] = {"deleted_by_them", "the commit deletes it, the branch has changed it"},
    [CONFLICT_RENAMED] = {"renamed", "it was renamed, and where its change belongs is not sure"},
    [CONFLICT_DIRECTORY_MOVED] = {"directory_moved", "its directory is gone on the other side, perhaps moved"},
    [CONFLICT_FILE_DIRECTORY] = {"file_directory", "it would be a file and a directory"},
    [CONFLICT_KIND] = {"kind", "both changed what it is: file, link or submodule"},
    [CONFLICT_BINARY] = {"binary", "both changed it, and it is binary"},
    [CONFLICT_LINK] = {"link", "both changed where the link leads"},
    [CONFLICT_SUBMODULE] = {"submodule", "both changed the commit of the submodule"},
    [CONFLICT_MERGE_ATTRIBUTE] = {"merge_attribute", ".gitattributes asks for a way of merging that is git's own"},
    [CONFLICT_TWO_WAYS] = {"two_ways", "the change fits in more than one place"},
    [CONFLICT_TOO_LARGE] = {"too_large", "both changed it, and it is larger than 16 MiB"},
};

static const char *const verdicts[] = {
    [PICK_CLEAN] = "clean",
    [PICK_CONFLICT] = "conflict",
    [PICK_ALREADY_APPLIED] = "already_applied",
    [PICK_EMPTY] = "empty",
    [PICK_IS_MERGE] = "is_merge",
    [PICK_NO_MERGE] = "no_merge",
    [PICK_NO_SUCH_PARENT] = "no_such_parent",
};

const char *pick_conflict_text(enum pick_conflict_kind kind)
{
    return conflicts[kind].text;
}

const char *pick_conflict_id(enum pick_conflict_kind kind)
{
    return conflicts[kind].id;
}

const char *pick_verdict_id(enum pick_verdict verdict)
{
    return verdicts[verdict];
}

/* ------------------------------------------------------------------------------------------------ each verdict */

static struct error *conflict_error(const struct pick_request *request, const struct pick_result *result,
                                    const char *branch)
{
    const struct pick_conflict *first = &result->conflicts[0];
    struct strbuf hint CLEANUP(strbuf_release) = STRBUF_INIT(HINT_BYTES);
    struct error *error;

    if (result->conflict_count == 1)
        error = error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "commit '%.*s' does not fit onto '%s': '%s': %s",
                          SHORT_DIGITS, result->refused, branch, first->path, pick_conflict_text(first->kind));
    else
        error = error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "commit '%.*s' does not fit onto '%s': %d files conflict",
                          SHORT_DIGITS, result->refused, branch, result->conflict_count);
    strbuf_printf(&hint, "nothing was changed; by hand: git switch %s && git cherry-pick -x", branch);
    if (request->mainline)
        strbuf_printf(&hint, " -m %d", request->mainline);
    for (int i = 0; i < request->count; i++)
        strbuf_printf(&hint, " %.*s", SHORT_DIGITS, request->commits[i]);
    return error_hint(error, "%s", strbuf_view(&hint));
}

static struct error *applied_error(const struct pick_result *result, const char *branch)
{
    struct error *error;

    if (result->applied_as && strcmp(result->applied_as, result->refused) != 0)
        error = error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "the change of commit '%.*s' is in '%s' already, as '%.*s'",
                          SHORT_DIGITS, result->refused, branch, SHORT_DIGITS, result->applied_as);
    else
        error = error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "the change of commit '%.*s' is in '%s' already",
                          SHORT_DIGITS, result->refused, branch);
    return error_hint(error, "leave it out; when nothing is left to pick, release '%s' as it is", branch);
}

static struct error *list_parents(struct error *error, const struct pick_result *result)
{
    struct strbuf hint CLEANUP(strbuf_release) = STRBUF_INIT(HINT_BYTES);

    strbuf_text(&hint, "say which parent it is compared with:");
    for (int i = 0; i < result->parent_count; i++)
        strbuf_printf(&hint, "%s --mainline %d (%.*s %s)", i ? "," : "", i + 1, SHORT_DIGITS, result->parents[i].id,
                      result->parents[i].subject);
    return error_hint(error, "%s", strbuf_view(&hint));
}

struct error *pick_refusal(const struct pick_request *request, const struct pick_result *result, const char *branch)
{
    switch (result->verdict) {
    case PICK_CLEAN:
        return NULL;
    case PICK_CONFLICT:
        return conflict_error(request, result, branch);
    case PICK_ALREADY_APPLIED:
        return applied_error(result, branch);
    case PICK_EMPTY:
        return error_hint(
            error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "commit '%.*s' changes nothing", SHORT_DIGITS, result->refused),
            "look at it: git show --stat %.*s", SHORT_DIGITS, result->refused);
    case PICK_IS_MERGE:
        return list_parents(error_new(ERR_PICK_REFUSED, KIND_PERMANENT,
                                      "commit '%.*s' is a merge, so what it changes depends on the side", SHORT_DIGITS,
                                      result->refused),
                            result);
    case PICK_NO_MERGE:
        return error_hint(
            error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "commit '%.*s' is not a merge", SHORT_DIGITS, result->refused),
            "pick it without --mainline");
    case PICK_NO_SUCH_PARENT:
        return list_parents(error_new(ERR_PICK_REFUSED, KIND_PERMANENT, "commit '%.*s' has %d parents, not %d",
                                      SHORT_DIGITS, result->refused, result->parent_count, request->mainline),
                            result);
    }
    BUG("no verdict %d", (int)result->verdict);
}
