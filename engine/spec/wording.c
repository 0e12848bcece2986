#include "spec/wording.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/yaml_tree.h"

#define QUOTED_MOST 40
#define COMPARED_WORDS 500 /* suggesting costs words times letters; files from outside must not make it dear */
#define COMPARED_BYTES 64
#define LISTED_MOST 24

const char *wording_quote(struct arena *arena, const char *text)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int characters = 0;

    strbuf_char(&out, '\'');
    for (size_t i = 0; text[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool starts = (byte & 0xC0) != 0x80;
        bool c1 = byte == 0xC2 && (unsigned char)text[i + 1] < 0xA0;

        if (starts && ++characters > QUOTED_MOST) {
            strbuf_text(&out, "...");
            break;
        }
        strbuf_char(&out, byte < 0x20 || byte == 0x7F || c1 ? '?' : text[i]);
        i += c1 ? 1 : 0;
    }
    strbuf_char(&out, '\'');
    return arena_text(arena, strbuf_view(&out));
}

const char *wording_found(struct arena *arena, const struct node *node)
{
    if (node->kind == NODE_LIST)
        return "a list";
    if (node->kind == NODE_MAP)
        return "a mapping";
    if (node->kind == NODE_BROKEN || node_is_empty(node))
        return "empty";
    return wording_quote(arena, node->text);
}

const char *wording_nearest(struct arena *arena, const char *typed, const char *const *words, size_t count)
{
    const char **near = NULL;
    size_t kept = 0;

    if (count == 0 || count > COMPARED_WORDS || strlen(typed) > COMPARED_BYTES)
        return NULL;
    near = arena_array(arena, count + 1, sizeof(*near));
    for (size_t i = 0; i < count; i++)
        if (words[i] != NULL && strlen(words[i]) <= COMPARED_BYTES)
            near[kept++] = words[i];
    return text_nearest(typed, near);
}

const char *wording_list(struct arena *arena, const char *const *words, size_t count)
{
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    size_t listed = 0;
    size_t left = 0;

    for (size_t i = 0; i < count; i++) {
        const char *quoted = NULL;

        if (words[i] == NULL)
            continue;
        if (listed == LISTED_MOST) {
            left++;
            continue;
        }
        quoted = wording_quote(arena, words[i]);
        strbuf_text(&out, listed++ > 0 ? ", " : "");
        strbuf_add(&out, quoted + 1, strlen(quoted) - 2);
    }
    if (left > 0)
        strbuf_printf(&out, " and %zu more", left);
    return listed == 0 ? NULL : arena_text(arena, strbuf_view(&out));
}

const char *wording_hint(struct arena *arena, const char *typed, const char *const *words, size_t count,
                         const char *lead)
{
    const char *near = wording_nearest(arena, typed, words, count);
    const char *list = NULL;

    if (near != NULL)
        return arena_printf(arena, "did you mean %s?", wording_quote(arena, near));
    list = lead == NULL ? NULL : wording_list(arena, words, count);
    return list == NULL ? NULL : arena_printf(arena, "%s: %s", lead, list);
}
