/* Overrides of an environment's rules, and reviews of hotfixes: who may, with which words, and what is kept. */

#include "unit/view/scene.h"

#include "control/control.h"

#define HOUR ((int64_t)3600000)

static const char *people[] = {"ana", "bo", "chi"};
static const struct overrides_spec permitted = {
    .given = true, .people = {.items = people, .count = 3}, .bar_requester = true, .bar_authors = true};
static const struct overrides_spec nobody = {0};

/* A live hotfix that ana asked for; bo wrote it. `overrides`: as its terms have them; stolen, may be NULL. */
static void plan_hotfix_with(struct scene *scene, json_t *overrides)
{
    struct facts facts = {0};
    struct plan *plan;

    scene_first(scene);
    assert_ok(facts_read(scene->record, scene->arena, "prod", &facts));
    plan = scene_make_plan(scene, "cccccccccccccccccccccccccccccccccccccccc", &facts);
    plan->kind = PLAN_HOTFIX;
    plan->terms.json =
        json_in_arena(scene->arena, json_pack("{s:[{s:s, s:s, s:[s]}], s:i, s:o*}", "authors", "name", "Bo", "mail",
                                              "bo@x.org", "logins", "bo", "review_ms", 1000, "overrides", overrides));
    plan_encode(scene->arena, plan);
    assert_ok(run_begin(scene->record, scene->arena, plan, facts.journal_seq));
    scene->plan = plan;
}

static void plan_hotfix(struct scene *scene)
{
    plan_hotfix_with(scene, json_pack("{s:[s, s, s], s:b, s:b}", "people", "ana", "bo", "chi", "bar_requester", 1,
                                      "bar_authors", 1));
}

static struct error * override(struct scene *scene, const char *release, const char *person, int64_t in_ms)
{
    struct override_request wanted = {"prod", "freeze", clock_wall_ms() + in_ms, &permitted};

    return control_decide(scene->record, scene->arena,
                          &(struct decision_request){.release = release,
                                                     .decision = DECISION_OVERRIDE,
                                                     .person = person,
                                                     .comment = "the fair begins",
                                                     .override = &wanted});
}

static struct error *review(struct scene *scene, const char *person, const char *comment)
{
    return control_decide(
        scene->record, scene->arena,
        &(struct decision_request){
            .release = scene->plan->release, .decision = DECISION_REVIEW, .person = person, .comment = comment});
}

static const char *ask(struct scene *scene, const char *query, const char *key)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "release", scene->plan->release);
    json_t *row CLEANUP(json_cleanup) = NULL;

    assert_ok(query_row(scene->record, query, params, &row));
    return arena_text(scene->arena, json_get_text(row, key));
}

static void test_override__stands_without_a_release(void **state)
{
    struct scene *scene = *state;

    assert_ok(override(scene, "", "ana", HOUR));
}

static void test_override__needs_a_reason_and_an_end(void **state)
{
    struct scene *scene = *state;
    struct override_request wanted = {"prod", "freeze", clock_wall_ms() + HOUR, &permitted};
    struct decision_request request = {
        .release = "", .decision = DECISION_OVERRIDE, .person = "ana", .comment = "", .override = &wanted};

    assert_fails(control_decide(scene->record, scene->arena, &request), ERR_USAGE, "an override needs a reason");
    request.comment = "because";
    wanted.until_ms = 1000;
    assert_fails(control_decide(scene->record, scene->arena, &request), ERR_USAGE,
                 "the override would end at 1970-01-01T00:00:01Z, which is past");
    wanted.until_ms = clock_wall_ms() + 31 * 24 * HOUR;
    assert_fails(control_decide(scene->record, scene->arena, &request), ERR_USAGE, "an override lasts 30 days at most");
    assert_hint(control_decide(scene->record, scene->arena, &request),
                "what is needed for longer is a change of the environment's rules");
}

static void test_override__is_for_those_whom_the_environment_names(void **state)
{
    struct scene *scene = *state;
    struct override_request wanted = {"prod", "freeze", clock_wall_ms() + HOUR, &nobody};
    struct decision_request request = {
        .release = "", .decision = DECISION_OVERRIDE, .person = "ana", .comment = "because", .override = &wanted};

    assert_fails(control_decide(scene->record, scene->arena, &request), ERR_NOT_ALLOWED,
                 "nobody may override rules of environment 'prod'");
    assert_hint(control_decide(scene->record, scene->arena, &request),
                "environments.prod.overrides in penstock.yaml names who may");
    assert_fails(override(scene, "", "eve", HOUR), ERR_NOT_ALLOWED, "'eve' may not override rules of 'prod'");
    assert_hint(override(scene, "", "eve", HOUR), "these may: ana, bo, chi");
}

