#include "unit/io/real.h"

#include <sys/resource.h>

struct order {
    struct io *io;
    struct io_timer *timer;
    char text[64];
};

static void add(struct order *order, char c)
{
    size_t length = strlen(order->text);

    if (length + 1 < sizeof(order->text))
        order->text[length] = c;
}

static void fire_a(void *context)
{
    add(context, 'a');
}

static void fire_b(void *context)
{
    add(context, 'b');
}

static void fire_c(void *context)
{
    add(context, 'c');
    io_stop(((struct order *)context)->io);
}

static void test_timer__fires_in_order_and_never_early(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};
    int64_t begin_ms = io_boot_ms(real->io);

    (void)io_timer_start(real->io, 40, fire_c, &order);
    (void)io_timer_start(real->io, 20, fire_b, &order);
    (void)io_timer_start(real->io, -5, fire_a, &order);
    assert_string_equal(order.text, "");
    io_run(real->io);
    assert_string_equal(order.text, "abc");
    assert_in_range(io_boot_ms(real->io) - begin_ms, 40, 500);
}

static void test_timer__counts_from_now_and_not_from_the_last_turn(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};
    int64_t begin_ms;

    real_turn(real, 1);
    usleep(30000);
    begin_ms = io_boot_ms(real->io);
    (void)io_timer_start(real->io, 20, fire_c, &order);
    io_run(real->io);
    assert_in_range(io_boot_ms(real->io) - begin_ms, 20, 500);
}

static void test_timer__stopped_does_not_fire(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    io_timer_stop(NULL);
    io_timer_stop(io_timer_start(real->io, 1, fire_a, &order));
    (void)io_timer_start(real->io, 5, fire_c, &order);
    (void)io_timer_start(real->io, 1000, fire_a, &order); /* io_close() meets it */
    io_run(real->io);
    assert_string_equal(order.text, "c");
}

static void restart_at_once(void *context)
{
    struct order *order = context;

    add(order, 'n');
    (void)io_timer_start(order->io, 0, restart_at_once, order);
}

static void test_timer__one_that_starts_itself_lets_the_others_live(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    (void)io_timer_start(real->io, 0, restart_at_once, &order);
    real_turn(real, 3);
    assert_int_equal(order.text[0], 'n');
}

static void stop_the_other(void *context)
{
    struct order *order = context;

    add(order, 'x');
    io_timer_stop(order->timer);
}

static void test_timer__may_stop_another_that_is_due_too(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    (void)io_timer_start(real->io, 5, stop_the_other, &order);
    order.timer = io_timer_start(real->io, 5, fire_a, &order);
    (void)io_timer_start(real->io, 5, fire_b, &order);
    usleep(10000);
    (void)io_timer_start(real->io, 1, fire_c, &order);
    io_run(real->io);
    assert_string_equal(order.text, "xbc");
}

/* What the kernel says about the loop's timerfd. */
static const char *alarm_clock(struct real *real)
{
    for (int fd = 3; fd < 64; fd++) {
        const char *info = real_read(real, arena_printf(real->arena, "/proc/self/fdinfo/%d", fd));
        const char *clock = strstr(info, "clockid:");

        if (clock)
            return arena_text_n(real->arena, clock, strcspn(clock, "\n"));
    }
    return "no timer";
}

static void test_timer__counts_on_the_clock_that_goes_on_in_suspend(void **state)
{
    assert_string_equal(alarm_clock(*state), "clockid: 7"); /* CLOCK_BOOTTIME */
}

static void test_timer__many(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};
    struct io_timer *timers[2000];

    for (int i = 0; i < 2000; i++)
        timers[i] = io_timer_start(real->io, 1 + i * 7919 % 20, fire_a, &order);
    for (int i = 0; i < 2000; i++)
        if (i % 100)
            io_timer_stop(timers[i]);
    (void)io_timer_start(real->io, 30, fire_c, &order);
    io_run(real->io);
    assert_string_equal(order.text, "aaaaaaaaaaaaaaaaaaaac");
}

static void stop_itself(void *context)
{
    struct order *order = context;

    add(order, 's');
    io_timer_stop(order->timer);
    io_stop(order->io);
}

static void test_timer__may_stop_itself_while_it_fires(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    order.timer = io_timer_start(real->io, 1, stop_itself, &order);
    io_run(real->io);
    assert_string_equal(order.text, "s");
}

static void soon_again(void *context)
{
    struct order *order = context;

    add(order, 's');
    if (strlen(order->text) < 5)
        io_soon(order->io, soon_again, order);
    else
        io_stop(order->io);
}

