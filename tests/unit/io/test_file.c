#include "unit/io/real.h"

static struct effect file_of(enum effect_kind kind, const char *path, const char *text)
{
    return (struct effect){.kind = kind, .timeout_ms = 1000, .path = path, .text = text};
}

static void test_put_file__puts_bytes_with_a_mode(void **state)
{
    struct real *real = *state;
    struct effect put = file_of(EFFECT_PUT_FILE, real_path(real, "f"), "hello");
    struct effect get = file_of(EFFECT_READ_FILE, put.path, NULL);
    struct stat info;

    assert_int_equal(real_do(real, &put).transport, TRANSPORT_OK);
    assert_string_equal(real_do(real, &get).text, "hello");
    assert_int_equal(stat(put.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    put.mode = 0755;
    put.text = "a\0b";
    put.text_length = 3;
    (void)real_do(real, &put);
    assert_int_equal(stat(put.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0755);
    assert_int_equal(real_do(real, &get).length, 3);
}

static void test_put_file__says_why_not(void **state)
{
    struct effect put = file_of(EFFECT_PUT_FILE, "/no/such/place/f", "hello");
    struct reply reply = real_do(*state, &put);

    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_non_null(strstr(reply.text, "/no/such/place"));
}

static void test_read_file__gives_the_end_of_a_long_file(void **state)
{
    struct real *real = *state;
    struct effect get = file_of(EFFECT_READ_FILE, real_path(real, "f"), NULL);

    assert_string_equal(real_do(real, &get).text, "");
    assert_ok(file_put(get.path, "0123456789", 10, 0600));
    get.limit_bytes = 4;
    assert_string_equal(real_do(real, &get).text, "6789");
}

static void test_make_dir_and_remove_tree(void **state)
{
    struct real *real = *state;
    struct effect make = file_of(EFFECT_MAKE_DIR, real_path(real, "a/b/c"), NULL);
    struct effect remove_tree = file_of(EFFECT_REMOVE_TREE, real_path(real, "a"), NULL);

    for (int i = 0; i < 2; i++)
        assert_int_equal(real_do(real, &make).transport, TRANSPORT_OK);
    assert_true(file_exists(make.path));
    for (int i = 0; i < 2; i++)
        assert_int_equal(real_do(real, &remove_tree).transport, TRANSPORT_OK);
    assert_false(file_exists(remove_tree.path));
}

static void never(void *context, const struct reply *reply)
{
    (void)context;
    (void)reply;
    fail_msg("a cancelled effect replied");
}

static void test_put_file__cancelled_at_once_is_not_done(void **state)
{
    struct real *real = *state;
    struct effect put = file_of(EFFECT_PUT_FILE, real_path(real, "f"), "hello");

    io_cancel(io_start(real->io, &put, never, NULL));
    real_turn(real, 5);
    assert_false(file_exists(put.path));
    (void)io_start(real->io, &put, never, NULL);
}

#ifdef PENSTOCK_FAULTS
/* Puts the file in a child process; the fault point ends that. */
static void put_in_child(void *context)
{
    struct effect put = file_of(EFFECT_PUT_FILE, context, "hello");
    struct real real = {.arena = arena_new()};

    if (io_open(-1, &real.io))
        exit(3);
    (void)real_do(&real, &put);
    io_close(real.io);
    arena_free(real.arena);
}

static void test_fault_points__stand_on_both_sides_of_an_effect(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "f");
    struct unit_child child;

    setenv("PENSTOCK_FAULT", "effect.before:1", 1);
    child = unit_in_child(put_in_child, (void *)(uintptr_t)path);
    assert_int_equal(WTERMSIG(child.status), SIGKILL);
    assert_false(file_exists(path));
    setenv("PENSTOCK_FAULT", "effect.after:1", 1);
    child = unit_in_child(put_in_child, (void *)(uintptr_t)path);
    assert_int_equal(WTERMSIG(child.status), SIGKILL);
    assert_true(file_exists(path));
    setenv("PENSTOCK_FAULT", "effect.after:2", 1);
    child = unit_in_child(put_in_child, (void *)(uintptr_t)path);
    assert_int_equal(child.status, 0);
    unsetenv("PENSTOCK_FAULT");
}
#endif

static void test_free_port__is_free_and_not_given_twice(void **state)
{
    struct real *real = *state;
    struct effect ask = {.kind = EFFECT_FREE_PORT, .timeout_ms = 1000};
    static uint8_t seen[65536];

    for (int i = 0; i < 500; i++) {
        int port = real_do(real, &ask).port;

        assert_in_range(port, 1024, 65535);
        assert_int_equal(seen[port], 0);
        seen[port] = 1;
        if (i == 0) {
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
            int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

            address.sin_port = htons((uint16_t)port);
            assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
            close(fd);
        }
    }
}

static void test_sleep(void **state)
{
    struct real *real = *state;
    struct effect nap = {.kind = EFFECT_SLEEP, .timeout_ms = 1000, .sleep_ms = 30};

    assert_in_range(real_do(real, &nap).elapsed_ms, 30, 500);
    nap.sleep_ms = 0;
    assert_in_range(real_do(real, &nap).elapsed_ms, 0, 20);
    io_cancel(io_start(real->io, &nap, never, NULL));
    real_turn(real, 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_put_file__puts_bytes_with_a_mode),
        TEST_WITH_IO(test_put_file__says_why_not),
        TEST_WITH_IO(test_read_file__gives_the_end_of_a_long_file),
        TEST_WITH_IO(test_make_dir_and_remove_tree),
        TEST_WITH_IO(test_put_file__cancelled_at_once_is_not_done),
#ifdef PENSTOCK_FAULTS
        TEST_WITH_IO(test_fault_points__stand_on_both_sides_of_an_effect),
#endif
        TEST_WITH_IO(test_free_port__is_free_and_not_given_twice),
        TEST_WITH_IO(test_sleep),
    };

    return RUN_TESTS(tests);
}
