#include "drivers/probe/extract_metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define LABELS_MOST 64
#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:"
#define NAME_REST NAME_FIRST "0123456789"

struct label {
    const char *name;
    size_t name_length;
    const char *value; /* between the quotes, escapes as they are written */
    size_t value_length;
};

struct series {
    const char *name;
    size_t name_length;
    struct label labels[LABELS_MOST];
    size_t label_count;
};

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

static const char *read_name(const char *at, size_t *length)
{
    *length = *at && strchr(NAME_FIRST, *at) ? strspn(at, NAME_REST) : 0;
    return *length > 0 ? at + *length : NULL;
}

/* `name="value"`; NULL when that is not what stands there. */
static const char *read_label(const char *at, struct label *out)
{
    out->name = at;
    at = read_name(at, &out->name_length);
    if (!at)
        return NULL;
    at = skip_blanks(at);
    if (*at != '=')
        return NULL;
    at = skip_blanks(at + 1);
    if (*at != '"')
        return NULL;
    out->value = ++at;
    while (*at && *at != '"')
        at += *at == '\\' && at[1] ? 2 : 1;
    if (!*at)
        return NULL;
    out->value_length = (size_t)(at - out->value);
    return at + 1;
}

/* A name with labels; what comes after is returned, NULL when it is none. */
static const char *read_series(const char *at, struct series *out)
{
    out->label_count = 0;
    out->name = at;
    at = read_name(at, &out->name_length);
    if (!at)
        return NULL;
    at = skip_blanks(at);
    if (*at != '{')
        return at;
    at = skip_blanks(at + 1);
    while (*at != '}') {
        if (out->label_count == LABELS_MOST)
            return NULL;
        at = read_label(at, &out->labels[out->label_count++]);
        if (!at)
            return NULL;
        at = skip_blanks(at);
        if (*at == ',')
            at = skip_blanks(at + 1);
        else if (*at != '}')
            return NULL;
    }
    return skip_blanks(at + 1);
}

static bool same(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static bool has_label(const struct series *series, const struct label *wanted)
{
    for (size_t i = 0; i < series->label_count; i++) {
        const struct label *label = &series->labels[i];

        if (same(label->name, label->name_length, wanted->name, wanted->name_length))
            return same(label->value, label->value_length, wanted->value, wanted->value_length);
    }
    return false;
}

static bool fits(const struct series *series, const struct series *wanted)
{
    if (!same(series->name, series->name_length, wanted->name, wanted->name_length))
        return false;
    for (size_t i = 0; i < wanted->label_count; i++) {
        if (!has_label(series, &wanted->labels[i]))
            return false;
    }
    return true;
}

/* The number in front of an optional timestamp. */
static bool read_value(const char *at, double *out)
{
    char *end = NULL;
    size_t length = strcspn(at, " \t\r");
    const char *rest = skip_blanks(at + length);

    /* strtod would take hexadecimal, too, and stop in the middle of what it does not know. */
    if (length == 0 || strspn(at, "0123456789.+-eEinfINFaA") < length)
        return false;
    *out = strtod(at, &end);
    return end == at + length && strspn(rest, "0123456789-\r \t") == strlen(rest);
}

struct error *extract_metric_check(const char *expression)
{
    struct series wanted;
    const char *end = expression ? read_series(expression, &wanted) : NULL;

    if (end && !*end)
        return NULL;
    return error_hint(error_new(ERR_SPEC_INVALID, KIND_PERMANENT, "'%s' is no metric", expression ? expression : ""),
                      "write name or name{label=\"value\"}");
}

bool extract_metric(struct arena *arena, const char *expression, const char *body, size_t length, double *out,
                    const char **why)
{
    char *page = arena_text_n(arena, body, length);
    struct series *wanted = ARENA_NEW(arena, struct series);
    struct series *series = ARENA_NEW(arena, struct series);
    size_t found = 0;

    MUST(read_series(expression, wanted));
    if (strlen(page) != length) {
        *why = "the answer is not text";
        return false;
    }
    /* A body without a length ends where its connection does: half a line may be half a number. */
    if (length > 0 && page[length - 1] != '\n') {
        *why = "the answer ends in the middle of a line";
        return false;
    }
    for (char *line = page, *next; line; line = next) {
        const char *value;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        value = read_series(skip_blanks(line), series);
        if (!value || !fits(series, wanted))
            continue;
        found++;
        if (!read_value(value, out)) {
            *why = arena_printf(arena, "the sample of '%s' has no number", expression);
            return false;
        }
    }
    if (found == 0)
        *why = arena_printf(arena, "the answer has no metric '%s'", expression);
    else if (found > 1)
        *why = arena_printf(arena, "%zu series are named '%s': add labels", found, expression);
    return found == 1;
}
