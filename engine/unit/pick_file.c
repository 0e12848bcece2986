#include "unit/pick_file.h"

/*
 * Where lines repeat, ways of comparing can see different changes, and then merge to different files without a conflict. git
 * merges by its histogram way (of late: by Myers' before), which libgit2 does not offer. So each file is merged by all
 * the ways that libgit2 has and by pick_lines.c, and only what they agree on is taken.
 */

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "unit/handles.h"
#include "unit/pick_lines.h"
#include "unit/repository.h"

#define FILE_LIMIT_BYTES ((git_object_size_t)16 << 20)
#define BINARY_LOOK_BYTES 8000 /* as git does */
#define EXCERPT_LINES 24
#define EXCERPT_BYTES 2000

/* The three contents. */
struct contents {
    git_blob *base;
    git_blob *ours;
    git_blob *theirs;
};

static void contents_release(struct contents *contents)
{
    git_blob_free(contents->base);
    git_blob_free(contents->ours);
    git_blob_free(contents->theirs);
}

static void merged_release(git_merge_file_result *merged)
{
    git_merge_file_result_free(merged);
}

static struct error *read_blob(git_repository *git, const git_oid *id, const char *path, git_blob **out)
{
    int result = git_blob_lookup(out, git, id);

    if (result == GIT_ENOTFOUND)
        return repository_missing(git, "the content of '%s'", path);
    if (result < 0)
        return repository_error("cannot read '%s'", path);
    return NULL;
}

static bool is_binary(const git_blob *blob)
{
    git_object_size_t size = git_blob_rawsize(blob);

    return memchr(git_blob_rawcontent(blob), '\0', size < BINARY_LOOK_BYTES ? size : BINARY_LOOK_BYTES) != NULL;
}

static bool is_large(const git_blob *blob)
{
    return git_blob_rawsize(blob) > FILE_LIMIT_BYTES;
}

static struct error *conflict(struct pick_file *out, enum pick_conflict_kind kind)
{
    out->is_clean = false;
    out->conflict = kind;
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ attributes */

enum merge_way { WAY_TEXT, WAY_BINARY, WAY_OTHER };

static struct error *way_of(const struct pick_context *context, const git_commit *commit, const char *path,
                            enum merge_way *out)
{
    git_attr_options options = {.version = GIT_ATTR_OPTIONS_VERSION,
                                .flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM |
                                         GIT_ATTR_CHECK_INCLUDE_COMMIT,
                                .attr_commit_id = *git_commit_id(commit)};
    const char *value = NULL;

