#include "unit/view/scene.h"

#include "view/progress.h"

/* What a follower printed; the stream is a file that is read back. */
struct seen {
    FILE *stream;
    char *text;
    size_t length;
};

static void seen_open(struct seen *seen)
{
    seen->stream = open_memstream(&seen->text, &seen->length);
    assert_non_null(seen->stream);
}

static const char *seen_text(struct seen *seen)
{
    fflush(seen->stream);
    return seen->text;
}

static void seen_close(struct seen *seen)
{
    fclose(seen->stream);
    free(seen->text);
}

static struct progress *follow(struct scene *scene, struct seen *seen, enum progress_form form, bool verbose)
{
    const struct progress_options options = {
        .form = form, .stream = seen->stream, .screen = {.utf8 = true}, .program = "penstock", .verbose = verbose};

    return progress_new(scene->record, scene->plan->release, &options);
}

static void test_progress_look__prints_a_line_an_event(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;
    size_t before;

    seen_open(&seen);
    scene_plan(scene, 'a');
    progress = follow(scene, &seen, PROGRESS_LINES, false);
    progress_look(progress);
    assert_non_null(strstr(seen_text(&seen), "Z  release.planned   asked for by ana (ana)\n"));
    before = strlen(seen_text(&seen));
    progress_look(progress);
    assert_int_equal(strlen(seen_text(&seen)), before);
    scene_start(scene, 0);
    scene_tell(scene, (struct event){.kind = EVENT_STEP_SKIPPED, .step = 1, .epoch = 1, .reason = "not wanted"}, NULL);
    assert_ok(progress_finish(progress));
    assert_non_null(strstr(seen_text(&seen) + before, "Z  step.started      export aaaaaaa"));
    assert_null(strstr(seen_text(&seen), "not wanted"));
    seen_close(&seen);
}

static void test_progress_look__prints_everything_when_verbose(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_plan(scene, 'a');
    scene_tell(scene, (struct event){.kind = EVENT_STEP_SKIPPED, .step = 1, .epoch = 1, .reason = "not wanted"}, NULL);
    progress = follow(scene, &seen, PROGRESS_LINES, true);
    assert_ok(progress_finish(progress));
    assert_non_null(strstr(seen_text(&seen), "step.skipped      not wanted"));
    seen_close(&seen);
}

static void test_progress_look__gives_programs_an_object_an_event(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;
    json_t *event;

    seen_open(&seen);
    scene_plan(scene, 'a');
    progress = follow(scene, &seen, PROGRESS_JSON, false);
    progress_notice(progress, "not for programs");
    assert_ok(progress_finish(progress));
    event = json_loads(seen_text(&seen), 0, NULL);
    assert_non_null(event);
    assert_string_equal(json_get_text(event, "kind"), "release.planned");
    assert_string_equal(json_get_text(event, "release"), "r-1");
    assert_int_equal(json_get_int(event, "seq", 0), 1);
    assert_true(text_ends(json_get_text(event, "at"), "Z"));
    json_decref(event);
    seen_close(&seen);
}

static void test_progress_look__draws_the_block_over_itself(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;
    const char *again;

    seen_open(&seen);
    scene_at_gate(scene);
    progress = follow(scene, &seen, PROGRESS_LIVE, false);
    progress_look(progress);
    /* Only what matters stays as a line; the rest is in the block. */
    assert_null(strstr(seen_text(&seen), "step.started"));
    assert_non_null(strstr(seen_text(&seen), "gate.asked        gate go waits for people\n"));
    assert_non_null(strstr(seen_text(&seen), "  ! shift     2/5  gate go opens the way to 100%"));
    assert_non_null(strstr(seen_text(&seen), "  penstock approve r-2 go\n"));
    assert_null(strstr(seen_text(&seen), "\033["));
    again = seen_text(&seen) + strlen(seen_text(&seen));
    progress_notice(progress, "waiting for an orphan");
    assert_true(text_starts(seen_text(&seen) + (again - seen.text), "\r\033["));
    assert_non_null(strstr(seen_text(&seen), "A\033[Jwaiting for an orphan\n"));
    assert_ok(progress_finish(progress));
    seen_close(&seen);
}

