/* The plan's stored form: the same bytes again, and no damage goes unseen. */

#include "unit/plan/story.h"

#include "base/digest.h"

/* Commands, gates, two kinds of checks, watches: every field of a plan has a value somewhere. */
#define FULL_TEXT                                                                                                   \
    HEAD_TEXT "stages:\n"                                                                                           \
              "  - build\n"                                                                                         \
              "  - deploy: {timeout: 1h, retries: 4}\n"                                                             \
              "  - validate: {checks: [{name: home, get: /}, {name: smoke, command: [smoke, \"${stamp.url}\"]}]}\n" \
              "  - command: {name: migrate, run: [up], undo: [down]}\n"                                             \
              "  - shift:\n"                                                                                        \
              "      steps: [{share: 50%, hold: 1m}, {share: 100%, gate: managers}]\n"                              \
              "      watch: [{probe: rooms, max: 9}]\n"                                                             \
              "      prober: {get: /}\n"                                                                            \
              "  - drain: {until: {rooms: 0}}\n"                                                                    \
              "  - destroy\n"

static void assert_comes_back(struct arena *arena, const struct plan *plan)
{
    struct plan *back;
    json_t *json;

    assert_ok(json_parse(plan->text, strlen(plan->text), "plan", &json));
    assert_string_equal(json_canonical(arena, json_in_arena(arena, json)), plan->text);

    assert_ok(plan_decode(arena, plan->text, strlen(plan->text), &back));
    assert_string_equal(back->text, plan->text);
    assert_string_equal(back->digest, plan->digest);
    assert_true(back->text != plan->text);
}

static void test_codec__a_plan_comes_back_byte_for_byte(void **state)
{
    struct sim *destroy = story_destroy(state, 2);

    assert_comes_back(*state, plan_of(*state, FULL_TEXT, 2));
    assert_comes_back(*state, plan_of(*state, FULL_TEXT, 0));
    assert_comes_back(*state, plan_of(*state, HEAD_TEXT "stages: [build]\n", 0));
    assert_comes_back(*state, destroy->plan);
}

static void test_codec__every_field_comes_back(void **state)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 2), *back;
    int stop = step_of_plan(plan, TRACK_FORWARD, VERB_INSTANCE_STOP, OLD_1);

    assert_ok(plan_decode(*state, plan->text, strlen(plan->text), &back));
    assert_int_equal(back->kind, PLAN_RELEASE);
    assert_string_equal(back->release, "r-9");
    assert_string_equal(back->subject, "make rooms larger");
    assert_true(back->rollback);
    assert_string_equal(back->unit.name, NEW_UNIT);
    assert_string_equal(back->old_unit.commit, OLD_COMMIT);
    assert_int_equal(back->stages[1].timeout_ms, 3600000);
    assert_int_equal(back->steps[stop].ordinal, stop);
    assert_int_equal(back->steps[stop].verb, VERB_INSTANCE_STOP);
    assert_int_equal(back->steps[stop].proof, stop - 1);
    assert_true(back->steps[stop].pivots);
    assert_int_equal(back->steps[plan->step_count - 1].track, TRACK_UNDO);
    assert_int_equal(back->instances[1].side, SIDE_OLD);
    assert_string_equal(back->instances[1].address, "127.0.0.1:4701");
    assert_int_equal(back->monitors[plan->monitor_count - 1].kind, MONITOR_LIMIT);
}

static void test_codec__the_digest_is_of_the_text(void **state)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 1);
    struct digest digest = digest_of(plan->text, strlen(plan->text));
    char hex[DIGEST_HEX];

    digest_hex(&digest, hex);
    assert_string_equal(plan->digest, hex);
}

static void assert_damaged(struct arena *arena, const char *text, const char *why)
{
    struct plan *plan;

    assert_fails(plan_decode(arena, text, strlen(text), &plan), ERR_RECORD_DAMAGED, why);
}

static void test_codec__other_spacing_is_not_the_canonical_form(void **state)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 1);

    assert_damaged(*state, arena_printf(*state, "%s\n", plan->text), "the stored plan is not in its canonical form");
    assert_damaged(*state, arena_printf(*state, " %s", plan->text), "the stored plan is not in its canonical form");
}

