#include "unit/store/story.h"

#include "unit/store/disk.h"

#define MOST_OPERATIONS 900
#define COMMITS 60
#define CUTS_PER_SYNC 3

/* One event; what was acknowledged is counted. */
static struct error *find(struct record *record, int number)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct event event = {.kind = EVENT_FINDING, .release = "r-1", .actor = "ana", .step = -1, .number = number};
    json_t *body CLEANUP(json_cleanup) = json_pack("{s:s}", "what", "a text that is long enough to fill some pages");

    event.reason = "x";
    event.body = body;
    TRY(tx_begin(record, &tx));
    TRY(journal_append(&tx, &event));
    return tx_commit(&tx);
}

/* How many are there; then adds one, so that the next session finds a log that was folded into the file. */
static int64_t count_and_add(const char *directory)
{
    struct record *record CLEANUP(record_cleanup) = NULL;
    int64_t rows = -1;

    assert_ok(record_open(directory, RECORD_WRITE, &record));
    assert_ok(journal_verify(record, &rows));
    assert_ok(find(record, 0));
    return rows;
}

/* Opens, writes, checkpoints, closes. Returns how many commits were acknowledged; *error the first failure. */
static int session(const char *directory, struct error **error)
{
    struct record *record CLEANUP(record_cleanup) = NULL;
    int done = 0;

    *error = record_open(directory, RECORD_CREATE, &record);
    for (int i = 0; i < 3 && !*error; i++) {
        *error = find(record, i);
        done += !*error;
        if (!*error)
            record_checkpoint(record);
    }
    return done;
}

/*
 * The n-th operation fails, for each n until a whole session passes without failing. Whatever failed: what was
 * acknowledged is there, what was not is there whole or not at all, the error tells people what to do, and the
 * next session goes on.
 */
static void fail_each(struct story *story, bool stays)
{
    int64_t rows = 0;
    int fail_at = 1;

    record_cleanup(&story->record);
    for (; fail_at < MOST_OPERATIONS; fail_at++) {
        struct error *error = NULL;
        int64_t after;
        int done;

        disk_insert();
        disk.fail_at = fail_at;
        disk.fail_on = stays;
        done = session(story->directory, &error);
        disk.fail_at = 0;
        disk_remove();
        after = count_and_add(story->directory);

        if (after < rows + done || after > rows + done + 1)
            fail_msg("operation %d: %lld rows, then %d acknowledged, then %lld", fail_at, (long long)rows, done,
                     (long long)after);
        rows = after + 1;
        if (!error && disk.operations < fail_at)
            break;
        if (error) {
            assert_int_equal(error->code, ERR_RECORD);
            assert_non_null(error->hint);
        }
        error_free(error);
    }
    assert_true(fail_at > 30);
    assert_true(fail_at < MOST_OPERATIONS);
}

static void test_record__survives_each_failing_operation(void **state)
{
    fail_each(*state, false);
}

static void test_record__survives_a_disk_that_stays_broken(void **state)
{
    fail_each(*state, true);
}

static void test_record__says_that_the_disk_is_full(void **state)
{
    struct story *story = *state;
    struct error *error;

    record_cleanup(&story->record);
    disk_insert();
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    disk.fail_at = disk.operations + 1;
    disk.fail_on = true;
    disk.failure = SQLITE_FULL;
    error = find(story->record, 1);
    assert_non_null(error);
    assert_string_equal(error->hint, arena_printf(story->arena, "free some space where '%s' is, then: penstock resume",
                                                  story->directory));
    assert_fails(
        error, ERR_RECORD,
        arena_printf(story->arena, "cannot write to the record '%s/record.db': the disk is full", story->directory));
    disk.fail_at = 0;
    assert_ok(find(story->record, 1));
    record_cleanup(&story->record);
    disk_remove();
}

/* A power cut before each sync, several times with other luck. */
struct power {
    struct story *story;
    const char *directory; /* of what is left */
    int acknowledged;
    int cuts;
    unsigned dice;
};

static void cut_power(void *context)
{
    struct power *power = context;
    const char *names[] = {"record.db", "record.db-wal"};

    for (int i = 0; i < CUTS_PER_SYNC; i++) {
        struct record *record = NULL;
        int64_t rows = -1;

        for (size_t k = 0; k < 2; k++) {
            const char *from = arena_printf(power->story->arena, "%s/%s", power->story->directory, names[k]);
            const char *to = arena_printf(power->story->arena, "%s/%s", power->directory, names[k]);
            struct disk_image *image = disk_image(from);

            disk_cut(image, to, &power->dice);
        }
        unlink(arena_printf(power->story->arena, "%s/record.db-shm", power->directory));
        disk.recording = false;
        assert_ok(record_open(power->directory, RECORD_WRITE, &record));
        assert_ok(journal_verify(record, &rows));
        if (rows < power->acknowledged || rows > power->acknowledged + 1)
            fail_msg("%d were acknowledged, %lld are there (cut %d)", power->acknowledged, (long long)rows,
                     power->cuts);
        if (power->cuts++ % 20 == 0) {
            const char *directory = power->story->directory;

            assert_ok(find(record, 99));
            power->story->directory = power->directory;
            assert_rows(power->story, "PRAGMA integrity_check", "ok");
            power->story->directory = directory;
        }
        record_close(record);
        disk.recording = true;
    }
}

static void test_record__loses_nothing_acknowledged_in_a_power_cut(void **state)
{
    struct story *story = *state;
    struct power power = {.story = story, .directory = arena_printf(story->arena, "%s/left", story->parent), .dice = 7};

    record_cleanup(&story->record);
    assert_int_equal(mkdir(power.directory, 0700), 0);
    disk_insert();
    disk.recording = true;
    disk.at_sync = cut_power;
    disk.context = &power;
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    for (int i = 0; i < COMMITS; i++) {
        assert_ok(find(story->record, i));
        power.acknowledged++;
        /* Over and over: a log that is folded into the file, and begun anew. */
        if (i % 7 == 6)
            story_reopen(story, RECORD_WRITE);
    }
    record_cleanup(&story->record);
    disk_remove();
    assert_int_equal(count_and_add(story->directory), COMMITS);
    assert_true(power.cuts > COMMITS * CUTS_PER_SYNC);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_record__survives_each_failing_operation),
        STORY_TEST(test_record__survives_a_disk_that_stays_broken),
        STORY_TEST(test_record__says_that_the_disk_is_full),
        STORY_TEST(test_record__loses_nothing_acknowledged_in_a_power_cut),
    };

    return RUN_TESTS(tests);
}
