#include "unit/io/real.h"

static void count_ring(void *context)
{
    (*(int *)context)++;
}

static void test_bell__rings(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "bell");
    struct stat info;
    int rings = 0;

    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    real_turn(real, 5);
    assert_int_equal(rings, 0);
    bell_ring(path);
    real_turn(real, 5);
    assert_int_equal(rings, 1);
}

static void test_bell__is_for_those_who_may_write_to_its_directory(void **state)
{
    struct real *real = *state;
    const char *dir = real_path(real, "shared");
    const char *path = arena_printf(real->arena, "%s/bell", dir);
    int rings = 0;
    struct stat info;

    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(chmod(dir, 0770), 0);
    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0660);
    bell_ring(path);
    real_turn(real, 5);
    assert_int_equal(rings, 1);
}

static void test_bell__many_rings_are_few_calls(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "bell");
    int rings = 0;

    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    for (int i = 0; i < 1000; i++)
        bell_ring(path); /* the queue is full after a while: never waits */
    real_turn(real, 10);
    assert_in_range(rings, 1, 8);
}

static void test_bell__a_path_may_be_long(void **state)
{
    struct real *real = *state;
    const char *dir = real_path(real, "a-directory-whose-name-is-so-long-that-no-socket-address-of-the-kernel-can-hold-"
                                      "it-together-with-the-rest-of-the-path");
    const char *path = arena_printf(real->arena, "%s/bell", dir);
    int rings = 0;

    assert_int_equal(mkdir(dir, 0700), 0);
    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    bell_ring(path);
    real_turn(real, 5);
    assert_int_equal(rings, 1);
}

static void test_bell__replaces_an_old_socket(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "bell");
    int rings = 0;

    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    io_close(real->io);
    assert_ok(io_open(-1, &real->io));
    assert_ok(io_on_bell(real->io, path, count_ring, &rings));
    bell_ring(path);
    real_turn(real, 5);
    assert_int_equal(rings, 1);
}

static void test_bell__does_not_replace_anything_else(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "bell");

    assert_ok(file_put(path, "precious", 8, 0600));
    assert_fails(io_on_bell(real->io, path, count_ring, NULL), ERR_CONFLICT,
                 arena_printf(real->arena, "'%s' is in the way: it is not a socket", path));
    assert_string_equal(real_read(real, path), "precious");
}

static void test_bell__says_why_it_cannot_listen(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "missing/bell");
    const char *file = real_path(real, "file/bell");

    assert_fails(io_on_bell(real->io, path, count_ring, NULL), ERR_NOT_FOUND,
                 arena_printf(real->arena, "cannot listen on the socket '%s': No such file or directory", path));
    assert_ok(file_put(real_path(real, "file"), "", 0, 0600));
    assert_fails(io_on_bell(real->io, file, count_ring, NULL), ERR_IO,
                 arena_printf(real->arena, "cannot look at '%s': Not a directory", file));
}

static void test_bell__nobody_there_is_fine(void **state)
{
    struct real *real = *state;

    bell_ring(real_path(real, "nobody"));
    bell_ring("/no/such/directory/nobody");
    bell_ring("");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_bell__is_for_those_who_may_write_to_its_directory),
        TEST_WITH_IO(test_bell__rings),
        TEST_WITH_IO(test_bell__many_rings_are_few_calls),
        TEST_WITH_IO(test_bell__a_path_may_be_long),
        TEST_WITH_IO(test_bell__replaces_an_old_socket),
        TEST_WITH_IO(test_bell__does_not_replace_anything_else),
        TEST_WITH_IO(test_bell__says_why_it_cannot_listen),
        TEST_WITH_IO(test_bell__nobody_there_is_fine),
    };

    return RUN_TESTS(tests);
}