static void test_codec__what_is_no_json_is_refused(void **state)
{
    struct error *error;
    struct plan *plan;

    error = plan_decode(*state, "{", 1, &plan);
    assert_non_null(error);
    assert_int_equal(error->code, ERR_RECORD_DAMAGED);
    assert_string_equal(error->text, "while reading the stored plan");
    error_free(error);
    assert_damaged(*state, "[]", "the stored plan is not one that this version wrote");
    assert_damaged(*state, "{}", "the stored plan is not one that this version wrote");
}

struct damage {
    struct arena *arena;
    const struct plan *plan;
    json_t *root;
    const char *path; /* of what was damaged, for the message */
    int tried, harmless;
};

/* It is refused, or it is another plan, which its digest in the record gives away. */
static void try_damaged(struct damage *d, bool may_decode)
{
    struct arena *arena CLEANUP(arena_cleanup) = arena_new();
    const char *text = json_canonical(arena, d->root);
    struct plan *plan;
    struct error *error = plan_decode(arena, text, strlen(text), &plan);

    d->tried++;
    if (error && error->code != ERR_RECORD_DAMAGED)
        fail_msg("%s: %s", d->path, error->text);
    if (!error && text_is(plan->digest, d->plan->digest))
        fail_msg("%s: the damage was not seen", d->path);
    if (!error && !may_decode)
        fail_msg("%s: the damaged plan was accepted", d->path);
    error_free(error);
}

/* Keys that a plan may do without, and still be a plan (another one). */
static bool is_optional(const char *key)
{
    return text_is(key, "undo_text") || text_is(key, "address") || text_is(key, "identity");
}

/* Each key of the object is taken out, and given values of other kinds, one at a time. */
static void damage_key(struct damage *d, json_t *object, const char *key)
{
    json_t *value = json_incref(json_object_get(object, key));
    json_t *others[] = {json_null(),      json_true(),  json_integer(-2), json_integer(1 << 30),
                        json_string("?"), json_array(), json_object()};

    json_object_del(object, key);
    try_damaged(d, is_optional(key) || (text_is(d->path, "old_unit") && text_is(key, "commit")));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        json_object_set_new(object, key, others[i]);
        if (json_equal(others[i], value))
            continue;
        /* A value of the right kind is another plan; one of another kind is none. */
        try_damaged(d, json_typeof(others[i]) == json_typeof(value) ||
                           (json_is_boolean(others[i]) && json_is_boolean(value)));
    }
    json_object_set_new(object, key, value);
}

static void damage_object(struct damage *d, json_t *object, const char *path)
{
    const char *keys[64];
    int count = 0;
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        keys[count++] = arena_text(d->arena, key);
    }
    for (int i = 0; i < count; i++) {
        d->path = path;
        damage_key(d, object, keys[i]);
    }
}

static void damage_list(struct damage *d, const char *name)
{
    json_t *list = json_object_get(d->root, name);

    /* Steps are alike: every fifth will do. */
    for (size_t i = 0; i<json_array_size(list); i += json_array_size(list)> 12 ? 5 : 1) {
        json_t *item = json_incref(json_array_get(list, i));

        damage_object(d, item, arena_printf(d->arena, "%s[%zu]", name, i));
        d->path = name;
        json_array_set_new(list, i, json_null());
        try_damaged(d, false);
        json_array_set_new(list, i, item);
    }
}

static void damage_plan(void **state, const struct plan *plan)
{
    struct damage d = {.arena = *state, .plan = plan};

    assert_ok(json_parse(plan->text, strlen(plan->text), "plan", &d.root));
    json_in_arena(*state, d.root);
    damage_object(&d, d.root, "plan");
    damage_object(&d, json_object_get(d.root, "unit"), "unit");
    damage_object(&d, json_object_get(d.root, "old_unit"), "old_unit");
    damage_list(&d, "stages");
    damage_list(&d, "steps");
    damage_list(&d, "instances");
    damage_list(&d, "monitors");
    assert_string_equal(json_canonical(*state, d.root), plan->text);
    assert_true(d.tried > 500);
}

