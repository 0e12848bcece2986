#include "unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "store/holder.h"

static void test_holder_is_alive__knows_itself(void **state)
{
    int64_t start = holder_start(getpid());

    (void)state;
    assert_true(start > 0);
    assert_true(holder_is_alive(getpid(), start, clock_boot_id()));
}

static void test_holder_is_alive__wants_pid_start_and_boot(void **state)
{
    int64_t start = holder_start(getpid());

    (void)state;
    assert_false(holder_is_alive(getpid(), start + 1, clock_boot_id()));
    assert_false(holder_is_alive(getpid(), start, "another boot"));
    assert_false(holder_is_alive(getpid(), 0, clock_boot_id()));
    assert_false(holder_is_alive(1, start, clock_boot_id()));
    assert_false(holder_is_alive(INT32_MAX, start, clock_boot_id()));
    assert_int_equal(holder_start(INT32_MAX), 0);
}

/* The name of a program may hold what looks like fields. */
static void test_holder_start__is_not_misled_by_a_name(void **state)
{
    int64_t start = holder_start(getpid());
    char name[16];

    (void)state;
    assert_int_equal(prctl(PR_GET_NAME, name), 0);
    assert_int_equal(prctl(PR_SET_NAME, "a) S 1 2 (b"), 0);
    assert_int_equal(holder_start(getpid()), start);
    assert_int_equal(prctl(PR_SET_NAME, name), 0);
}

static void test_holder_find__names_others_that_hold_the_lock(void **state)
{
    char path[] = "/tmp/penstock-holder-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    int64_t pids[4];
    pid_t child;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(holder_find(path, pids, 4), 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(holder_find(path, pids, 4), 0); /* we do not count */
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_int_equal(holder_find(path, pids, 4), 1);
    assert_int_equal(pids[0], child);
    assert_int_equal(holder_find(path, pids, 0), 0);
    /* The file is open there still, but not locked. */
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(holder_find(path, pids, 4), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    unlink(path);
    assert_int_equal(holder_find(path, pids, 4), 0);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holder_is_alive__knows_itself),
        cmocka_unit_test(test_holder_is_alive__wants_pid_start_and_boot),
        cmocka_unit_test(test_holder_start__is_not_misled_by_a_name),
        cmocka_unit_test(test_holder_find__names_others_that_hold_the_lock),
    };

    return RUN_TESTS(tests);
}
