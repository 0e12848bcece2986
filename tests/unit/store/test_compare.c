#include "unit/store/story.h"

#include "store/project.h"

static void tell(struct story *story)
{
    story_first(story);
    story_second(story);
    story_plan_release(story, 3, "prod-aaaaaaa-2");
    story_ask_gate(story);
}

static void test_journal_compare__finds_nothing_in_what_nobody_touched(void **state)
{
    struct story *story = *state;

    assert_ok(journal_compare(story->record));
    tell(story);
    assert_ok(journal_compare(story->record));
    /* It needs no right to write, and leaves nothing behind. */
    story_reopen(story, RECORD_READ);
    assert_ok(journal_compare(story->record));
    assert_ok(journal_compare(story->record));
}

static void test_journal_compare__inside_a_transaction(void **state)
{
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    tell(story);
    assert_ok(tx_begin(story->record, &tx));
    assert_ok(journal_compare(story->record));
    assert_ok(tx_commit(&tx));
}

static void check(struct story *story, const char *sql, const char *table)
{
    struct error *error;

    story_harm(story, sql);
    assert_ok(record_open(story->directory, RECORD_WRITE, &story->record));
    error = journal_compare(story->record);
    assert_non_null(error);
    assert_string_equal(error->hint, "it was changed behind penstock's back; restore the record from a backup");
    assert_fails(error, ERR_RECORD_DAMAGED,
                 arena_printf(story->arena, "table '%s' of the record is not what the journal says", table));
}

static void test_journal_compare__finds_what_was_changed_by_hand(void **state)
{
    static const char *const rows[][2] = {
        {"UPDATE decision SET person = 'cleo'", "decision"},
        {"UPDATE drain SET lost = 1, ended = ended - 1 WHERE instance LIKE '%west%'", "drain"},
        {"UPDATE release SET requester = 'ben' WHERE id = 'r-2'", "release"},
        {"UPDATE unit SET ended_ms = 5 WHERE number = 2", "unit"},
        {"DELETE FROM step WHERE release = 'r-1' AND ordinal = 34", "step"},
        {"INSERT INTO artifact VALUES ('prod-aaaaaaa-1', 'extra', 1, 'cc')", "artifact"},
    };
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;

    tell(story);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(story, rows[i][0], rows[i][1]);
        /* The journal has the right of it. */
        assert_ok(tx_begin(story->record, &tx));
        assert_ok(journal_rebuild(&tx));
        assert_ok(tx_commit(&tx));
        assert_ok(journal_compare(story->record));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_journal_compare__finds_nothing_in_what_nobody_touched),
        STORY_TEST(test_journal_compare__inside_a_transaction),
        STORY_TEST(test_journal_compare__finds_what_was_changed_by_hand),
    };

    return RUN_TESTS(tests);
}
