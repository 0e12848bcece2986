#include "unit/view/scene.h"

#include "view/faces.h"
#include "view/release_view.h"
#include "view/screen.h"

static const struct screen plain = {.utf8 = true};
static const struct screen ascii = {0};
static const struct screen narrow = {.utf8 = true, .width = 50};

typedef void (*piece_fn)(const struct release_view *view, const struct screen *screen, struct strbuf *out);

/* One piece of the release's text, with the scene's clock. `late_ms` is how long after the last event one looks. */
static const char *piece(struct scene *scene, piece_fn fn, const struct screen *screen, int64_t late_ms)
{
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(release_view_read(scene->record, scene->arena, scene->plan->release, "penstock", &view));
    view.now_ms = scene->now_ms + late_ms;
    view.runner_alive = true;
    fn(&view, screen, &out);
    return arena_text(scene->arena, strbuf_view(&out));
}

static void test_release_text__says_what_and_how_long(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_true(
        text_starts(piece(scene, release_text, &plain, 0), "r-1 prod  aaaaaaa make rooms quieter  succeeded  "));
    scene_plan(scene, 'b');
    assert_string_equal(piece(scene, release_text, &plain, 250000),
                        "r-2 prod  bbbbbbb make rooms quieter  running  4m10s\n");
    /* A short line has the state whole, and two columns for whoever indents it. */
    assert_string_equal(piece(scene, release_text, &narrow, 250000),
                        "r-2 prod  bbbbbbb make rooms qu…  running  4m10s\n");
}

static void test_stages_text__has_a_mark_and_a_time_for_each(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_string_equal(piece(scene, stages_text, &plain, 60000),
                        "  ✓ build     3s\n"
                        "  ✓ deploy    7s\n"
                        "  ✓ validate  1s\n"
                        "  ! shift     2/5  gate go opens the way to 100%  1m01s\n"
                        "  · drain\n"
                        "  · destroy\n");
    assert_true(text_starts(piece(scene, stages_text, &ascii, 0), "  + build "));
}

static void test_stages_text__shows_the_way_back_once_it_is_taken(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_null(strstr(piece(scene, stages_text, &plain, 0), "undo"));
    scene_tell(scene,
               (struct event){.kind = EVENT_RELEASE_TURNED,
                              .step = -1,
                              .epoch = 1,
                              .mode = MODE_UNDO,
                              .end = END_REJECTED,
                              .reason = "rejected"},
               NULL);
    assert_non_null(strstr(piece(scene, stages_text, &plain, 0), "  · undo\n"));
}

static void test_shares_text__draws_a_bar_a_unit(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_string_equal(piece(scene, shares_text, &ascii, 0), "traffic app\n"
                                                              "  prod-aaaaaaa-1  ###################.....  80%\n"
                                                              "  prod-bbbbbbb-2  #####...................  20%  new\n");
    assert_string_equal(piece(scene, shares_text, &(struct screen){.width = 40}, 0),
                        "traffic app\n"
                        "  prod-aaaaaaa-1  #########..  80%\n"
                        "  prod-bbbbbbb-2  ##.........  20%  new\n");
    assert_string_equal(piece(scene, shares_text, &(struct screen){.width = 20}, 0),
                        "traffic app\n"
                        "  prod-aaaaaaa-1  ###.  80%\n"
                        "  prod-bbbbbbb-2  #...  20%  new\n");
}

static void test_prober_text__is_empty_before_the_first_request(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_string_equal(piece(scene, prober_text, &plain, 0), "");
}

static void test_prober_text__counts(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_string_equal(piece(scene, prober_text, &plain, 0), "prober  120 sent, 0 failed, 99% within 5 ms\n");
}

static void test_drains_text__never_shows_unknown_as_zero(void **state)
{
    struct scene *scene = *state;

    scene_overdue(scene);
    assert_string_equal(piece(scene, drains_text, &plain, 0), "left on what is drained\n"
                                                              "  • recordings  unknown  (1 seen, 0 ended)\n"
                                                              "  • rooms       2 left  (3 seen, 1 ended)\n");
}

