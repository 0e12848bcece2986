#include "unit/store/story.h"

#include "base/digest.h"

struct seen {
    struct arena *arena;
    int count;
    int64_t seqs[64];
    struct event last;
    int stop_at; /* fails at the n-th event; 0 = never */
};

static struct error *see(void *context, const struct event *event)
{
    struct seen *seen = context;

    if (seen->stop_at && seen->count + 1 == seen->stop_at)
        return error_new(ERR_CONFLICT, KIND_PERMANENT, "seen enough");
    seen->seqs[seen->count++] = event->seq;
    seen->last = *event;
    seen->last.release = arena_text(seen->arena, event->release);
    seen->last.actor = arena_text(seen->arena, event->actor);
    seen->last.reason = arena_text(seen->arena, event->reason);
    seen->last.subject = arena_text(seen->arena, event->subject);
    seen->last.body = event->body ? json_in_arena(seen->arena, json_deep_copy(event->body)) : NULL;
    return NULL;
}

static struct seen read_all(struct story *story, const char *release, int64_t after)
{
    struct seen seen = {.arena = story->arena};

    assert_ok(journal_read(story->record, release, after, see, &seen));
    return seen;
}

static void find(struct story *story, const char *reason)
{
    TELL(story, NO_STEP, NULL, .kind = EVENT_FINDING, .actor = "ana", .release = "r-1", .reason = reason);
}

static void test_journal_append__numbers_rows_from_one(void **state)
{
    struct story *story = *state;
    int64_t seq = -1;

    assert_ok(journal_seq(story->record, &seq));
    assert_int_equal(seq, 0);
    find(story, "one");
    find(story, "two");
    assert_rows(story, "SELECT seq, release, kind, epoch, actor, at_ms, boot_ms, body FROM event",
                "1|r-1|finding|0|ana|1795289136000|897644568000|{\"reason\":\"one\"}\n"
                "2|r-1|finding|0|ana|1795289137000|897644568500|{\"reason\":\"two\"}");
    assert_ok(journal_seq(story->record, &seq));
    assert_int_equal(seq, 2);
}

/* The hash over what the format says, made by hand with nothing of the store's. */
static void chain(struct story *story, json_t *row, const char *prev, char hex[DIGEST_HEX])
{
    const char *json = json_canonical(story->arena, row);
    size_t length = strlen("penstock-journal-v1") + DIGEST_BYTES + strlen(json);
    char *bytes = arena_alloc(story->arena, length + 1);
    struct digest before = {0}, digest;

    if (prev)
        assert_true(digest_from_hex(prev, &before));
    memcpy(bytes, "penstock-journal-v1", strlen("penstock-journal-v1"));
    memcpy(bytes + strlen("penstock-journal-v1"), before.bytes, DIGEST_BYTES);
    memcpy(bytes + length - strlen(json), json, strlen(json));
    digest = digest_of(bytes, length);
    digest_hex(&digest, hex);
    json_decref(row);
}

static void test_journal_append__chains_rows_over_canonical_bytes(void **state)
{
    struct story *story = *state;
    char first[DIGEST_HEX], second[DIGEST_HEX];

    TELL(story, NO_STEP, json_pack("{s:i, s:s}", "z", 1, "a", "\xc3\xa4 \"\\\b\f\n\r\t\x01\x7f/"),
         .kind = EVENT_FINDING, .actor = "ana \"the\\ first\"\b\f\n\r\t\x1f\x7f/\xc3\xa4", .reason = "one");
    TELL(story, 4, NULL, .kind = EVENT_FINDING, .actor = "penstock", .epoch = -7, .reason = "two");
    chain(story,
          json_pack("{s:i, s:s, s:s, s:i, s:s, s:I, s:I, s:{s:s, s:{s:i, s:s}}}", "seq", 1, "release", "", "kind",
                    "finding", "epoch", 0, "actor", "ana \"the\\ first\"\b\f\n\r\t\x1f\x7f/\xc3\xa4", "at_ms",
                    (json_int_t)1795289136000, "boot_ms", (json_int_t)897644568000, "body", "reason", "one", "body",
                    "z", 1, "a", "\xc3\xa4 \"\\\b\f\n\r\t\x01\x7f/"),
          NULL, first);
    chain(story,
          json_pack("{s:i, s:s, s:s, s:i, s:s, s:I, s:I, s:{s:s, s:i}}", "seq", 2, "release", "", "kind", "finding",
                    "epoch", -7, "actor", "penstock", "at_ms", (json_int_t)1795289137000, "boot_ms",
                    (json_int_t)897644568500, "body", "reason", "two", "step", 4),
          first, second);
    assert_rows(story, "SELECT lower(hex(prev)), lower(hex(hash)) FROM event",
                arena_printf(story->arena, "%064d|%s\n%s|%s", 0, first, first, second));
}

