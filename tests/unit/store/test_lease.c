#include "unit/store/story.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include "base/clock.h"
#include "store/holder.h"
#include "store/lease.h"

static const char *host_name(struct story *story)
{
    char host[256] = "";

    gethostname(host, sizeof(host) - 1);
    return arena_text(story->arena, host);
}

/* A runner in a process of its own: takes the lease, says so, and waits to be killed. */
struct runner {
    pid_t pid;
    pid_t orphan; /* a child of it that holds the lock, or 0 */
};

static void run_holder(struct story *story, const char *release, bool with_child, int out)
{
    struct lease lease = LEASE_INIT;
    struct record *record = NULL;
    pid_t child = 0;

    if (record_open(story->directory, RECORD_WRITE, &record) ||
        lease_take(record, story->arena, "prod", release, "ana", &lease))
        _exit(1);
    if (with_child)
        child = fork();
    if (with_child && child == 0) {
        /* What io does for a build: the lock's descriptor stays open over exec. */
        if (dup(lease.lock_fd) < 0)
            _exit(1);
        close(out);
        execlp("sleep", "sleep", "60", (char *)NULL);
        _exit(1);
    }
    if (write(out, &child, sizeof(child)) != sizeof(child))
        _exit(1);
    pause();
    _exit(0);
}

static struct runner start_holder(struct story *story, const char *release, bool with_child)
{
    struct runner runner = {0};
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    runner.pid = fork();
    if (runner.pid == 0)
        run_holder(story, release, with_child, pipes[1]);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &runner.orphan, sizeof(runner.orphan)), sizeof(runner.orphan));
    close(pipes[0]);
    return runner;
}

static void kill_process(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void set_since(struct story *story, int64_t age_ms)
{
    story_harm(story,
               arena_printf(story->arena, "UPDATE lease SET since_ms = %lld", (long long)(clock_wall_ms() - age_ms)));
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
}

static void test_lease_take__writes_who_and_raises_the_epoch(void **state)
{
    struct story *story = *state;
    struct lease lease = LEASE_INIT;

    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ana", &lease));
    assert_int_equal(lease.epoch, 1);
    assert_string_equal(lease.environment, "prod");
    assert_string_equal(lease.release, "r-1");
    assert_true(lease.lock_fd >= 0);
    assert_true(fcntl(lease.lock_fd, F_GETFD) & FD_CLOEXEC);
    assert_rows(story, "SELECT environment, epoch, release, person, host, pid, start, boot_id FROM lease",
                arena_printf(story->arena, "prod|1|r-1|ana|%s|%d|%lld|%s", host_name(story), (int)getpid(),
                             (long long)holder_start(getpid()), clock_boot_id()));
    lease_release(&lease);
    assert_int_equal(lease.lock_fd, -1);
    lease_release(&lease);
    assert_ok(lease_take(story->record, story->arena, "prod", "r-2", "ben", &lease));
    assert_int_equal(lease.epoch, 2);
    lease_release(&lease);
}

static void test_lease_take__journals_the_runners_start(void **state)
{
    struct story *story = *state;
    struct lease lease = LEASE_INIT;
    const char *host = host_name(story);

    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ana", &lease));
    lease_release(&lease);
    assert_rows(
        story, "SELECT release, kind, epoch, actor, body ->> '$.reason' FROM event",
        arena_printf(story->arena, "r-1|runner.started|1|ana|runner started (pid %d on %s)", (int)getpid(), host));
    assert_rows(story, "SELECT body -> '$.body' FROM event",
                arena_printf(story->arena,
                             "{\"boot_id\":\"%s\",\"host\":\"%s\",\"person\":\"ana\",\"pid\":%d,\"start\":%lld}",
                             clock_boot_id(), host, (int)getpid(), (long long)holder_start(getpid())));
    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ben", &lease));
    lease_release(&lease);
    assert_rows(story, "SELECT epoch, actor, body ->> '$.reason' FROM event WHERE seq = 2",
                arena_printf(story->arena, "2|ben|runner took over from pid %d (pid %d on %s)", (int)getpid(),
                             (int)getpid(), host));
}

static void test_lease_take__of_another_environment_is_free(void **state)
{
    struct story *story = *state;
    struct lease one = LEASE_INIT, two = LEASE_INIT;

    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ana", &one));
    assert_ok(lease_take(story->record, story->arena, "int", "r-2", "ana", &two));
    assert_int_equal(two.epoch, 1);
    lease_release(&one);
    lease_release(&two);
}

static void test_lease_take__is_refused_while_a_runner_lives(void **state)
{
    static const struct {
        int64_t age_ms;
        const char *text;
    } rows[] = {
        {-5000, "0s"}, {45 * 1000, "45s"}, {185 * 1000, "3m"}, {7300 * 1000, "2h"}, {260000 * 1000, "3d"},
    };
    struct story *story = *state;
    struct runner runner = start_holder(story, "r-12", false);
    struct lease lease = LEASE_INIT;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *error;

        set_since(story, rows[i].age_ms);
        error = lease_take(story->record, story->arena, "prod", "r-13", "ben", &lease);
        assert_non_null(error);
        assert_string_equal(error->hint, "penstock watch r-12");
        assert_int_equal(error->kind, KIND_PERMANENT);
        assert_fails(error, ERR_LEASE_HELD,
                     arena_printf(story->arena,
                                  "environment 'prod' is held by release r-12 (pid %d of ana on %s, since %s ago)",
                                  (int)runner.pid, host_name(story), rows[i].text));
        assert_int_equal(lease.lock_fd, -1);
    }
    /* Nothing of the refused one is in the record. */
    assert_rows(story, "SELECT count(*) FROM event", "1");
    kill_process(runner.pid);
}

