/* Windows and freezes of a live release: what they hold back, until when, and what they never stop. */

#include "unit/plan/story.h"

#define HOUR ((int64_t)3600000)
#define FREEZE_FROM (10 * HOUR)
#define FREEZE_UNTIL (12 * HOUR)

/* A plan with the closures, as the planner would have made it: the wall clock of these stories begins at 9:00. */
static struct sim *story_with(void **state, enum plan_kind kind, const char *closures)
{
    struct plan *plan = plan_of(*state, STORY_TEXT, 2);
    struct sim *sim;

    plan->kind = kind;
    plan->terms.json = json_in_arena(*state, json_pack("{s:o}", "closures", json_loads(closures, 0, NULL)));
    assert_true(plan_read_terms(*state, &plan->terms));
    plan_encode(*state, plan);
    sim = sim_new(*state, plan);
    sim->now.wall_ms = 9 * HOUR;
    return sim;
}

#define FREEZE "{\"from_ms\":36000000,\"until_ms\":43200000,\"rule\":\"freeze\",\"reason\":\"freeze: inventory\"}"

static struct sim *story_frozen(void **state)
{
    return story_with(state, PLAN_RELEASE, "[" FREEZE "]");
}

/* To where the first share could begin, with the freeze on. */
static int go_to_share(struct sim *sim)
{
    int share = sim_step(sim, VERB_TRAFFIC_SHARES, "app");

    sim->now.wall_ms = FREEZE_FROM;
    sim_next(sim);
    while (sim->state.closed_step < 0) {
        sim_answer(sim, sim_running(sim));
        sim_next(sim);
    }
    return share;
}

static void override(struct sim *sim, const char *rule, int64_t until_ms)
{
    json_t *body = json_in_arena(sim->arena, json_pack("{s:s, s:I}", "rule", rule, "until_ms", (json_int_t)until_ms));

    sim_fold(sim,
             (struct event){
                 .kind = EVENT_DECISION_MADE, .decision = DECISION_OVERRIDE, .actor = "bo", .step = -1, .body = body});
    sim_next(sim);
}

static void test_calendar__a_freeze_holds_the_share_and_says_until_when(void **state)
{
    struct sim *sim = story_frozen(state);
    int share = go_to_share(sim);

    assert_int_equal(sim_status(sim, share), STEP_PENDING);
    assert_int_equal(sim_last(sim)->kind, EVENT_CALENDAR_CLOSED);
    assert_int_equal(sim_last(sim)->step, share);
    assert_int_equal(sim_last(sim)->expires_ms, FREEZE_UNTIL);
    assert_string_equal(sim_last(sim)->reason, "no more traffic until 1970-01-01T12:00:00Z: freeze: inventory");
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_CLOSED), 1);
}

static void test_calendar__it_goes_on_by_itself_when_the_freeze_is_over(void **state)
{
    struct sim *sim = story_frozen(state);
    int share = go_to_share(sim);

    sim->now.wall_ms = FREEZE_UNTIL - 1;
    assert_int_equal(sim_next(sim), 0);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 1);
    sim->now.wall_ms = FREEZE_UNTIL;
    sim_next(sim);
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_OPENED), 1);
    assert_int_equal(sim_status(sim, share), STEP_RUNNING);
    sim_go(sim, -1);
    assert_int_equal(sim->state.end, END_SUCCEEDED);
}

static void test_calendar__a_long_wait_is_looked_at_every_minute(void **state)
{
    struct sim *sim = story_frozen(state);

    go_to_share(sim);
    assert_int_equal(machine_wakes_at(&sim->state, sim->now), sim->now.boot_ms + 60000);
}

static void test_calendar__the_stage_s_time_stands_still(void **state)
{
    struct sim *sim = story_frozen(state);
    int share = go_to_share(sim);

    sim_pass(sim, 30 * HOUR); /* its timeout is two hours */
    sim->now.wall_ms = FREEZE_UNTIL;
    sim_next(sim);
    assert_int_equal(sim_status(sim, share), STEP_RUNNING);
    assert_int_equal(sim->state.mode, MODE_FORWARD);
}

static void test_calendar__an_override_lets_through_until_it_ends(void **state)
{
    struct sim *sim = story_frozen(state);
    int share = go_to_share(sim);

    override(sim, "window", FREEZE_UNTIL);
    assert_int_equal(sim_status(sim, share), STEP_PENDING); /* of another rule */
    override(sim, "freeze", FREEZE_FROM);
    assert_int_equal(sim_status(sim, share), STEP_PENDING); /* over already */
    override(sim, "freeze", FREEZE_UNTIL);
    assert_int_equal(sim_status(sim, share), STEP_RUNNING);
}

