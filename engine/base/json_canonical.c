/*
 * The canonical text of a JSON value: byte for byte what jansson gives for JSON_SORT_KEYS | JSON_COMPACT, in a third of the
 * time. Plans and journal rows are made of it, so it is most of what the engine computes.
 */

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/strbuf.h"

#define FEW_KEYS 24 /* sorted in place, on the stack */
#define NUMBER_BYTES 40

struct pair {
    const char *key;
    size_t length;
    const json_t *value;
};

void json_add_int(struct strbuf *out, int64_t value)
{
    char digits[NUMBER_BYTES];
    char *at = digits + sizeof(digits);
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        *--at = '-';
    strbuf_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void add_escape(struct strbuf *out, unsigned char byte)
{
    switch (byte) {
    case '"':
        strbuf_text(out, "\\\"");
        break;
    case '\\':
        strbuf_text(out, "\\\\");
        break;
    case '\b':
        strbuf_text(out, "\\b");
        break;
    case '\f':
        strbuf_text(out, "\\f");
        break;
    case '\n':
        strbuf_text(out, "\\n");
        break;
    case '\r':
        strbuf_text(out, "\\r");
        break;
    case '\t':
        strbuf_text(out, "\\t");
        break;
    default:
        strbuf_printf(out, "\\u%04X", byte);
    }
}

void json_add_text(struct strbuf *out, const char *text, size_t length)
{
    const char *end = text + length;
    const char *from = text;

    strbuf_char(out, '"');
    for (; text < end; text++) {
        if ((unsigned char)*text >= 0x20 && *text != '"' && *text != '\\')
            continue;
        strbuf_add(out, from, (size_t)(text - from));
        add_escape(out, (unsigned char)*text);
        from = text + 1;
    }
    strbuf_add(out, from, (size_t)(text - from));
    strbuf_char(out, '"');
}

static int compare(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = memcmp(a->key, b->key, a->length < b->length ? a->length : b->length);

    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Objects that were read from canonical text have their keys in order already. */
static void sort_few(struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct pair pair = pairs[i];
        size_t at = i;

        for (; at > 0 && compare(&pair, &pairs[at - 1]) < 0; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
}

static void add_object(struct strbuf *out, const json_t *json)
{
    size_t size = json_object_size(json), count = 0;
    struct pair few[FEW_KEYS];
    struct pair *many CLEANUP(heap_cleanup) = size > FEW_KEYS ? heap_alloc(size * sizeof(*many)) : NULL;
    struct pair *pairs = many ? many : few;
    /* jansson's iterators do not write; they only lack the const. */
    json_t *object = (json_t *)(uintptr_t)json;

    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        pairs[count++] =
            (struct pair){json_object_iter_key(at), json_object_iter_key_len(at), json_object_iter_value(at)};
    if (many)
        qsort(pairs, count, sizeof(*pairs), compare);
    else
        sort_few(pairs, count);
    strbuf_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            strbuf_char(out, ',');
        json_add_text(out, pairs[i].key, pairs[i].length);
        strbuf_char(out, ':');
        json_add_canonical(out, pairs[i].value);
    }
    strbuf_char(out, '}');
}

static void add_array(struct strbuf *out, const json_t *json)
{
    strbuf_char(out, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i)
            strbuf_char(out, ',');
        json_add_canonical(out, json_array_get(json, i));
    }
    strbuf_char(out, ']');
}

static void add_real(struct strbuf *out, const json_t *json)
{
    char digits[NUMBER_BYTES];
    size_t length = json_dumpb(json, digits, sizeof(digits), JSON_ENCODE_ANY);

    MUST(length > 0 && length <= sizeof(digits));
    strbuf_add(out, digits, length);
}

void json_add_canonical(struct strbuf *out, const json_t *json)
{
    MUST(json);
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        add_object(out, json);
        return;
    case JSON_ARRAY:
        add_array(out, json);
        return;
    case JSON_STRING:
        json_add_text(out, json_string_value(json), json_string_length(json));
        return;
    case JSON_INTEGER:
        json_add_int(out, json_integer_value(json));
        return;
    case JSON_REAL:
        add_real(out, json);
        return;
    case JSON_TRUE:
        strbuf_text(out, "true");
        return;
    case JSON_FALSE:
        strbuf_text(out, "false");
        return;
    case JSON_NULL:
        strbuf_text(out, "null");
        return;
    }
    BUG("JSON type %d", (int)json_typeof(json)); /* GCOVR_EXCL_LINE: a fault of ours */
}

const char *json_canonical(struct arena *arena, const json_t *json)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);

    json_add_canonical(&text, json);
    return arena_text_n(arena, strbuf_view(&text), text.length);
}
