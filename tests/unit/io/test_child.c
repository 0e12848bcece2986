#include "unit/io/real.h"

#include <sys/file.h>

#define SH(script) ((const char *const[]){"/bin/sh", "-c", (script), NULL})

static struct effect run_of(const char *const *argv)
{
    return (struct effect){.kind = EFFECT_RUN, .timeout_ms = 5000, .argv = argv};
}

static struct effect start_of(const char *const *argv)
{
    return (struct effect){.kind = EFFECT_START, .timeout_ms = 5000, .argv = argv};
}

static void reap(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_run__gives_the_exit_code(void **state)
{
    struct effect run = run_of(SH("exit 7"));
    struct reply reply = real_do(*state, &run);

    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_int_equal(reply.status, 7);
    assert_false(reply.timed_out);
    assert_string_equal(reply.text, "");
}

static void test_run__gives_128_plus_the_signal(void **state)
{
    struct effect run = run_of(SH("kill -ILL $$"));

    assert_int_equal(real_do(*state, &run).status, 128 + SIGILL);
}

static void test_run__finds_the_program_in_the_path_of_the_child(void **state)
{
    struct real *real = *state;
    const char *const env[] = {arena_printf(real->arena, "PATH=relative:/nowhere:%s:/bin", real->dir), NULL};
    struct effect run = run_of((const char *const[]){"own-tool", NULL});

    run.env = env;
    run.keep_output = true;
    assert_ok(file_put(real_path(real, "own-tool"), "#!/bin/sh\necho found\n", 21, 0700));
    assert_string_equal(real_do(real, &run).text, "found\n");
}

static void test_run__says_that_a_program_is_missing(void **state)
{
    struct effect bare = run_of((const char *const[]){"no-such-tool", NULL});
    struct effect path = run_of((const char *const[]){"/no/such/tool", NULL});
    struct reply reply = real_do(*state, &bare);

    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot start 'no-such-tool': No such file or directory");
    reply = real_do(*state, &path);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot start '/no/such/tool': No such file or directory");
}

static void test_run__says_that_a_file_may_not_be_run(void **state)
{
    struct real *real = *state;
    const char *path = real_path(real, "text");
    struct effect run = run_of((const char *const[]){path, NULL});

    assert_ok(file_put(path, "hello", 5, 0600));
    assert_string_equal(real_do(real, &run).text,
                        arena_printf(real->arena, "cannot start '%s': Permission denied", path));
}

static void test_run__says_that_the_work_directory_is_missing(void **state)
{
    struct effect run = run_of(SH("true"));

    run.cwd = "/no/such/place";
    assert_string_equal(real_do(*state, &run).text,
                        "cannot start '/bin/sh' in '/no/such/place': No such file or directory");
}

static void test_run__says_that_the_log_cannot_be_opened(void **state)
{
    struct effect run = run_of(SH("true"));
    struct reply reply;

    run.log = "/dev/null/log";
    reply = real_do(*state, &run);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot open the log '/dev/null/log': Not a directory");
    run.log = "/proc/no/log";
    reply = real_do(*state, &run);
    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot make directory '/proc/no': No such file or directory");
}

static void test_run__gives_only_the_declared_environment_and_directory(void **state)
{
    struct real *real = *state;
    const char *const env[] = {"COLOUR=red", NULL};
    struct effect run = run_of((const char *const[]){"/usr/bin/env", NULL});

    run.env = env;
    run.keep_output = true;
    assert_string_equal(real_do(real, &run).text, "COLOUR=red\n");
    run = run_of((const char *const[]){"/bin/pwd", NULL});
    run.cwd = real->dir;
    run.keep_output = true;
    assert_string_equal(real_do(real, &run).text, arena_printf(real->arena, "%s\n", real->dir));
}

static void test_run__program_with_a_slash_is_relative_to_the_work_directory(void **state)
{
    struct real *real = *state;
    struct effect run = run_of((const char *const[]){"./tool", NULL});

    assert_ok(file_put(real_path(real, "tool"), "#!/bin/sh\nexit 5\n", 17, 0700));
    run.cwd = real->dir;
    assert_int_equal(real_do(real, &run).status, 5);
}

static void test_run__appends_both_streams_to_the_log(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out; echo err >&2"));
    struct stat info;

    run.log = real_path(real, "log");
    (void)real_do(real, &run);
    (void)real_do(real, &run);
    assert_string_equal(real_read(real, run.log), "out\nerr\nout\nerr\n");
    assert_int_equal(stat(run.log, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
}

static void test_run__makes_the_directory_of_the_log(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));
    struct stat info;

    run.log = real_path(real, "logs/r-1/build.log");
    (void)real_do(real, &run);
    assert_string_equal(real_read(real, run.log), "out\n");
    assert_int_equal(stat(real_path(real, "logs/r-1"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
}

static void test_run__writes_to_the_log_that_was_expected(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));
    struct stat made, used;

    run.log = real_path(real, "next.log");
    io_expect_log(real->io, run.log);
    assert_int_equal(stat(run.log, &made), 0);
    assert_int_equal(made.st_mode & 07777, 0600);
    (void)real_do(real, &run);
    (void)real_do(real, &run);
    assert_int_equal(stat(run.log, &used), 0);
    assert_int_equal(used.st_ino, made.st_ino);
    assert_string_equal(real_read(real, run.log), "out\nout\n");
}

static void test_run__may_write_to_another_log_than_was_expected(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));
    int before = real_count_fds();

    io_expect_log(real->io, real_path(real, "a.log"));
    io_expect_log(real->io, real_path(real, "b.log"));
    io_expect_log(real->io, real_path(real, "no/such/place.log"));
    io_expect_log(real->io, NULL);
    run.log = real_path(real, "c.log");
    (void)real_do(real, &run);
    assert_string_equal(real_read(real, run.log), "out\n");
    assert_string_equal(real_read(real, real_path(real, "b.log")), "");
    assert_int_equal(real_count_fds(), before + 1);
    run.log = real_path(real, "b.log");
    (void)real_do(real, &run);
    assert_int_equal(real_count_fds(), before);
}

