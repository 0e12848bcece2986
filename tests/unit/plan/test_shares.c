/* Shares: exact weights for any numbers of instances, or a refusal. */

#include "unit/unit.h"

#include "base/text.h"
#include "plan/shares.h"

static void test_shares__a_unit_with_equal_counts_gets_the_plain_ratio(void **state)
{
    struct weights weights;

    (void)state;
    assert_true(shares_weights(500, 2, 2, 256, &weights));
    assert_int_equal(weights.each_new, 1);
    assert_int_equal(weights.each_old, 19);
}

static void test_shares__weights_make_up_for_unequal_counts(void **state)
{
    struct weights weights;

    (void)state;
    assert_true(shares_weights(5000, 1, 3, 256, &weights));
    assert_int_equal(weights.each_new, 3);
    assert_int_equal(weights.each_old, 1);
}

static void test_shares__nothing_and_all_are_one_and_zero(void **state)
{
    struct weights weights;

    (void)state;
    assert_true(shares_weights(0, 4, 3, 256, &weights));
    assert_int_equal(weights.each_new, 0);
    assert_int_equal(weights.each_old, 1);
    assert_true(shares_weights(SHARE_ALL, 4, 3, 256, &weights));
    assert_int_equal(weights.each_new, 1);
    assert_int_equal(weights.each_old, 0);
}

static void test_shares__without_an_old_side_the_new_one_gets_all(void **state)
{
    struct weights weights;

    (void)state;
    assert_true(shares_weights(500, 3, 0, 256, &weights));
    assert_int_equal(weights.each_new, 1);
    assert_int_equal(weights.each_old, 0);
}

static void test_shares__a_share_past_the_range_of_weights_is_refused(void **state)
{
    struct weights weights = {7, 8};

    (void)state;
    assert_false(shares_weights(1, 1, 1, 256, &weights));
    assert_false(shares_weights(9999, 1, 1, 256, &weights));
    assert_int_equal(weights.each_new, 7);
    assert_int_equal(weights.each_old, 8);
}

static void test_shares__the_largest_weight_may_be_used(void **state)
{
    struct weights weights;

    (void)state;
    assert_true(shares_weights(2000, 1, 1, 4, &weights));
    assert_int_equal(weights.each_old, 4);
    assert_false(shares_weights(2000, 1, 1, 3, &weights));
}

static void test_shares__the_nearest_exact_share_is_found_below_first(void **state)
{
    (void)state;
    assert_int_equal(shares_nearest(1, 1, 1, 256), 40); /* 1:249; nothing would be nearer, and is no step */
    assert_int_equal(shares_nearest(9999, 1, 1, 256), SHARE_ALL);
    assert_int_equal(shares_nearest(3300, 1, 1, 256), 3300);
    /* Weights up to 3 give 25, 40, 50, 60, 75 and 100 %; a third is no whole number of basis points. */
    assert_int_equal(shares_nearest(3333, 1, 1, 3), 4000);
    assert_int_equal(shares_nearest(4500, 1, 1, 3), 4000);
}

/* The share that the weights give, if it is a whole number of basis points: w_new * n_new / total. */
static void assert_exact(int share, int news, int olds, struct weights weights)
{
    long part = (long)weights.each_new * news;
    long total = part + (long)weights.each_old * olds;

    if (part * SHARE_ALL != share * total)
        fail_msg("share %d with %d new and %d old: weights %d and %d", share, news, olds, weights.each_new,
                 weights.each_old);
}

static void test_shares__every_split_that_is_given_is_exact(void **state)
{
    int given = 0;

    (void)state;
    for (int news = 1; news <= 7; news++) {
        for (int olds = 1; olds <= 7; olds++) {
            for (int share = 0; share <= SHARE_ALL; share++) {
                struct weights weights;

                if (!shares_weights(share, news, olds, 256, &weights))
                    continue;
                given++;
                assert_in_range(weights.each_new, 0, 256);
                assert_in_range(weights.each_old, 0, 256);
                assert_exact(share, news, olds, weights);
            }
        }
    }
    assert_true(given > 7 * 7 * 100);
}

/* No other pair of weights would have been exact where none was given. */
static void test_shares__what_is_refused_has_no_exact_weights(void **state)
{
    (void)state;
    for (int share = 0; share <= SHARE_ALL; share += 7) {
        struct weights weights;

        if (shares_weights(share, 2, 3, 16, &weights))
            continue;
        for (long a = 0; a <= 16; a++) {
            for (long b = 0; b <= 16; b++)
                assert_false(a + b > 0 && a * 2 * SHARE_ALL == share * (a * 2 + b * 3));
        }
    }
}

static void test_shares__the_nearest_is_exact_and_none_is_nearer(void **state)
{
    (void)state;
    for (int share = 1; share <= SHARE_ALL; share += 13) {
        int nearest = shares_nearest(share, 3, 2, 256);
        struct weights weights;

        assert_true(shares_weights(nearest, 3, 2, 256, &weights));
        for (int other = share; abs(other - share) < abs(nearest - share); other++)
            assert_false(other <= SHARE_ALL && shares_weights(other, 3, 2, 256, &weights));
        for (int other = share; abs(other - share) < abs(nearest - share); other--)
            assert_false(other > 0 && shares_weights(other, 3, 2, 256, &weights));
    }
}

static void bad_share(void *context)
{
    struct weights weights;

    (void)context;
    shares_weights(SHARE_ALL + 1, 1, 1, 256, &weights);
}

static void test_shares__a_share_past_all_is_a_bug(void **state)
{
    struct unit_child child = unit_in_child(bad_share, NULL);

    (void)state;
    assert_int_equal(WEXITSTATUS(child.status), 70);
}

static void no_share(void *context)
{
    (void)context;
    shares_nearest(5000, 1, 1, 0);
}

static void test_shares__a_door_without_weights_is_a_bug(void **state)
{
    struct unit_child child = unit_in_child(no_share, NULL);

    (void)state;
    assert_int_equal(WEXITSTATUS(child.status), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares__a_unit_with_equal_counts_gets_the_plain_ratio),
        cmocka_unit_test(test_shares__weights_make_up_for_unequal_counts),
        cmocka_unit_test(test_shares__nothing_and_all_are_one_and_zero),
        cmocka_unit_test(test_shares__without_an_old_side_the_new_one_gets_all),
        cmocka_unit_test(test_shares__a_share_past_the_range_of_weights_is_refused),
        cmocka_unit_test(test_shares__the_largest_weight_may_be_used),
        cmocka_unit_test(test_shares__the_nearest_exact_share_is_found_below_first),
        cmocka_unit_test(test_shares__every_split_that_is_given_is_exact),
        cmocka_unit_test(test_shares__what_is_refused_has_no_exact_weights),
        cmocka_unit_test(test_shares__the_nearest_is_exact_and_none_is_nearer),
        cmocka_unit_test(test_shares__a_share_past_all_is_a_bug),
        cmocka_unit_test(test_shares__a_door_without_weights_is_a_bug),
    };

    return RUN_TESTS(tests);
}
