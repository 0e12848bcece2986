#include "spec/diagnostics.h"

/*
 * The list keeps the DIAGNOSTICS_MOST problems that stand first in the files, whatever the order they are found in, and
 * counts the rest. The same text at the same place (an alias is read once per use) is one problem.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

#define SOURCE_SHOWN 160  /* characters of a source line; a longer one is shown around its caret */
#define SOURCE_BEFORE 100 /* of them before the caret */

struct source_file {
    const char *name;
    const char *bytes;
    size_t length;
};

struct diagnostics {
    struct arena *arena;
    struct source_file *files;
    size_t file_count;
    size_t file_capacity;
    struct diagnostic *kept[DIAGNOSTICS_MOST];
    int kept_count;
    int count;
    bool sorted;
    struct diagnostic dropped; /* handed out when nothing is kept */
};

struct diagnostics *diagnostics_new(struct arena *arena)
{
    struct diagnostics *list = ARENA_NEW(arena, struct diagnostics);

    list->arena = arena;
    return list;
}

struct arena *diagnostics_arena(const struct diagnostics *list)
{
    return list->arena;
}

void diagnostics_add_file(struct diagnostics *list, const char *file, const char *bytes, size_t length)
{
    struct source_file *own = ARENA_PUSH(list->arena, list->files, list->file_count, list->file_capacity);

    own->name = arena_text(list->arena, file);
    own->bytes = bytes;
    own->length = length;
}

static size_t file_index(const struct diagnostics *list, const char *file)
{
    for (size_t i = 0; i < list->file_count; i++)
        if (text_is(list->files[i].name, file))
            return i;
    return list->file_count;
}

/* Problems without a place come first in their file. */
static int compare_places(const struct diagnostics *list, const struct mark *a, const struct mark *b)
{
    if (a->file != b->file) {
        size_t left = file_index(list, a->file);
        size_t right = file_index(list, b->file);

        if (left != right)
            return left < right ? -1 : 1;
    }
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return 0;
}

static bool is_known(const struct diagnostics *list, const struct mark *mark, const char *text)
{
    for (int i = 0; i < list->kept_count; i++)
        if (compare_places(list, &list->kept[i]->mark, mark) == 0 && text_is(list->kept[i]->text, text))
            return true;
    return false;
}

/* The kept problem that stands last; among equals the one that was found last. */
static int last_kept(const struct diagnostics *list)
{
    int last = 0;

    for (int i = 1; i < list->kept_count; i++)
        if (compare_places(list, &list->kept[i]->mark, &list->kept[last]->mark) >= 0)
            last = i;
    return last;
}

static struct diagnostic *make_room(struct diagnostics *list, const struct mark *mark)
{
    int last = 0;

    if (list->kept_count < DIAGNOSTICS_MOST) {
        list->kept[list->kept_count] = ARENA_NEW(list->arena, struct diagnostic);
        return list->kept[list->kept_count++];
    }
    last = last_kept(list);
    if (compare_places(list, mark, &list->kept[last]->mark) >= 0)
        return NULL;
    /* Found later, so it goes to the end: the order of finding decides between equal places. */
    struct diagnostic *own = list->kept[last];
    memmove(&list->kept[last], &list->kept[last + 1], (size_t)(list->kept_count - 1 - last) * sizeof(list->kept[0]));
    list->kept[list->kept_count - 1] = own;
    memset(own, 0, sizeof(*own));
    return own;
}

struct diagnostic *diagnostics_add(struct diagnostics *list, enum error_code code, struct mark mark, const char *format,
                                   ...)
{
    struct diagnostic *own = NULL;
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    memset(&list->dropped, 0, sizeof(list->dropped));
    if (is_known(list, &mark, text))
        return &list->dropped;
    list->count++;
    own = make_room(list, &mark);
    if (own == NULL)
        return &list->dropped;
    own->code = code;
    own->mark = mark;
    if (file_index(list, mark.file) < list->file_count)
        own->mark.file = list->files[file_index(list, mark.file)].name; /* the caller's may go sooner */
    own->width = 1;
    own->text = arena_text(list->arena, text);
    list->sorted = false;
    return own;
}