static void test_journal_append__several_in_one_transaction(void **state)
{
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    struct event event = {.kind = EVENT_FINDING, .release = "r-1", .actor = "ana", .reason = "x", .step = -1};
    int64_t rows;

    assert_ok(tx_begin(story->record, &tx));
    for (int i = 1; i <= 3; i++) {
        assert_ok(journal_append(&tx, &event));
        assert_int_equal(event.seq, i);
    }
    assert_ok(tx_commit(&tx));
    assert_ok(journal_verify(story->record, &rows));
    assert_int_equal(rows, 3);
}

static void test_journal_append__is_undone_with_its_transaction(void **state)
{
    struct story *story = *state;
    struct event event = {.kind = EVENT_FINDING, .release = "r-1", .actor = "ana", .reason = "x", .step = -1};
    struct tx tx = TX_INIT;
    int64_t rows;

    find(story, "one");
    assert_ok(tx_begin(story->record, &tx));
    assert_ok(journal_append(&tx, &event));
    tx_rollback(&tx);
    tx_rollback(&tx);
    find(story, "two");
    assert_rows(story, "SELECT seq, body FROM event", "1|{\"reason\":\"one\"}\n2|{\"reason\":\"two\"}");
    assert_ok(journal_verify(story->record, &rows));
    assert_int_equal(rows, 2);
}

static void test_journal_append__cleans_what_is_no_utf8(void **state)
{
    struct story *story = *state;
    int64_t rows;

    TELL(story, NO_STEP, NULL, .kind = EVENT_FINDING, .actor = "an\xff", .reason = "bad \xff byte");
    assert_rows(story, "SELECT actor, body FROM event", "an\xef\xbf\xbd|{\"reason\":\"bad \xef\xbf\xbd byte\"}");
    assert_ok(journal_verify(story->record, &rows));
}

static void test_journal_append__refuses_an_event_without_end(void **state)
{
    struct story *story = *state;
    size_t length = (size_t)33 * 1024 * 1024;
    char *reason CLEANUP(heap_cleanup) = heap_alloc(length + 1);
    struct event event = {.kind = EVENT_FINDING, .reason = reason, .step = -1, .release = "r-1"};

    memset(reason, 'x', length);
    assert_fails(story_try(story, &event), ERR_LIMIT,
                 "event 'finding' has 34603021 bytes, but a row of the record holds at most 33554432");
    assert_rows(story, "SELECT count(*) FROM event", "0");
}

static void test_journal_read__gives_one_release_in_order(void **state)
{
    struct story *story = *state;
    struct seen seen;

    find(story, "one");
    TELL(story, NO_STEP, NULL, .kind = EVENT_FINDING, .release = "r-10", .reason = "another");
    TELL(story, 7, json_pack("{s:{s:i}}", "detail", "pid", 17), .kind = EVENT_FINDING, .release = "r-1", .epoch = 3,
         .attempt = 2, .error_kind = KIND_TRANSIENT, .decision = DECISION_FORCE, .mode = MODE_HELD, .end = END_EXPIRED,
         .number = 5, .expires_ms = 6, .subject = "beef", .reason = "line\nline", .actor = "ben");
    seen = read_all(story, "r-1", 0);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.seqs[0], 1);
    assert_int_equal(seen.seqs[1], 3);
    assert_int_equal(seen.last.kind, EVENT_FINDING);
    assert_string_equal(seen.last.release, "r-1");
    assert_string_equal(seen.last.actor, "ben");
    assert_string_equal(seen.last.reason, "line\nline");
    assert_string_equal(seen.last.subject, "beef");
    assert_int_equal(seen.last.epoch, 3);
    assert_int_equal(seen.last.at_ms, 1795289138000);
    assert_int_equal(seen.last.boot_ms, 897644569000);
    assert_int_equal(seen.last.step, 7);
    assert_int_equal(seen.last.attempt, 2);
    assert_int_equal(seen.last.error_kind, KIND_TRANSIENT);
    assert_int_equal(seen.last.decision, DECISION_FORCE);
    assert_int_equal(seen.last.mode, MODE_HELD);
    assert_int_equal(seen.last.end, END_EXPIRED);
    assert_int_equal(seen.last.number, 5);
    assert_int_equal(seen.last.expires_ms, 6);
    assert_int_equal(json_get_int(json_object_get(seen.last.body, "detail"), "pid", 0), 17);
}