static void test_lease_take__takes_over_from_a_killed_runner(void **state)
{
    struct story *story = *state;
    struct runner runner = start_holder(story, "r-12", false);
    struct lease lease = LEASE_INIT;

    kill_process(runner.pid);
    assert_ok(lease_take(story->record, story->arena, "prod", "r-12", "ben", &lease));
    assert_int_equal(lease.epoch, 2);
    lease_release(&lease);
}

static void test_lease_take__waits_for_an_orphan_of_a_killed_runner(void **state)
{
    struct story *story = *state;
    struct runner runner = start_holder(story, "r-12", true);
    struct arena *asking CLEANUP(arena_cleanup) = arena_new();
    const char *before = arena_text(asking, "who asks for days");
    struct lease lease = LEASE_INIT;
    struct error *error;
    int64_t pids[2];

    kill_process(runner.pid);
    error = lease_take(story->record, asking, "prod", "r-12", "ben", &lease);
#ifndef __SANITIZE_ADDRESS__ /* which has each allocation somewhere else */
    assert_in_range(arena_text(asking, "keeps nothing of it") - before, 1, 64);
#else
    (void)before;
#endif
    assert_non_null(error);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->hint, "wait for the child to end, then: penstock resume r-12");
    assert_fails(error, ERR_LEASE_HELD,
                 arena_printf(story->arena,
                              "environment 'prod' is held by release r-12: its runner is gone, but a child it started "
                              "still runs (pid %d)",
                              (int)runner.orphan));
    assert_int_equal(lease_orphans(story->record, story->arena, "prod", pids, 2), 1);
    assert_int_equal(pids[0], runner.orphan);
    kill(runner.orphan, SIGKILL);
    /* It is no child of ours; its end shows a moment later. */
    for (int i = 0; i < 500 && lease_orphans(story->record, story->arena, "prod", pids, 2); i++)
        usleep(10000);
    assert_ok(lease_take(story->record, story->arena, "prod", "r-12", "ben", &lease));
    assert_int_equal(lease.epoch, 2);
    lease_release(&lease);
}

static void test_lease_take__says_when_a_runner_is_just_starting(void **state)
{
    struct story *story = *state;
    struct lease lease = LEASE_INIT;
    int fd =
        open(arena_printf(story->arena, "%s/locks/prod.lock", story->directory), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct error *error;

    assert_int_equal(flock(fd, LOCK_EX), 0);
    error = lease_take(story->record, story->arena, "prod", "r-1", "ana", &lease);
    assert_non_null(error);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->hint, "penstock status");
    assert_fails(error, ERR_LEASE_HELD, "environment 'prod' is held by a runner that just starts");
    close(fd);
}

static void test_lease_take__does_not_trust_a_lock_file_that_was_removed(void **state)
{
    struct story *story = *state;
    struct lease one = LEASE_INIT, two = LEASE_INIT;

    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ana", &one));
    assert_int_equal(unlink(arena_printf(story->arena, "%s/locks/prod.lock", story->directory)), 0);
    /* The file lock is lost, so the epoch is what keeps the first one out. */
    assert_ok(lease_take(story->record, story->arena, "prod", "r-2", "ben", &two));
    assert_int_equal(two.epoch, 2);
    lease_release(&one);
    lease_release(&two);
}

static struct error *check(struct story *story, const struct lease *lease)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    TRY(tx_begin(story->record, &tx));
    return lease_check(&tx, lease);
}

