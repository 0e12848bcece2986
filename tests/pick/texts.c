#include "pick/texts.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

uint64_t next(struct dice *dice)
{
    uint64_t z = (dice->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int roll(struct dice *dice, int below)
{
    return (int)(next(dice) % (uint64_t)below);
}

bool once_in(struct dice *dice, int times)
{
    return roll(dice, times) == 0;
}

/* ------------------------------------------------------------------------------------------------ texts */

/* As programs have them: many lines stand more than once. */
static const char *make_line(struct dice *dice)
{
    static const char *const common[] = {"{", "}", "", "    }", "    return 0;", "    break;", "#endif", "    {"};

    if (once_in(dice, 3))
        return common[roll(dice, (int)(sizeof(common) / sizeof(common[0])))];
    if (once_in(dice, 4))
        return arena_printf(dice->arena, "    call(%d);", roll(dice, 6));
    return arena_printf(dice->arena, "    value_%d = compute(%d, %d);", roll(dice, 50), roll(dice, 1000),
                        roll(dice, 1000));
}

void make_lines(struct dice *dice, int count, struct lines *out)
{
    out->count = 0;
    for (int i = 0; i < count && i < LINES_MOST; i++)
        out->items[out->count++] = make_line(dice);
}

void split(struct dice *dice, const struct made_file *file, struct lines *out)
{
    char *text = arena_text_n(dice->arena, file->bytes, file->size);

    out->count = 0;
    while (*text && out->count < LINES_MOST) {
        size_t length = strcspn(text, "\n");

        out->items[out->count++] = arena_text_n(dice->arena, text, length);
        text += length + (text[length] == '\n');
    }
}

void join(struct dice *dice, const struct lines *lines, bool newline_at_end, struct made_file *out)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    for (int i = 0; i < lines->count; i++) {
        strbuf_text(&text, lines->items[i]);
        if (newline_at_end || i + 1 < lines->count)
            strbuf_char(&text, '\n');
    }
    out->size = text.length;
    out->bytes = arena_text_n(dice->arena, strbuf_view(&text), text.length);
}

void insert(struct lines *lines, int at, const char *line)
{
    if (lines->count == LINES_MOST)
        return;
    memmove(&lines->items[at + 1], &lines->items[at], (size_t)(lines->count - at) * sizeof(lines->items[0]));
    lines->items[at] = line;
    lines->count++;
}

void cut(struct lines *lines, int at)
{
    lines->count--;
    memmove(&lines->items[at], &lines->items[at + 1], (size_t)(lines->count - at) * sizeof(lines->items[0]));
}

static void change_line(struct dice *dice, struct lines *lines, int at)
{
    switch (roll(dice, 5)) {
    case 0:
        insert(lines, at, make_line(dice));
        break;
    case 1:
        cut(lines, at);
        break;
    case 2: /* a block is repeated */
        for (int i = 0; i < 3 && at + i < lines->count; i++)
            insert(lines, at, lines->items[at + i]);
        break;
    default:
        lines->items[at] = make_line(dice);
    }
}

void edit_text(struct dice *dice, struct made_file *file, int changes, int from, int to)
{
    bool newline = !file->size || file->bytes[file->size - 1] == '\n';
    struct lines lines;

    split(dice, file, &lines);
    for (int i = 0; i < changes; i++) {
        int low = lines.count * from / 100, high = lines.count * to / 100;

        if (low >= high)
            insert(&lines, low, make_line(dice));
        else
            change_line(dice, &lines, low + roll(dice, high - low));
    }
    join(dice, &lines, once_in(dice, 20) ? !newline : newline, file);
}

void edit_anywhere(struct dice *dice, struct made_file *file)
{
    edit_text(dice, file, 1 + roll(dice, 4), 0, 100);
}