static void test_journal_read__begins_after_a_row(void **state)
{
    struct story *story = *state;

    find(story, "one");
    find(story, "two");
    find(story, "three");
    assert_int_equal(read_all(story, "r-1", 2).count, 1);
    assert_int_equal(read_all(story, "r-1", 2).seqs[0], 3);
    assert_int_equal(read_all(story, "r-1", 3).count, 0);
    assert_int_equal(read_all(story, "r-2", 0).count, 0);
}

static void test_journal_read__stops_with_the_visitors_error(void **state)
{
    struct story *story = *state;
    struct seen seen = {.arena = story->arena, .stop_at = 2};

    find(story, "one");
    find(story, "two");
    find(story, "three");
    assert_fails(journal_read(story->record, "r-1", 0, see, &seen), ERR_CONFLICT, "seen enough");
    assert_int_equal(seen.count, 1);
    /* And what is kept of the statement does not stand in the way of a write. */
    find(story, "four");
}

static void test_journal_read__names_a_changed_row(void **state)
{
    struct story *story = *state;
    struct seen seen = {.arena = story->arena};

    find(story, "one");
    find(story, "two");
    find(story, "three");
    story_harm(story, "UPDATE event SET body = '{\"reason\":\"tow\"}' WHERE seq = 2");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(journal_read(story->record, "r-1", 0, see, &seen), ERR_RECORD_DAMAGED,
                 "row 2 of the record was changed: it does not match its hash");
    assert_int_equal(seen.count, 1);
}

/* A row as another penstock might have written it: sound in the chain, but not known here. */
static void append_raw(struct story *story, const char *kind, const char *body)
{
    const char *prev = story_ask(story, "SELECT lower(hex(hash)) FROM event ORDER BY seq DESC LIMIT 1");
    json_t *parsed = json_loads(body, 0, NULL);
    char hash[DIGEST_HEX];

    chain(story,
          json_pack("{s:i, s:s, s:s, s:i, s:s, s:i, s:i, s:o}", "seq", 2, "release", "r-1", "kind", kind, "epoch", 0,
                    "actor", "ana", "at_ms", 1, "boot_ms", 1, "body", parsed),
          prev, hash);
    story_harm(story, arena_printf(story->arena,
                                   "INSERT INTO event VALUES (2, 'r-1', '%s', 0, 'ana', 1, 1, '%s', x'%s', x'%s')",
                                   kind, body, prev, hash));
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
}

static void test_journal_read__refuses_a_kind_it_does_not_know(void **state)
{
    struct story *story = *state;
    struct seen seen = {.arena = story->arena};
    int64_t rows;

    find(story, "one");
    append_raw(story, "release.teleported", "{\"reason\":\"x\"}");
    assert_fails(journal_read(story->record, "r-1", 0, see, &seen), ERR_RECORD_DAMAGED,
                 "row 2 of the record is a 'release.teleported', which is not known");
    /* The chain itself is whole. */
    assert_ok(journal_verify(story->record, &rows));
    assert_int_equal(rows, 2);
}

static void test_journal_read__refuses_a_field_it_does_not_know(void **state)
{
    struct story *story = *state;
    struct seen seen = {.arena = story->arena};

    find(story, "one");
    append_raw(story, "finding", "{\"color\":\"red\",\"reason\":\"x\"}");
    assert_fails(journal_read(story->record, "r-1", 0, see, &seen), ERR_RECORD_DAMAGED,
                 "row 2 of the record cannot be understood");
}

static void test_event_table__cannot_be_changed_in_passing(void **state)
{
    struct story *story = *state;
    sqlite3 *db;

    find(story, "one");
    db = story_raw(story);
    assert_int_equal(sqlite3_exec(db, "UPDATE event SET actor = 'ben'", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    assert_string_equal(sqlite3_errmsg(db), "the journal is append-only");
    assert_int_equal(sqlite3_exec(db, "DELETE FROM event", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(db);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_journal_append__numbers_rows_from_one),
        STORY_TEST(test_journal_append__chains_rows_over_canonical_bytes),
        STORY_TEST(test_journal_append__several_in_one_transaction),
        STORY_TEST(test_journal_append__is_undone_with_its_transaction),
        STORY_TEST(test_journal_append__cleans_what_is_no_utf8),
        STORY_TEST(test_journal_append__refuses_an_event_without_end),
        STORY_TEST(test_journal_read__gives_one_release_in_order),
        STORY_TEST(test_journal_read__begins_after_a_row),
        STORY_TEST(test_journal_read__stops_with_the_visitors_error),
        STORY_TEST(test_journal_read__names_a_changed_row),
        STORY_TEST(test_journal_read__refuses_a_kind_it_does_not_know),
        STORY_TEST(test_journal_read__refuses_a_field_it_does_not_know),
        STORY_TEST(test_event_table__cannot_be_changed_in_passing),
    };

    return RUN_TESTS(tests);
}
