/* The judge of drains: what settles, what starts the count again, what is lost, and a ledger that always adds up. */

#include "unit/unit.h"

#include "base/json.h"
#include "base/text.h"
#include "plan/drain.h"

#define SEED 20261121u

struct judged {
    struct arena *arena;
    struct drain_limit limits[2];
    struct drain_rule rule;
    struct drain_judge judge;
    int64_t values[2];
    struct drain_answer answer; /* the next one; process there, nothing in flight, no identity */
};

/* Rooms and recordings must be zero, `samples` times in a row over `over_ms`. */
static struct judged *judged_new(struct arena *arena, int samples, int64_t over_ms)
{
    struct judged *j = ARENA_NEW(arena, struct judged);

    j->arena = arena;
    j->limits[0] = (struct drain_limit){"rooms", 0};
    j->limits[1] = (struct drain_limit){"recordings", 0};
    j->rule = (struct drain_rule){j->limits, 2, samples, over_ms, false};
    j->answer = (struct drain_answer){.process_known = true, .process_there = true, .values = j->values};
    drain_judge_init(&j->judge, arena, &j->rule);
    return j;
}

static enum drain_verdict feed(struct judged *j, int64_t at_ms, int64_t rooms, int64_t recordings)
{
    j->answer.boot_ms = at_ms;
    j->values[0] = rooms;
    j->values[1] = recordings;
    return drain_judge_feed(&j->judge, &j->answer);
}

static void assert_line(const struct judged *j, int line, const char *want)
{
    const struct drain_line *l = &j->judge.lines[line];

    assert_string_equal(arena_printf(j->arena, "seen %lld ended %lld forced %lld lost %lld left %lld",
                                     (long long)l->seen, (long long)l->ended, (long long)l->forced,
                                     (long long)l->lost, (long long)l->left),
                        want);
}

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

static void test_drain__undo_counts_what_was_lost_and_goes_on(void **state)
{
    struct judged *j = judged_new(*state, 3, 10000);

    j->rule.accept_lost = true;
    feed(j, 1, 4, 0);
    j->answer.process_there = false;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_SETTLED);
    assert_line(j, 0, "seen 4 ended 0 forced 0 lost 4 left 0");
}

static void test_drain__the_ledger_counts_what_rose_as_seen_and_what_fell_as_ended(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    feed(j, 2, 1, 0);
    feed(j, 3, 4, 0);
    feed(j, 4, 0, 0);
    assert_line(j, 0, "seen 6 ended 6 forced 0 lost 0 left 0");
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left 0");
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
    assert_false(j->judge.changed);
    j->answer.in_flight = 4;
    feed(j, 4, 2, 0);
    assert_true(j->judge.changed);
    feed(j, 5, 1, 0);
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

static bool force(struct judged *j, const char *values)
{
    json_t *json CLEANUP(json_cleanup) = NULL;

    assert_ok(json_parse(values, strlen(values), "values", &json));
    return drain_judge_force(&j->judge, json);
}

static void test_drain__force_needs_the_exact_number_of_every_kind(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 1);
    assert_false(force(j, "{\"rooms\": 3}"));
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_false(force(j, "{\"rooms\": 4, \"recordings\": 1}"));
    assert_false(force(j, "{\"rooms\": \"3\", \"recordings\": 1}"));
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 0 left 3");
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 1}"));
    assert_line(j, 0, "seen 3 ended 0 forced 3 lost 0 left 0");
    assert_line(j, 1, "seen 1 ended 0 forced 1 lost 0 left 0");
}

static void test_drain__force_without_values_is_refused(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 0, 0);
    assert_false(drain_judge_force(&j->judge, NULL));
}

static void test_drain__what_nobody_could_count_is_given_up_as_unknown_only(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, DRAIN_UNKNOWN);
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": -1}"));
    assert_false(force(j, "{\"rooms\": 3}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": null}"));
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left -1");
}

static void test_drain__what_was_lost_is_given_up_by_its_number(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    j->answer.process_there = false;
    feed(j, 2, 0, 0);
    assert_false(force(j, "{\"rooms\": 0, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 3 left 0");
}

static void test_drain__what_was_lost_uncounted_is_unknown_and_not_zero(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, DRAIN_UNKNOWN);
    j->answer.process_there = false;
    feed(j, 2, 0, 0);
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": null}"));
}

