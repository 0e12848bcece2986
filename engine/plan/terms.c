/* The closures of a plan's terms, read once: the machine asks for them whenever a share could begin. */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/plan.h"

/* In order, and only the last one without an end: so that the first that is not over is the one that counts. */
static bool read_closure(struct arena *arena, const json_t *object, int64_t after_ms, struct plan_closure *out)
{
    const char *rule = json_get_text(object, "rule"), *reason = json_get_text(object, "reason");

    *out = (struct plan_closure){
        .from_ms = json_get_int(object, "from_ms", -1),
        .until_ms = json_get_int(object, "until_ms", -1),
        .rule = arena_text(arena, rule),
        .reason = arena_text(arena, reason),
        .also = arena_text(arena, json_get_text(object, "also")),
    };
    return rule && reason && after_ms >= 0 && out->from_ms >= after_ms &&
           (out->until_ms == 0 || out->until_ms > out->from_ms);
}

bool plan_read_terms(struct arena *arena, struct plan_terms *terms)
{
    const json_t *list = json_object_get(terms->json, "closures");
    struct plan_closure *closures = arena_array(arena, json_array_size(list) + 1, sizeof(*closures));
    int64_t after_ms = 0;

    terms->closures = closures;
    terms->closure_count = 0;
    if (list && !json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_closure(arena, json_array_get(list, i), after_ms, &closures[i]))
            return false;
        after_ms = closures[i].until_ms ? closures[i].until_ms : -1;
        terms->closure_count++;
    }
    return true;
}
