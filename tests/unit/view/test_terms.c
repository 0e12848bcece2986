/* Under which conditions a release went, for people and programs. */

#include "unit/view/scene.h"

#include <sqlite3.h>

#include "view/faces.h"
#include "view/release_view.h"
#include "view/rows.h"
#include "view/screen.h"

static const struct screen ascii = {0};

/* What the planner has no reason to write in a scene, put beside its release. */
static void put(struct scene *scene, const char *sql)
{
    char *path CLEANUP(heap_cleanup) = heap_printf("%s/record.db", scene->directory);
    sqlite3 *db = NULL;
    char *problem = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &problem) != SQLITE_OK)
        fail_msg("%s", problem);
    sqlite3_close(db);
}

static void put_terms(struct scene *scene)
{
    scene_first(scene);
    put(scene,
        "UPDATE release SET kind = 'hotfix', scheduled = 1, base_commit = 'bbbb';"
        "INSERT INTO author VALUES ('r-1', 'bo@x.org', 'Bo');"
        "INSERT INTO rule VALUES ('r-1', 'branches', 'met', 'on release/1', NULL),"
        " ('r-1', 'freeze', 'overridden', 'the holidays', 3), ('r-1', 'window', 'exempt', 'a hotfix', NULL);"
        "INSERT INTO override VALUES (3, 'prod', '', 'freeze', 'chi', 'must go', 1000, 2000);"
        "INSERT INTO pick VALUES ('r-1', 0, 'aaaaaaaaaa', 'cccccccccc', 0), ('r-1', 1, 'dddddddddd', 'eeeeeeeeee', 1);"
        "INSERT INTO shortened VALUES ('r-1', 0, 'shift.steps', '5%, 100%', '100%', 'hotfix.ladder');"
        "INSERT INTO closure VALUES (5, 'r-1', 9, 'freeze', 'no more traffic', 60000, 0, 120000, 6),"
        " (7, 'r-1', 9, 'window', 'until 08:00', 180000, 300000, NULL, NULL);");
}

typedef void (*piece_fn)(const struct release_view *view, const struct screen *screen, struct strbuf *out);

static const char *piece_of(struct scene *scene, const char *release, piece_fn fn, int64_t now_ms)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(release_view_read(scene->record, scene->arena, release, "penstock", &view));
    view.now_ms = now_ms;
    fn(&view, &ascii, &out);
    return arena_text(scene->arena, strbuf_view(&out));
}

static const char *piece(struct scene *scene, piece_fn fn, int64_t now_ms)
{
    return piece_of(scene, "r-1", fn, now_ms);
}

static void test_terms_text__says_what_was_demanded_and_done(void **state)
{
    struct scene *scene = *state;

    put_terms(scene);
    assert_string_equal(piece(scene, terms_text, 240000),
                        "rules\n"
                        "  + branches: on release/1\n"
                        "  ! freeze: the holidays; overridden by chi: must go\n"
                        "  - window: a hotfix; exempt\n"
                        "picked\n"
                        "  aaaaaaa of ccccccc\n"
                        "  ddddddd of eeeeeee, conflicts resolved by hand\n"
                        "shortened\n"
                        "  shift.steps: 100% instead of 5%, 100% (hotfix.ladder)\n"
                        "waited with its traffic\n"
                        "  1970-01-01T00:01:00Z  freeze: no more traffic, 1m00s\n"
                        "  1970-01-01T00:03:00Z  window: until 08:00, 1m00s until now\n");
}

static void test_terms_text__of_a_plain_release_is_empty(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_string_equal(piece(scene, terms_text, 0), "");
    assert_string_equal(piece(scene, kind_text, 0), "");
}

static void test_kind_text__says_what_is_left_to_do(void **state)
{
    struct scene *scene = *state;

    put_terms(scene);
    assert_string_equal(piece(scene, kind_text, 0), "  kind    hotfix of 2 commits\n  kind    of a nightly job\n");
    put(scene, "INSERT INTO review (release, environment, due_ms) VALUES ('r-1', 'prod', 7200000)");
    assert_non_null(strstr(piece(scene, kind_text, 0), "  review  review due in 2h00m\n"));
    assert_non_null(strstr(piece(scene, kind_text, 7260000), "  review  review late by 1m00s\n"));
    put(scene, "UPDATE review SET closed_ms = 60000, person = 'chi', comment = 'was right'");
    assert_non_null(strstr(piece(scene, kind_text, 0), "  review  by chi at 1970-01-01T00:01:00Z: was right\n"));
    put(scene, "UPDATE release SET kind = 'rollback', scheduled = 0, back_to = 'r-0'");
    assert_non_null(strstr(piece(scene, kind_text, 0), "  kind    rollback to r-0\n"));
    assert_non_null(strstr(piece(scene, release_text, 0), "r-1 prod  rollback aaaaaaa make rooms quieter  succeeded"));
}

