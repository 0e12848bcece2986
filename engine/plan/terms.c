/*
 * The terms of a plan: put together when it is made; their closures read once, because the machine asks for them whenever a
 * share could begin.
 */

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "plan/builder.h"
#include "plan/rules.h"

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

static void set_list(json_t *terms, const char *key, const json_t *list)
{
    if (json_array_size(list))
        json_object_set_new(terms, key, json_deep_copy(list));
}

/* While the release is live; before, the planner itself asks who gave an override. */
static void set_overrides(const struct overrides_spec *overrides, json_t *terms)
{
    json_t *people = json_array();

    for (int i = 0; i < overrides->people.count; i++)
        json_array_append_new(people, json_string(overrides->people.items[i]));
    json_object_set_new(terms, "overrides",
                        json_pack("{s:o, s:b, s:b}", "people", people, "bar_requester", overrides->bar_requester,
                                  "bar_authors", overrides->bar_authors));
}

static void set_times(struct builder *b, json_t *terms)
{
    const struct fact_request *request = &b->facts->request;
    int64_t keep_ms = request->keep_ms ? request->keep_ms : b->environment->keep_ms;

    if (keep_ms)
        json_object_set_new(terms, "keep_until_ms", json_integer(b->facts->rules.now_ms + keep_ms));
    if (request->kind == PLAN_HOTFIX)
        json_object_set_new(terms, "review_ms", json_integer(b->environment->hotfix.review_ms));
    /* Nothing else waits for windows and freezes. */
    if (request->kind != PLAN_RELEASE || json_array_size(b->facts->rules.closures) == 0)
        return;
    set_list(terms, "closures", b->facts->rules.closures);
    set_list(terms, "leaves", rules_leaves(b)); /* or its first share would wait for what let it begin */
}

void terms_build(struct builder *b)
{
    const struct facts *facts = b->facts;
    json_t *terms = json_in_arena(b->arena, json_object());

    if (facts->live.name)
        json_object_set_new(terms, "base_commit", json_string(facts->live.commit));
    if (facts->request.scheduled)
        json_object_set_new(terms, "scheduled", json_true());
    if (b->environment->allow_as)
        json_object_set_new(terms, "allow_as", json_true());
    if (b->environment->overrides.given)
        set_overrides(&b->environment->overrides, terms);
    if (facts->request.back_to)
        json_object_set_new(terms, "back_to", json_string(facts->request.back_to));
    set_list(terms, "picks", facts->request.picks);
    set_list(terms, "shortened", b->shortened);
    set_list(terms, "authors", b->authors);
    set_list(terms, "rules", b->rules);
    set_times(b, terms);
    b->plan->terms.json = terms;
    MUST(plan_read_terms(b->arena, &b->plan->terms));
}
