#include "unit/io/real.h"

static pid_t start(struct real *real, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct effect effect = {.kind = EFFECT_START, .timeout_ms = 5000, .argv = argv};

    effect.log = real_path(real, "log");
    return real_do(real, &effect).process.pid;
}

static void test_kill_orphan__ends_a_leader_with_its_group(void **state)
{
    struct real *real = *state;
    pid_t leader = start(real, "sleep 60 & echo $!; wait");
    pid_t member = (pid_t)atoi(real_await_line(real, real_path(real, "log")));

    io_kill_orphan(leader);
    assert_true(real_dies(leader));
    assert_true(real_dies(member));
}

static void test_kill_orphan__ends_a_member_alone(void **state)
{
    struct real *real = *state;
    pid_t leader = start(real, "sleep 60 & echo $!; sleep 60");
    pid_t member = (pid_t)atoi(real_await_line(real, real_path(real, "log")));

    io_kill_orphan(member);
    assert_true(real_dies(member));
    assert_true(real_alive(leader));
    io_kill_orphan(leader);
}

static void test_kill_orphan__never_hits_ourselves_or_everybody(void **state)
{
    (void)state;
    io_kill_orphan(0);
    io_kill_orphan(1);
    io_kill_orphan(-1);
    io_kill_orphan(INT64_MAX);
    io_kill_orphan((int64_t)1 << 32);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_kill_orphan__ends_a_leader_with_its_group),
        TEST_WITH_IO(test_kill_orphan__ends_a_member_alone),
        TEST_WITH_IO(test_kill_orphan__never_hits_ourselves_or_everybody),
    };

    return RUN_TESTS(tests);
}