static void test_soon__comes_once_each_and_may_ask_again(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    io_soon(real->io, fire_a, &order);
    io_soon(real->io, fire_b, &order);
    io_soon(real->io, soon_again, &order);
    assert_string_equal(order.text, "");
    io_run(real->io);
    assert_string_equal(order.text, "absss");
    io_soon(real->io, fire_a, &order); /* io_close() forgets it */
}

static void note_reply(void *context, const struct reply *reply)
{
    (void)reply;
    add(context, 'r');
}

static void test_soon__comes_after_what_is_ready(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};
    struct effect nap = {.kind = EFFECT_SLEEP, .timeout_ms = 1000};
    struct effect get = {.kind = EFFECT_READ_FILE, .timeout_ms = 1000, .path = "/dev/null"};

    io_soon(real->io, fire_c, &order);
    (void)io_start(real->io, &nap, note_reply, &order);
    (void)io_start(real->io, &get, note_reply, &order);
    io_run(real->io);
    assert_string_equal(order.text, "rrc");
}

static void note_signal(void *context, int number)
{
    add(context, number == SIGTERM ? 't' : number == SIGINT ? 'i' : number == SIGHUP ? 'h' : '?');
}

static void test_signals__come_as_calls(void **state)
{
    struct real *real = *state;
    struct order order = {.io = real->io};

    assert_ok(io_on_signals(real->io, note_signal, &order));
    raise(SIGTERM);
    real_turn(real, 5);
    raise(SIGINT);
    real_turn(real, 5);
    raise(SIGHUP);
    real_turn(real, 5);
    assert_string_equal(order.text, "tih");
}

static void test_open__ignores_sigpipe(void **state)
{
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(write(fds[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    close(fds[1]);
}

static void without_standard_streams(void *context)
{
    struct io *io = NULL;
    struct stat info;

    (void)context;
    close(0);
    close(1);
    if (io_open(-1, &io) || fstat(0, &info) != 0 || fstat(1, &info) != 0)
        exit(3);
    io_close(io);
}

static void test_open__fills_missing_standard_streams(void **state)
{
    struct unit_child child = unit_in_child(without_standard_streams, NULL);

    (void)state;
    assert_int_equal(child.status, 0);
}

static void test_close__leaves_no_descriptor(void **state)
{
    struct real *real = *state;
    int before;
    int after;

    io_close(real->io);
    assert_ok(io_open(-1, &real->io)); /* libuv keeps one or two for the process */
    before = real_count_fds();
    for (int i = 0; i < 10; i++) {
        io_close(real->io);
        assert_ok(io_open(-1, &real->io));
    }
    after = real_count_fds();
    assert_int_equal(after, before);
}

static void test_run__sleeps_while_nothing_is_due(void **state)
{
    struct real *real = *state;
    struct rusage before;
    struct rusage after;

    (void)getrusage(RUSAGE_SELF, &before);
    real_turn(real, 300);
    (void)getrusage(RUSAGE_SELF, &after);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 4);
}

static void test_run__returns_when_nothing_can_happen(void **state)
{
    struct real *real = *state;

    io_run(real->io);
    io_close(NULL);
    io_cancel(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_timer__fires_in_order_and_never_early),
        TEST_WITH_IO(test_timer__counts_from_now_and_not_from_the_last_turn),
        TEST_WITH_IO(test_timer__stopped_does_not_fire),
        TEST_WITH_IO(test_timer__one_that_starts_itself_lets_the_others_live),
        TEST_WITH_IO(test_timer__may_stop_another_that_is_due_too),
        TEST_WITH_IO(test_timer__counts_on_the_clock_that_goes_on_in_suspend),
        TEST_WITH_IO(test_timer__many),
        TEST_WITH_IO(test_timer__may_stop_itself_while_it_fires),
        TEST_WITH_IO(test_soon__comes_once_each_and_may_ask_again),
        TEST_WITH_IO(test_soon__comes_after_what_is_ready),
        TEST_WITH_IO(test_signals__come_as_calls),
        TEST_WITH_IO(test_open__ignores_sigpipe),
        TEST_WITH_IO(test_open__fills_missing_standard_streams),
        TEST_WITH_IO(test_close__leaves_no_descriptor),
        TEST_WITH_IO(test_run__sleeps_while_nothing_is_due),
        TEST_WITH_IO(test_run__returns_when_nothing_can_happen),
    };

    return RUN_TESTS(tests);
}