/* Whatever its kind: while the old unit stands, the first way out is back to it. */
static void test_view_next__sends_a_held_hotfix_back(void **state)
{
    struct scene *scene = *state;
    struct release_view view CLEANUP(release_view_release) = {0};
    json_t *next CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    scene_tell(scene,
               (struct event){
                   .kind = EVENT_RELEASE_TURNED, .step = -1, .epoch = 1, .mode = MODE_HELD, .reason = "a check failed"},
               NULL);
    put(scene, "UPDATE release SET kind = 'hotfix' WHERE state = 'held'");
    assert_ok(release_view_read(scene->record, scene->arena, "r-2", "penstock", &view));
    next = view_next(&view);
    assert_string_equal(json_get_text(json_array_get(next, 2), "command"), "penstock rollback r-2");
}

static void test_terms_json__has_all_of_them(void **state)
{
    struct scene *scene = *state;
    struct release_view view CLEANUP(release_view_release) = {0};
    json_t *terms CLEANUP(json_cleanup) = NULL;

    put_terms(scene);
    assert_ok(release_view_read(scene->record, scene->arena, "r-1", "penstock", &view));
    terms = terms_json(&view);
    assert_string_equal(
        json_canonical(scene->arena, terms),
        "{\"authors\":[{\"mail\":\"bo@x.org\",\"name\":\"Bo\"}],\"back_to\":null,\"base_commit\":\"bbbb\","
        "\"closures\":[{\"closed\":\"1970-01-01T00:01:00Z\",\"opened\":\"1970-01-01T00:02:00Z\","
        "\"reason\":\"no more traffic\",\"rule\":\"freeze\",\"until\":null},"
        "{\"closed\":\"1970-01-01T00:03:00Z\",\"opened\":null,\"reason\":\"until 08:00\",\"rule\":\"window\","
        "\"until\":\"1970-01-01T00:05:00Z\"}],"
        "\"picks\":[{\"by_hand\":false,\"commit\":\"aaaaaaaaaa\",\"source\":\"cccccccccc\"},"
        "{\"by_hand\":true,\"commit\":\"dddddddddd\",\"source\":\"eeeeeeeeee\"}],"
        "\"rules\":[{\"detail\":\"on release/1\",\"override\":null,\"rule\":\"branches\",\"verdict\":\"met\"},"
        "{\"detail\":\"the holidays\",\"override\":{\"person\":\"chi\",\"reason\":\"must go\","
        "\"until\":\"1970-01-01T00:00:02Z\"},\"rule\":\"freeze\",\"verdict\":\"overridden\"},"
        "{\"detail\":\"a hotfix\",\"override\":null,\"rule\":\"window\",\"verdict\":\"exempt\"}],"
        "\"scheduled\":true,\"shortened\":[{\"now\":\"100%\",\"reason\":\"hotfix.ladder\",\"was\":\"5%, 100%\","
        "\"what\":\"shift.steps\"}]}");
}

static void test_history_text__keeps_a_review_red(void **state)
{
    const struct screen color = {.color = true};
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;
    json_t *review CLEANUP(json_cleanup) = NULL;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    put_terms(scene);
    put(scene, "INSERT INTO review (release, environment, due_ms) VALUES ('r-1', 'prod', 7200000)");
    assert_ok(rows_releases(scene->record, "prod", 1, &rows));
    history_text(scene->arena, rows, 10800000, &color, &out);
    assert_non_null(strstr(strbuf_view(&out), "\x1b[31msucceeded, review late by 1h00m\x1b[0m"));
    assert_non_null(strstr(strbuf_view(&out), "hotfix"));
    review = review_json(scene->arena, json_array_get(rows, 0));
    assert_string_equal(json_canonical(scene->arena, review),
                        "{\"closed\":null,\"comment\":null,\"due\":\"1970-01-01T02:00:00Z\",\"person\":null}");
}

/* What the environment has today says nothing of a release of years ago. */
static void test_shares__of_a_release_that_has_ended_are_its_own(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_string_equal(piece(scene, shares_text, 0),
                        "traffic app\n  prod-aaaaaaa-1  ########################  100%  new\n");
    scene_plan(scene, 'b');
    scene_run(scene, 0, scene->plan->step_count);
    scene_end(scene, END_SUCCEEDED, "every step is done");
    assert_string_equal(piece(scene, shares_text, 0),
                        "traffic app\n  prod-aaaaaaa-1  ########################  100%  new\n");
    assert_string_equal(piece_of(scene, "r-2", shares_text, 0),
                        "traffic app\n  prod-bbbbbbb-2  ########################  100%  new\n");
    /* One that changed no shares: who had the traffic all the time. */
    scene_plan(scene, 'c');
    scene_end(scene, END_ROLLED_BACK, "it was not healthy");
    assert_string_equal(piece_of(scene, "r-3", shares_text, 0),
                        "traffic app\n  prod-bbbbbbb-2  ########################  100%\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SCENE_TEST(test_terms_text__says_what_was_demanded_and_done),
        SCENE_TEST(test_terms_text__of_a_plain_release_is_empty),
        SCENE_TEST(test_kind_text__says_what_is_left_to_do),
        SCENE_TEST(test_view_next__sends_a_held_hotfix_back),
        SCENE_TEST(test_terms_json__has_all_of_them),
        SCENE_TEST(test_history_text__keeps_a_review_red),
        SCENE_TEST(test_shares__of_a_release_that_has_ended_are_its_own),
    };

    return RUN_TESTS(tests);
}
