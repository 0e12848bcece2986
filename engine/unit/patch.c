#include "unit/patch.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "unit/commits.h"
#include "unit/handles.h"
#include "unit/repository.h"

#define CONTEXT_LINES 3
#define FILE_LIMIT_BYTES ((git_object_size_t)16 << 20) /* a larger one is compared by its id */
#define BINARY_LOOK_BYTES 8000

/* NULL for nothing. False in *lines: it has none to compare. */
static struct error *read_side(git_repository *git, const struct tree_change *change, const struct tree_item *item,
                               git_blob **out, bool *lines)
{
    git_object_size_t size;

    if (!tree_item_is(item))
        return NULL;
    if (!tree_item_is_regular(item)) {
        *lines = false;
        return NULL;
    }
    if (git_blob_lookup(out, git, &item->id) < 0)
        return repository_missing(git, "the content of '%s'", change->path);
    size = git_blob_rawsize(*out);
    if (size > FILE_LIMIT_BYTES ||
        memchr(git_blob_rawcontent(*out), '\0', size < BINARY_LOOK_BYTES ? size : BINARY_LOOK_BYTES))
        *lines = false;
    return NULL;
}

/* *out stays NULL when it has no lines. */
static struct error *read_lines(git_repository *git, const struct tree_change *change, git_patch **out)
{
    git_blob *before CLEANUP(blob_cleanup) = NULL;
    git_blob *after CLEANUP(blob_cleanup) = NULL;
    git_diff_options options;
    bool lines = true;

    *out = NULL;
    MUST(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) == 0);
    options.context_lines = CONTEXT_LINES;
    options.flags |= GIT_DIFF_FORCE_TEXT; /* judged above, without settings */
    TRY(read_side(git, change, &change->before, &before, &lines));
    TRY(read_side(git, change, &change->after, &after, &lines));
    if (lines && git_patch_from_blobs(out, before, NULL, after, NULL, &options) < 0)
        return repository_error("cannot compare '%s'", change->path);
    return NULL;
}

struct error *patch_count(git_repository *git, const struct tree_change *change, struct patch_lines *out)
{
    git_patch *patch CLEANUP(patch_cleanup) = NULL;
    size_t added = 0, removed = 0;

    *out = (struct patch_lines){0};
    TRY(read_lines(git, change, &patch));
    if (patch && git_patch_line_stats(NULL, &added, &removed, patch) < 0)
        return repository_error("cannot count the lines of '%s'", change->path);
    out->has_lines = patch != NULL;
    out->added = (int64_t)added;
    out->removed = (int64_t)removed;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ the digests */

static void add_text(struct digest *digest, const char *text, size_t length)
{
    *digest = digest_of_two(digest->bytes, sizeof(digest->bytes), text, length);
}

static struct digest digest_paths(const struct tree_changes *changes)
{
    struct digest digest = {{0}};

    for (int i = 0; i < changes->count; i++) {
        const struct tree_change *change = &changes->items[i];
        char *line CLEANUP(heap_cleanup) =
            heap_printf("%o %o %s", (unsigned)change->before.mode, (unsigned)change->after.mode, change->path);

        add_text(&digest, line, strlen(line) + 1);
    }
    return digest;
}

/* "-", "+" or " " and the line, as often as there are; a hunk's end counts, its place does not. */
static struct error *add_lines(git_patch *patch, const char *path, struct digest *digest)
{
    for (size_t i = 0; i < git_patch_num_hunks(patch); i++) {
        struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
        int count = git_patch_num_lines_in_hunk(patch, i);

        for (int j = 0; j < count; j++) {
            const git_diff_line *line = NULL;

            if (git_patch_get_line_in_hunk(&line, patch, i, (size_t)j) < 0)
                return repository_error("cannot compare '%s'", path);
            strbuf_char(&text, line->origin);
            strbuf_add(&text, line->content, line->content_len);
        }
        add_text(digest, strbuf_view(&text), text.length);
    }
    return NULL;
}

static struct error *digest_change(git_repository *git, const struct tree_change *change, struct digest *digest)
{
    git_patch *patch CLEANUP(patch_cleanup) = NULL;

    TRY(read_lines(git, change, &patch));
    if (patch)
        return add_lines(patch, change->path, digest);
    add_text(digest, (const char *)change->before.id.id, GIT_OID_RAWSZ);
    add_text(digest, (const char *)change->after.id.id, GIT_OID_RAWSZ);
    return NULL;
}

static struct error *know_lines(git_repository *git, struct patch *patch)
{
    struct digest digest = patch->paths;

    if (patch->lines_known)
        return NULL;
    for (int i = 0; i < patch->changes.count; i++) {
        add_text(&digest, patch->changes.items[i].path, strlen(patch->changes.items[i].path) + 1);
        TRY(digest_change(git, &patch->changes.items[i], &digest));
    }
    patch->lines = digest;
    patch->lines_known = true;
    return NULL;
}

struct error *patch_read(struct arena *arena, git_repository *git, const git_commit *commit, int number,
                         struct patch *out)
{
    git_tree *before CLEANUP(tree_cleanup) = NULL;
    git_tree *after CLEANUP(tree_cleanup) = NULL;

    *out = (struct patch){0};
    TRY(commit_parent_tree(git, commit, number, &before));
    if (git_commit_tree(&after, commit) < 0)
        return repository_missing(git, "the tree of a commit");
    TRY(tree_compare(arena, git, before, after, &out->changes));
    out->paths = digest_paths(&out->changes);
    return NULL;
}

struct error *patch_same(git_repository *git, struct patch *a, struct patch *b, bool *out)
{
    /* Two that change nothing are not the same change. */
    *out = a->changes.count && memcmp(&a->paths, &b->paths, sizeof(a->paths)) == 0;
    if (!*out)
        return NULL;
    TRY(know_lines(git, a));
    TRY(know_lines(git, b));
    *out = memcmp(&a->lines, &b->lines, sizeof(a->lines)) == 0;
    return NULL;
}