/* How often the text is there. */
static int times(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

static struct progress *follow_on(struct scene *scene, struct seen *seen, struct screen screen, const char *program)
{
    const struct progress_options options = {
        .form = PROGRESS_LIVE, .stream = seen->stream, .screen = screen, .program = program, .after_seq = 1000};

    return progress_new(scene->record, scene->plan->release, &options);
}

static void test_progress_look__keeps_whom_it_waits_for_on_a_low_screen(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_at_gate(scene);
    progress = follow_on(scene, &seen, (struct screen){.utf8 = true, .width = 80, .height = 13}, "penstock");
    progress_look(progress);
    assert_true(text_starts(seen_text(&seen), "r-2 prod  bbbbbbb make rooms quieter  waiting  "));
    /* What is over and what is still to come gives way. */
    assert_null(strstr(seen_text(&seen), "build"));
    assert_null(strstr(seen_text(&seen), "destroy"));
    assert_non_null(strstr(seen_text(&seen), "\n  ! shift  2/5  gate go opens the way to 100%"));
    assert_non_null(strstr(seen_text(&seen), "\n  prod-bbbbbbb-2  "));
    assert_non_null(strstr(seen_text(&seen), "\nwaits for gate go, "));
    assert_non_null(strstr(seen_text(&seen), "\n  penstock approve r-2 go\n"));
    assert_int_equal(times(seen_text(&seen), "\n"), 12);
    assert_ok(progress_finish(progress));
    assert_non_null(strstr(seen_text(&seen), "\r\033[12A\033[J"));
    seen_close(&seen);
}

static void test_progress_look__never_cuts_a_command(void **state)
{
    static const char program[] = "penstock -C /srv/a/directory/that/is/far/down/and/has/a/name/of/its/own/indeed";
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_at_gate(scene);
    progress = follow_on(scene, &seen, (struct screen){.utf8 = true, .width = 40, .height = 50}, program);
    progress_look(progress);
    assert_non_null(strstr(seen_text(&seen), arena_printf(scene->arena, "\n  %s approve r-2 go\n", program)));
    assert_non_null(strstr(seen_text(&seen), "\n  0 of 2 approvals; may approve: bo,"
                                             "\n    chi; not ana, who asked for the"
                                             "\n    release; expires in "));
    assert_ok(progress_finish(progress));
    /* 15 lines of a row each, and three commands that take 3: all of them are drawn over. */
    assert_non_null(strstr(seen_text(&seen), "\r\033[24A\033[J"));
    seen_close(&seen);
}

static void test_progress_look__draws_no_more_than_a_tiny_screen_has(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_at_gate(scene);
    progress = follow_on(scene, &seen, (struct screen){.utf8 = true, .width = 30, .height = 5}, "penstock");
    progress_look(progress);
    assert_int_equal(times(seen_text(&seen), "\n"), 4);
    assert_non_null(strstr(seen_text(&seen), "\nwaits for gate go, "));
    assert_ok(progress_finish(progress));
    seen_close(&seen);
}

static void test_progress_look__gives_a_sign_of_life(void **state)
{
    struct scene *scene = *state;
    struct progress_options options = {.form = PROGRESS_LINES, .program = "penstock", .heartbeat_ms = 1};
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_at_gate(scene);
    options.stream = seen.stream;
    options.after_seq = 1000;
    progress = progress_new(scene->record, scene->plan->release, &options);
    usleep(3000);
    progress_look(progress);
    assert_non_null(strstr(seen_text(&seen), "still waiting for gate go, "));
    assert_ok(progress_finish(progress));
    seen_close(&seen);
}

static void test_progress_look__prints_nothing_when_quiet(void **state)
{
    struct scene *scene = *state;
    struct seen seen;
    struct progress *progress;

    seen_open(&seen);
    scene_plan(scene, 'a');
    progress = follow(scene, &seen, PROGRESS_NONE, true);
    progress_look(progress);
    progress_notice(progress, "line");
    assert_ok(progress_finish(progress));
    assert_string_equal(seen_text(&seen), "");
    seen_close(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_progress_look__prints_a_line_an_event),
        SCENE_TEST(test_progress_look__prints_everything_when_verbose),
        SCENE_TEST(test_progress_look__gives_programs_an_object_an_event),
        SCENE_TEST(test_progress_look__draws_the_block_over_itself),
        SCENE_TEST(test_progress_look__keeps_whom_it_waits_for_on_a_low_screen),
        SCENE_TEST(test_progress_look__never_cuts_a_command),
        SCENE_TEST(test_progress_look__draws_no_more_than_a_tiny_screen_has),
        SCENE_TEST(test_progress_look__gives_a_sign_of_life),
        SCENE_TEST(test_progress_look__prints_nothing_when_quiet),
    };

    return RUN_TESTS(tests);
}