static void test_waiting_text__names_who_may_open_the_gate(void **state)
{
    struct scene *scene = *state;
    int gate = scene_at_gate(scene);

    scene_vote(scene, gate, "bo", "beef");
    assert_string_equal(piece(scene, waiting_text, &plain, 249000),
                        "waits for gate go, 4m10s\n"
                        "  1 of 2 approvals (bo); may approve: chi; not ana, who asked for the release; "
                        "expires in 55m49s\n");
}

static void test_waiting_text__names_the_authors_who_may_not_open_the_gate(void **state)
{
    struct scene *scene = *state;

    scene_ask_barring(scene, scene_at_gate(scene), json_pack("[s]", "bo"));
    assert_string_equal(piece(scene, waiting_text, &plain, 0),
                        "waits for gate go, 0s\n"
                        "  0 of 2 approvals; may approve: chi; not ana, who asked for the release; not bo, who wrote "
                        "commits of it; expires in 59m59s\n");
}

static void test_waiting_text__names_what_a_person_would_give_up(void **state)
{
    struct scene *scene = *state;

    scene_overdue(scene);
    assert_string_equal(piece(scene, waiting_text, &plain, 5000),
                        "waits for a person: work is left on prod-aaaaaaa-1.west.1, 5s\n"
                        "  recordings unknown, rooms 2\n");
}

static void test_waiting_text__says_why_it_is_held(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    scene_tell(scene,
               (struct event){
                   .kind = EVENT_RELEASE_TURNED, .step = -1, .epoch = 1, .mode = MODE_HELD, .reason = "a check failed"},
               NULL);
    assert_string_equal(piece(scene, waiting_text, &plain, 65000), "held for 1m05s: a check failed\n");
}

static void test_gate_text__shows_what_an_approval_binds_to(void **state)
{
    struct scene *scene = *state;
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *waiting CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    assert_ok(release_view_read(scene->record, scene->arena, "r-2", "penstock", &view));
    waiting = view_waiting_gate(&view, NULL);
    gate_text(&view, waiting, &ascii, &out);
    assert_non_null(strstr(strbuf_view(&out), "  asks    gate go opens the way to 100%\n"));
    assert_non_null(strstr(strbuf_view(&out), arena_printf(scene->arena,
                                                           "  binds   to plan %.12s and all that was seen "
                                                           "until now (beef)\n",
                                                           scene->plan->digest)));
    assert_non_null(strstr(strbuf_view(&out), "  prod-bbbbbbb-2  #####...................  20%  new\n"));
    assert_non_null(strstr(strbuf_view(&out), "prober  120 sent, 0 failed"));
}

static void test_failures_text__has_the_cause_with_its_log(void **state)
{
    struct scene *scene = *state;
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    int ready;

    scene_first(scene);
    scene_plan(scene, 'b');
    ready = scene_find(scene, VERB_INSTANCE_READY, 0);
    scene_run(scene, 0, ready);
    scene_start(scene, ready);
    scene_fail(scene, ready, "it ended", "last health answer: 503\nlast lines of its log:\none\ntwo\n");
    assert_ok(release_view_read(scene->record, scene->arena, "r-2", "penstock", &view));
    assert_ok(failures_text(&view, &plain, &out));
    assert_string_equal(strbuf_view(&out), arena_printf(scene->arena,
                                                        "error[E0702]: it ended\n"
                                                        "  step    %s (stage deploy, attempt 1)\n"
                                                        "  help    look at it\n"
                                                        "  answer  the last one:\n"
                                                        "    | 503\n"
                                                        "  log     %s, its last lines:\n"
                                                        "    | one\n"
                                                        "    | two\n",
                                                        scene->plan->steps[ready].title,
                                                        plan_instance(scene->plan, "prod-bbbbbbb-2.west.1")->log));
}

