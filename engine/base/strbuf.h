#ifndef ENGINE_BASE_STRBUF_H
#define ENGINE_BASE_STRBUF_H

/*
 * A growing text with a limit, always NUL-terminated. What comes from outside goes into one of these, so that
 * a hostile peer can cost at most `limit` bytes: past it, bytes are dropped and `cut` is set.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct strbuf {
    char *bytes; /* never NULL after the first append */
    size_t length;
    size_t capacity;
    size_t limit; /* 0 = STRBUF_DEFAULT_LIMIT */
    bool cut;     /* something did not fit */
};

#define STRBUF_DEFAULT_LIMIT ((size_t)64 * 1024 * 1024)
#define STRBUF_INIT(limit_bytes)         \
    {                                    \
        NULL, 0, 0, (limit_bytes), false \
    }

void strbuf_release(struct strbuf *buf); /* also for CLEANUP */
void strbuf_reset(struct strbuf *buf);   /* empty, keeps the memory */
void strbuf_add(struct strbuf *buf, const void *bytes, size_t length);
void strbuf_text(struct strbuf *buf, const char *text);
void strbuf_char(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* The text, "" when nothing was added. Borrowed. */
const char *strbuf_view(const struct strbuf *buf);
/* Hands the text to the caller, who frees it; the buffer is empty after. */
char *strbuf_take(struct strbuf *buf);

#endif
