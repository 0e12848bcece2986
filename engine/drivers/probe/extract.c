#include "drivers/probe/extract.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "drivers/probe/extract_metric.h"
#include "drivers/probe/extract_sql.h"
#include "drivers/probe/json_path.h"

bool extract_kind_parse(const char *text, enum extract_kind *out)
{
    static const char *const names[] = {
        [EXTRACT_JSON] = "json", [EXTRACT_COUNT] = "count", [EXTRACT_METRIC] = "metric", [EXTRACT_SQL] = "sql"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (text_is(names[i], text)) {
            *out = (enum extract_kind)i;
            return true;
        }
    }
    return false;
}

/* NULL with a reason when the body is not one JSON document. */
static json_t *parse_body(struct arena *arena, const char *body, size_t length, const char **why)
{
    json_error_t problem;
    json_t *document = json_loadb(body, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);

    /* Foreign counters may be unsigned 64-bit numbers, which jansson refuses as integers. */
    if (!document && json_error_code(&problem) == json_error_numeric_overflow)
        document =
            json_loadb(body, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &problem);
    if (!document)
        *why = arena_printf(arena, "the answer is not JSON: line %d, column %d: %s", problem.line, problem.column,
                            problem.text);
    return document;
}

static const char *type_text(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    BUG("JSON type %d", (int)json_typeof(value));
}

static bool from_json(struct arena *arena, enum extract_kind kind, const char *path, const json_t *document,
                      double *out, const char **why)
{
    const json_t *value = json_path_find(document, path);

    if (!value)
        *why = arena_printf(arena, "the answer has no '%s'", path);
    else if (kind == EXTRACT_COUNT && !json_is_array(value))
        *why = arena_printf(arena, "'%s' is %s, not a list", path, type_text(value));
    else if (kind == EXTRACT_JSON && !json_is_number(value))
        *why = arena_printf(arena, "'%s' is %s, not a number", path, type_text(value));
    else
        *out = kind == EXTRACT_COUNT ? (double)json_array_size(value) : json_number_value(value);
    return *why == NULL;
}

struct error *extract_check(const struct extract *extract)
{
    switch (extract->kind) {
    case EXTRACT_JSON:
    case EXTRACT_COUNT:
        return json_path_check(extract->expression);
    case EXTRACT_METRIC:
        return extract_metric_check(extract->expression);
    case EXTRACT_SQL:
        return extract_sql_check(extract->expression);
    }
    BUG("kind %d", (int)extract->kind);
}

bool extract_number(struct arena *arena, const struct extract *extract, const char *body, size_t length, double *out,
                    const char **why)
{
    const char *expression = extract->expression;
    struct error *error CLEANUP(error_cleanup) = NULL;
    json_t *document CLEANUP(json_cleanup) = NULL;
    double value = 0;
    bool told = false;

    *why = NULL;
    switch (extract->kind) {
    case EXTRACT_JSON:
    case EXTRACT_COUNT:
        error = json_path_check(expression);
        if (!error)
            document = parse_body(arena, body, length, why);
        told = document && from_json(arena, extract->kind, expression, document, &value, why);
        break;
    case EXTRACT_METRIC:
        error = extract_metric_check(expression);
        told = !error && extract_metric(arena, expression, body, length, &value, why);
        break;
    case EXTRACT_SQL:
        /* SQLite takes the first of two equal keys without a word; jansson refuses both. */
        document = parse_body(arena, body, length, why);
        told = document && extract_sql(arena, expression, body, length, &value, why);
        break;
    }
    if (error)
        *why = arena_text(arena, error->text);
    if (!told)
        return false;
    if (!isfinite(value))
        *why = "it is not a finite number";
    else if (value < 0)
        *why = arena_printf(arena, "it is negative: %g", value);
    else
        *out = value;
    return *why == NULL;
}

const char *extract_identity(struct arena *arena, const char *path, const char *body, size_t length)
{
    struct error *error CLEANUP(error_cleanup) = json_path_check(path);
    json_t *document CLEANUP(json_cleanup) = NULL;
    const char *why = NULL;
    const json_t *value;

    if (error)
        return NULL;
    document = parse_body(arena, body, length, &why);
    value = document ? json_path_find(document, path) : NULL;
    if (json_is_integer(value))
        return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    return json_is_string(value) && json_string_length(value) > 0 ? arena_text(arena, json_string_value(value)) : NULL;
}
