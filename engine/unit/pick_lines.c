#include "unit/pick_lines.h"

/*
 * Histogram: of all blocks of lines that both files have, the one with the line that is rarest in the first file (the longest
 * among those) stands still; then the same before it and behind it. What is between the blocks was changed.
 *
 * A run of changed lines can often be moved up or down without changing what it says, where the line before it is its last
 * one, or the line behind it its first. It goes down as far as it can, or to the last place where the other file has a
 * change too. Where two sides' runs then neither overlap nor touch, both are taken.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define OFTEN 64 /* a line that stands more often than that does not lead to a block */

/* Lines by number: the same number is the same line. */
struct file {
    const struct pick_text *text;
    size_t *starts; /* count + 1 */
    int *lines;
    bool *changed; /* one before the first and one behind the last are there, and false */
    int count;
};

/* Changed lines of the base, and what stands there instead. */
struct change {
    int base_at, base_count;
    int side_at, side_count;
};

/* One side against the base. */
struct side {
    struct file base;
    struct file file;
    struct change *changes;
    int count;
};

/* ------------------------------------------------------------------------------------------------ lines */

static void split(const struct pick_text *text, struct file *out)
{
    size_t capacity = 2;

    for (size_t i = 0; i < text->size; i++)
        capacity += text->bytes[i] == '\n';
    *out = (struct file){.text = text};
    out->starts = heap_alloc(capacity * sizeof(*out->starts));
    out->lines = heap_alloc(capacity * sizeof(*out->lines));
    out->changed = (bool *)heap_alloc(capacity + 2) + 1;
    for (size_t at = 0; at < text->size;) {
        const char *newline = memchr(text->bytes + at, '\n', text->size - at);

        out->starts[out->count++] = at;
        at = newline ? (size_t)(newline - text->bytes) + 1 : text->size;
    }
    out->starts[out->count] = text->size;
}

static void release(struct file *file)
{
    free(file->starts);
    free(file->lines);
    free(file->changed - 1);
}

struct line {
    const char *bytes;
    size_t size;
    int *number;
};

static int by_bytes(const void *a, const void *b)
{
    const struct line *left = a, *right = b;

    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return left->size ? memcmp(left->bytes, right->bytes, left->size) : 0;
}

/* Returns how many different lines the files have together. */
static int number_lines(struct file *const files[], int file_count)
{
    struct line *lines;
    size_t count = 0;
    int number = 0;

    for (int i = 0; i < file_count; i++)
        count += (size_t)files[i]->count;
    lines = heap_alloc((count + 1) * sizeof(*lines));
    count = 0;
    for (int i = 0; i < file_count; i++)
        for (int j = 0; j < files[i]->count; j++) {
            const struct file *file = files[i];

            lines[count++] = (struct line){.bytes = file->text->bytes + file->starts[j],
                                           .size = file->starts[j + 1] - file->starts[j],
                                           .number = &file->lines[j]};
        }
    qsort(lines, count, sizeof(*lines), by_bytes);
    for (size_t i = 0; i < count; i++) {
        number += i > 0 && by_bytes(&lines[i - 1], &lines[i]) != 0;
        *lines[i].number = number;
    }
    free(lines);
    return number + 1;
}

/* ------------------------------------------------------------------------------------------------ blocks */

/* Parts of both files: from (with it) and to (without it). */
struct part {
    int from1, to1;
    int from2, to2;
};

struct comparing {
    const struct file *one;
    const struct file *two;
    int *first; /* of each line number: where it stands first in the part of file one; -1 = nowhere */
    int *often; /* how often */
    int *next;  /* of each place in file one: the next place of the same line; -1 = none */
};

static void index_part(struct comparing *comparing, const struct part *part)
{
    for (int i = part->from2; i < part->to2; i++) {
        comparing->first[comparing->two->lines[i]] = -1;
        comparing->often[comparing->two->lines[i]] = 0;
    }
    for (int i = part->from1; i < part->to1; i++) {
        comparing->first[comparing->one->lines[i]] = -1;
        comparing->often[comparing->one->lines[i]] = 0;
    }
    for (int i = part->to1 - 1; i >= part->from1; i--) {
        int line = comparing->one->lines[i];

        comparing->next[i] = comparing->first[line];
        comparing->first[line] = i;
        comparing->often[line]++;
    }
}

static int less_often(const struct comparing *comparing, int rarest, int at)
{
    int often = comparing->often[comparing->one->lines[at]];

    return often < rarest ? often : rarest;
}

