#include "unit/store/story.h"

static const char *put(struct story *story, const char *bytes, size_t length)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    const char *digest = NULL;

    assert_ok(tx_begin(story->record, &tx));
    assert_ok(evidence_put(&tx, story->arena, bytes, length, &digest));
    assert_ok(tx_commit(&tx));
    return digest;
}

static void test_evidence_put__stores_bytes_by_their_digest(void **state)
{
    struct story *story = *state;
    const char *bytes;
    size_t length;

    assert_string_equal(put(story, "abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_ok(evidence_get(story->record, story->arena,
                           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", &bytes, &length));
    assert_int_equal(length, 3);
    assert_string_equal(bytes, "abc");
}

static void test_evidence_put__stores_the_same_bytes_once(void **state)
{
    struct story *story = *state;

    assert_string_equal(put(story, "abc", 3), put(story, "abc", 3));
    assert_rows(story, "SELECT count(*) FROM evidence", "1");
}

static void test_evidence_put__takes_any_bytes(void **state)
{
    struct story *story = *state;
    const char *bytes;
    size_t length;

    assert_ok(evidence_get(story->record, story->arena, put(story, "a\0\xff", 3), &bytes, &length));
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "a\0\xff", 3);
    assert_ok(evidence_get(story->record, story->arena, put(story, "", 0), &bytes, &length));
    assert_int_equal(length, 0);
    assert_string_equal(bytes, "");
}

static void test_evidence_put__has_a_limit(void **state)
{
    struct story *story = *state;
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    size_t length = (size_t)32 * 1024 * 1024 + 1;
    char *bytes CLEANUP(heap_cleanup) = heap_alloc(length);
    const char *digest;

    assert_ok(tx_begin(story->record, &tx));
    assert_fails(evidence_put(&tx, story->arena, bytes, length, &digest), ERR_LIMIT,
                 "evidence has 33554433 bytes, but the record takes at most 33554432");
}

static void test_evidence_get__of_nothing_is_not_found(void **state)
{
    struct story *story = *state;
    const char *bytes;
    size_t length;

    assert_fails(evidence_get(story->record, story->arena, "feed", &bytes, &length), ERR_NOT_FOUND,
                 "there is no evidence 'feed' in the record");
}

static void test_evidence_get__finds_changed_bytes(void **state)
{
    struct story *story = *state;
    const char *digest = put(story, "rooms 0", 7);
    const char *bytes;
    size_t length;

    story_harm(story, "UPDATE evidence SET bytes = CAST('rooms 1' AS BLOB)");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(evidence_get(story->record, story->arena, digest, &bytes, &length), ERR_RECORD_DAMAGED,
                 arena_printf(story->arena, "evidence '%s' was changed: it does not match its digest", digest));
}

static void test_evidence_verify__counts_what_is_whole(void **state)
{
    struct story *story = *state;
    int64_t count = -1;

    assert_ok(evidence_verify(story->record, &count));
    assert_int_equal(count, 0);
    put(story, "abc", 3);
    put(story, "", 0);
    assert_ok(evidence_verify(story->record, &count));
    assert_int_equal(count, 2);
}

static void test_evidence_verify__finds_changed_bytes(void **state)
{
    struct story *story = *state;
    const char *digest = put(story, "rooms 0", 7);
    int64_t count;

    story_harm(story, "UPDATE evidence SET bytes = CAST('rooms 1' AS BLOB)");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(evidence_verify(story->record, &count), ERR_RECORD_DAMAGED,
                 arena_printf(story->arena, "evidence '%s' was changed: it does not match its digest", digest));
}

static void test_evidence_verify__finds_what_a_step_rests_on_missing(void **state)
{
    struct story *story = *state;
    int64_t count;

    story_plan_release(story, 1, NULL);
    assert_fails(evidence_verify(story->record, &count), ERR_RECORD_DAMAGED, "evidence 'feed' is missing");
    story_do(story, S_EXPORT, NULL);
    assert_fails(evidence_verify(story->record, &count), ERR_RECORD_DAMAGED, "evidence 'e0' is missing");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_evidence_put__stores_bytes_by_their_digest),
        STORY_TEST(test_evidence_put__stores_the_same_bytes_once),
        STORY_TEST(test_evidence_put__takes_any_bytes),
        STORY_TEST(test_evidence_put__has_a_limit),
        STORY_TEST(test_evidence_get__of_nothing_is_not_found),
        STORY_TEST(test_evidence_get__finds_changed_bytes),
        STORY_TEST(test_evidence_verify__counts_what_is_whole),
        STORY_TEST(test_evidence_verify__finds_changed_bytes),
        STORY_TEST(test_evidence_verify__finds_what_a_step_rests_on_missing),
    };

    return RUN_TESTS(tests);
}
