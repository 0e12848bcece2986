#include "unit/io/real.h"

static const char *const sleeper[] = {"/bin/sleep", "60", NULL};

/* Starts a process with this environment; end it with `finish`. */
static struct process_identity start(struct real *real, const char *const *argv, const char *const *env)
{
    struct effect effect = {.kind = EFFECT_START, .timeout_ms = 5000, .argv = argv, .env = env};
    struct reply reply;

    effect.log = real_path(real, "log");
    reply = real_do(real, &effect);
    assert_int_equal(reply.transport, TRANSPORT_OK);
    return reply.process;
}

static void finish(struct real *real, struct process_identity process)
{
    kill(-process.pid, SIGKILL);
    real_turn(real, 20); /* reaps */
    assert_true(real_dies(process.pid));
}

static struct reply look(struct real *real, struct process_identity process)
{
    struct effect effect = {.kind = EFFECT_LOOK, .timeout_ms = 1000, .process = process};

    return real_do(real, &effect);
}

static struct reply look_for(struct real *real, const char *mark)
{
    struct effect effect = {.kind = EFFECT_LOOK, .timeout_ms = 1000, .mark = mark};

    return real_do(real, &effect);
}

static struct reply send_signal(struct real *real, struct process_identity process, int number)
{
    struct effect effect = {.kind = EFFECT_SIGNAL, .timeout_ms = 1000, .process = process, .signal = number};

    return real_do(real, &effect);
}

/* A mark that no other run of these tests uses. */
static const char *own_mark(struct real *real, const char *what)
{
    return arena_printf(real->arena, "PENSTOCK_MARK=%s-%d-%s", what, (int)getpid(), real->dir);
}

static void test_look__finds_by_identity(void **state)
{
    struct real *real = *state;
    const char *const env[] = {"PENSTOCK_RELEASE=7", "SECRET=x", "PENSTOCK_STAMP=west.1", NULL};
    struct process_identity process = start(real, sleeper, env);
    struct reply reply = look(real, process);

    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_true(reply.there);
    assert_int_equal(reply.process.pid, process.pid);
    assert_string_equal(reply.environment, "PENSTOCK_RELEASE=7\nPENSTOCK_STAMP=west.1\n");
    finish(real, process);
}

static void test_look__another_start_time_or_boot_is_another_process(void **state)
{
    struct real *real = *state;
    struct process_identity process = start(real, sleeper, NULL);
    struct process_identity other = process;

    other.start++;
    assert_false(look(real, other).there);
    other = process;
    strcpy(other.boot_id, "8d1b5c2e-0000-4000-8000-000000000000");
    assert_false(look(real, other).there);
    other.boot_id[0] = '\0';
    assert_false(look(real, other).there);
    finish(real, process);
    assert_false(look(real, process).there);
}

static void test_look__a_zombie_is_not_there(void **state)
{
    struct real *real = *state;
    struct process_identity process = start(real, (const char *const[]){"/bin/sleep", "0.1", NULL}, NULL);

    io_close(real->io); /* so that nobody reaps it */
    assert_true(real_dies(process.pid));
    assert_int_equal(kill(process.pid, 0), 0);
    assert_ok(io_open(-1, &real->io));
    assert_false(look(real, process).there);
    assert_false(send_signal(real, process, SIGTERM).there);
    waitpid(process.pid, NULL, 0);
}

static void test_look__adopts_by_mark(void **state)
{
    struct real *real = *state;
    const char *mark = own_mark(real, "adopt");
    const char *const env[] = {"PENSTOCK_A=1", mark, NULL};
    struct process_identity process = start(real, sleeper, env);
    struct reply reply;

    io_close(real->io); /* the runner that started it is gone */
    assert_ok(io_open(-1, &real->io));
    reply = look_for(real, mark);
    assert_true(reply.there);
    assert_int_equal(reply.process.pid, process.pid);
    assert_int_equal(reply.process.start, process.start);
    assert_string_equal(reply.process.boot_id, process.boot_id);
    assert_string_equal(reply.environment, arena_printf(real->arena, "PENSTOCK_A=1\n%s\n", mark));
    kill(-process.pid, SIGKILL);
    waitpid(process.pid, NULL, 0);
}