static void test_run__adds_to_a_log_that_was_there_before_it_was_expected(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));

    run.log = real_path(real, "log");
    assert_ok(file_put(run.log, "before\n", 7, 0600));
    io_expect_log(real->io, run.log);
    (void)real_do(real, &run);
    assert_string_equal(real_read(real, run.log), "before\nout\n");
}

static void test_run__does_not_follow_a_link_at_the_log(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));

    run.log = real_path(real, "log");
    assert_int_equal(symlink("/tmp/elsewhere", run.log), 0);
    assert_int_equal(real_do(real, &run).transport, TRANSPORT_FAILED);
}

static void test_run__keeps_stdout_in_the_reply_and_in_the_log(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out; echo err >&2"));
    struct reply reply;

    run.keep_output = true;
    run.log = real_path(real, "log");
    reply = real_do(real, &run);
    assert_string_equal(reply.text, "out\n");
    assert_non_null(strstr(real_read(real, run.log), "out\n"));
    assert_non_null(strstr(real_read(real, run.log), "err\n"));
}

static void test_run__cuts_kept_output_and_says_so(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("head -c 300000 /dev/zero | tr '\\0' x; exit 3"));
    struct reply reply;

    run.keep_output = true;
    run.limit_bytes = 1000;
    run.log = real_path(real, "log");
    reply = real_do(real, &run);
    assert_int_equal(reply.transport, TRANSPORT_CUT);
    assert_int_equal(reply.status, 3);
    assert_int_equal(reply.length, 1000);
    assert_int_equal(strlen(real_read(real, run.log)), 300000);
}

#define SHORTENED "\n[penstock: this log was longer than 64 MiB; its middle was taken out here]\n"
#define LOG_TOO_LONG_BYTES 70000002 /* a whole number of lines "one line" */
#define LOG_KEPT_BYTES (8 * 1024 * 1024)

