#include "unit/store/story.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "store/database.h"
#include "store/lock.h"

#define WRITERS 3
#define EVENTS_EACH 100

static struct error *find(struct record *record, const char *actor, const char *reason)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct event event = {
        .kind = EVENT_FINDING, .release = "r-1", .actor = actor, .reason = reason, .step = -1, .at_ms = 1};

    TRY(tx_begin(record, &tx));
    TRY(journal_append(&tx, &event));
    return tx_commit(&tx);
}

static int64_t count_events(struct story *story)
{
    int64_t rows = -1;

    assert_ok(journal_verify(story->record, &rows));
    return rows;
}

static void begin_twice(void *context)
{
    struct story *story = context;
    struct tx one = TX_INIT, two = TX_INIT;

    error_free(tx_begin(story->record, &one));
    error_free(tx_begin(story->record, &two));
}

static void test_tx_begin__twice_is_a_bug(void **state)
{
    assert_int_equal(WEXITSTATUS(unit_in_child(begin_twice, *state).status), 70);
}

static void append_while_looking(void *context)
{
    struct story *story = context;
    struct event event = {.kind = EVENT_FINDING, .release = "r-1", .actor = "x", .reason = "x", .step = -1};
    struct tx tx = TX_INIT;

    error_free(tx_look(story->record, &tx));
    error_free(journal_append(&tx, &event));
}

static void commit_a_look(void *context)
{
    struct story *story = context;
    struct tx tx = TX_INIT;

    error_free(tx_look(story->record, &tx));
    error_free(tx_commit(&tx));
}

static void test_tx_look__keeps_writers_out_and_changes_nothing(void **state)
{
    struct story *story = *state;
    const char *path = arena_printf(story->arena, "%s/write.lock", story->directory);
    struct tx tx = TX_INIT;
    bool held;
    int fd;

    assert_ok(lock_open(path, &fd));
    assert_ok(tx_look(story->record, &tx));
    assert_ok(lock_try(fd, path, &held));
    assert_false(held);
    tx_rollback(&tx);
    assert_ok(lock_try(fd, path, &held));
    assert_true(held);
    close(fd);
    assert_ok(find(story->record, "writer", "x"));
    assert_int_equal(count_events(story), 1);
    assert_int_equal(WEXITSTATUS(unit_in_child(append_while_looking, story).status), 70);
    assert_int_equal(WEXITSTATUS(unit_in_child(commit_a_look, story).status), 70);
}

static void commit_spoiled(void *context)
{
    struct story *story = context;
    struct tx tx = TX_INIT;
    struct event event = {.kind = EVENT_STEP_DONE, .release = "r-1", .actor = "x", .reason = "x", .step = 3};
    struct error *error CLEANUP(error_cleanup) = NULL;

    error_free(tx_begin(story->record, &tx));
    error = journal_append(&tx, &event);
    if (!error)
        _exit(1);
    error_cleanup(&error);
    error_free(tx_commit(&tx));
}

/* What was appended half-way must not become durable. */
static void test_tx_commit__after_a_failed_append_is_a_bug(void **state)
{
    struct story *story = *state;

    assert_int_equal(WEXITSTATUS(unit_in_child(commit_spoiled, story).status), 70);
    story_reopen(story, RECORD_WRITE);
    assert_int_equal(count_events(story), 0);
}

static void write_many(const char *directory, int writer)
{
    struct record *record = NULL;
    char actor[32];

    snprintf(actor, sizeof(actor), "writer%d", writer);
    if (record_open(directory, RECORD_WRITE, &record))
        _exit(1);
    for (int i = 0; i < EVENTS_EACH; i++) {
        if (find(record, actor, "x"))
            _exit(2);
        if (i % 10 == 0)
            record_checkpoint(record);
    }
    record_close(record);
    _exit(0);
}

static void test_tx__of_several_processes_make_one_chain(void **state)
{
    struct story *story = *state;
    pid_t pids[WRITERS];
    int status;

    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            write_many(story->directory, i);
    }
    for (int i = 0; i < EVENTS_EACH; i++)
        assert_ok(find(story->record, "parent", "x"));
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count_events(story), (WRITERS + 1) * EVENTS_EACH);
    assert_rows(story, "SELECT actor, count(*) FROM event GROUP BY actor",
                "parent|100\nwriter0|100\nwriter1|100\nwriter2|100");
    assert_rows(story, "PRAGMA integrity_check", "ok");
}