static void test_look__a_mark_is_a_whole_entry(void **state)
{
    struct real *real = *state;
    const char *mark = own_mark(real, "whole");
    const char *const env[] = {arena_printf(real->arena, "%s.2", mark), arena_printf(real->arena, "X%s", mark), NULL};
    struct process_identity process = start(real, sleeper, env);

    assert_false(look_for(real, mark).there);
    assert_true(look_for(real, env[0]).there);
    finish(real, process);
}

static void test_look__only_session_leaders_count_and_the_oldest_wins(void **state)
{
    struct real *real = *state;
    const char *mark = own_mark(real, "oldest");
    const char *const env[] = {mark, NULL};
    const char *const argv[] = {"/bin/sh", "-c", "sleep 0.03; setsid sleep 60 & echo $!; sleep 60 & wait", NULL};
    struct process_identity process = start(real, argv, env);
    pid_t other = (pid_t)atoi(real_await_line(real, real_path(real, "log")));

    usleep(60000);
    assert_int_equal(look_for(real, mark).process.pid, process.pid);
    finish(real, process);
    /* The daemon left the group; it is found now. */
    assert_int_equal(look_for(real, mark).process.pid, other);
    kill(other, SIGKILL);
}

/* Who was started has ended, and what it left behind leads no session. */
static void test_look__anyone_with_the_mark_when_asked_so(void **state)
{
    struct real *real = *state;
    const char *mark = own_mark(real, "anyone");
    const char *const env[] = {mark, NULL};
    const char *const argv[] = {"/bin/sh", "-c", "sleep 60 & echo $!", NULL};
    struct process_identity process = start(real, argv, env);
    pid_t left = (pid_t)atoi(real_await_line(real, real_path(real, "log")));
    struct effect effect = {.kind = EFFECT_LOOK, .timeout_ms = 1000, .mark = mark, .anyone = true};
    struct reply reply;

    assert_true(real_dies(process.pid));
    real_turn(real, 20);
    assert_false(look_for(real, mark).there);
    reply = real_do(real, &effect);
    assert_true(reply.there);
    assert_int_equal(reply.process.pid, left);
    kill(left, SIGKILL);
    assert_true(real_dies(left));
    assert_false(real_do(real, &effect).there);
}

static void keep_one(void *context, const struct reply *reply)
{
    struct kept *kept = context;

    kept->count++;
    kept->reply = *reply;
}

static void test_look__many_marks_in_one_walk(void **state)
{
    struct real *real = *state;
    struct process_identity processes[5];
    struct effect effects[20];
    struct kept kept[20];

    for (int i = 0; i < 20; i++) {
        const char *mark = arena_printf(real->arena, "%s.%d", own_mark(real, "many"), i);
        const char *const env[] = {mark, NULL};

        if (i < 5)
            processes[i] = start(real, sleeper, env);
        kept[i] = (struct kept){.real = real};
        effects[i] = (struct effect){.kind = EFFECT_LOOK, .timeout_ms = 1000, .mark = mark};
    }
    for (int i = 0; i < 20; i++) {
        struct io_effect *effect = io_start(real->io, &effects[i], keep_one, &kept[i]);

        if (i % 2)
            io_cancel(effect);
    }
    real_turn(real, 50);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(kept[i].count, i % 2 ? 0 : 1);
        assert_int_equal(kept[i].reply.there, i < 5 && i % 2 == 0);
        if (i < 5 && i % 2 == 0)
            assert_int_equal(kept[i].reply.process.pid, processes[i].pid);
    }
    for (int i = 0; i < 5; i++)
        finish(real, processes[i]);
}

static void test_signal__reaches_the_whole_group(void **state)
{
    struct real *real = *state;
    const char *const argv[] = {"/bin/sh", "-c", "sleep 60 & echo $!; wait", NULL};
    struct process_identity process = start(real, argv, NULL);
    pid_t other = (pid_t)atoi(real_await_line(real, real_path(real, "log")));
    struct reply reply = send_signal(real, process, SIGTERM);

    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_true(reply.there);
    assert_true(real_dies(other));
    assert_true(real_dies(process.pid));
    real_turn(real, 20);
    assert_false(send_signal(real, process, SIGTERM).there);
}

