#include "unit/view/scene.h"

#include "control/control.h"

static struct error *decide(struct scene *scene, struct decision_request request)
{
    request.release = request.release ? request.release : scene->plan->release;
    request.comment = request.comment ? request.comment : "";
    return control_decide(scene->record, scene->arena, &request);
}

static struct error *approve(struct scene *scene, const char *person)
{
    return decide(scene, (struct decision_request){.decision = DECISION_APPROVE, .person = person});
}

static json_t *decisions(struct scene *scene)
{
    json_t *params CLEANUP(json_cleanup) = json_pack("{s:s}", "release", scene->plan->release);
    json_t *rows = NULL;

    assert_ok(query_rows(scene->record, "decisions", params, &rows));
    return rows;
}

/* The newest decision of the release. Borrowed from `rows`. */
static const json_t *last_of(const json_t *rows)
{
    return json_array_get(rows, json_array_size(rows) - 1);
}

static void test_control_decide__binds_an_approval_to_what_the_gate_asks(void **state)
{
    struct scene *scene = *state;
    int gate = scene_at_gate(scene);
    json_t *rows CLEANUP(json_cleanup) = NULL;

    assert_ok(decide(scene,
                     (struct decision_request){.decision = DECISION_APPROVE, .person = "bo", .comment = "looks good"}));
    rows = decisions(scene);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_get_text(last_of(rows), "decision"), "approve");
    assert_string_equal(json_get_text(last_of(rows), "person"), "bo");
    assert_string_equal(json_get_text(last_of(rows), "comment"), "looks good");
    assert_string_equal(json_get_text(last_of(rows), "subject"), "beef");
    assert_int_equal(json_get_int(last_of(rows), "step", -1), gate);
    assert_null(json_get_text(last_of(rows), "refused"));
}

static void test_control_decide__takes_the_approval_of_what_was_shown(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_ok(decide(scene, (struct decision_request){
                                .decision = DECISION_APPROVE, .person = "bo", .gate = "go", .subject = "beef"}));
}

static void test_control_decide__refuses_an_approval_of_older_evidence(void **state)
{
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    assert_fails(
        decide(scene, (struct decision_request){.decision = DECISION_APPROVE, .person = "bo", .subject = "0ld"}),
        ERR_CONFLICT, "what gate 'go' asks has changed since it was shown to you");
    assert_hint(decide(scene, (struct decision_request){.decision = DECISION_REJECT, .person = "bo", .subject = "0ld"}),
                "look again, then decide");
    rows = decisions(scene);
    assert_int_equal(json_array_size(rows), 0);
}

static void test_control_decide__keeps_the_vote_of_a_stranger_as_refused(void **state)
{
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    assert_fails(approve(scene, "eve"), ERR_NOT_ALLOWED, "'eve' is not one of the people of gate 'go'");
    rows = decisions(scene);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_get_text(last_of(rows), "person"), "eve");
    assert_string_equal(json_get_text(last_of(rows), "refused"), "'eve' is not one of the people of gate 'go'");
    assert_hint(approve(scene, "eve"), "these are: ana, bo, chi");
}

static void test_control_decide__bars_whoever_asked_for_the_release(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_fails(approve(scene, "ana"), ERR_NOT_ALLOWED, "'ana' asked for this release; gate 'go' wants somebody else");
    /* Saying no needs no second pair of eyes. */
    assert_ok(decide(scene, (struct decision_request){.decision = DECISION_REJECT, .person = "ana"}));
}

static void test_control_decide__bars_whoever_wrote_commits_of_the_release(void **state)
{
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;

    scene_ask_barring(scene, scene_at_gate(scene), json_pack("[s, s]", "robert", "Bo"));
    assert_fails(approve(scene, "bo"), ERR_NOT_ALLOWED,
                 "'bo' wrote commits of this release; gate 'go' wants somebody else");
    rows = decisions(scene);
    assert_string_equal(json_get_text(last_of(rows), "refused"),
                        "'bo' wrote commits of this release; gate 'go' wants somebody else");
    assert_ok(approve(scene, "chi"));
    assert_ok(decide(scene, (struct decision_request){.decision = DECISION_REJECT, .person = "bo"}));
}

static void test_control_decide__counts_a_person_once(void **state)
{
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    assert_ok(approve(scene, "bo"));
    assert_fails(approve(scene, "bo"), ERR_NOT_ALLOWED,
                 "'bo' has already approved gate 'go'; it wants 2 different people");
    assert_ok(approve(scene, "chi"));
    rows = decisions(scene);
    assert_int_equal(json_array_size(rows), 3);
}

