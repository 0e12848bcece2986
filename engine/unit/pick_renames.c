#include "unit/pick_renames.h"

/*
 * git looks for the same content first, then for a name that only one removed and one added file bear (three quarters
 * must be the same), then for the most similar (half must be the same), by a measure of its own: the bytes of the lines that both
 * have. The measure here is the same. Who wins among several is not: it depends on what git leaves out for speed.
 * So a pair counts only if neither of the two could belong to another.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "unit/handles.h"
#include "unit/repository.h"

#define SCORE_ALL 60000
#define SCORE_RENAMED (SCORE_ALL / 2)
#define SCORE_SAME_NAME (SCORE_ALL / 4 * 3)
#define CHUNK_BYTES 64
#define HASHES 107927 /* as many as git has: two lines of one hash count as one line there too */
#define BINARY_LOOK_BYTES 8000
#define PAIRS_LIMIT 4000 /* of files looked at for one removal */
#define FILE_LIMIT_BYTES ((git_object_size_t)16 << 20)

/* ------------------------------------------------------------------------------------------------ the measure */

/* The bytes of one line (or of 64 bytes of a long one) by its hash. */
struct span {
    uint32_t hash;
    uint32_t bytes;
};

static int by_hash(const void *a, const void *b)
{
    const struct span *left = a, *right = b;

    return left->hash < right->hash ? -1 : left->hash > right->hash;
}

/* Sorts, and adds up those of one hash. Returns how many are left. */
static size_t merge_spans(struct span *spans, size_t count)
{
    size_t kept = 0;

    if (count)
        qsort(spans, count, sizeof(*spans), by_hash);
    for (size_t i = 0; i < count; i++) {
        if (kept && spans[kept - 1].hash == spans[i].hash)
            spans[kept - 1].bytes += spans[i].bytes;
        else
            spans[kept++] = spans[i];
    }
    return kept;
}

static struct span *spans_of(const unsigned char *bytes, size_t size, bool with_rest, size_t *out_count)
{
    bool text = !memchr(bytes, '\0', size < BINARY_LOOK_BYTES ? size : BINARY_LOOK_BYTES);
    struct span *spans = heap_alloc((size + 1) * sizeof(*spans));
    uint32_t low = 0, high = 0, length = 0;
    size_t count = 0;

    for (size_t i = 0; i < size; i++) {
        uint32_t c = bytes[i], old = low;

        if (text && c == '\r' && i + 1 < size && bytes[i + 1] == '\n')
            continue;
        low = (low << 7) ^ (high >> 25);
        high = (high << 7) ^ (old >> 25);
        low += c;
        if (++length < CHUNK_BYTES && c != '\n')
            continue;
        spans[count++] = (struct span){.hash = (low + high * 0x61) % HASHES, .bytes = length};
        low = high = length = 0;
    }
    if (length && with_rest)
        spans[count++] = (struct span){.hash = (low + high * 0x61) % HASHES, .bytes = length};
    *out_count = merge_spans(spans, count);
    return spans;
}

static uint64_t common_bytes(const struct span *a, size_t a_count, const struct span *b, size_t b_count)
{
    uint64_t common = 0;

    for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
        if (a[i].hash == b[j].hash) {
            common += a[i].bytes < b[j].bytes ? a[i].bytes : b[j].bytes;
            i++;
            j++;
        } else if (a[i].hash < b[j].hash) {
            i++;
        } else {
            j++;
        }
    }
    return common;
}

static int similarity(const void *a, size_t a_size, const void *b, size_t b_size, bool with_rest)
{
    size_t most = a_size > b_size ? a_size : b_size, a_count, b_count;
    struct span *left = spans_of(a, a_size, with_rest, &a_count);
    struct span *right = spans_of(b, b_size, with_rest, &b_count);
    uint64_t common = common_bytes(left, a_count, right, b_count);

    free(left);
    free(right);
    return (int)(common * SCORE_ALL / most);
}

struct pick_similarity pick_similarity(const void *a, size_t a_size, const void *b, size_t b_size)
{
    struct pick_similarity found = {0};

    if (a_size && b_size) {
        found.least = similarity(a, a_size, b, b_size, false);
        found.most = similarity(a, a_size, b, b_size, true);
    }
    return found;
}

/* ------------------------------------------------------------------------------------------------ pairs */

static bool is_removal(const struct tree_change *change)
{
    return tree_item_is(&change->before) && !tree_item_is(&change->after);
}

