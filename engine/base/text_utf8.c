/*
 * UTF-8 as it comes: text from outside may hold anything. A byte that is no part of a character counts as one, and
 * the cleaned copy has U+FFFD in its place, so that what was cleaned is always valid UTF-8.
 */

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "base/strbuf.h"
#include "base/text.h"

#define BAD_BYTE UINT32_MAX
#define ESCAPE 0x1b
#define BELL 0x07

/* Reads the character at `text`; returns its bytes (1 for a bad byte, whose character is BAD_BYTE). */
static size_t read_character(const unsigned char *text, size_t length, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t character = text[0];
    size_t size;

    *out = BAD_BYTE;
    if (character < 0x80) {
        *out = character;
        return 1;
    }
    if ((character & 0xe0) == 0xc0)
        size = 2;
    else if ((character & 0xf0) == 0xe0)
        size = 3;
    else if ((character & 0xf8) == 0xf0)
        size = 4;
    else
        return 1;
    if (size > length)
        return 1;
    character &= 0x7fu >> size;
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 1;
        character = character << 6 | (text[i] & 0x3f);
    }
    if (character < least[size] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        return 1;
    *out = character;
    return size;
}

/* wcwidth depends on the locale; ours is always the one with UTF-8, whatever the user's is. */
static int character_columns(uint32_t character)
{
    int columns = wcwidth((wchar_t)character);

    return columns < 0 ? 0 : columns;
}

bool text_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text);

    while (left) {
        uint32_t character;
        size_t size = read_character(at, left, &character);

        if (character == BAD_BYTE)
            return false;
        at += size;
        left -= size;
    }
    return true;
}

int text_columns(const char *text)
{
    static locale_t utf8;
    static bool asked;
    locale_t before;
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text);
    int columns = 0;

    /* Once: glibc waits for itself when it is asked again after it lacked memory. The user's own locale will do then. */
    if (!asked)
        utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    asked = true;
    before = utf8 ? uselocale(utf8) : (locale_t)0;
    while (left) {
        uint32_t character;
        size_t size = read_character(at, left, &character);

        columns += character == BAD_BYTE ? 1 : character_columns(character);
        at += size;
        left -= size;
    }
    if (before)
        uselocale(before);
    return columns;
}

/* ESC [ ... letter: parameters and intermediates, then one final byte. */
static size_t control_sequence_size(const unsigned char *text, size_t length)
{
    size_t size = 2;

    while (size < length && text[size] >= 0x20 && text[size] <= 0x3f)
        size++;
    return size < length && text[size] >= 0x40 && text[size] <= 0x7e ? size + 1 : size;
}

/* ESC ] ... up to BEL or ESC \. One that is never closed ends with its line, so that it cannot hide all the rest. */
static size_t control_string_size(const unsigned char *text, size_t length)
{
    size_t size = 2;

    for (; size < length && text[size] != '\n'; size++) {
        if (text[size] == BELL)
            return size + 1;
        if (text[size] == ESCAPE)
            return size + 1 < length && text[size + 1] == '\\' ? size + 2 : size;
    }
    return size;
}

/* Bytes of the escape sequence at `text`, which starts with ESC. */
static size_t escape_size(const unsigned char *text, size_t length)
{
    size_t size = 1;

    if (length > 1 && text[1] == '[')
        return control_sequence_size(text, length);
    if (length > 1 && strchr("]PX^_", text[1]) && text[1])
        return control_string_size(text, length);
    while (size < length && text[size] >= 0x20 && text[size] <= 0x2f)
        size++;
    return size < length && text[size] >= 0x30 && text[size] <= 0x7e ? size + 1 : size;
}

/* Controls, and the marks that turn the direction of writing: with those a text can look like another one. */
static bool is_control(uint32_t character)
{
    if (character == '\n' || character == '\t')
        return false;
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
           (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069);
}

/* Bytes at the beginning that are kept as they are: nearly all that is ever cleaned. */
static size_t plain_size(const unsigned char *text, size_t length)
{
    size_t size = 0;

    while (size < length && text[size] >= 0x20 && text[size] < 0x7f)
        size++;
    return size;
}

void text_clean(struct strbuf *out, const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;

    while (length) {
        uint32_t character;
        size_t size = plain_size(at, length);

        strbuf_add(out, at, size);
        at += size;
        length -= size;
        if (!length)
            return;
        size = read_character(at, length, &character);
        if (character == ESCAPE)
            size = escape_size(at, length);
        else if (character == BAD_BYTE)
            strbuf_text(out, "\xef\xbf\xbd");
        else if (!is_control(character))
            strbuf_add(out, at, size);
        at += size;
        length -= size;
    }
}