static void test_control_decide__lets_a_person_approve_again_what_is_asked_anew(void **state)
{
    struct scene *scene = *state;
    int gate = scene_at_gate(scene);

    assert_ok(approve(scene, "bo"));
    scene_ask(scene, gate, "cafe");
    assert_ok(approve(scene, "bo"));
}

static void test_control_decide__says_that_a_gate_was_answered_already(void **state)
{
    struct scene *scene = *state;
    int gate = scene_at_gate(scene);

    scene_tell(scene,
               (struct event){.kind = EVENT_GATE_OPENED, .step = gate, .attempt = 1, .epoch = 1, .subject = "beef"},
               json_pack("{s:[]}", "decisions"));
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_APPROVE, .person = "bo", .gate = "go"}),
                 ERR_CONFLICT, "gate 'go' of r-2 was already opened");
    assert_fails(approve(scene, "bo"), ERR_NOT_FOUND, "no gate of r-2 waits for anybody");
}

static void test_control_decide__says_that_a_gate_expired(void **state)
{
    struct scene *scene = *state;
    int gate = scene_at_gate(scene);

    scene->now_ms = clock_wall_ms() - 3700000; /* asked so long ago that the hour is over */
    scene_ask(scene, gate, "beef");
    {
        struct error *error = approve(scene, "bo");

        assert_non_null(error);
        assert_int_equal(error->code, ERR_CONFLICT);
        assert_true(text_starts(error->text, "gate 'go' of r-2 expired at 20"));
        error_free(error);
    }
}

static void test_control_decide__names_the_gate_that_waits_when_another_was_meant(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_APPROVE, .person = "bo", .gate = "stop"}),
                 ERR_NOT_FOUND, "no gate 'stop' of r-2 was asked yet");
    assert_hint(decide(scene, (struct decision_request){.decision = DECISION_APPROVE, .person = "bo", .gate = "stop"}),
                "what waits: 'go'");
}

static void test_control_decide__knows_no_such_release(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo", .release = "r-9"}),
                 ERR_NOT_FOUND, "there is no release 'r-9'");
}

static void test_control_decide__leaves_an_ended_release_alone(void **state)
{
    struct scene *scene = *state;

    scene_first(scene);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo"}), ERR_CONFLICT,
                 "release r-1 has already ended: succeeded");
}

static void test_control_decide__takes_back_only_before_the_pivot(void **state)
{
    struct scene *scene = *state;
    json_t *as_is CLEANUP(json_cleanup) = json_pack("{s:b}", "as_is", 1);

    scene_at_gate(scene);
    scene_tell(scene, (struct event){.kind = EVENT_RELEASE_PIVOTED, .step = 0, .epoch = 1}, NULL);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ROLLBACK, .person = "bo"}), ERR_CONFLICT,
                 "release r-2 is past its pivot: the old stamps are being destroyed");
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo"}), ERR_CONFLICT,
                 "release r-2 is past its pivot: the old stamps are being destroyed");
    assert_hint(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo"}),
                "release the old commit again, or end this one with abort --as-is");
    assert_ok(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo", .values = as_is}));
}

static void test_control_decide__takes_no_destruction_back(void **state)
{
    struct scene *scene = *state;
    struct facts facts = {0};
    struct plan *plan;

    scene_first(scene);
    assert_ok(facts_read(scene->record, scene->arena, "prod", &facts));
    plan = scene_make_plan(scene, "cccccccccccccccccccccccccccccccccccccccc", &facts);
    plan->kind = PLAN_DESTROY;
    plan_encode(scene->arena, plan);
    assert_ok(run_begin(scene->record, scene->arena, plan, facts.journal_seq));
    scene->plan = plan;
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ROLLBACK, .person = "bo"}), ERR_CONFLICT,
                 "r-2 destroys: there is nothing to go back to");
    assert_hint(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo"}),
                "end it as it stands with abort --as-is");
}

static void test_control_decide__does_not_take_back_twice(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_ok(decide(scene, (struct decision_request){.decision = DECISION_ROLLBACK, .person = "bo"}));
    scene_tell(scene,
               (struct event){.kind = EVENT_RELEASE_TURNED,
                              .step = -1,
                              .epoch = 1,
                              .mode = MODE_UNDO,
                              .end = END_ROLLED_BACK,
                              .reason = "rolled back by bo"},
               NULL);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_ABORT, .person = "bo"}), ERR_CONFLICT,
                 "release r-2 is going back already");
}