static void test_drain__what_was_given_up_and_is_still_there_is_not_seen_twice(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    /* The proof became stale before the stop, and is taken again. */
    feed(j, 2, 2, 0);
    assert_line(j, 0, "seen 3 ended 1 forced 0 lost 0 left 2");
    assert_false(j->judge.rose);
    assert_true(j->judge.changed);
    assert_true(force(j, "{\"rooms\": 2, \"recordings\": 0}"));
    assert_line(j, 0, "seen 3 ended 1 forced 2 lost 0 left 0");
}

static void test_drain__text_names_every_kind(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_string_equal(drain_judge_text(j->arena, &j->judge), "rooms unknown, recordings unknown, in flight unknown");
    j->answer.in_flight = 4;
    feed(j, 1, 2, DRAIN_UNKNOWN);
    assert_string_equal(drain_judge_text(j->arena, &j->judge), "rooms 2, recordings unknown, in flight 4");
}

static const char *body_text(struct judged *j)
{
    json_t *body CLEANUP(json_cleanup) = drain_judge_body(&j->judge);

    return json_canonical(j->arena, body);
}

static void test_drain__body_says_unknown_as_null(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_string_equal(
        body_text(j),
        "{\"gone\":false,\"identity\":null,\"in_flight\":null,\"ledger\":{"
        "\"recordings\":{\"ended\":0,\"forced\":0,\"left\":null,\"lost\":0,\"seen\":0},"
        "\"rooms\":{\"ended\":0,\"forced\":0,\"left\":null,\"lost\":0,\"seen\":0}},"
        "\"values\":{\"recordings\":null,\"rooms\":null}}");
}

/* A judge that goes on from the body of another says the same body. */
static void assert_restores(struct judged *j)
{
    json_t *body CLEANUP(json_cleanup) = drain_judge_body(&j->judge);
    struct drain_judge next;

    drain_judge_init(&next, j->arena, &j->rule);
    drain_judge_restore(&next, body);
    assert_int_equal(next.in_flight, DRAIN_UNKNOWN);
    assert_int_equal(next.in_row, 0);
    next.in_flight = j->judge.in_flight;
    {
        json_t *again CLEANUP(json_cleanup) = drain_judge_body(&next);

        assert_string_equal(json_canonical(j->arena, again), json_canonical(j->arena, body));
    }
}

static void test_drain__a_judge_is_restored_from_its_body(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_restores(j);
    j->answer.identity = "boot-1";
    feed(j, 1, 5, DRAIN_UNKNOWN);
    feed(j, 2, 3, DRAIN_UNKNOWN);
    assert_restores(j);
    force(j, "{\"rooms\": 3, \"recordings\": null}");
    assert_restores(j);
    j->answer.process_there = false;
    feed(j, 3, 0, 0);
    assert_restores(j);
}

static void test_drain__a_restored_judge_knows_the_identity(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);
    json_t *body;

    j->answer.identity = "boot-1";
    feed(j, 1, 2, 0);
    body = drain_judge_body(&j->judge);
    drain_judge_init(&j->judge, j->arena, &j->rule);
    drain_judge_restore(&j->judge, body);
    json_decref(body);
    j->answer.identity = "boot-2";
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_LOST);
    assert_line(j, 0, "seen 2 ended 0 forced 0 lost 2 left 0");
}

static void test_drain__kinds_that_a_body_does_not_know_begin_anew(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);
    json_t *body = json_pack("{s:{s:{s:i, s:i}}}", "ledger", "rooms", "seen", 4, "left", 4);

    drain_judge_restore(&j->judge, body);
    json_decref(body);
    assert_line(j, 0, "seen 4 ended 0 forced 0 lost 0 left 4");
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left -1");
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

static int64_t random_value(unsigned *seed)
{
    int value = rand_r(seed) % 7;

    return value == 6 ? DRAIN_UNKNOWN : value;
}

/* seen = ended + forced + lost + left, after whatever happened. */
static void assert_adds_up(const struct judged *j, unsigned seed)
{
    for (int i = 0; i < j->rule.limit_count; i++) {
        const struct drain_line *l = &j->judge.lines[i];
        int64_t left = l->left == DRAIN_UNKNOWN ? 0 : l->left;

        if (l->seen != l->ended + l->forced + l->lost + left || l->seen < 0 || l->ended < 0 || l->forced < 0 ||
            l->lost < 0 || l->left < DRAIN_UNKNOWN)
            fail_msg("seed %u: the ledger of %s does not add up", seed, j->limits[i].probe);
    }
}

