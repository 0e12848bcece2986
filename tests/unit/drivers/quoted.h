#ifndef TESTS_UNIT_DRIVERS_QUOTED_H
#define TESTS_UNIT_DRIVERS_QUOTED_H

/* JSON written with single quotes, for tests. Lives until quoted_release(). */

#include "unit/unit.h"

#include <jansson.h>

static json_t *quoted_all;

static inline json_t *quoted_in(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    json_error_t problem;
    json_t *json;

    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json = json_loads(copy, JSON_DECODE_ANY, &problem);
    if (!json)
        fail_msg("bad JSON in the test: %s in %s", problem.text, copy);
    if (!quoted_all)
        quoted_all = json_array();
    json_array_append_new(quoted_all, json);
    return json;
}

static inline void quoted_release(void)
{
    json_decref(quoted_all);
    quoted_all = NULL;
}

#endif