static void die_in_transaction(void *context)
{
    struct story *story = context;
    struct tx tx = TX_INIT;
    struct event event = {.kind = EVENT_FINDING, .release = "r-1", .actor = "x", .reason = "x", .step = -1};
    struct record *record = NULL;

    if (record_open(story->directory, RECORD_WRITE, &record) || tx_begin(record, &tx) || journal_append(&tx, &event))
        _exit(1);
    raise(SIGKILL);
}

static void test_tx__of_a_killed_process_is_undone_and_its_lock_gone(void **state)
{
    struct story *story = *state;

    assert_ok(find(story->record, "ana", "one"));
    assert_int_equal(WTERMSIG(unit_in_child(die_in_transaction, story).status), SIGKILL);
    assert_ok(find(story->record, "ana", "two"));
    assert_int_equal(count_events(story), 2);
}

static void die_after_commit(void *context)
{
    struct story *story = context;
    struct record *record = NULL;

    if (record_open(story->directory, RECORD_WRITE, &record) || find(record, "ana", "x"))
        _exit(1);
    raise(SIGKILL);
}

static void test_tx_commit__survives_the_death_of_its_process(void **state)
{
    struct story *story = *state;

    for (int i = 0; i < 20; i++)
        assert_int_equal(WTERMSIG(unit_in_child(die_after_commit, story).status), SIGKILL);
    assert_int_equal(count_events(story), 20);
}

static long wal_bytes(const struct story *story)
{
    struct stat found;

    assert_int_equal(stat(arena_printf(story->arena, "%s/record.db-wal", story->directory), &found), 0);
    return (long)found.st_size;
}

static void test_record_checkpoint__keeps_the_log_small(void **state)
{
    struct story *story = *state;
    long bytes;

    for (int i = 0; i < 2000; i++) {
        assert_ok(find(story->record, "ana", "x"));
        record_checkpoint(story->record);
    }
    bytes = wal_bytes(story);
    assert_true(bytes > 1000 * 2048L);
    assert_true(bytes < 1100 * 2048L);
}

static void test_tx_commit__keeps_the_log_bounded_by_itself(void **state)
{
    struct story *story = *state;
    char *reason CLEANUP(heap_cleanup) = heap_alloc(400001);

    memset(reason, 'x', 400000);
    for (int i = 0; i < 100; i++)
        assert_ok(find(story->record, "ana", reason));
    assert_true(wal_bytes(story) < 8500 * 2100L);
    assert_int_equal(count_events(story), 100);
}

/* Writes until it fails with this text and hint; what failed is not there, and what was there still is. */
static void check_full(struct story *story, struct record *record, const char *what, const char *hint)
{
    char *reason CLEANUP(heap_cleanup) = heap_alloc(50001);
    const char *text =
        arena_printf(story->arena, "cannot write to the record '%s/record.db': %s", record_directory(record), what);
    struct error *error = NULL;
    int64_t before, after;

    memset(reason, 'x', 50000);
    for (int i = 0; i < 100 && !error; i++) {
        assert_ok(journal_seq(record, &before));
        error = find(record, "ana", reason);
    }
    assert_non_null(error);

    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->hint, hint);
    assert_fails(error, ERR_RECORD, text);
    /* Nothing of it is there, reading goes on, and so does the next try. */
    assert_ok(journal_seq(record, &after));
    assert_int_equal(after, before);
    assert_fails(find(record, "ana", reason), ERR_RECORD, text);
    assert_ok(journal_verify(record, &after));
    assert_int_equal(after, before);
}

/* A limit on file sizes looks like a disk that fails. */
static void fill_up(void *context)
{
    struct story *story = context;
    struct rlimit limit = {.rlim_cur = 1500000, .rlim_max = RLIM_INFINITY};
    struct record *record = NULL;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_ok(record_open(story->directory, RECORD_WRITE, &record));
    check_full(story, record, "disk I/O error (sqlite 778)",
               arena_printf(story->arena, "see that the disk under '%s' is sound, then: penstock resume",
                            record_directory(record)));
    limit.rlim_cur = RLIM_INFINITY;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_ok(find(record, "ana", "there is space again"));
    record_close(record);
}