int diagnostics_count(const struct diagnostics *list)
{
    return list->count;
}

bool diagnostics_enough(const struct diagnostics *list)
{
    return list->count >= DIAGNOSTICS_ENOUGH;
}

/* Lines end as libyaml ends them, so that its numbers lead to the same place. */
static size_t line_end(const struct source_file *file, size_t at, size_t *next)
{
    const unsigned char *bytes = (const unsigned char *)file->bytes;

    for (; at < file->length; at++) {
        size_t rest = file->length - at;

        if (bytes[at] == '\n' || bytes[at] == '\r') {
            *next = at + (bytes[at] == '\r' && rest > 1 && bytes[at + 1] == '\n' ? 2 : 1);
            return at;
        }
        if (rest > 1 && bytes[at] == 0xC2 && bytes[at + 1] == 0x85) {
            *next = at + 2;
            return at;
        }
        if (rest > 2 && bytes[at] == 0xE2 && bytes[at + 1] == 0x80 &&
            (bytes[at + 2] == 0xA8 || bytes[at + 2] == 0xA9)) {
            *next = at + 3;
            return at;
        }
    }
    *next = file->length;
    return file->length;
}

static const char *source_line(const struct diagnostics *list, const struct mark *mark)
{
    size_t index = file_index(list, mark->file);
    const struct source_file *file = NULL;
    size_t begin = 0;
    size_t next = 0;

    if (mark->line <= 0 || index == list->file_count)
        return NULL;
    file = &list->files[index];
    for (int line = 1;; line++) {
        size_t end = line_end(file, begin, &next);

        if (line == mark->line)
            return arena_text_n(list->arena, file->bytes + begin, end - begin);
        if (next >= file->length && end == file->length)
            return NULL;
        begin = next;
    }
}

static void sort_kept(struct diagnostics *list)
{
    /* An insertion sort: stable, and there are never many. */
    for (int i = 1; i < list->kept_count; i++) {
        struct diagnostic *moving = list->kept[i];
        int to = i;

        for (; to > 0 && compare_places(list, &list->kept[to - 1]->mark, &moving->mark) > 0; to--)
            list->kept[to] = list->kept[to - 1];
        list->kept[to] = moving;
    }
    for (int i = 0; i < list->kept_count; i++) {
        struct diagnostic *own = list->kept[i];
        const struct diagnostic *before = i > 0 ? list->kept[i - 1] : NULL;

        /* Lines may be as long as the file, so one line is copied once. */
        if (own->source != NULL)
            continue;
        if (before != NULL && before->mark.line == own->mark.line && text_is(before->mark.file, own->mark.file))
            own->source = before->source;
        else
            own->source = source_line(list, &own->mark);
    }
    list->sorted = true;
}

const struct diagnostic *diagnostics_get(struct diagnostics *list, int index)
{
    if (index < 0 || index >= list->kept_count)
        return NULL;
    if (!list->sorted)
        sort_kept(list);
    return list->kept[index];
}

/* Bytes of the UTF-8 character at `text`; a broken one counts as one byte. */
static size_t character_bytes(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;

    for (size_t i = 1; i < bytes; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 1;
    return bytes;
}

static size_t byte_of_character(const char *text, int characters)
{
    size_t at = 0;

    for (; characters > 0 && text[at] != '\0'; characters--)
        at += character_bytes(text + at);
    return at;
}

/* A blank for each control character, '?' for each byte that is no UTF-8: safe, and carets stay under what they mean. */
static void add_shown(struct strbuf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool c1 = byte == 0xC2 && i + 1 < length && (unsigned char)text[i + 1] < 0xA0;
        size_t bytes = character_bytes(text + i);

        if (byte < 0x20 || byte == 0x7F || c1)
            strbuf_char(out, ' ');
        else if (byte >= 0x80 && bytes == 1)
            strbuf_char(out, '?');
        else
            strbuf_add(out, text + i, bytes);
        i += bytes - 1;
    }
}

