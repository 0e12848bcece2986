/* The ledger of a drain: it always adds up, is given up by exact numbers only, and is restored from the journal. */

#include "unit/plan/judged.h"

#define SEED 20261121u

static void test_drain_ledger__undo_counts_what_was_lost_and_goes_on(void **state)
{
    struct judged *j = judged_new(*state, 3, 10000);

    j->rule.accept_lost = true;
    feed(j, 1, 4, 0);
    j->answer.process_there = false;
    assert_int_equal(feed(j, 2, 0, 0), DRAIN_SETTLED);
    assert_line(j, 0, "seen 4 ended 0 forced 0 lost 4 left 0");
}

static void test_drain_ledger__the_ledger_counts_what_rose_as_seen_and_what_fell_as_ended(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    feed(j, 2, 1, 0);
    feed(j, 3, 4, 0);
    feed(j, 4, 0, 0);
    assert_line(j, 0, "seen 6 ended 6 forced 0 lost 0 left 0");
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left 0");
}

static void test_drain_ledger__force_needs_the_exact_number_of_every_kind(void **state)
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

static void test_drain_ledger__force_without_values_is_refused(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 0, 0);
    assert_int_equal(drain_judge_force(&j->judge, NULL), DRAIN_NOT_GIVEN_UP);
}

static void test_drain_ledger__what_nobody_could_count_is_given_up_as_unknown_only(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, DRAIN_UNKNOWN);
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": -1}"));
    assert_false(force(j, "{\"rooms\": 3}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": null}"));
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left -1");
}

static void test_drain_ledger__what_is_unknown_now_is_given_up_as_unknown_although_it_was_known_before(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    feed(j, 2, DRAIN_UNKNOWN, 0);
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": null, \"recordings\": 0}"));
    assert_line(j, 0, "seen 3 ended 0 forced 3 lost 0 left 0");
}

static void test_drain_ledger__what_was_lost_is_given_up_by_its_number(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    j->answer.process_there = false;
    feed(j, 2, 0, 0);
    assert_false(force(j, "{\"rooms\": 0, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_line(j, 0, "seen 3 ended 0 forced 0 lost 3 left 0");
}

static void test_drain_ledger__what_was_lost_uncounted_is_unknown_and_not_zero(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, DRAIN_UNKNOWN);
    j->answer.process_there = false;
    feed(j, 2, 0, 0);
    assert_false(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": null}"));
}

static void test_drain_ledger__what_was_given_up_and_is_still_there_is_not_seen_twice(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    /* The proof became stale before the stop, and is taken again. */
    assert_int_equal(feed(j, 2, 3, 0), DRAIN_SETTLED);
    assert_line(j, 0, "seen 3 ended 0 forced 3 lost 0 left 0");
    assert_false(j->judge.rose);
}

static void test_drain_ledger__what_lands_after_something_was_given_up_is_new(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 3, 0);
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    assert_int_equal(feed(j, 2, 1, 0), DRAIN_SETTLED);
    assert_int_equal(feed(j, 3, 3, 0), DRAIN_WAITING);
    assert_line(j, 0, "seen 5 ended 0 forced 3 lost 0 left 2");
    assert_true(j->judge.rose);
    assert_true(force(j, "{\"rooms\": 2, \"recordings\": 0}"));
    assert_line(j, 0, "seen 5 ended 0 forced 5 lost 0 left 0");
}

static void test_drain_ledger__what_was_given_up_is_known_after_a_restart(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);
    json_t *body;

    feed(j, 1, 3, 0);
    assert_true(force(j, "{\"rooms\": 3, \"recordings\": 0}"));
    body = drain_judge_body(&j->judge);
    drain_judge_init(&j->judge, j->arena, &j->rule);
    drain_judge_restore(&j->judge, body);
    json_decref(body);
    assert_int_equal(feed(j, 2, 3, 0), DRAIN_SETTLED);
    assert_line(j, 0, "seen 3 ended 0 forced 3 lost 0 left 0");
}

static void test_drain_ledger__text_names_every_kind(void **state)
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

static void test_drain_ledger__what_is_unknown_now_is_said_although_it_was_known_before(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    feed(j, 1, 2, 0);
    feed(j, 2, DRAIN_UNKNOWN, 0);
    assert_string_equal(drain_judge_text(j->arena, &j->judge), "rooms unknown, recordings 0, in flight 0");
}

