#include "zero-loss/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STATUS_LINE "HTTP/1.1 200"

static void take_text(const char *value, size_t length, char *out)
{
    if (length >= REPLY_TEXT_MOST)
        length = REPLY_TEXT_MOST - 1;
    memcpy(out, value, length);
    out[length] = '\0';
}

static bool is_header(const char *line, size_t name_length, const char *name)
{
    return name_length == strlen(name) && strncasecmp(line, name, name_length) == 0;
}

/* One header line; FALSE when it is none. */
static bool take_header(const char *line, size_t length, struct reply *out, long *body)
{
    const char *colon = memchr(line, ':', length);
    const char *end = line + length;
    const char *value;
    size_t name_length;

    if (!colon)
        return false;
    name_length = (size_t)(colon - line);
    for (value = colon + 1; value < end && *value == ' '; value++) {
    }
    if (is_header(line, name_length, "content-length"))
        *body = strtol(value, NULL, 10);
    else if (is_header(line, name_length, "transfer-encoding"))
        return false;
    else if (is_header(line, name_length, "connection"))
        out->closes = out->closes || strncasecmp(value, "close", strlen("close")) == 0;
    else if (is_header(line, name_length, "x-ledger-id"))
        take_text(value, (size_t)(end - value), out->id);
    else if (is_header(line, name_length, "x-rooms-version"))
        take_text(value, (size_t)(end - value), out->version);
    else if (is_header(line, name_length, "x-rooms-boot"))
        take_text(value, (size_t)(end - value), out->boot);
    return true;
}

/* Where the head ends, behind its empty line; NULL when it is not all there. */
static const char *end_of_head(const char *bytes, size_t length)
{
    const char *at = memmem(bytes, length, "\r\n\r\n", 4);

    return at ? at + 4 : NULL;
}

enum reply_verdict reply_read(const char *bytes, size_t length, bool ended, struct reply *out)
{
    const char *end = end_of_head(bytes, length);
    const char *line;
    long body = -1;

    *out = (struct reply){0};
    if (!end)
        return ended ? REPLY_GARBLED : REPLY_MORE;
    if ((size_t)(end - bytes) < strlen(STATUS_LINE) || strncmp(bytes, "HTTP/1.", strlen("HTTP/1.")) != 0)
        return REPLY_GARBLED;
    out->status = atoi(bytes + strlen("HTTP/1.1 "));
    out->closes = bytes[strlen("HTTP/1.")] == '0';
    line = (const char *)memchr(bytes, '\n', length) + 1;
    while (line < end - 2) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));

        if (!take_header(line, (size_t)(stop - line), out, &body))
            return REPLY_GARBLED;
        line = stop + 2;
    }
    if (out->status == 101 || out->status == 204)
        body = 0;
    out->until_end = body < 0;
    if (out->until_end) {
        out->closes = true;
        out->length = length;
        return ended ? REPLY_WHOLE : REPLY_MORE;
    }
    out->length = (size_t)(end - bytes) + (size_t)body;
    if (length >= out->length)
        return REPLY_WHOLE;
    return ended ? REPLY_GARBLED : REPLY_MORE;
}