/* The block around two places of the same line; returns how often its rarest line stands. */
static int grow(const struct comparing *comparing, const struct part *part, struct part *block)
{
    const int *one = comparing->one->lines, *two = comparing->two->lines;
    int rarest = comparing->often[one[block->from1]];

    while (block->from1 > part->from1 && block->from2 > part->from2 && one[block->from1 - 1] == two[block->from2 - 1]) {
        block->from1--;
        block->from2--;
        rarest = less_often(comparing, rarest, block->from1);
    }
    while (block->to1 < part->to1 && block->to2 < part->to2 && one[block->to1] == two[block->to2]) {
        rarest = less_often(comparing, rarest, block->to1);
        block->to1++;
        block->to2++;
    }
    return rarest;
}

struct best {
    struct part block;
    int rarest;
    bool has_common; /* some line is in both files */
};

/* Every block with the line at `at` of file two; returns where to look next. */
static int try_line(const struct comparing *comparing, const struct part *part, int at, struct best *best)
{
    int line = comparing->two->lines[at], next = at + 1, from = comparing->first[line];

    if (from < 0)
        return next;
    best->has_common = true;
    if (comparing->often[line] > best->rarest)
        return next;
    while (from >= 0) {
        struct part block = {.from1 = from, .to1 = from + 1, .from2 = at, .to2 = at + 1};
        int following = comparing->next[from];
        int rarest = grow(comparing, part, &block);

        if (next < block.to2)
            next = block.to2;
        if (best->block.to1 - best->block.from1 < block.to1 - block.from1 || rarest < best->rarest) {
            best->block = block;
            best->rarest = rarest;
        }
        while (following >= 0 && following < block.to1)
            following = comparing->next[following];
        from = following;
    }
    return next;
}

static void mark(const struct file *file, int from, int to)
{
    for (int i = from; i < to; i++)
        file->changed[i] = true;
}

/* False: no line is rare enough. */
static bool compare_part(struct comparing *comparing, struct part part)
{
    while (part.from1 < part.to1 && part.from2 < part.to2) {
        struct best best = {.rarest = OFTEN + 1};

        index_part(comparing, &part);
        for (int at = part.from2; at < part.to2;)
            at = try_line(comparing, &part, at, &best);
        if (best.has_common && best.rarest > OFTEN)
            return false;
        if (!best.has_common)
            break;
        if (!compare_part(comparing, (struct part){part.from1, best.block.from1, part.from2, best.block.from2}))
            return false;
        part.from1 = best.block.to1;
        part.from2 = best.block.to2;
    }
    mark(comparing->one, part.from1, part.to1);
    mark(comparing->two, part.from2, part.to2);
    return true;
}

/* ------------------------------------------------------------------------------------------------ runs */

/* Between two unchanged lines; may be empty. */
struct run {
    int from, to;
};

static struct run first_run(const struct file *file)
{
    struct run run = {0, 0};

    while (file->changed[run.to])
        run.to++;
    return run;
}

static bool next_run(const struct file *file, struct run *run)
{
    if (run->to == file->count)
        return false;
    run->from = run->to = run->to + 1;
    while (file->changed[run->to])
        run->to++;
    return true;
}

static void previous_run(const struct file *file, struct run *run)
{
    run->to = run->from = run->from - 1;
    while (file->changed[run->from - 1])
        run->from--;
}

static bool slide_up(const struct file *file, struct run *run)
{
    if (run->from == 0 || file->lines[run->from - 1] != file->lines[run->to - 1])
        return false;
    file->changed[--run->from] = true;
    file->changed[--run->to] = false;
    while (file->changed[run->from - 1])
        run->from--;
    return true;
}

static bool slide_down(const struct file *file, struct run *run)
{
    if (run->to == file->count || file->lines[run->from] != file->lines[run->to])
        return false;
    file->changed[run->from++] = false;
    file->changed[run->to++] = true;
    while (file->changed[run->to])
        run->to++;
    return true;
}