/* The bytes at `offset`; from the end when that is negative. */
static const char *log_at(struct real *real, const char *path, off_t offset, size_t length)
{
    char *text = arena_alloc(real->arena, length + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (offset < 0)
        offset += lseek(fd, 0, SEEK_END);
    assert_int_equal(pread(fd, text, length, offset), length);
    text[length] = '\0';
    close(fd);
    return text;
}

static void test_run__takes_the_middle_out_of_a_log_that_is_too_long(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("printf '\\nlast line\\n' >&2; exit 3"));
    struct stat info;

    run.log = real_path(real, "log");
    assert_ok(file_put(run.log, "first line\n", 11, 0600));
    assert_int_equal(truncate(run.log, LOG_TOO_LONG_BYTES), 0);
    assert_int_equal(real_do(real, &run).status, 3);
    assert_int_equal(stat(run.log, &info), 0);
    assert_int_equal(info.st_size, 2 * LOG_KEPT_BYTES + sizeof(SHORTENED) - 1);
    assert_string_equal(log_at(real, run.log, 0, 11), "first line\n");
    assert_string_equal(log_at(real, run.log, LOG_KEPT_BYTES, sizeof(SHORTENED) - 1), SHORTENED);
    assert_string_equal(log_at(real, run.log, -11, 11), "\nlast line\n");
}

static void test_run__leaves_a_long_log_alone(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo out"));
    struct stat info;

    run.log = real_path(real, "log");
    assert_ok(file_put(run.log, "", 0, 0600));
    assert_int_equal(truncate(run.log, 64 * 1024 * 1024 - 4), 0);
    assert_int_equal(real_do(real, &run).status, 0);
    assert_int_equal(stat(run.log, &info), 0);
    assert_int_equal(info.st_size, 64 * 1024 * 1024);
}

static void test_run__shortens_the_log_while_its_child_writes(void **state)
{
    struct real *real = *state;
    const char *log = real_path(real, "log");
    struct effect run = run_of(SH(arena_printf(real->arena,
                                               "yes 'one line' | head -c %d >&2\n"
                                               "while test $(stat -c %%s %s) -gt %d; do sleep 0.01; done\n"
                                               "echo still here >&2\n",
                                               LOG_TOO_LONG_BYTES, log, 3 * LOG_KEPT_BYTES)));

    run.log = log;
    assert_int_equal(real_do(real, &run).status, 0);
    assert_string_equal(log_at(real, log, LOG_KEPT_BYTES, sizeof(SHORTENED) - 1 + 9), SHORTENED "one line\n");
    assert_string_equal(log_at(real, log, -16, 16), "line\nstill here\n");
}

static void test_run__feeds_the_input(void **state)
{
    struct effect run = run_of((const char *const[]){"/bin/cat", NULL});

    run.keep_output = true;
    run.input = "one\ntwo\n";
    assert_string_equal(real_do(*state, &run).text, "one\ntwo\n");
    run.input = NULL;
    assert_string_equal(real_do(*state, &run).text, "");
}

static void test_run__child_has_default_signals_and_its_own_session(void **state)
{
    struct effect run =
        run_of(SH("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t\\n'; set -- $(cat /proc/$$/stat); "
                  "test $1 = $6 && echo ' leader'"));
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    run.keep_output = true;
    /* 32 and 33 are the threads' own signals: glibc ignores them in every spawned child. */
    assert_string_equal(real_do(*state, &run).text, "SigBlk:0000000000000000SigIgn:0000000180000000 leader\n");
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void test_run__inherits_no_descriptor_but_the_lock(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("cd /proc/self/fd && echo *"));
    int stray = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    int lock = open(real_path(real, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int again;

    run.keep_output = true;
    assert_string_equal(real_do(real, &run).text, "0 1 2 3\n"); /* 3 is the shell's own look at the directory */
    io_close(real->io);
    assert_ok(io_open(lock, &real->io));
    assert_int_equal(flock(lock, LOCK_EX), 0);
    run.argv = SH("readlink /proc/self/fd/3; flock -n 3 && echo shared; cd /proc/self/fd && echo *");
    assert_string_equal(real_do(real, &run).text,
                        arena_printf(real->arena, "%s\nshared\n0 1 2 3 4\n", real_path(real, "lock")));
    again = open(real_path(real, "lock"), O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(again, LOCK_EX | LOCK_NB), -1);
    close(again);
    close(stray);
    close(lock);
}

static void test_run__timeout_ends_the_group_with_sigterm(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("trap 'echo asked; exit 4' TERM; sleep 60 & echo $!; wait"));
    struct reply reply;

    run.keep_output = true;
    run.timeout_ms = 100;
    reply = real_do(real, &run);
    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_true(reply.timed_out);
    assert_int_equal(reply.status, 4);
    assert_non_null(strstr(reply.text, "asked"));
    assert_in_range(reply.elapsed_ms, 100, 1500);
    assert_true(real_dies((pid_t)atoi(reply.text)));
}

static void test_run__timeout_kills_who_does_not_obey(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("trap '' TERM; while :; do sleep 1; done"));
    struct reply reply;

    run.timeout_ms = 50;
    reply = real_do(real, &run);
    assert_true(reply.timed_out);
    assert_int_equal(reply.status, 128 + SIGKILL);
    assert_in_range(reply.elapsed_ms, 2000, 4000);
}