    if (git_attr_get_ext(&value, context->plain, &options, path, "merge") < 0)
        return repository_error("cannot read the attributes of '%s'", path);
    switch (git_attr_value(value)) {
    case GIT_ATTR_VALUE_UNSPECIFIED:
    case GIT_ATTR_VALUE_TRUE:
        *out = WAY_TEXT;
        break;
    case GIT_ATTR_VALUE_FALSE:
        *out = WAY_BINARY;
        break;
    case GIT_ATTR_VALUE_STRING:
        *out = text_is(value, "text") ? WAY_TEXT : text_is(value, "binary") ? WAY_BINARY : WAY_OTHER;
        break;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ lines */

static git_merge_file_input input_of(const git_blob *blob, const char *path)
{
    return (git_merge_file_input){.version = GIT_MERGE_FILE_INPUT_VERSION,
                                  .ptr = git_blob_rawcontent(blob),
                                  .size = (size_t)git_blob_rawsize(blob),
                                  .path = path,
                                  .mode = GIT_FILEMODE_BLOB};
}

static struct error *merge_by(const struct pick_context *context, const char *path, const struct contents *contents,
                              uint32_t flags, git_merge_file_result *out)
{
    git_merge_file_input base = input_of(contents->base, path);
    git_merge_file_input ours = input_of(contents->ours, path);
    git_merge_file_input theirs = input_of(contents->theirs, path);
    const git_merge_file_options options = {.version = GIT_MERGE_FILE_OPTIONS_VERSION,
                                            .our_label = "ours",
                                            .their_label = context->theirs_label,
                                            .flags = flags};

    return git_merge_file(out, &base, &ours, &theirs, &options) < 0 ? repository_error("cannot merge '%s'", path)
                                                                    : NULL;
}

static bool starts_at(const char *at, const char *end, const char *with)
{
    return (size_t)(end - at) >= strlen(with) && memcmp(at, with, strlen(with)) == 0;
}

/* From the first line that begins with the markers to the end of that conflict. */
static void take_excerpt(struct arena *arena, const git_merge_file_result *merged, struct pick_file *out)
{
    struct strbuf raw CLEANUP(strbuf_release) = STRBUF_INIT(EXCERPT_BYTES);
    struct strbuf clean CLEANUP(strbuf_release) = STRBUF_INIT(EXCERPT_BYTES * 4);
    const char *end = merged->ptr + merged->len;
    bool inside = false, over = false;
    int lines = 0;

    for (const char *at = merged->ptr; at < end && !over && lines < EXCERPT_LINES && !raw.cut;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;

        inside = inside || starts_at(at, end, "<<<<<<< ");
        if (inside) {
            strbuf_add(&raw, at, (size_t)(next - at));
            over = starts_at(at, end, ">>>>>>> ");
            lines++;
        }
        at = next;
    }
    text_clean(&clean, strbuf_view(&raw), raw.length);
    out->excerpt = arena_text(arena, strbuf_view(&clean));
    out->excerpt_cut = !over;
}

static bool same_result(const git_merge_file_result *a, const git_merge_file_result *b)
{
    return a->automergeable && b->automergeable && a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

static struct pick_text text_of(const git_blob *blob)
{
    return (struct pick_text){.bytes = git_blob_rawcontent(blob), .size = (size_t)git_blob_rawsize(blob)};
}

static bool same_by_histogram(const struct contents *contents, const git_merge_file_result *merged)
{
    const struct pick_text base = text_of(contents->base), ours = text_of(contents->ours);
    const struct pick_text theirs = text_of(contents->theirs);
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);

    return pick_lines_merge(&base, &ours, &theirs, &text) && text.length == merged->len &&
           memcmp(strbuf_view(&text), merged->ptr, merged->len) == 0;
}

static struct error *merge_lines(const struct pick_context *context, const char *path, const struct contents *contents,
                                 struct pick_file *out)
{
    static const uint32_t other_ways[] = {GIT_MERGE_FILE_DIFF_PATIENCE, GIT_MERGE_FILE_DIFF_MINIMAL};
    git_merge_file_result merged CLEANUP(merged_release) = {0};

    TRY(merge_by(context, path, contents, 0, &merged));
    if (!merged.automergeable) {
        take_excerpt(context->arena, &merged, out);
        return conflict(out, CONFLICT_BOTH_MODIFIED);
    }
    for (size_t i = 0; i < sizeof(other_ways) / sizeof(other_ways[0]); i++) {
        git_merge_file_result other CLEANUP(merged_release) = {0};

        TRY(merge_by(context, path, contents, other_ways[i], &other));
        if (!same_result(&merged, &other))
            return conflict(out, CONFLICT_TWO_WAYS);
    }
    if (!same_by_histogram(contents, &merged))
        return conflict(out, CONFLICT_TWO_WAYS);
    if (git_blob_create_from_buffer(&out->result.id, context->git, merged.ptr, merged.len) < 0)
        return repository_error("cannot make the new content of '%s'", path);
    return NULL;
}

static struct error *merge_content(const struct pick_context *context, const char *path, const struct pick_sides *sides,
                                   struct pick_file *out)
{
    struct contents contents CLEANUP(contents_release) = {0};
    enum merge_way by_ours, by_theirs;

    TRY(way_of(context, context->ours, path, &by_ours));
    TRY(way_of(context, context->theirs, path, &by_theirs));
    if (by_ours == WAY_OTHER || by_theirs == WAY_OTHER)
        return conflict(out, CONFLICT_MERGE_ATTRIBUTE);
    if (by_ours == WAY_BINARY || by_theirs == WAY_BINARY)
        return conflict(out, CONFLICT_BINARY);
    TRY(read_blob(context->git, &sides->base.id, path, &contents.base));
    TRY(read_blob(context->git, &sides->ours.id, path, &contents.ours));
    TRY(read_blob(context->git, &sides->theirs.id, path, &contents.theirs));
    if (is_large(contents.base) || is_large(contents.ours) || is_large(contents.theirs))
        return conflict(out, CONFLICT_TOO_LARGE);
    if (is_binary(contents.base) || is_binary(contents.ours) || is_binary(contents.theirs))
        return conflict(out, CONFLICT_BINARY);
    return merge_lines(context, path, &contents, out);
}

/* ------------------------------------------------------------------------------------------------ all */

static enum pick_conflict_kind kind_conflict(const struct pick_sides *sides)
{
    if (sides->base.mode == sides->ours.mode && sides->base.mode == sides->theirs.mode)
        return sides->base.mode == GIT_FILEMODE_COMMIT ? CONFLICT_SUBMODULE : CONFLICT_LINK;
    return CONFLICT_KIND;
}

struct error *pick_file_merge(const struct pick_context *context, const char *path, const struct pick_sides *sides,
                              struct pick_file *out)
{
    const struct tree_item *base = &sides->base, *ours = &sides->ours, *theirs = &sides->theirs;

    *out = (struct pick_file){.is_clean = true, .result = *ours, .excerpt = ""};
    if (tree_item_same(base, theirs) || tree_item_same(ours, theirs))
        return NULL;
    out->result = *theirs;
    if (tree_item_same(base, ours))
        return NULL;
    if (!tree_item_is_regular(base) || !tree_item_is_regular(ours) || !tree_item_is_regular(theirs))
        return conflict(out, kind_conflict(sides));
    out->result.mode = base->mode == theirs->mode ? ours->mode : theirs->mode;
    out->result.id = git_oid_equal(&base->id, &theirs->id) ? ours->id : theirs->id;
    if (git_oid_equal(&base->id, &theirs->id) || git_oid_equal(&base->id, &ours->id) ||
        git_oid_equal(&ours->id, &theirs->id))
        return NULL;
    return merge_content(context, path, sides, out);
}