static bool is_addition(const struct tree_change *change)
{
    return !tree_item_is(&change->before) && tree_item_is(&change->after);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Sizes that far apart cannot be half the same: spares reading. */
static bool sizes_fit(git_object_size_t a, git_object_size_t b)
{
    git_object_size_t least = a < b ? a : b, most = a < b ? b : a;

    return least > 0 && most <= FILE_LIMIT_BYTES && least * SCORE_ALL >= most * SCORE_RENAMED;
}

static struct error *score(git_repository *git, const struct tree_item *from, const struct tree_item *to,
                           struct pick_similarity *out)
{
    git_blob *old CLEANUP(blob_cleanup) = NULL;
    git_blob *new CLEANUP(blob_cleanup) = NULL;

    *out = (struct pick_similarity){0};
    if (!tree_item_is_regular(from) || !tree_item_is_regular(to))
        return NULL;
    if (git_blob_lookup(&old, git, &from->id) < 0 || git_blob_lookup(&new, git, &to->id) < 0)
        return repository_missing(git, "the content of a renamed file");
    if (sizes_fit(git_blob_rawsize(old), git_blob_rawsize(new)))
        *out = pick_similarity(git_blob_rawcontent(old), (size_t)git_blob_rawsize(old), git_blob_rawcontent(new),
                               (size_t)git_blob_rawsize(new));
    return NULL;
}

struct search {
    git_repository *git;
    const struct tree_changes *side;
    int looked; /* pairs whose contents were compared */
};

/* How many changes of that kind have this content, and the last one's index. */
static int same_content(const struct tree_changes *side, const git_oid *id, bool additions, int *index)
{
    int count = 0;

    for (int i = 0; i < side->count; i++) {
        const struct tree_change *change = &side->items[i];

        if (additions ? is_addition(change) && git_oid_equal(&change->after.id, id)
                      : is_removal(change) && git_oid_equal(&change->before.id, id)) {
            count++;
            *index = i;
        }
    }
    return count;
}

static int same_name(const struct tree_changes *side, const char *name, bool additions, int *index)
{
    int count = 0;

    for (int i = 0; i < side->count; i++) {
        const struct tree_change *change = &side->items[i];

        if ((additions ? is_addition(change) : is_removal(change)) && text_is(name_of(change->path), name)) {
            count++;
            *index = i;
        }
    }
    return count;
}

/* How many additions can be `gone`'s new name, and the likeliest one with its score. Stops at the limit. */
static struct error *count_targets(struct search *search, const struct tree_change *gone, int *count, int *best,
                                   struct pick_similarity *best_score)
{
    *count = 0;
    for (int i = 0; i < search->side->count && search->looked < PAIRS_LIMIT; i++) {
        const struct tree_change *change = &search->side->items[i];
        struct pick_similarity found;

        if (!is_addition(change))
            continue;
        search->looked++;
        TRY(score(search->git, &gone->before, &change->after, &found));
        *count += found.most >= SCORE_RENAMED;
        if (found.most >= SCORE_RENAMED && found.most > best_score->most) {
            *best_score = found;
            *best = i;
        }
    }
    return NULL;
}

/* How many removals can have become the addition. */
static struct error *count_sources(struct search *search, const struct tree_change *added, int *count)
{
    *count = 0;
    for (int i = 0; i < search->side->count && search->looked < PAIRS_LIMIT; i++) {
        const struct tree_change *change = &search->side->items[i];
        struct pick_similarity found;

        if (!is_removal(change))
            continue;
        search->looked++;
        TRY(score(search->git, &change->before, &added->after, &found));
        *count += found.most >= SCORE_RENAMED;
    }
    return NULL;
}

static struct error *find_by_name(struct search *search, const struct tree_change *gone, int *to)
{
    const char *name = name_of(gone->path);
    struct pick_similarity found;
    int ignored, index = -1;

    *to = -1;
    if (same_name(search->side, name, true, &index) != 1 || same_name(search->side, name, false, &ignored) != 1)
        return NULL;
    TRY(score(search->git, &gone->before, &search->side->items[index].after, &found));
    if (found.least >= SCORE_SAME_NAME)
        *to = index;
    return NULL;
}

struct error *pick_rename_find(git_repository *git, const struct tree_changes *side, const struct tree_change *gone,
                               enum pick_rename *out, int *to)
{
    struct search search = {.git = git, .side = side};
    struct pick_similarity best = {0};
    int targets, sources, ignored;

    *out = RENAME_NONE;
    *to = -1;
    if (tree_item_is_empty(&gone->before))
        return NULL; /* an empty file is no other one's old name */
    targets = same_content(side, &gone->before.id, true, to);
    if (targets > 0) {
        sources = same_content(side, &gone->before.id, false, &ignored);
        *out = targets == 1 && sources == 1 && tree_item_is_regular(&gone->before) &&
                       tree_item_is_regular(&side->items[*to].after)
                   ? RENAME_SURE
                   : RENAME_UNSURE;
        return NULL;
    }
    TRY(find_by_name(&search, gone, to));
    if (*to >= 0) {
        *out = RENAME_SURE;
        return NULL;
    }
    TRY(count_targets(&search, gone, &targets, to, &best));
    if (targets == 1) {
        TRY(count_sources(&search, &side->items[*to], &sources));
        *out = sources == 1 && best.least >= SCORE_RENAMED ? RENAME_SURE : RENAME_UNSURE;
    } else if (targets > 1) {
        *out = RENAME_UNSURE;
    }
    if (search.looked >= PAIRS_LIMIT)
        *out = RENAME_UNSURE;
    return NULL;
}