static void test_tx__that_cannot_write_leaves_nothing_and_goes_on_after(void **state)
{
    struct story *story = *state;
    struct unit_child child = unit_in_child(fill_up, story);

    if (child.status != 0)
        fail_msg("%s", child.output);
    assert_true(count_events(story) > 1);
    assert_rows(story, "SELECT body FROM event ORDER BY seq DESC LIMIT 1", "{\"reason\":\"there is space again\"}");
}

static void fill_small_disk(void *context)
{
    struct story *story = context;
    const char *disk = arena_printf(story->arena, "%s/disk", story->parent);
    struct record *record = NULL;
    int64_t rows;

    /* A mount of our own, which goes with this process. */
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mkdir(disk, 0700) != 0 ||
        mount("tmpfs", disk, "tmpfs", 0, "size=1m") != 0)
        _exit(77);
    assert_ok(record_open(arena_printf(story->arena, "%s/state", disk), RECORD_CREATE, &record));
    check_full(
        story, record, "the disk is full",
        arena_printf(story->arena, "free some space where '%s' is, then: penstock resume", record_directory(record)));
    assert_int_equal(mount(NULL, disk, NULL, MS_REMOUNT, "size=4m"), 0);
    assert_ok(find(record, "ana", "there is space again"));
    assert_ok(journal_verify(record, &rows));
    record_close(record);
}

static void test_tx__on_a_full_disk_leaves_nothing_and_goes_on_after(void **state)
{
    struct unit_child child = unit_in_child(fill_small_disk, *state);

    if (WIFEXITED(child.status) && WEXITSTATUS(child.status) == 77) {
        print_message("SKIPPED: a small disk can only be mounted by root\n");
        skip();
    }
    if (child.status != 0)
        fail_msg("%s", child.output);
}

static void test_database_error__says_what_to_do(void **state)
{
    struct story *story = *state;
    struct record *record = story->record;
    const char *path = record->path;
    struct error *error;

    assert_null(database_error(record, SQLITE_OK, "read"));
    assert_null(database_error(record, SQLITE_ROW, "read"));
    assert_null(database_error(record, SQLITE_DONE, "read"));
    error = database_error(record, SQLITE_BUSY, "write to");
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->hint, arena_printf(story->arena, "see who has it open: fuser -v '%s'", path));
    assert_fails(error, ERR_RECORD,
                 arena_printf(story->arena, "cannot write to the record '%s': another process holds it", path));
    error = database_error(record, SQLITE_IOERR_FSYNC, "write to");
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(
        error->hint,
        arena_printf(story->arena, "see that the disk under '%s' is sound, then: penstock resume", story->directory));
    assert_fails(error, ERR_RECORD,
                 arena_printf(story->arena, "cannot write to the record '%s': disk I/O error (sqlite 1034)", path));
    error = database_error(record, SQLITE_READONLY, "write to");
    assert_int_equal(error->kind, KIND_PERMANENT);
    assert_string_equal(error->hint,
                        arena_printf(story->arena, "see that you own '%s', and that its file system is not read-only",
                                     story->directory));
    error_free(error);
    error = database_error(record, SQLITE_TOOBIG, "write to");
    assert_int_equal(error->code, ERR_RECORD);
    error_free(error);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_tx_begin__twice_is_a_bug),
        STORY_TEST(test_tx_look__keeps_writers_out_and_changes_nothing),
        STORY_TEST(test_tx_commit__after_a_failed_append_is_a_bug),
        STORY_TEST(test_tx__of_several_processes_make_one_chain),
        STORY_TEST(test_tx__of_a_killed_process_is_undone_and_its_lock_gone),
        STORY_TEST(test_tx_commit__survives_the_death_of_its_process),
        STORY_TEST(test_record_checkpoint__keeps_the_log_small),
        STORY_TEST(test_tx_commit__keeps_the_log_bounded_by_itself),
        STORY_TEST(test_tx__that_cannot_write_leaves_nothing_and_goes_on_after),
        STORY_TEST(test_tx__on_a_full_disk_leaves_nothing_and_goes_on_after),
        STORY_TEST(test_database_error__says_what_to_do),
    };

    return RUN_TESTS(tests);
}