static void test_signal__spares_a_stranger_with_the_same_number(void **state)
{
    struct real *real = *state;
    struct process_identity process = start(real, sleeper, NULL);
    struct process_identity other = process;
    struct process_identity first = process;

    other.start--;
    assert_false(send_signal(real, other, SIGKILL).there);
    first.pid = 1;
    assert_false(send_signal(real, first, 0).there);
    first.pid = 0;
    assert_false(send_signal(real, first, 0).there);
    assert_true(real_alive(process.pid));
    finish(real, process);
}

static void test_signal__a_wrong_number_fails(void **state)
{
    struct real *real = *state;
    struct process_identity process = start(real, sleeper, NULL);
    struct reply reply = send_signal(real, process, 999);

    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text,
                        arena_printf(real->arena, "cannot signal process %d: Invalid argument", (int)process.pid));
    finish(real, process);
}

static void test_await__sees_the_end_of_a_process_that_is_not_our_child(void **state)
{
    struct real *real = *state;
    const char *mark = own_mark(real, "orphan");
    const char *const argv[] = {"/bin/sh", "-c", "setsid sleep 1 & exit 0", NULL};
    const char *const env[] = {mark, NULL};
    struct effect await = {.kind = EFFECT_AWAIT_EXIT, .timeout_ms = 3000};
    struct reply reply;

    (void)start(real, argv, env);
    for (int i = 0; i < 50 && !await.process.pid; i++) {
        usleep(10000);
        await.process = look_for(real, mark).process;
    }
    assert_int_not_equal(await.process.pid, 0);
    reply = real_do(real, &await);
    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_false(reply.timed_out);
    assert_false(reply.there);
    assert_in_range(reply.elapsed_ms, 20, 2500);
    assert_false(look(real, await.process).there);
}

static void test_await__gives_up_after_the_timeout(void **state)
{
    struct real *real = *state;
    struct effect await = {.kind = EFFECT_AWAIT_EXIT, .timeout_ms = 50};
    struct reply reply;

    await.process = start(real, sleeper, NULL);
    reply = real_do(real, &await);
    assert_true(reply.timed_out);
    assert_true(reply.there);
    finish(real, await.process);
    reply = real_do(real, &await);
    assert_false(reply.timed_out);
    assert_in_range(reply.elapsed_ms, 0, 40);
}

static void test_await__can_be_cancelled(void **state)
{
    struct real *real = *state;
    struct effect await = {.kind = EFFECT_AWAIT_EXIT, .timeout_ms = 1000};
    struct kept kept = {.real = real};

    await.process = start(real, sleeper, NULL);
    io_cancel(io_start(real->io, &await, keep_one, &kept));
    (void)io_start(real->io, &await, keep_one, &kept); /* io_close() meets this one */
    finish(real, await.process);
    assert_int_equal(kept.count, 1);
    (void)io_start(real->io, &await, keep_one, &kept);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_IO(test_look__finds_by_identity),
        TEST_WITH_IO(test_look__another_start_time_or_boot_is_another_process),
        TEST_WITH_IO(test_look__a_zombie_is_not_there),
        TEST_WITH_IO(test_look__adopts_by_mark),
        TEST_WITH_IO(test_look__a_mark_is_a_whole_entry),
        TEST_WITH_IO(test_look__only_session_leaders_count_and_the_oldest_wins),
        TEST_WITH_IO(test_look__anyone_with_the_mark_when_asked_so),
        TEST_WITH_IO(test_look__many_marks_in_one_walk),
        TEST_WITH_IO(test_signal__reaches_the_whole_group),
        TEST_WITH_IO(test_signal__spares_a_stranger_with_the_same_number),
        TEST_WITH_IO(test_signal__a_wrong_number_fails),
        TEST_WITH_IO(test_await__sees_the_end_of_a_process_that_is_not_our_child),
        TEST_WITH_IO(test_await__gives_up_after_the_timeout),
        TEST_WITH_IO(test_await__can_be_cancelled),
    };

    return RUN_TESTS(tests);
}
