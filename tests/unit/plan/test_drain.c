/* The judge of drains: what settles, what starts the count again, what is lost. */

#include "unit/plan/judged.h"

static void test_drain__settles_by_samples_and_time(void **state)
{
    struct judged *j = judged_new(*state, 3, 10000);

    assert_int_equal(feed(j, 1000, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 6000, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 11000, 0, 0), DRAIN_SETTLED);
}

static void test_drain__enough_samples_in_too_short_a_time_are_not_enough(void **state)
{
    struct judged *j = judged_new(*state, 3, 10000);

    for (int i = 0; i < 10; i++)
        assert_int_equal(feed(j, 1000 + i * 999, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 11000, 0, 0), DRAIN_SETTLED);
}

static void test_drain__enough_time_with_too_few_samples_is_not_enough(void **state)
{
    struct judged *j = judged_new(*state, 3, 1000);

    assert_int_equal(feed(j, 0, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 90000, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 90001, 0, 0), DRAIN_SETTLED);
}

static void test_drain__one_sample_over_no_time_settles_at_once(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_int_equal(feed(j, 5, 0, 0), DRAIN_SETTLED);
}

static void test_drain__a_room_in_between_starts_the_row_again(void **state)
{
    struct judged *j = judged_new(*state, 3, 0);

    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 3, 1, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 4, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 5, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 6, 0, 0), DRAIN_SETTLED);
}

static void test_drain__the_time_of_a_row_counts_from_its_own_first_sample(void **state)
{
    struct judged *j = judged_new(*state, 2, 10000);

    assert_int_equal(feed(j, 0, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 9000, 0, 1), DRAIN_WAITING);
    assert_int_equal(feed(j, 10000, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 19999, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 20000, 0, 0), DRAIN_SETTLED);
}

static void test_drain__an_unknown_answer_starts_the_row_again(void **state)
{
    struct judged *j = judged_new(*state, 2, 0);

    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 2, 0, DRAIN_UNKNOWN), DRAIN_WAITING);
    assert_int_equal(j->judge.in_row, 0);
    assert_int_equal(feed(j, 3, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 4, 0, 0), DRAIN_SETTLED);
}

static void test_drain__unknown_is_never_zero(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    for (int i = 0; i < 5; i++)
        assert_int_equal(feed(j, i, DRAIN_UNKNOWN, DRAIN_UNKNOWN), DRAIN_WAITING);
    assert_line(j, 0, "seen 0 ended 0 forced 0 lost 0 left -1");
}

static void test_drain__a_negative_number_is_unknown(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 2, 0);
    assert_int_equal(feed(j, 2, -7, 0), DRAIN_WAITING);
    assert_line(j, 0, "seen 2 ended 0 forced 0 lost 0 left 2");
}

static void test_drain__a_number_at_the_limit_is_allowed_and_one_above_is_not(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->limits[0].most = 2;
    assert_int_equal(feed(j, 1, 3, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 2, 2, 0), DRAIN_SETTLED);
}

static void test_drain__requests_in_flight_block(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->answer.in_flight = 1;
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    j->answer.in_flight = 0;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_SETTLED);
}

static void test_drain__unknown_requests_in_flight_block(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->answer.in_flight = DRAIN_UNKNOWN;
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
}

static void test_drain__a_process_that_cannot_be_looked_at_proves_nothing(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->answer.process_known = j->answer.process_there = false;
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    assert_false(j->judge.gone);
}

static void test_drain__a_process_that_is_gone_has_lost_what_was_on_it(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 1);
    j->answer.process_there = false;
    assert_int_equal(feed(j, 2, DRAIN_UNKNOWN, DRAIN_UNKNOWN), DRAIN_LOST);
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 3 left 0");
    assert_line(j, 1, "seen 1 ended 0 forced 0 lost 1 left 0");
}

static void test_drain__what_is_lost_is_booked_once(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 1);
    j->answer.process_there = false;
    feed(j, 2, DRAIN_UNKNOWN, DRAIN_UNKNOWN);
    assert_true(j->judge.changed);
    assert_int_equal(feed(j, 3, 0, 0), DRAIN_LOST);
    assert_false(j->judge.changed);
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 3 left 0");
}

