#include "unit/store/story.h"

/* Five rows: one to three before the tail, so that harm to them passes the look at each opening. */
static void tell_five(struct story *story)
{
    for (int i = 1; i <= 5; i++)
        TELL(story, NO_STEP, NULL, .kind = EVENT_FINDING, .release = "r-1",
             .reason = arena_printf(story->arena, "finding %d", i));
}

static void check_verify(struct story *story, const char *sql, int64_t good, const char *want)
{
    int64_t rows = -1;
    struct error *error;

    story_harm(story, sql);
    assert_ok(record_open(story->directory, RECORD_INSPECT, &story->record));
    error = journal_verify(story->record, &rows);
    assert_non_null(error);
    assert_string_equal(error->hint, "rows before it can be trusted; restore the record from a backup");
    assert_int_equal(error->kind, KIND_PERMANENT);
    assert_fails(error, ERR_RECORD_DAMAGED, want);
    assert_int_equal(rows, good);
}

static void test_journal_verify__counts_good_rows(void **state)
{
    struct story *story = *state;
    int64_t rows = -1;

    assert_ok(journal_verify(story->record, &rows));
    assert_int_equal(rows, 0);
    story_first(story);
    story_second(story);
    assert_ok(journal_verify(story->record, &rows));
    assert_int_equal(rows, 78);
}

static void test_journal_verify__finds_a_flipped_byte(void **state)
{
    static const char *const rows[] = {
        "body = replace(body, '3', '4')",
        "actor = 'ana'",
        "kind = 'runner.stopped'",
        "release = 'r-2'",
        "epoch = 1",
        "at_ms = 1",
        "boot_ms = 1",
        "hash = x'0000000000000000000000000000000000000000000000000000000000000000'",
    };
    struct story *story = *state;

    tell_five(story);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *keep = arena_printf(story->arena, "%s/keep.db", story->directory);

        story_harm(story, arena_printf(story->arena, "VACUUM INTO '%s'", keep));
        check_verify(story, arena_printf(story->arena, "UPDATE event SET %s WHERE seq = 3", rows[i]), 2,
                     "row 3 of the record was changed: it does not match its hash");
        record_cleanup(&story->record);
        assert_int_equal(rename(keep, arena_printf(story->arena, "%s/record.db", story->directory)), 0);
        unlink(arena_printf(story->arena, "%s/record.db-wal", story->directory));
        unlink(arena_printf(story->arena, "%s/record.db-shm", story->directory));
    }
}

static void test_journal_verify__finds_a_row_taken_out(void **state)
{
    tell_five(*state);
    check_verify(*state, "DELETE FROM event WHERE seq = 3", 2, "row 3 of the record is missing");
}

static void test_journal_verify__finds_a_row_taken_out_and_the_rest_moved_up(void **state)
{
    tell_five(*state);
    check_verify(*state,
                 "DELETE FROM event WHERE seq = 3; UPDATE event SET seq = 3 WHERE seq = 4;"
                 "UPDATE event SET seq = 4 WHERE seq = 5",
                 2, "row 3 of the record does not follow the row before it");
}

static void test_journal_verify__finds_swapped_rows(void **state)
{
    tell_five(*state);
    check_verify(*state,
                 "UPDATE event SET seq = 99 WHERE seq = 2; UPDATE event SET seq = 2 WHERE seq = 3;"
                 "UPDATE event SET seq = 3 WHERE seq = 99",
                 1, "row 2 of the record does not follow the row before it");
}

static void test_journal_verify__finds_a_row_put_in(void **state)
{
    tell_five(*state);
    check_verify(*state,
                 "UPDATE event SET seq = seq + 100 WHERE seq > 3; UPDATE event SET seq = seq - 99 WHERE seq > 100;"
                 "INSERT INTO event SELECT 4, release, kind, epoch, actor, at_ms, boot_ms, body, prev, hash"
                 "  FROM event WHERE seq = 3",
                 3, "row 4 of the record does not follow the row before it");
}

static void test_journal_verify__finds_a_first_row_that_is_not_the_first(void **state)
{
    tell_five(*state);
    check_verify(*state, "DELETE FROM event WHERE seq = 1", 0, "row 1 of the record is missing");
}

static void test_journal_verify__finds_a_hash_of_another_length(void **state)
{
    tell_five(*state);
    check_verify(*state, "UPDATE event SET hash = x'00' WHERE seq = 3", 2,
                 "row 3 of the record is not a row of a journal");
}

static void test_journal_verify__finds_a_tail_cut_off(void **state)
{
    struct story *story = *state;

    story_first(story);
    check_verify(story, "DELETE FROM event WHERE seq > 15", 15,
                 "row 16 of the record is missing, and all rows after it");
}

static void test_record_open__refuses_a_changed_last_row(void **state)
{
    struct story *story = *state;

    tell_five(story);
    story_harm(story, "UPDATE event SET body = replace(body, '5', '6') WHERE seq = 5");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD_DAMAGED,
                 "row 5 of the record was changed: it does not match its hash");
    assert_fails(record_open(story->directory, RECORD_WRITE, &story->record), ERR_RECORD_DAMAGED,
                 "row 5 of the record was changed: it does not match its hash");
    assert_fails(record_open(story->directory, RECORD_CREATE, &story->record), ERR_RECORD_DAMAGED,
                 "row 5 of the record was changed: it does not match its hash");
}

static void test_record_open__refuses_a_last_row_that_does_not_follow(void **state)
{
    struct story *story = *state;

    tell_five(story);
    story_harm(story, "DELETE FROM event WHERE seq = 4");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD_DAMAGED,
                 "row 4 of the record is missing");
    story_harm(story, "UPDATE event SET seq = 4 WHERE seq = 5");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD_DAMAGED,
                 "row 4 of the record was changed: it does not match its hash");
    story_harm(story, "UPDATE event SET hash = x'00' WHERE seq = 3");
    assert_fails(record_open(story->directory, RECORD_READ, &story->record), ERR_RECORD_DAMAGED,
                 "row 3 of the record is not a row of a journal");
}

static void test_journal_rebuild__refuses_a_damaged_chain(void **state)
{
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    tell_five(story);
    story_harm(story, "UPDATE event SET actor = 'ana' WHERE seq = 2");
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    assert_ok(tx_begin(story->record, &tx));
    assert_fails(journal_rebuild(&tx), ERR_RECORD_DAMAGED,
                 "row 2 of the record was changed: it does not match its hash");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_journal_verify__counts_good_rows),
        STORY_TEST(test_journal_verify__finds_a_flipped_byte),
        STORY_TEST(test_journal_verify__finds_a_row_taken_out),
        STORY_TEST(test_journal_verify__finds_a_row_taken_out_and_the_rest_moved_up),
        STORY_TEST(test_journal_verify__finds_swapped_rows),
        STORY_TEST(test_journal_verify__finds_a_row_put_in),
        STORY_TEST(test_journal_verify__finds_a_first_row_that_is_not_the_first),
        STORY_TEST(test_journal_verify__finds_a_hash_of_another_length),
        STORY_TEST(test_journal_verify__finds_a_tail_cut_off),
        STORY_TEST(test_record_open__refuses_a_changed_last_row),
        STORY_TEST(test_record_open__refuses_a_last_row_that_does_not_follow),
        STORY_TEST(test_journal_rebuild__refuses_a_damaged_chain),
    };

    return RUN_TESTS(tests);
}
