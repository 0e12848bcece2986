#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 64

static size_t strbuf_limit(const struct strbuf *buf)
{
    return buf->limit ? buf->limit : STRBUF_DEFAULT_LIMIT;
}

/* Room for `more` bytes and the NUL. The caller has seen to the limit. */
static void strbuf_reserve(struct strbuf *buf, size_t more)
{
    size_t needed = buf->length + more + 1;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;

    if (buf->bytes && needed <= buf->capacity)
        return;
    while (capacity < needed)
        capacity *= 2;
    buf->bytes = heap_realloc(buf->bytes, capacity);
    buf->capacity = capacity;
}

void strbuf_release(struct strbuf *buf)
{
    free(buf->bytes);
    buf->bytes = NULL;
    buf->length = 0;
    buf->capacity = 0;
    buf->cut = false;
}

void strbuf_reset(struct strbuf *buf)
{
    buf->length = 0;
    buf->cut = false;
    if (buf->bytes)
        buf->bytes[0] = '\0';
}

void strbuf_add(struct strbuf *buf, const void *bytes, size_t length)
{
    size_t left = strbuf_limit(buf) - buf->length;

    if (length > left) {
        length = left;
        buf->cut = true;
    }
    strbuf_reserve(buf, length);
    if (length)
        memcpy(buf->bytes + buf->length, bytes, length);
    buf->length += length;
    buf->bytes[buf->length] = '\0';
}

void strbuf_text(struct strbuf *buf, const char *text)
{
    strbuf_add(buf, text, strlen(text));
}

void strbuf_char(struct strbuf *buf, char c)
{
    strbuf_add(buf, &c, 1);
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
    va_list arguments;
    char *text CLEANUP(heap_cleanup) = NULL;

    va_start(arguments, format);
    text = heap_vprintf(format, arguments);
    va_end(arguments);
    strbuf_text(buf, text);
}

const char *strbuf_view(const struct strbuf *buf)
{
    return buf->bytes ? buf->bytes : "";
}

char *strbuf_take(struct strbuf *buf)
{
    char *text = buf->bytes ? buf->bytes : heap_text("");

    buf->bytes = NULL;
    strbuf_release(buf);
    return text;
}