static void test_show_text__puts_the_reason_first(void **state)
{
    struct scene *scene = *state;
    struct release_view view CLEANUP(release_view_release) = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    scene_first(scene);
    assert_ok(release_view_read(scene->record, scene->arena, "r-1", "penstock", &view));
    view.now_ms = scene->now_ms + 180000;
    assert_ok(show_text(&view, &plain, &out));
    assert_non_null(strstr(strbuf_view(&out), "\n  why     every step is done (penstock, 3 m ago)\n"
                                              "  commit  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (main)\n"
                                              "  unit    prod-aaaaaaa-1\n"
                                              "  asked   by ana at 20"));
    assert_non_null(strstr(strbuf_view(&out), "instances\n"
                                              "  prod-aaaaaaa-1.west.1  ready  127.0.0.1:4711  pid 4242\n"));
}

static void test_waiting_text__lets_nothing_steer_the_terminal(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    scene_tell(scene,
               (struct event){.kind = EVENT_RELEASE_TURNED,
                              .step = -1,
                              .epoch = 1,
                              .mode = MODE_HELD,
                              .reason = "it said \033]0;mine\a\033[2Jboo \302\233"},
               NULL);
    assert_string_equal(piece(scene, waiting_text, &plain, 0), "held for 0s: it said boo \n");
}

static void test_history_text__has_a_row_a_release(void **state)
{
    struct scene *scene = *state;
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "environment", "prod");
    json_t *rows CLEANUP(json_cleanup) = NULL;
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    scene_first(scene);
    scene_plan(scene, 'b');
    assert_ok(query_rows(scene->record, "release_list", params, &rows));
    history_text(scene->arena, rows, scene->now_ms + 5000, &ascii, &out);
    assert_non_null(strstr(strbuf_view(&out), "\n*  r-2      prod         bbbbbbb  running    5 s ago  "));
    assert_non_null(strstr(strbuf_view(&out), "\n+  r-1      prod         aaaaaaa  succeeded  "));
}

static void test_event_text__says_who_when_it_was_a_person(void **state)
{
    json_t *row CLEANUP(json_cleanup) =
        json_pack("{s:s, s:s, s:s, s:I}", "kind", "decision.made", "reason", "approved by bo: fine", "actor", "bo",
                  "at_ms", (json_int_t)1795289136000);

    assert_string_equal(event_text(*state, row), "19:25:36Z  decision.made     approved by bo: fine (bo)");
    json_object_set_new(row, "actor", json_string("penstock"));
    assert_string_equal(event_text(*state, row), "19:25:36Z  decision.made     approved by bo: fine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_release_text__says_what_and_how_long),
        SCENE_TEST(test_stages_text__has_a_mark_and_a_time_for_each),
        SCENE_TEST(test_stages_text__shows_the_way_back_once_it_is_taken),
        SCENE_TEST(test_shares_text__draws_a_bar_a_unit),
        SCENE_TEST(test_prober_text__is_empty_before_the_first_request),
        SCENE_TEST(test_prober_text__counts),
        SCENE_TEST(test_drains_text__never_shows_unknown_as_zero),
        SCENE_TEST(test_waiting_text__names_who_may_open_the_gate),
        SCENE_TEST(test_waiting_text__names_the_authors_who_may_not_open_the_gate),
        SCENE_TEST(test_waiting_text__names_what_a_person_would_give_up),
        SCENE_TEST(test_waiting_text__says_why_it_is_held),
        SCENE_TEST(test_gate_text__shows_what_an_approval_binds_to),
        SCENE_TEST(test_failures_text__has_the_cause_with_its_log),
        SCENE_TEST(test_show_text__puts_the_reason_first),
        SCENE_TEST(test_waiting_text__lets_nothing_steer_the_terminal),
        SCENE_TEST(test_history_text__has_a_row_a_release),
        TEST_WITH_ARENA(test_event_text__says_who_when_it_was_a_person),
    };

    return RUN_TESTS(tests);
}