static void test_control_decide__retries_only_what_is_held(void **state)
{
    struct scene *scene = *state;

    scene_at_gate(scene);
    assert_fails(decide(scene, (struct decision_request){.decision = DECISION_RETRY, .person = "bo"}), ERR_CONFLICT,
                 "release r-2 is waiting, not held: there is nothing to try again");
    scene_tell(scene,
               (struct event){
                   .kind = EVENT_RELEASE_TURNED, .step = -1, .epoch = 1, .mode = MODE_HELD, .reason = "a check failed"},
               NULL);
    assert_ok(decide(scene, (struct decision_request){.decision = DECISION_RETRY, .person = "bo"}));
}

static struct error *force(struct scene *scene, const json_t *values, const char *comment)
{
    return decide(scene, (struct decision_request){
                             .decision = DECISION_FORCE, .person = "bo", .values = values, .comment = comment});
}

static void test_control_decide__gives_up_only_the_exact_numbers(void **state)
{
    struct scene *scene = *state;
    int wait = scene_overdue(scene);
    json_t *fewer CLEANUP(json_cleanup) = json_pack("{s:i, s:n}", "rooms", 1, "recordings");
    json_t *partly CLEANUP(json_cleanup) = json_pack("{s:i}", "rooms", 2);
    json_t *exact CLEANUP(json_cleanup) = json_pack("{s:i, s:n}", "rooms", 2, "recordings");
    json_t *rows CLEANUP(json_cleanup) = NULL;

    assert_fails(force(scene, fewer, "why not"), ERR_CONFLICT,
                 "you give up rooms=1,recordings=unknown, but on prod-aaaaaaa-1.west.1 there are "
                 "recordings=unknown,rooms=2");
    assert_fails(force(scene, partly, "why not"), ERR_CONFLICT,
                 "you give up rooms=2, but on prod-aaaaaaa-1.west.1 there are recordings=unknown,rooms=2");
    assert_fails(force(scene, exact, ""), ERR_USAGE, "giving up work needs a reason");
    assert_ok(force(scene, exact, "agreed with the hosts"));
    rows = decisions(scene);
    assert_string_equal(json_get_text(last_of(rows), "decision"), "force");
    assert_int_equal(json_get_int(last_of(rows), "step", -1), wait);
}

static void test_control_decide__gives_up_what_died_with_an_instance(void **state)
{
    struct scene *scene = *state;
    json_t *lost CLEANUP(json_cleanup) = json_pack("{s:i, s:n}", "rooms", 2, "recordings");
    int wait;

    scene_first(scene);
    scene_plan(scene, 'b');
    wait = scene_find(scene, VERB_DRAIN_WAIT, 0);
    scene_run(scene, 0, wait);
    scene_start(scene, wait);
    scene_tell(scene, (struct event){.kind = EVENT_DRAIN_SAMPLED, .step = wait, .epoch = 1},
               json_pack("{s:s, s:{s:{s:i, s:i, s:i, s:i, s:i}, s:{s:i, s:i, s:i, s:i, s:n}}}", "instance",
                         "prod-aaaaaaa-1.west.1", "ledger", "rooms", "seen", 3, "ended", 1, "forced", 0, "lost", 2,
                         "left", 0, "recordings", "seen", 0, "ended", 0, "forced", 0, "lost", 0, "left"));
    scene_tell(scene, (struct event){.kind = EVENT_INSTANCE_LOST, .step = wait, .epoch = 1},
               json_pack("{s:s}", "instance", "prod-aaaaaaa-1.west.1"));
    assert_ok(force(scene, lost, "it crashed"));
}

static void test_control_decide__gives_up_nothing_where_no_drain_asks(void **state)
{
    struct scene *scene = *state;
    json_t *values CLEANUP(json_cleanup) = json_pack("{s:i}", "rooms", 2);

    scene_at_gate(scene);
    assert_fails(force(scene, values, "impatience"), ERR_CONFLICT, "no drain of r-2 asks a person: it waits by itself");
}

static void test_control_decide__names_the_instance_that_asks(void **state)
{
    struct scene *scene = *state;
    json_t *values CLEANUP(json_cleanup) = json_pack("{s:i}", "rooms", 2);

    scene_overdue(scene);
    assert_fails(
        decide(scene,
               (struct decision_request){
                   .decision = DECISION_FORCE, .person = "bo", .gate = "prod-x", .values = values, .comment = "x"}),
        ERR_NOT_FOUND, "no drain of 'prod-x' asks a person");
    assert_hint(
        decide(scene,
               (struct decision_request){
                   .decision = DECISION_FORCE, .person = "bo", .gate = "prod-x", .values = values, .comment = "x"}),
        "these do: prod-aaaaaaa-1.west.1");
}

