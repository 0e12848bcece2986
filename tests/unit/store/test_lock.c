#include "unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/lock.h"

static const char *lock_file(struct arena *arena)
{
    char path[] = "/tmp/penstock-lock-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    return arena_text(arena, path);
}

static void test_lock_open__makes_a_private_file_that_children_do_not_get(void **state)
{
    const char *path = lock_file(*state);
    struct stat found;
    int fd;

    unlink(path);
    assert_ok(lock_open(path, &fd));
    assert_int_equal(fstat(fd, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    unlink(path);
}

static void test_lock_open__says_what_it_cannot_open(void **state)
{
    int fd;

    (void)state;
    assert_fails(lock_open("/nowhere/at.lock", &fd), ERR_NOT_FOUND,
                 "cannot open '/nowhere/at.lock': No such file or directory");
}

static void test_lock_try__has_one_holder(void **state)
{
    const char *path = lock_file(*state);
    bool held = false;
    int one, two;

    assert_ok(lock_open(path, &one));
    assert_ok(lock_open(path, &two));
    assert_ok(lock_try(one, path, &held));
    assert_true(held);
    assert_ok(lock_try(two, path, &held));
    assert_false(held);
    lock_drop(one);
    assert_ok(lock_try(two, path, &held));
    assert_true(held);
    close(one);
    close(two);
    unlink(path);
}

static void test_lock_try__of_no_file_is_an_error(void **state)
{
    bool held;

    (void)state;
    assert_fails(lock_try(-1, "x", &held), ERR_IO, "cannot lock 'x': Bad file descriptor");
}

static void test_lock_wait__gives_up_after_its_time(void **state)
{
    const char *path = lock_file(*state);
    int64_t begun = clock_boot_ms();
    struct error *error;
    int one, two;

    assert_ok(lock_open(path, &one));
    assert_ok(lock_open(path, &two));
    assert_ok(lock_wait(one, path, 0));
    error = lock_wait(two, path, 1100);
    assert_non_null(error);
    assert_true(clock_boot_ms() - begun >= 1100);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->hint, arena_printf(*state, "see who holds it: fuser -v '%s'", path));
    assert_fails(error, ERR_RECORD, "another process has been writing to the record for 1s");
    close(one);
    close(two);
    unlink(path);
}

static void test_lock_wait__gets_it_when_the_holder_dies(void **state)
{
    const char *path = lock_file(*state);
    int fd, ready[2];
    pid_t pid;
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        int mine;

        if (lock_open(path, &mine) || lock_wait(mine, path, 0) || write(ready[1], "x", 1) != 1)
            _exit(1);
        usleep(50000);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_ok(lock_open(path, &fd));
    assert_ok(lock_wait(fd, path, 5000));
    waitpid(pid, NULL, 0);
    close(fd);
    close(ready[0]);
    close(ready[1]);
    unlink(path);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_lock_open__makes_a_private_file_that_children_do_not_get),
        TEST_WITH_ARENA(test_lock_open__says_what_it_cannot_open),
        TEST_WITH_ARENA(test_lock_try__has_one_holder),
        TEST_WITH_ARENA(test_lock_try__of_no_file_is_an_error),
        TEST_WITH_ARENA(test_lock_wait__gives_up_after_its_time),
        TEST_WITH_ARENA(test_lock_wait__gets_it_when_the_holder_dies),
    };

    return RUN_TESTS(tests);
}
