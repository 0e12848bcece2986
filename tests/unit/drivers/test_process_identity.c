#include "unit/unit.h"

#include "drivers/stamp/process_identity.h"

#include <signal.h>

#include "base/json.h"
#include "unit/drivers/quoted.h"

static bool reads(struct arena *arena, const char *text)
{
    struct process_identity identity;

    return process_identity_read(quoted_in(arena, text), &identity);
}

static void test_process_identity__survives_a_round_trip(void **state)
{
    struct process_identity identity;
    json_t *again = json_object();

    assert_true(process_identity_read(quoted_in(*state, "{'pid': 4711, 'start': 99, 'boot_id': 'b-1'}"), &identity));
    assert_int_equal(identity.pid, 4711);
    assert_int_equal(identity.start, 99);
    assert_string_equal(identity.boot_id, "b-1");
    process_identity_write(again, &identity);
    assert_string_equal(json_canonical(*state, again), "{\"boot_id\":\"b-1\",\"pid\":4711,\"start\":99}");
    json_decref(again);
}

static void test_process_identity__needs_all_three(void **state)
{
    struct process_identity identity;

    assert_false(process_identity_read(NULL, &identity));
    assert_false(reads(*state, "{}"));
    assert_false(reads(*state, "{'pid': 4711, 'start': 99}"));
    assert_false(reads(*state, "{'pid': 4711, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'start': 99, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': 4711, 'start': 99, 'boot_id': ''}"));
    assert_false(reads(*state, "{'pid': 4711, 'start': 0, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': '4711', 'start': 99, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': 4711, 'start': 99, 'boot_id': '0123456789012345678901234567890123456789'}"));
}

/* kill(-1) means everybody, kill(0) ourselves, 1 is the system's first process. */
static void test_process_identity__never_means_everybody(void **state)
{
    assert_false(reads(*state, "{'pid': -1, 'start': 99, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': 0, 'start': 99, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': 1, 'start': 99, 'boot_id': 'b'}"));
    assert_false(reads(*state, "{'pid': 4294967295, 'start': 99, 'boot_id': 'b'}"));
    assert_true(reads(*state, "{'pid': 2, 'start': 1, 'boot_id': 'b'}"));
}

static void test_environment_value__finds_whole_names(void **state)
{
    static const char lines[] =
        "PENSTOCK_ADDRESS_OLD=x\nPENSTOCK_ADDRESS=127.0.0.1:1=2\nPENSTOCK_EMPTY=\nPENSTOCK_LAST=y";

    assert_string_equal(environment_value(*state, lines, "PENSTOCK_ADDRESS"), "127.0.0.1:1=2");
    assert_string_equal(environment_value(*state, lines, "PENSTOCK_EMPTY"), "");
    assert_string_equal(environment_value(*state, lines, "PENSTOCK_LAST"), "y");
    assert_null(environment_value(*state, lines, "PENSTOCK"));
    assert_null(environment_value(*state, "", "PENSTOCK"));
    assert_null(environment_value(*state, NULL, "PENSTOCK"));
}

static void test_signal_number__knows_names(void **state)
{
    (void)state;
    assert_int_equal(signal_number("TERM"), SIGTERM);
    assert_int_equal(signal_number("SIGUSR1"), SIGUSR1);
    assert_int_equal(signal_number("KILL"), SIGKILL);
    assert_int_equal(signal_number("STOP"), 0);
    assert_int_equal(signal_number("15"), 0);
    assert_int_equal(signal_number(""), 0);
    assert_int_equal(signal_number(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_process_identity__survives_a_round_trip),
        TEST_WITH_ARENA(test_process_identity__needs_all_three),
        TEST_WITH_ARENA(test_process_identity__never_means_everybody),
        TEST_WITH_ARENA(test_environment_value__finds_whole_names),
        cmocka_unit_test(test_signal_number__knows_names),
    };
    int failed = cmocka_run_group_tests_name("process_identity", tests, NULL, NULL);

    quoted_release();
    return failed;
}