static void test_run__leaves_no_orphan_of_its_group(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("sleep 60 & echo $!"));
    struct reply reply;

    run.keep_output = true;
    reply = real_do(real, &run);
    assert_int_equal(reply.status, 0);
    assert_true(real_dies((pid_t)atoi(reply.text)));
}

static void never(void *context, const struct reply *reply)
{
    (void)context;
    (void)reply;
    fail_msg("a cancelled effect replied");
}

static void test_run__cancel_kills_the_group_and_reaps(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("sleep 60 & echo $$ $!; wait"));
    struct io_effect *effect;
    int leader = 0;
    int other = 0;

    run.log = real_path(real, "log");
    effect = io_start(real->io, &run, never, NULL);
    sscanf(real_await_line(real, run.log), "%d %d", &leader, &other);
    io_cancel(effect);
    real_turn(real, 50);
    assert_true(real_dies(leader));
    assert_true(real_dies(other));
    assert_int_equal(waitpid(leader, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_close__kills_running_children_and_waits_for_them(void **state)
{
    struct real *real = *state;
    struct effect run = run_of(SH("echo $$; exec sleep 60"));
    int leader = 0;

    run.log = real_path(real, "log");
    (void)io_start(real->io, &run, never, NULL);
    sscanf(real_await_line(real, run.log), "%d", &leader);
    io_close(real->io);
    assert_int_equal(kill(leader, 0), -1);
    assert_ok(io_open(-1, &real->io));
}

static void count_down(void *context, const struct reply *reply)
{
    struct kept *kept = context;

    assert_int_equal(reply->status, 0);
    if (++kept->count == 40)
        io_stop(kept->real->io);
}

static void test_run__many_at_once(void **state)
{
    struct real *real = *state;
    struct kept kept = {.real = real};
    struct effect run = run_of((const char *const[]){"true", NULL});
    int before;

    (void)real_do(real, &run);
    before = real_count_fds();
    for (int i = 0; i < 40; i++)
        (void)io_start(real->io, &run, count_down, &kept);
    io_run(real->io);
    assert_int_equal(kept.count, 40);
    assert_int_equal(real_count_fds(), before);
}

static void test_start__says_who_was_started(void **state)
{
    struct real *real = *state;
    struct effect start = start_of(SH("echo $$; exec sleep 60"));
    struct reply reply;

    start.log = real_path(real, "log");
    reply = real_do(real, &start);
    assert_int_equal(reply.transport, TRANSPORT_OK);
    assert_int_equal(reply.process.pid, atoi(real_await_line(real, start.log)));
    assert_true(reply.process.start > 0);
    assert_string_equal(reply.process.boot_id, clock_boot_id());
    reap(reply.process.pid);
}

static void test_start__lives_on_after_io_close(void **state)
{
    struct real *real = *state;
    struct effect start = start_of((const char *const[]){"/bin/sleep", "60", NULL});
    pid_t pid = real_do(real, &start).process.pid;

    io_close(real->io);
    assert_true(real_alive(pid));
    assert_int_equal(getsid(pid), pid);
    reap(pid);
    assert_ok(io_open(-1, &real->io));
}

static void test_start__cancel_lets_it_live(void **state)
{
    struct real *real = *state;
    struct effect start = start_of(SH("echo $$; exec sleep 60"));
    pid_t pid;

    start.log = real_path(real, "log");
    io_cancel(io_start(real->io, &start, never, NULL));
    pid = atoi(real_await_line(real, start.log));
    real_turn(real, 10);
    assert_true(real_alive(pid));
    reap(pid);
}

static void test_start__identifies_even_what_ends_at_once_and_reaps_it(void **state)
{
    struct real *real = *state;
    struct effect start = start_of((const char *const[]){"/bin/true", NULL});
    struct reply reply = real_do(real, &start);

    assert_true(reply.process.start > 0);
    real_turn(real, 100);
    assert_int_equal(kill(reply.process.pid, 0), -1); /* not even a zombie */
}

static void test_start__does_not_hold_the_lock(void **state)
{
    struct real *real = *state;
    struct effect start = start_of(SH("cd /proc/self/fd && echo *; exec sleep 60"));
    int lock = open(real_path(real, "lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    pid_t pid;

    io_close(real->io);
    assert_ok(io_open(lock, &real->io));
    start.log = real_path(real, "log");
    pid = real_do(real, &start).process.pid;
    assert_string_equal(real_await_line(real, start.log), "0 1 2 3\n");
    reap(pid);
    close(lock);
}

static void test_start__says_that_a_program_is_missing(void **state)
{
    struct effect start = start_of((const char *const[]){"no-such-tool", NULL});
    struct reply reply = real_do(*state, &start);

    assert_int_equal(reply.transport, TRANSPORT_FAILED);
    assert_string_equal(reply.text, "cannot start 'no-such-tool': No such file or directory");
}

static const struct CMUnitTest tests[] = {
    TEST_WITH_IO(test_run__gives_the_exit_code),
    TEST_WITH_IO(test_run__gives_128_plus_the_signal),
    TEST_WITH_IO(test_run__finds_the_program_in_the_path_of_the_child),
    TEST_WITH_IO(test_run__says_that_a_program_is_missing),
    TEST_WITH_IO(test_run__says_that_a_file_may_not_be_run),
    TEST_WITH_IO(test_run__says_that_the_work_directory_is_missing),
    TEST_WITH_IO(test_run__says_that_the_log_cannot_be_opened),
    TEST_WITH_IO(test_run__gives_only_the_declared_environment_and_directory),
    TEST_WITH_IO(test_run__program_with_a_slash_is_relative_to_the_work_directory),
    TEST_WITH_IO(test_run__appends_both_streams_to_the_log),
    TEST_WITH_IO(test_run__makes_the_directory_of_the_log),
    TEST_WITH_IO(test_run__writes_to_the_log_that_was_expected),
    TEST_WITH_IO(test_run__may_write_to_another_log_than_was_expected),
    TEST_WITH_IO(test_run__adds_to_a_log_that_was_there_before_it_was_expected),
    TEST_WITH_IO(test_run__does_not_follow_a_link_at_the_log),
    TEST_WITH_IO(test_run__keeps_stdout_in_the_reply_and_in_the_log),
    TEST_WITH_IO(test_run__cuts_kept_output_and_says_so),
    TEST_WITH_IO(test_run__takes_the_middle_out_of_a_log_that_is_too_long),
    TEST_WITH_IO(test_run__leaves_a_long_log_alone),
    TEST_WITH_IO(test_run__shortens_the_log_while_its_child_writes),
    TEST_WITH_IO(test_run__feeds_the_input),
    TEST_WITH_IO(test_run__child_has_default_signals_and_its_own_session),
    TEST_WITH_IO(test_run__inherits_no_descriptor_but_the_lock),
    TEST_WITH_IO(test_run__timeout_ends_the_group_with_sigterm),
    TEST_WITH_IO(test_run__timeout_kills_who_does_not_obey),
    TEST_WITH_IO(test_run__leaves_no_orphan_of_its_group),
    TEST_WITH_IO(test_run__cancel_kills_the_group_and_reaps),
    TEST_WITH_IO(test_close__kills_running_children_and_waits_for_them),
    TEST_WITH_IO(test_run__many_at_once),
    TEST_WITH_IO(test_start__says_who_was_started),
    TEST_WITH_IO(test_start__lives_on_after_io_close),
    TEST_WITH_IO(test_start__cancel_lets_it_live),
    TEST_WITH_IO(test_start__identifies_even_what_ends_at_once_and_reaps_it),
    TEST_WITH_IO(test_start__does_not_hold_the_lock),
    TEST_WITH_IO(test_start__says_that_a_program_is_missing),
};

int main(void)
{
    return RUN_TESTS(tests);
}