/* Moves a run that is not empty to its place; `beside` is the other file's run at the same unchanged lines. */
static void place_run(const struct file *file, const struct file *other, struct run *run, struct run *beside)
{
    int size, earliest;
    bool meets;

    do {
        size = run->to - run->from;
        while (slide_up(file, run))
            previous_run(other, beside);
        earliest = run->to;
        meets = beside->to > beside->from;
        while (slide_down(file, run)) {
            MUST(next_run(other, beside));
            meets = meets || beside->to > beside->from;
        }
    } while (size != run->to - run->from);
    if (run->to == earliest || !meets)
        return;
    while (beside->to == beside->from) {
        MUST(slide_up(file, run));
        previous_run(other, beside);
    }
}

static void place_runs(const struct file *file, const struct file *other)
{
    struct run run = first_run(file), beside = first_run(other);

    do {
        if (run.to > run.from)
            place_run(file, other, &run, &beside);
        next_run(other, &beside);
    } while (next_run(file, &run));
}

/* ------------------------------------------------------------------------------------------------ both sides */

static void list_changes(struct side *side)
{
    struct run old = first_run(&side->base), new = first_run(&side->file);

    side->changes = heap_alloc(((size_t)side->base.count + 1) * sizeof(*side->changes));
    do {
        if (old.to > old.from || new.to > new.from)
            side->changes[side->count++] = (struct change){.base_at = old.from,
                                                           .base_count = old.to - old.from,
                                                           .side_at = new.from,
                                                           .side_count = new.to - new.from};
        next_run(&side->file, &new);
    } while (next_run(&side->base, &old));
}

static bool compare(struct side *side, int numbers)
{
    struct comparing comparing = {.one = &side->base, .two = &side->file};
    bool done;

    comparing.first = heap_alloc((size_t)numbers * sizeof(int));
    comparing.often = heap_alloc((size_t)numbers * sizeof(int));
    comparing.next = heap_alloc(((size_t)side->base.count + 1) * sizeof(int));
    done = compare_part(&comparing, (struct part){0, side->base.count, 0, side->file.count});
    free(comparing.first);
    free(comparing.often);
    free(comparing.next);
    if (!done)
        return false;
    place_runs(&side->base, &side->file);
    place_runs(&side->file, &side->base);
    list_changes(side);
    return true;
}

static void add_lines(const struct file *file, int from, int count, struct strbuf *out)
{
    strbuf_add(out, file->text->bytes + file->starts[from], file->starts[from + count] - file->starts[from]);
}

static bool same_change(const struct side *a, const struct change *x, const struct side *b, const struct change *y)
{
    if (x->base_at != y->base_at || x->base_count != y->base_count || x->side_count != y->side_count)
        return false;
    for (int i = 0; i < x->side_count; i++)
        if (a->file.lines[x->side_at + i] != b->file.lines[y->side_at + i])
            return false;
    return true;
}

/* The base's lines up to the change, then the change. */
static void take(const struct side *side, const struct change *change, int *at, struct strbuf *out)
{
    add_lines(&side->base, *at, change->base_at - *at, out);
    add_lines(&side->file, change->side_at, change->side_count, out);
    *at = change->base_at + change->base_count;
}

static bool merge_changes(const struct side *ours, const struct side *theirs, struct strbuf *out)
{
    int i = 0, j = 0, at = 0;

    while (i < ours->count || j < theirs->count) {
        const struct change *x = i < ours->count ? &ours->changes[i] : NULL;
        const struct change *y = j < theirs->count ? &theirs->changes[j] : NULL;

        if (x && (!y || x->base_at + x->base_count < y->base_at)) {
            take(ours, x, &at, out);
            i++;
        } else if (y && (!x || y->base_at + y->base_count < x->base_at)) {
            take(theirs, y, &at, out);
            j++;
        } else if (same_change(ours, x, theirs, y)) {
            take(ours, x, &at, out);
            i++;
            j++;
        } else {
            return false;
        }
    }
    add_lines(&ours->base, at, ours->base.count - at, out);
    return true;
}

bool pick_lines_merge(const struct pick_text *base, const struct pick_text *ours, const struct pick_text *theirs,
                      struct strbuf *out)
{
    struct side one = {.count = 0}, two = {.count = 0};
    struct file *const files[] = {&one.base, &one.file, &two.base, &two.file};
    int numbers;
    bool clean;

    split(base, &one.base);
    split(ours, &one.file);
    split(base, &two.base);
    split(theirs, &two.file);
    numbers = number_lines(files, 4);
    clean = compare(&one, numbers) && compare(&two, numbers) && merge_changes(&one, &two, out);
    for (int i = 0; i < 4; i++)
        release(files[i]);
    free(one.changes);
    free(two.changes);
    return clean;
}