static void random_story(struct arena *arena, unsigned seed)
{
    struct judged *j = judged_new(arena, 2, 5);
    unsigned dice = seed;

    for (int i = 0; i < 40; i++) {
        int what = rand_r(&dice) % 20;
        enum drain_verdict verdict;

        j->answer.process_known = what != 1;
        j->answer.process_there = what > 1;
        j->answer.identity = what == 2 ? NULL : what == 3 && rand_r(&dice) % 4 == 0 ? "b" : "a";
        j->answer.in_flight = rand_r(&dice) % 4 - 1;
        verdict = feed(j, i * 3, random_value(&dice), random_value(&dice));
        assert_adds_up(j, seed);
        if (verdict == DRAIN_SETTLED && (j->values[0] != 0 || j->values[1] != 0 || j->answer.in_flight != 0 ||
                                         !j->answer.process_there || j->judge.gone))
            fail_msg("seed %u: settled with something left", seed);
        if (what == 7) {
            drain_judge_force(&j->judge, json_in_arena(arena, json_pack("{s:I, s:I}", "rooms",
                                                                        (json_int_t)j->judge.lines[0].left, "recordings",
                                                                        (json_int_t)j->judge.lines[1].left)));
            assert_adds_up(j, seed);
        }
        if (what == 8) {
            json_t *body = drain_judge_body(&j->judge);

            drain_judge_init(&j->judge, arena, &j->rule);
            drain_judge_restore(&j->judge, body);
            json_decref(body);
            assert_adds_up(j, seed);
        }
    }
}

static void test_drain__the_ledger_adds_up_whatever_happens(void **state)
{
    (void)state;
    for (unsigned seed = SEED; seed < SEED + 2000; seed++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();

        random_story(arena, seed);
    }
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
        TEST_WITH_ARENA(test_drain__another_identity_is_another_instance),
        TEST_WITH_ARENA(test_drain__an_identity_that_is_missing_after_one_was_seen_is_not_nothing),
        TEST_WITH_ARENA(test_drain__the_first_identity_may_come_late),
        TEST_WITH_ARENA(test_drain__undo_counts_what_was_lost_and_goes_on),
        TEST_WITH_ARENA(test_drain__the_ledger_counts_what_rose_as_seen_and_what_fell_as_ended),
        TEST_WITH_ARENA(test_drain__says_when_something_new_landed),
        TEST_WITH_ARENA(test_drain__a_rise_is_said_beside_another_first_answer),
        TEST_WITH_ARENA(test_drain__says_whether_an_answer_is_worth_a_row),
        TEST_WITH_ARENA(test_drain__known_kinds_are_booked_beside_unknown_ones),
        TEST_WITH_ARENA(test_drain__without_kinds_only_process_and_flight_count),
        TEST_WITH_ARENA(test_drain__force_needs_the_exact_number_of_every_kind),
        TEST_WITH_ARENA(test_drain__force_without_values_is_refused),
        TEST_WITH_ARENA(test_drain__what_nobody_could_count_is_given_up_as_unknown_only),
        TEST_WITH_ARENA(test_drain__what_was_lost_is_given_up_by_its_number),
        TEST_WITH_ARENA(test_drain__what_was_lost_uncounted_is_unknown_and_not_zero),
        TEST_WITH_ARENA(test_drain__what_was_given_up_and_is_still_there_is_not_seen_twice),
        TEST_WITH_ARENA(test_drain__text_names_every_kind),
        TEST_WITH_ARENA(test_drain__body_says_unknown_as_null),
        TEST_WITH_ARENA(test_drain__a_judge_is_restored_from_its_body),
        TEST_WITH_ARENA(test_drain__a_restored_judge_knows_the_identity),
        TEST_WITH_ARENA(test_drain__kinds_that_a_body_does_not_know_begin_anew),
        TEST_WITH_ARENA(test_drain__a_rule_without_samples_is_a_bug),
        TEST_WITH_ARENA(test_drain__the_ledger_adds_up_whatever_happens),
    };

    return RUN_TESTS(tests);
}
