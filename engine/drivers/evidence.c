#include "drivers/evidence.h"

#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/text.h"

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static void clean(struct strbuf *out, const char *text, size_t length)
{
    if (text)
        text_clean(out, text, length);
}

const char *evidence_start(struct arena *arena, const char *text, size_t length, size_t most)
{
    struct strbuf whole CLEANUP(strbuf_release) = STRBUF_INIT(0);
    size_t end;

    /* What is dropped does not count, but a long text is not cleaned to its end for a short one. */
    clean(&whole, text, length < 2 * most ? length : 2 * most);
    end = whole.length < most ? whole.length : most;
    while (end > 0 && end < whole.length && is_inside_character(whole.bytes[end]))
        end--;
    return arena_text_n(arena, strbuf_view(&whole), end);
}

const char *evidence_end(struct arena *arena, const char *text, size_t length, size_t most)
{
    struct strbuf whole CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *tail;
    const char *line;

    clean(&whole, text, length);
    tail = strbuf_view(&whole);
    if (whole.length <= most)
        return arena_text(arena, tail);
    tail += whole.length - most;
    line = strchr(tail, '\n');
    if (line && line[1])
        tail = line + 1;
    while (is_inside_character(*tail))
        tail++;
    return arena_text(arena, tail);
}
