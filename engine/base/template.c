/*
 * `${name}` and `$$`. A name is letters, digits, '_', '.' and '-'. One reader walks the text for both uses, so what
 * validation accepts is what expansion understands.
 */

#include "base/template.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"

#define EXPANDED_LIMIT_BYTES ((size_t)1024 * 1024)
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* One piece of a template: plain text, or a name. */
struct piece {
    const char *start; /* of the plain text, or of the name */
    size_t length;
    int offset; /* of the piece in the text, with its "${" */
    bool is_name;
};

/* Reads the piece at *at and steps over it. At the end of the text, piece->length is 0. */
static struct error *piece_read(const char *text, const char **at, struct mark mark, struct piece *piece)
{
    const char *start = *at;

    *piece = (struct piece){.start = start, .offset = (int)(start - text)};
    if (*start != '$') {
        piece->length = strcspn(start, "$");
        *at = start + piece->length;
        return NULL;
    }
    if (start[1] == '$') {
        piece->length = 1;
        *at = start + 2;
        return NULL;
    }
    if (start[1] != '{')
        return error_hint(error_at(ERR_SPEC_INVALID, mark, "a lone '$' in '%s'", text),
                          "write '$$' for a dollar, '${name}' for a value");
    piece->is_name = true;
    piece->start = start + 2;
    piece->length = strspn(piece->start, NAME_CHARACTERS);
    if (piece->start[piece->length] == '\0')
        return error_at(ERR_SPEC_INVALID, mark, "'${' is not closed in '%s'", text);
    if (piece->length == 0 || piece->start[piece->length] != '}')
        return error_hint(error_at(ERR_SPEC_INVALID, mark, "bad name after '${' in '%s'", text),
                          "a name has letters, digits, '_', '.' and '-'");
    *at = piece->start + piece->length + 1;
    return NULL;
}

static struct error *value_check(enum template_format format, const char *name, const char *value, struct mark mark)
{
    switch (format) {
    case TEMPLATE_ARGV:
        return NULL;
    case TEMPLATE_HAPROXY:
        break;
    }
    for (const char *at = value; *at; at++) {
        unsigned char c = (unsigned char)*at;

        /* A backslash would escape what follows, '#' would end the line, '$' would read HAProxy's environment. */
        if (c <= ' ' || c == 0x7f || strchr("\"'\\#$", c))
            return error_at(ERR_SPEC_INVALID, mark,
                            "the value of '${%s}' has byte 0x%02x, which cannot stand in an HAProxy configuration",
                            name, c);
    }
    return NULL;
}

struct error *template_expand(struct arena *arena, const struct template_values *values, const char *text,
                              struct mark mark, const char **out)
{
    struct strbuf expanded CLEANUP(strbuf_release) = STRBUF_INIT(EXPANDED_LIMIT_BYTES);
    const char *at = text;

    while (*at) {
        struct piece piece;
        const char *name;
        const char *value;

        TRY(piece_read(text, &at, mark, &piece));
        if (!piece.is_name) {
            strbuf_add(&expanded, piece.start, piece.length);
            continue;
        }
        name = arena_text_n(arena, piece.start, piece.length);
        value = values->lookup(values->context, name);
        if (!value)
            return error_at(ERR_SPEC_INVALID, mark, "unknown name '${%s}'", name);
        TRY(value_check(values->format, name, value, mark));
        strbuf_text(&expanded, value);
    }
    if (expanded.cut)
        return error_at(ERR_LIMIT, mark, "the text expands to more than %zu bytes", EXPANDED_LIMIT_BYTES);
    *out = arena_text_n(arena, strbuf_view(&expanded), expanded.length);
    return NULL;
}

struct error *template_names(const char *text, struct mark mark, template_visit_fn visit, void *context)
{
    const char *at = text;

    while (*at) {
        struct piece piece;

        TRY(piece_read(text, &at, mark, &piece));
        if (piece.is_name) {
            char *name CLEANUP(heap_cleanup) = heap_printf("%.*s", (int)piece.length, piece.start);

            TRY(visit(context, name, piece.offset));
        }
    }
    return NULL;
}