static void test_drain_ledger__body_says_unknown_as_null(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);

    assert_string_equal(body_text(j),
                        "{\"gone\":false,\"identity\":null,\"in_flight\":null,\"ledger\":{"
                        "\"recordings\":{\"ended\":0,\"forced\":0,\"known\":null,\"left\":null,\"lost\":0,\"seen\":0},"
                        "\"rooms\":{\"ended\":0,\"forced\":0,\"known\":null,\"left\":null,\"lost\":0,\"seen\":0}},"
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

static void test_drain_ledger__a_judge_is_restored_from_its_body(void **state)
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

static void test_drain_ledger__a_restored_judge_knows_the_identity(void **state)
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

static void test_drain_ledger__kinds_that_a_body_does_not_know_begin_anew(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);
    json_t *body = json_pack("{s:{s:{s:i, s:i}}}", "ledger", "rooms", "seen", 4, "known", 4);

    drain_judge_restore(&j->judge, body);
    json_decref(body);
    assert_line(j, 0, "seen 4 ended 0 forced 0 lost 0 left 4");
    assert_line(j, 1, "seen 0 ended 0 forced 0 lost 0 left -1");
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
            drain_judge_force(&j->judge,
                              json_in_arena(arena, json_pack("{s:I, s:I}", "rooms", (json_int_t)j->judge.lines[0].left,
                                                             "recordings", (json_int_t)j->judge.lines[1].left)));
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

static void test_drain_ledger__the_ledger_adds_up_whatever_happens(void **state)
{
    (void)state;
    for (unsigned seed = SEED; seed < SEED + 2000; seed++) {
        struct arena *arena CLEANUP(arena_cleanup) = arena_new();

        random_story(arena, seed);
    }
}

static void test_drain_ledger__what_is_left_is_worded_as_it_is_given_up(void **state)
{
    struct judged *j = judged_new(*state, 1, 0);
    json_t *left CLEANUP(json_cleanup) = json_pack("{s:i, s:n}", "rooms", 2, "recordings");
    json_t *nothing CLEANUP(json_cleanup) = json_object();

    assert_string_equal(drain_left_text(j->arena, left), "rooms=2,recordings=unknown");
    assert_string_equal(drain_left_text(j->arena, nothing), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_drain_ledger__undo_counts_what_was_lost_and_goes_on),
        TEST_WITH_ARENA(test_drain_ledger__the_ledger_counts_what_rose_as_seen_and_what_fell_as_ended),
        TEST_WITH_ARENA(test_drain_ledger__force_needs_the_exact_number_of_every_kind),
        TEST_WITH_ARENA(test_drain_ledger__force_without_values_is_refused),
        TEST_WITH_ARENA(test_drain_ledger__what_nobody_could_count_is_given_up_as_unknown_only),
        TEST_WITH_ARENA(test_drain_ledger__what_is_unknown_now_is_given_up_as_unknown_although_it_was_known_before),
        TEST_WITH_ARENA(test_drain_ledger__what_was_lost_is_given_up_by_its_number),
        TEST_WITH_ARENA(test_drain_ledger__what_was_lost_uncounted_is_unknown_and_not_zero),
        TEST_WITH_ARENA(test_drain_ledger__what_was_given_up_and_is_still_there_is_not_seen_twice),
        TEST_WITH_ARENA(test_drain_ledger__what_lands_after_something_was_given_up_is_new),
        TEST_WITH_ARENA(test_drain_ledger__what_was_given_up_is_known_after_a_restart),
        TEST_WITH_ARENA(test_drain_ledger__text_names_every_kind),
        TEST_WITH_ARENA(test_drain_ledger__what_is_unknown_now_is_said_although_it_was_known_before),
        TEST_WITH_ARENA(test_drain_ledger__body_says_unknown_as_null),
        TEST_WITH_ARENA(test_drain_ledger__a_judge_is_restored_from_its_body),
        TEST_WITH_ARENA(test_drain_ledger__a_restored_judge_knows_the_identity),
        TEST_WITH_ARENA(test_drain_ledger__kinds_that_a_body_does_not_know_begin_anew),
        TEST_WITH_ARENA(test_drain_ledger__what_is_left_is_worded_as_it_is_given_up),
        TEST_WITH_ARENA(test_drain_ledger__the_ledger_adds_up_whatever_happens),
    };

    return RUN_TESTS(tests);
}
