#include "base/json.h"

#include <stdlib.h>

#include "base/memory.h"

void json_cleanup(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

static void drop_json(void *json)
{
    json_decref(json);
}

json_t *json_in_arena(struct arena *arena, json_t *json)
{
    arena_defer(arena, drop_json, json);
    return json;
}

struct error *json_parse(const char *text, size_t length, const char *what, json_t **out)
{
    json_error_t problem;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);

    if (!json)
        return error_new(ERR_UNKNOWN_ANSWER, KIND_PERMANENT, "%s is not JSON: line %d, column %d: %s", what,
                         problem.line, problem.column, problem.text);
    *out = json;
    return NULL;
}

const char *json_get_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int64_t json_get_int(const json_t *object, const char *key, int64_t absent)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : absent;
}

bool json_get_bool(const json_t *object, const char *key, bool absent)
{
    const json_t *value = json_object_get(object, key);

    return json_is_boolean(value) ? json_is_true(value) : absent;
}

bool json_get_flag(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_true(value) || (json_is_integer(value) && json_integer_value(value) != 0);
}