static void test_drain__a_process_that_is_gone_does_not_come_back(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->answer.process_there = false;
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_LOST);
    j->answer.process_there = true;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_LOST);
}

static void test_drain__another_identity_is_another_instance(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->answer.identity = "boot-1";
    feed(j, 1, 2, 0);
    j->answer.identity = "boot-2";
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_LOST);
    assert_line(j, 0, "seen 2 ended 0 forced 0 lost 2 left 0");
}

static void test_drain__what_started_anew_drains_anew_once_the_loss_is_accepted(void **state)
{
    struct judged *j = judged_new(*state, 2, 0);

    j->answer.identity = "boot-1";
    feed(j, 1, 2, 0);
    j->answer.identity = "boot-2";
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_LOST);
    assert_false(force(j, "{\"rooms\": 1, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": 2, \"recordings\": 0}"));
    assert_true(j->judge.changed);
    /* Somebody came meanwhile: what was accepted was not about him. */
    assert_int_equal(feed(j, 3, 1, 1), DRAIN_WAITING);
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 2 left 1");
    assert_false(force(j, "{\"rooms\": 2, \"recordings\": 0}"));
    assert_int_equal(feed(j, 4, 0, 0), DRAIN_WAITING);
    assert_int_equal(feed(j, 5, 0, 0), DRAIN_SETTLED);
    assert_line(j, 0, "seen 3 ended 1 forced 0 lost 2 left 0");
}

static void test_drain__a_loss_is_the_end_only_where_nothing_runs_for_sure(void **state)
{
    static const struct {
        bool known, there;
        enum drain_force want;
    } rows[] = {{true, false, DRAIN_GIVEN_UP}, {true, true, DRAIN_LOSS_ACCEPTED}, {false, false, DRAIN_LOSS_ACCEPTED}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct judged *j = judged_new(*state, 1, 0);
        json_t *none CLEANUP(json_cleanup) = json_pack("{s:i, s:i}", "rooms", 0, "recordings", 0);

        feed(j, 1, 0, 1);
        feed(j, 2, 0, 0);
        j->answer.process_there = false;
        feed(j, 3, 0, 0);
        j->answer.process_known = rows[i].known;
        j->answer.process_there = rows[i].there;
        assert_int_equal(feed(j, 4, 0, 0), DRAIN_LOST);
        assert_int_equal(drain_judge_force(&j->judge, none), rows[i].want);
    }
}

static void test_drain__the_undo_track_waits_for_who_started_anew(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->rule.accept_lost = true;
    j->answer.identity = "boot-1";
    feed(j, 1, 2, 0);
    j->answer.identity = "boot-2";
    assert_int_equal(feed(j, 2, 1, 0), DRAIN_WAITING);
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 2 left 1");
    assert_int_equal(feed(j, 3, 0, 0), DRAIN_SETTLED);
}

static void test_drain__an_identity_that_is_missing_after_one_was_seen_is_not_nothing(void **state)
{
    struct judged *j = judged_new(*state, 2, 0);

    j->answer.identity = "boot-1";
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    j->answer.identity = NULL;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_WAITING);
    assert_int_equal(j->judge.in_row, 0);
    assert_false(j->judge.gone);
}

static void test_drain__the_first_identity_may_come_late(void **state)
{
    struct judged *j = judged_new(*state, 2, 0);

    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    j->answer.identity = "boot-1";
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_SETTLED);
    assert_true(j->judge.changed);
}

static void test_drain__says_when_something_new_landed(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    assert_false(j->judge.rose);
    feed(j, 2, 4, 0);
    assert_true(j->judge.rose);
    feed(j, 3, 4, 0);
    assert_false(j->judge.rose);
}

static void test_drain__a_rise_is_said_beside_another_first_answer(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, DRAIN_UNKNOWN);
    feed(j, 2, 4, 5);
    assert_true(j->judge.rose);
}