static int columns_of(const char *text, size_t length)
{
    struct strbuf shown CLEANUP(strbuf_release) = STRBUF_INIT(0);

    add_shown(&shown, text, length);
    return text_columns(strbuf_view(&shown));
}

static void repeat(struct strbuf *out, char c, int count)
{
    for (int i = 0; i < count; i++)
        strbuf_char(out, c);
}

/* The line with its caret below, cut around the caret when it is long. */
static void render_source(const struct diagnostic *own, int gutter, struct strbuf *out)
{
    const char *line = own->source;
    int first = own->mark.column > SOURCE_BEFORE ? own->mark.column - 1 - SOURCE_BEFORE : 0;
    size_t begin = byte_of_character(line, first);
    size_t end = begin + byte_of_character(line + begin, SOURCE_SHOWN);
    size_t caret = begin + byte_of_character(line + begin, own->mark.column - 1 - first);
    size_t caret_end = caret + byte_of_character(line + caret, own->width < 1 ? 1 : own->width);
    const char *before = begin > 0 ? "..." : "";
    int width = 0;

    if (caret_end > end)
        caret_end = end;
    width = columns_of(line + caret, caret_end - caret);
    strbuf_printf(out, "%*s |\n%*d | %s", gutter, "", gutter, own->mark.line, before);
    add_shown(out, line + begin, end - begin);
    strbuf_printf(out, "%s\n%*s | ", line[end] != '\0' ? "..." : "", gutter, "");
    repeat(out, ' ', (int)strlen(before) + columns_of(line + begin, caret - begin));
    repeat(out, '^', width < 1 ? 1 : width);
    strbuf_char(out, '\n');
}

void diagnostics_reword(struct diagnostics *list, const char *(*words)(void *context, const char *hint), void *context)
{
    for (int i = 0; i < list->kept_count; i++)
        if (list->kept[i]->hint != NULL)
            list->kept[i]->hint = words(context, list->kept[i]->hint);
}

static int digits_of(int number)
{
    int digits = 1;

    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

static void render_one(const struct diagnostic *own, int gutter, struct strbuf *out)
{
    strbuf_printf(out, "error[%s]: %s\n", error_code_id(own->code), own->text);
    if (own->mark.file != NULL && own->mark.line > 0)
        strbuf_printf(out, "%*s--> %s:%d:%d\n", gutter, "", own->mark.file, own->mark.line, own->mark.column);
    else if (own->mark.file != NULL)
        strbuf_printf(out, "%*s--> %s\n", gutter, "", own->mark.file);
    if (own->source != NULL && own->source[0] != '\0')
        render_source(own, gutter, out);
    if (own->hint != NULL)
        strbuf_printf(out, "%*s = help: %s\n", gutter, "", own->hint);
    if (own->see != NULL)
        strbuf_printf(out, "%*s = see:  penstock explain %s\n", gutter, "", own->see);
}

void diagnostics_render(struct diagnostics *list, struct strbuf *out)
{
    int gutter = 1;

    for (int i = 0; i < list->kept_count; i++)
        if (digits_of(list->kept[i]->mark.line) > gutter)
            gutter = digits_of(list->kept[i]->mark.line);
    for (int i = 0; i < list->kept_count; i++) {
        if (i > 0)
            strbuf_char(out, '\n');
        render_one(diagnostics_get(list, i), gutter, out);
    }
    if (list->count > list->kept_count)
        strbuf_printf(out, "\nand %s%d more %s\n", diagnostics_enough(list) ? "at least " : "",
                      list->count - list->kept_count, list->count - list->kept_count == 1 ? "problem" : "problems");
}

struct error *diagnostics_error(struct diagnostics *list)
{
    const struct diagnostic *first = diagnostics_get(list, 0);
    struct error *error = NULL;

    if (first == NULL)
        return NULL;
    if (list->count == 1)
        error = error_at(first->code, first->mark, "%s", first->text);
    else
        error = error_at(first->code, first->mark, "%s (the first of %d problems)", first->text, list->count);
    return first->hint == NULL ? error : error_hint(error, "%s", first->hint);
}