static void test_codec__no_damage_of_a_release_goes_unseen(void **state)
{
    damage_plan(state, plan_of(*state, FULL_TEXT, 1));
}

static void test_codec__no_damaged_byte_goes_unseen(void **state)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 1);
    char *text = arena_text(*state, plan->text);

    for (size_t i = 0; i < strlen(plan->text); i += 23) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();
        struct plan *back;
        struct error *error;

        text[i] ^= (char)(1 << i % 5);
        error = plan_decode(arena, text, strlen(text), &back);
        if (error)
            assert_int_equal(error->code, ERR_RECORD_DAMAGED);
        else
            assert_string_not_equal(back->digest, plan->digest);
        error_free(error);
        text[i] = plan->text[i];
    }
}

/* What an object of the plan's first step says instead. */
static void assert_step_damaged(void **state, const char *key, json_t *value)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 1);
    json_t *root, *step;

    assert_ok(json_parse(plan->text, strlen(plan->text), "plan", &root));
    json_in_arena(*state, root);
    step = json_array_get(json_object_get(root, "steps"), 3);
    json_object_set_new(step, key, value);
    assert_damaged(*state, json_canonical(*state, root), "the stored plan is not one that this version wrote");
}

static void test_codec__a_step_needs_only_steps_before_it(void **state)
{
    assert_step_damaged(state, "needs", json_pack("[i]", 3));
    assert_step_damaged(state, "needs", json_pack("[i]", -1));
    assert_step_damaged(state, "needs", json_pack("[s]", "2"));
    assert_step_damaged(state, "proof", json_integer(3));
    assert_step_damaged(state, "undoes", json_integer(3));
}

static void test_codec__only_a_plan_that_asks_no_front_door_may_have_none(void **state)
{
    struct plan *plan = plan_of(*state, HEAD_TEXT "stages: [build]\n", 0), *back;
    const char *text;
    json_t *root;

    assert_ok(json_parse(plan->text, strlen(plan->text), "plan", &root));
    json_in_arena(*state, root);
    json_object_del(root, "door");
    text = json_canonical(*state, root);
    assert_ok(plan_decode(*state, text, strlen(text), &back));
    assert_null(back->door);
    json_object_set_new(json_array_get(json_object_get(root, "steps"), 0), "verb", json_string("traffic.drain"));
    assert_damaged(*state, json_canonical(*state, root), "the stored plan is not one that this version wrote");
}

static void test_codec__unknown_words_are_refused(void **state)
{
    assert_step_damaged(state, "verb", json_string("instance.burn"));
    assert_step_damaged(state, "track", json_string("sideways"));
    assert_step_damaged(state, "stage", json_integer(99));
}

static void test_codec__unknown_keys_are_refused(void **state)
{
    struct plan *plan = plan_of(*state, FULL_TEXT, 1);

    assert_damaged(*state, arena_printf(*state, "%.*s,\"zone\":1}", (int)strlen(plan->text) - 1, plan->text),
                   "the stored plan is not in its canonical form");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_codec__a_plan_comes_back_byte_for_byte),
        TEST_WITH_ARENA(test_codec__every_field_comes_back),
        TEST_WITH_ARENA(test_codec__the_digest_is_of_the_text),
        TEST_WITH_ARENA(test_codec__other_spacing_is_not_the_canonical_form),
        TEST_WITH_ARENA(test_codec__what_is_no_json_is_refused),
        TEST_WITH_ARENA(test_codec__no_damage_of_a_release_goes_unseen),
        TEST_WITH_ARENA(test_codec__no_damaged_byte_goes_unseen),
        TEST_WITH_ARENA(test_codec__a_step_needs_only_steps_before_it),
        TEST_WITH_ARENA(test_codec__only_a_plan_that_asks_no_front_door_may_have_none),
        TEST_WITH_ARENA(test_codec__unknown_words_are_refused),
        TEST_WITH_ARENA(test_codec__unknown_keys_are_refused),
    };

    return RUN_TESTS(tests);
}