static void test_lease_check__refuses_a_stale_epoch(void **state)
{
    struct story *story = *state;
    struct lease old = LEASE_INIT, new = LEASE_INIT;
    struct error *error;

    assert_ok(lease_take(story->record, story->arena, "prod", "r-12", "ana", &old));
    assert_ok(check(story, &old));
    close(old.lock_fd); /* as if its machine had been frozen and its lock lost */
    assert_ok(lease_take(story->record, story->arena, "prod", "r-13", "ben", &new));
    assert_ok(check(story, &new));
    error = check(story, &old);
    assert_non_null(error);
    assert_int_equal(error->kind, KIND_PERMANENT);
    assert_string_equal(error->hint, "penstock watch r-13");
    assert_fails(error, ERR_LEASE_HELD,
                 arena_printf(story->arena, "environment 'prod' was taken over by release r-13 (pid %d of ben on %s)",
                              (int)getpid(), host_name(story)));
    lease_release(&new);
}

static void test_lease_check__of_a_lost_row_is_damage(void **state)
{
    struct story *story = *state;
    struct lease lease = LEASE_INIT;

    assert_ok(lease_take(story->record, story->arena, "prod", "r-1", "ana", &lease));
    story_harm(story, "DELETE FROM lease");
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    assert_fails(check(story, &lease), ERR_RECORD_DAMAGED, "the record has lost the lease of environment 'prod'");
    lease_release(&lease);
}

static void test_lease_holder__says_who_and_whether_it_lives(void **state)
{
    struct story *story = *state;
    struct lease_holder holder;
    struct runner runner;
    bool found = true, locked = true;

    assert_ok(lease_holder(story->record, story->arena, "prod", &holder, &found, &locked));
    assert_false(found);
    assert_false(locked);
    runner = start_holder(story, "r-12", true);
    story_reopen(story, RECORD_READ);
    assert_ok(lease_holder(story->record, story->arena, "prod", &holder, &found, &locked));
    assert_true(found);
    assert_true(locked);
    assert_true(holder.alive);
    assert_int_equal(holder.pid, runner.pid);
    assert_string_equal(holder.release, "r-12");
    assert_string_equal(holder.person, "ana");
    assert_string_equal(holder.host, host_name(story));
    assert_true(clock_wall_ms() - holder.since_ms < 60000);
    kill_process(runner.pid);
    assert_ok(lease_holder(story->record, story->arena, "prod", &holder, &found, &locked));
    assert_true(found);
    assert_true(locked); /* by the orphan */
    assert_false(holder.alive);
    kill(runner.orphan, SIGKILL);
    for (int i = 0; i < 500 && locked; i++) {
        usleep(10000);
        assert_ok(lease_holder(story->record, story->arena, "prod", &holder, &found, &locked));
    }
    assert_false(locked);
}

/* Starts when `go` closes, keeps what it got until `over` closes. */
static void race(struct story *story, int go, int over)
{
    struct lease lease = LEASE_INIT;
    struct record *record = NULL;
    struct error *error;
    char byte;

    if (record_open(story->directory, RECORD_WRITE, &record) || read(go, &byte, 1) != 0)
        _exit(9);
    error = lease_take(record, story->arena, "prod", "r-1", "ana", &lease);
    if (error)
        _exit(error->code == ERR_LEASE_HELD ? 2 : 3);
    alarm(60);
    _exit(read(over, &byte, 1) == 0 ? 1 : 9);
}

/* Of many that start at once, one gets it and the others are told. */
static void test_lease_take__has_one_winner(void **state)
{
    enum { RUNNERS = 6 };
    struct story *story = *state;
    int counts[10] = {0};
    int go[2], over[2], status;

    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(over), 0);
    for (int i = 0; i < RUNNERS; i++) {
        if (fork() == 0) {
            close(go[1]);
            close(over[1]);
            race(story, go[0], over[0]);
        }
    }
    close(go[0]);
    close(go[1]);
    close(over[0]);
    for (int i = 0; i < RUNNERS; i++) {
        if (i == RUNNERS - 1)
            close(over[1]);
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        counts[WEXITSTATUS(status)]++;
    }
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], RUNNERS - 1);
    assert_rows(story, "SELECT count(*) FROM event", "1");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_lease_take__writes_who_and_raises_the_epoch),
        STORY_TEST(test_lease_take__journals_the_runners_start),
        STORY_TEST(test_lease_take__of_another_environment_is_free),
        STORY_TEST(test_lease_take__is_refused_while_a_runner_lives),
        STORY_TEST(test_lease_take__takes_over_from_a_killed_runner),
        STORY_TEST(test_lease_take__waits_for_an_orphan_of_a_killed_runner),
        STORY_TEST(test_lease_take__says_when_a_runner_is_just_starting),
        STORY_TEST(test_lease_take__does_not_trust_a_lock_file_that_was_removed),
        STORY_TEST(test_lease_check__refuses_a_stale_epoch),
        STORY_TEST(test_lease_check__of_a_lost_row_is_damage),
        STORY_TEST(test_lease_holder__says_who_and_whether_it_lives),
        STORY_TEST(test_lease_take__has_one_winner),
    };

    return RUN_TESTS(tests);
}