static void test_control_decide__wants_to_know_which_of_several_drains(void **state)
{
    struct scene *scene = *state;
    json_t *values CLEANUP(json_cleanup) = json_pack("{s:i}", "rooms", 2);
    int other = scene_find(scene, VERB_DRAIN_WAIT, scene_overdue(scene) + 1);

    scene_start(scene, other);
    scene_tell(scene, (struct event){.kind = EVENT_DRAIN_OVERDUE, .step = other, .epoch = 1}, NULL);
    assert_fails(force(scene, values, "x"), ERR_CONFLICT,
                 "several drains of r-2 ask: prod-aaaaaaa-1.west.1, prod-bbbbbbb-2.west.1");
    assert_hint(force(scene, values, "x"), "name the instance with --instance");
}

static void test_control_decide__writes_down_who_it_really_was(void **state)
{
    struct scene *scene = *state;
    json_t *params CLEANUP(json_cleanup) = NULL;
    json_t *rows CLEANUP(json_cleanup) = NULL;
    const char *typed = NULL;
    const json_t *row;

    scene_at_gate(scene);
    assert_ok(approve(scene, "bo"));
    params = json_pack("{s:s, s:i}", "release", scene->plan->release, "after", 0);
    assert_ok(query_rows(scene->record, "events", params, &rows));
    row = last_of(rows);
    assert_string_equal(json_get_text(row, "kind"), "decision.made");
    assert_string_equal(json_get_text(row, "actor"), "bo");
    assert_string_equal(json_get_text(row, "reason"), "approved by bo");
    assert_ok(control_person(scene->arena, &typed));
    assert_string_equal(json_get_text(json_object_get(row, "body"), "by"), typed);
}

static void test_control_decide__keeps_no_control_characters(void **state)
{
    struct scene *scene = *state;
    json_t *rows CLEANUP(json_cleanup) = NULL;

    scene_at_gate(scene);
    assert_ok(decide(
        scene, (struct decision_request){.decision = DECISION_REJECT, .person = "bo", .comment = "\033[31mno\377\a!"}));
    rows = decisions(scene);
    assert_string_equal(json_get_text(last_of(rows), "comment"), "no\xEF\xBF\xBD!");
}

static void test_control_bell__is_in_the_state_directory(void **state)
{
    assert_string_equal(control_bell(*state, "/srv/state", "prod"), "/srv/state/bells/prod.sock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_control_decide__binds_an_approval_to_what_the_gate_asks),
        SCENE_TEST(test_control_decide__takes_the_approval_of_what_was_shown),
        SCENE_TEST(test_control_decide__refuses_an_approval_of_older_evidence),
        SCENE_TEST(test_control_decide__keeps_the_vote_of_a_stranger_as_refused),
        SCENE_TEST(test_control_decide__bars_whoever_asked_for_the_release),
        SCENE_TEST(test_control_decide__bars_whoever_wrote_commits_of_the_release),
        SCENE_TEST(test_control_decide__counts_a_person_once),
        SCENE_TEST(test_control_decide__lets_a_person_approve_again_what_is_asked_anew),
        SCENE_TEST(test_control_decide__says_that_a_gate_was_answered_already),
        SCENE_TEST(test_control_decide__says_that_a_gate_expired),
        SCENE_TEST(test_control_decide__names_the_gate_that_waits_when_another_was_meant),
        SCENE_TEST(test_control_decide__knows_no_such_release),
        SCENE_TEST(test_control_decide__leaves_an_ended_release_alone),
        SCENE_TEST(test_control_decide__takes_back_only_before_the_pivot),
        SCENE_TEST(test_control_decide__takes_no_destruction_back),
        SCENE_TEST(test_control_decide__does_not_take_back_twice),
        SCENE_TEST(test_control_decide__retries_only_what_is_held),
        SCENE_TEST(test_control_decide__gives_up_only_the_exact_numbers),
        SCENE_TEST(test_control_decide__gives_up_what_died_with_an_instance),
        SCENE_TEST(test_control_decide__gives_up_nothing_where_no_drain_asks),
        SCENE_TEST(test_control_decide__names_the_instance_that_asks),
        SCENE_TEST(test_control_decide__wants_to_know_which_of_several_drains),
        SCENE_TEST(test_control_decide__writes_down_who_it_really_was),
        SCENE_TEST(test_control_decide__keeps_no_control_characters),
        TEST_WITH_ARENA(test_control_bell__is_in_the_state_directory),
    };

    return RUN_TESTS(tests);
}