static void test_drain__says_whether_an_answer_is_worth_a_row(void **state)
{
    struct judged *j = judged_new(*state, 5, 0);

    feed(j, 1, 2, 0);
    assert_true(j->judge.changed);
    feed(j, 2, 2, 0);
    assert_false(j->judge.changed);
    feed(j, 3, 2, DRAIN_UNKNOWN);
    assert_true(j->judge.changed);
    feed(j, 4, 2, DRAIN_UNKNOWN);
    assert_false(j->judge.changed);
    feed(j, 5, 2, 0);
    assert_true(j->judge.changed);
    j->answer.in_flight = 4;
    feed(j, 6, 2, 0);
    assert_true(j->judge.changed);
    feed(j, 7, 1, 0);
    assert_true(j->judge.changed);
}

static void test_drain__known_kinds_are_booked_beside_unknown_ones(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 2, DRAIN_UNKNOWN);
    assert_line(j, 0, "seen 2 ended 0 forced 0 lost 0 left 2");
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left -1");
}

static void test_drain__without_kinds_only_process_and_flight_count(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    j->rule.limit_count = 0;
    drain_judge_init(&j->judge, j->arena, &j->rule);
    j->answer.in_flight = 2;
    assert_int_equal(feed(j, 1, 0, 0), DRAIN_WAITING);
    assert_string_equal(drain_judge_text(j->arena, &j->judge), "in flight 2");
    j->answer.in_flight = 0;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_SETTLED);
}

static void no_samples(void *context)
{
    struct judged *j = context;

    j->rule.samples = 0;
    drain_judge_init(&j->judge, j->arena, &j->rule);
}

static void test_drain__a_rule_without_samples_is_a_bug(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_int_equal(WEXITSTATUS(unit_in_child(no_samples, j).status), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_drain__settles_by_samples_and_time),
        TEST_WITH_ARENA(test_drain__enough_samples_in_too_short_a_time_are_not_enough),
        TEST_WITH_ARENA(test_drain__enough_time_with_too_few_samples_is_not_enough),
        TEST_WITH_ARENA(test_drain__one_sample_over_no_time_settles_at_once),
        TEST_WITH_ARENA(test_drain__a_room_in_between_starts_the_row_again),
        TEST_WITH_ARENA(test_drain__the_time_of_a_row_counts_from_its_own_first_sample),
        TEST_WITH_ARENA(test_drain__an_unknown_answer_starts_the_row_again),
        TEST_WITH_ARENA(test_drain__unknown_is_never_zero),
        TEST_WITH_ARENA(test_drain__a_negative_number_is_unknown),
        TEST_WITH_ARENA(test_drain__a_number_at_the_limit_is_allowed_and_one_above_is_not),
        TEST_WITH_ARENA(test_drain__requests_in_flight_block),
        TEST_WITH_ARENA(test_drain__unknown_requests_in_flight_block),
        TEST_WITH_ARENA(test_drain__a_process_that_cannot_be_looked_at_proves_nothing),
        TEST_WITH_ARENA(test_drain__a_process_that_is_gone_has_lost_what_was_on_it),
        TEST_WITH_ARENA(test_drain__what_is_lost_is_booked_once),
        TEST_WITH_ARENA(test_drain__a_process_that_is_gone_does_not_come_back),
        TEST_WITH_ARENA(test_drain__what_started_anew_drains_anew_once_the_loss_is_accepted),
        TEST_WITH_ARENA(test_drain__a_loss_is_the_end_only_where_nothing_runs_for_sure),
        TEST_WITH_ARENA(test_drain__the_undo_track_waits_for_who_started_anew),
        TEST_WITH_ARENA(test_drain__another_identity_is_another_instance),
        TEST_WITH_ARENA(test_drain__an_identity_that_is_missing_after_one_was_seen_is_not_nothing),
        TEST_WITH_ARENA(test_drain__the_first_identity_may_come_late),
        TEST_WITH_ARENA(test_drain__says_when_something_new_landed),
        TEST_WITH_ARENA(test_drain__a_rise_is_said_beside_another_first_answer),
        TEST_WITH_ARENA(test_drain__says_whether_an_answer_is_worth_a_row),
        TEST_WITH_ARENA(test_drain__known_kinds_are_booked_beside_unknown_ones),
        TEST_WITH_ARENA(test_drain__without_kinds_only_process_and_flight_count),
        TEST_WITH_ARENA(test_drain__a_rule_without_samples_is_a_bug),
    };

    return RUN_TESTS(tests);
}