/* Given before the release began: it is in the plan. */
static void test_calendar__an_override_from_before_lets_through_until_it_ends(void **state)
{
    struct plan *plan = plan_of(*state, STORY_TEXT, 2);
    struct sim *sim;

    plan->terms.json =
        json_in_arena(*state, json_pack("{s:o, s:[{s:s, s:I}]}", "closures", json_loads("[" FREEZE "]", 0, NULL),
                                        "leaves", "rule", "freeze", "until_ms", (json_int_t)(FREEZE_FROM + HOUR)));
    assert_true(plan_read_terms(*state, &plan->terms));
    plan_encode(*state, plan);
    sim = sim_new(*state, plan);
    sim->now.wall_ms = FREEZE_FROM;
    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_CLOSED), 0);
    sim->now.wall_ms = FREEZE_FROM + HOUR;
    sim_answer(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
    sim_next(sim);
    sim_approve(sim, sim_step(sim, VERB_GATE, "managers"));
    sim_next(sim);
    assert_int_equal(sim_last(sim)->kind, EVENT_CALENDAR_CLOSED);
}

static void test_calendar__who_may_break_the_freeze_may_not_break_the_window_under_it(void **state)
{
    struct sim *sim =
        story_with(state, PLAN_RELEASE,
                   "[{\"from_ms\":36000000,\"until_ms\":43200000,\"rule\":\"freeze\",\"reason\":\"freeze: "
                   "inventory\",\"also\":\"window\"}]");
    int share = go_to_share(sim);

    override(sim, "freeze", FREEZE_UNTIL);
    assert_int_equal(sim_status(sim, share), STEP_PENDING);
    /* What it waits for now is another rule, and that is said. */
    assert_string_equal(sim_last(sim)->reason, "no more traffic until 1970-01-01T12:00:00Z: outside the windows");
    assert_string_equal(json_get_text(sim_last(sim)->body, "rule"), "window");
    assert_int_equal(sim_next(sim), 0);
    sim = sim_resumed(*state, sim, sim->count);
    sim->now.wall_ms = FREEZE_FROM;
    sim_runner(sim);
    assert_int_equal(sim_next(sim), 0);
    override(sim, "window", FREEZE_UNTIL);
    assert_int_equal(sim_status(sim, share), STEP_RUNNING);
}

static void test_calendar__the_window_under_a_broken_freeze_is_what_is_said(void **state)
{
    struct sim *sim =
        story_with(state, PLAN_RELEASE,
                   "[{\"from_ms\":36000000,\"until_ms\":43200000,\"rule\":\"freeze\",\"reason\":\"freeze: "
                   "inventory\",\"also\":\"window\"}]");

    override(sim, "freeze", FREEZE_UNTIL);
    go_to_share(sim);
    assert_string_equal(sim_last(sim)->reason, "no more traffic until 1970-01-01T12:00:00Z: outside the windows");
    assert_string_equal(json_get_text(sim_last(sim)->body, "rule"), "window");
}

static void test_calendar__another_closure_behind_the_first_is_told_anew(void **state)
{
    struct sim *sim =
        story_with(state, PLAN_RELEASE,
                   "[" FREEZE ",{\"from_ms\":43200000,\"until_ms\":0,\"rule\":\"window\",\"reason\":\"no calendar\"}]");
    int share = go_to_share(sim);

    sim->now.wall_ms = FREEZE_UNTIL;
    sim_next(sim);
    assert_int_equal(sim_status(sim, share), STEP_PENDING);
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_OPENED), 1);
    assert_string_equal(sim_last(sim)->reason, "no more traffic: no calendar");
    assert_int_equal(sim_last(sim)->expires_ms, 0);
}

static void test_calendar__the_way_back_waits_for_nothing(void **state)
{
    struct sim *sim = story_frozen(state);

    sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT)); /* half of the traffic is new */
    sim->now.wall_ms = FREEZE_FROM;
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_go(sim, -1);
    assert_int_equal(sim->state.end, END_ROLLED_BACK);
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_CLOSED), 0);
}

static void test_calendar__a_rollback_while_it_waits_waits_no_longer(void **state)
{
    struct sim *sim = story_frozen(state);

    go_to_share(sim);
    sim_decide(sim, DECISION_ROLLBACK, "bo", -1, NULL);
    sim_go(sim, -1);
    assert_int_equal(sim->state.closed_step, -1);
    assert_int_equal(sim->state.end, END_ROLLED_BACK);
}