static void test_override__of_a_live_release_bars_who_wants_it_through(void **state)
{
    struct scene *scene = *state;

    plan_hotfix(scene);
    assert_fails(override(scene, scene->plan->release, "ana", HOUR), ERR_NOT_ALLOWED,
                 "'ana' asked for this release: somebody else must let rule 'freeze' be broken");
    assert_string_equal(ask(scene, "decisions", "decision"), "override");
    assert_non_null(ask(scene, "decisions", "refused"));
    assert_fails(override(scene, scene->plan->release, "bo", HOUR), ERR_NOT_ALLOWED,
                 "'bo' wrote commits of this release: somebody else must let rule 'freeze' be broken");
    assert_ok(override(scene, scene->plan->release, "chi", HOUR));
}

/* The project file is whatever is at hand; what the release was planned with is not. */
static void refuse_forged(struct scene *scene, const char *hint)
{
    static const char *others[] = {"eve"};
    static const struct overrides_spec forged = {.given = true, .people = {.items = others, .count = 1}};
    struct override_request wanted = {"prod", "freeze", clock_wall_ms() + HOUR, &forged};
    struct decision_request request = {.release = scene->plan->release,
                                       .decision = DECISION_OVERRIDE,
                                       .person = "eve",
                                       .comment = "now",
                                       .override = &wanted};
    struct error *error = control_decide(scene->record, scene->arena, &request);

    assert_non_null(error);
    assert_int_equal(error->code, ERR_NOT_ALLOWED);
    assert_string_equal(error->text, "'eve' may not override rules of r-2");
    assert_string_equal(error->hint, hint);
    error_free(error);
    assert_non_null(ask(scene, "decisions", "refused"));
}

static void test_override__of_a_live_release_is_for_those_whom_its_terms_name(void **state)
{
    plan_hotfix(*state);
    refuse_forged(*state, "these might when it was planned: ana, bo, chi");
}

static void test_override__of_a_live_release_is_for_nobody_where_its_terms_name_nobody(void **state)
{
    plan_hotfix_with(*state, NULL);
    refuse_forged(*state, "nobody might when it was planned");
}

static void test_review__is_of_somebody_else_after_the_end(void **state)
{
    struct scene *scene = *state;

    plan_hotfix(scene);
    assert_fails(review(scene, "chi", "fine"), ERR_CONFLICT,
                 "release r-2 is running: it is reviewed when it has ended");
    scene_tell(scene, (struct event){.kind = EVENT_RELEASE_ENDED, .step = -1, .end = END_SUCCEEDED}, NULL);
    assert_fails(review(scene, "chi", ""), ERR_USAGE, "a review needs its result");
    assert_hint(review(scene, "chi", ""), "say what you found with --comment");
    assert_fails(review(scene, "ana", "fine"), ERR_NOT_ALLOWED, "'ana' asked for r-2; somebody else reviews it");
    assert_fails(review(scene, "bo", "fine"), ERR_NOT_ALLOWED, "'bo' wrote commits of r-2; somebody else reviews it");
    assert_null(ask(scene, "review", "person"));
    assert_ok(review(scene, "chi", "fine"));
    assert_string_equal(ask(scene, "review", "person"), "chi");
    assert_fails(review(scene, "dan", "fine"), ERR_CONFLICT, "release r-2 was reviewed by chi already");
}

static void test_review__is_not_for_ordinary_releases(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_fails(review(scene, "chi", "fine"), ERR_CONFLICT, "release r-1 needs no review: it is a release");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_override__stands_without_a_release),
        SCENE_TEST(test_override__needs_a_reason_and_an_end),
        SCENE_TEST(test_override__is_for_those_whom_the_environment_names),
        SCENE_TEST(test_override__of_a_live_release_bars_who_wants_it_through),
        SCENE_TEST(test_override__of_a_live_release_is_for_those_whom_its_terms_name),
        SCENE_TEST(test_override__of_a_live_release_is_for_nobody_where_its_terms_name_nobody),
        SCENE_TEST(test_review__is_of_somebody_else_after_the_end),
        SCENE_TEST(test_review__is_not_for_ordinary_releases),
    };

    return RUN_TESTS(tests);
}