static void test_calendar__a_drain_and_a_destruction_go_on(void **state)
{
    struct sim *sim = story_frozen(state);

    sim_go(sim, sim_step(sim, VERB_DRAIN_WAIT, OLD_1));
    sim->now.wall_ms = FREEZE_FROM;
    sim_go(sim, -1);
    assert_int_equal(sim->state.end, END_SUCCEEDED);
    assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_CLOSED), 0);
}

static void test_calendar__hotfixes_and_rollbacks_are_not_held(void **state)
{
    static const enum plan_kind kinds[] = {PLAN_HOTFIX, PLAN_ROLLBACK};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct sim *sim = story_with(state, kinds[i], "[" FREEZE "]");

        sim->now.wall_ms = FREEZE_FROM;
        sim_go(sim, sim_step(sim, VERB_HOLD, NEW_UNIT));
        assert_int_equal(sim_count_of(sim, EVENT_CALENDAR_CLOSED), 0);
    }
}

static void test_calendar__another_runner_knows_what_the_first_waited_for(void **state)
{
    struct sim *sim = story_frozen(state), *next;
    int share = go_to_share(sim);

    next = sim_resumed(*state, sim, sim->count);
    next->now = sim->now;
    sim_runner(next);
    assert_int_equal(sim_next(next), 0);
    assert_int_equal(next->state.closed_step, share);
}

static void test_terms__closures_are_in_order(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "[{}]",
        "[{\"from_ms\":1,\"until_ms\":2,\"rule\":\"freeze\"}]",
        "[{\"from_ms\":5,\"until_ms\":5,\"rule\":\"freeze\",\"reason\":\"x\"}]",
        "[" FREEZE "," FREEZE "]",
        "[{\"from_ms\":5,\"until_ms\":0,\"rule\":\"freeze\",\"reason\":\"x\"}," FREEZE "]",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct plan_terms terms = {
            .json = json_in_arena(*state, json_pack("{s:o}", "closures", json_loads(wrong[i], 0, NULL)))};

        assert_false(plan_read_terms(*state, &terms));
    }
}

static void test_terms__they_come_back_with_the_plan(void **state)
{
    struct sim *sim = story_with(state, PLAN_HOTFIX, "[" FREEZE "]");
    struct plan *back;
    struct strbuf damaged CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *at;

    assert_ok(plan_decode(*state, sim->plan->text, strlen(sim->plan->text), &back));
    assert_int_equal(back->kind, PLAN_HOTFIX);
    assert_int_equal(back->terms.closure_count, 1);
    assert_string_equal(back->terms.closures[0].reason, "freeze: inventory");
    strbuf_text(&damaged, sim->plan->text);
    at = strstr(damaged.bytes, "36000000");
    memcpy(at, "99900000", 8); /* begins after its end */
    assert_fails(plan_decode(*state, damaged.bytes, damaged.length, &back), ERR_RECORD_DAMAGED,
                 "the stored plan is not one that this version wrote");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_calendar__a_freeze_holds_the_share_and_says_until_when),
        TEST_WITH_ARENA(test_calendar__it_goes_on_by_itself_when_the_freeze_is_over),
        TEST_WITH_ARENA(test_calendar__a_long_wait_is_looked_at_every_minute),
        TEST_WITH_ARENA(test_calendar__the_stage_s_time_stands_still),
        TEST_WITH_ARENA(test_calendar__an_override_lets_through_until_it_ends),
        TEST_WITH_ARENA(test_calendar__an_override_from_before_lets_through_until_it_ends),
        TEST_WITH_ARENA(test_calendar__who_may_break_the_freeze_may_not_break_the_window_under_it),
        TEST_WITH_ARENA(test_calendar__the_window_under_a_broken_freeze_is_what_is_said),
        TEST_WITH_ARENA(test_calendar__another_closure_behind_the_first_is_told_anew),
        TEST_WITH_ARENA(test_calendar__the_way_back_waits_for_nothing),
        TEST_WITH_ARENA(test_calendar__a_rollback_while_it_waits_waits_no_longer),
        TEST_WITH_ARENA(test_calendar__a_drain_and_a_destruction_go_on),
        TEST_WITH_ARENA(test_calendar__hotfixes_and_rollbacks_are_not_held),
        TEST_WITH_ARENA(test_calendar__another_runner_knows_what_the_first_waited_for),
        TEST_WITH_ARENA(test_terms__closures_are_in_order),
        TEST_WITH_ARENA(test_terms__they_come_back_with_the_plan),
    };

    return RUN_TESTS(tests);
}
