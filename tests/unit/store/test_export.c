/* The whole record as JSON lines: what stands in them, that nothing is missing, and that what is wrong is not passed on. */

#include "unit/store/story.h"

#include "base/digest.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "store/export.h"

#define HEAD_BYTES 170 /* of an event's line, before what is hashed */

struct written {
    struct strbuf text;
    int calls;
    int fail_at;
};

static struct error *take(void *context, const char *bytes, size_t length)
{
    struct written *written = context;

    if (++written->calls == written->fail_at)
        return error_new(ERR_IO, KIND_PERMANENT, "the pipe is closed");
    strbuf_add(&written->text, bytes, length);
    return NULL;
}

static const char *export_of(struct story *story, bool evidence)
{
    struct written written = {.text = STRBUF_INIT(SIZE_MAX)};
    const char *text;

    story_reopen(story, RECORD_READ);
    assert_ok(record_export(story->record, evidence, take, &written));
    text = arena_text(story->arena, strbuf_view(&written.text));
    strbuf_release(&written.text);
    return text;
}

static void put_evidence(struct story *story, const char *bytes, size_t length)
{
    struct tx tx CLEANUP(tx_rollback) = TX_INIT;
    const char *digest;

    assert_ok(tx_begin(story->record, &tx));
    assert_ok(evidence_put(&tx, story->arena, bytes, length, &digest));
    assert_ok(tx_commit(&tx));
}

/* Checks the chain as docs/reference/export.md says, by the bytes of the lines alone. Returns the rows. */
static int check_chain(const char *text, char last[DIGEST_HEX])
{
    int rows = 0;

    memset(last, '0', DIGEST_HEX - 1);
    last[DIGEST_HEX - 1] = '\0';
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        struct strbuf hashed CLEANUP(strbuf_release) = STRBUF_INIT(SIZE_MAX);
        struct digest prev, found;
        char hex[DIGEST_HEX];

        if (!text_starts(line, "{\"type\":\"event\",\"prev\":\""))
            continue;
        assert_memory_equal(line + 24, last, DIGEST_HEX - 1);
        memcpy(hex, line + 24, DIGEST_HEX - 1);
        hex[DIGEST_HEX - 1] = '\0';
        assert_true(digest_from_hex(hex, &prev));
        strbuf_text(&hashed, "penstock-journal-v1");
        strbuf_add(&hashed, prev.bytes, DIGEST_BYTES);
        strbuf_add(&hashed, line + HEAD_BYTES, strcspn(line, "\n") - HEAD_BYTES - 1);
        found = digest_of(hashed.bytes, hashed.length);
        digest_hex(&found, last);
        assert_memory_equal(line + 98, last, DIGEST_HEX - 1);
        rows++;
    }
    return rows;
}

static void test_record_export__can_be_checked_by_its_bytes(void **state)
{
    struct story *story = *state;
    char last[DIGEST_HEX];
    const char *text;

    story_first(story);
    story_second(story);
    text = export_of(story, true);
    assert_int_equal(check_chain(text, last), 78);
    assert_non_null(strstr(text, "\"events\":78}\n{\"type\":\"event\""));
    assert_non_null(strstr(
        text, arena_printf(story->arena, "{\"type\":\"end\",\"events\":78,\"evidence\":0,\"hash\":\"%s\"}\n", last)));
}

static void test_record_export__of_an_empty_record_has_a_head_and_an_end(void **state)
{
    struct story *story = *state;
    const char *text = export_of(story, true);

    assert_true(text_starts(text, "{\"type\":\"record\",\"format\":1,\"record\":\""));
    assert_non_null(strstr(text, ",\"events\":0}\n{\"type\":\"end\",\"events\":0,\"evidence\":0,\"hash\":\"000000"));
}

static void test_record_export__has_the_evidence_in_base64(void **state)
{
    struct story *story = *state;
    const size_t large = (size_t)200 * 1024;
    char *bytes CLEANUP(heap_cleanup) = heap_alloc(large);
    const char *text, *line;

    put_evidence(story, "abcd", 4);
    put_evidence(story, bytes, large);
    text = export_of(story, true);
    assert_non_null(strstr(text, "{\"type\":\"evidence\",\"digest\":"
                                 "\"88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589\","
                                 "\"base64\":\"YWJjZA==\"}\n"));
    line = strstr(text, "\"base64\":\"AAAA");
    assert_non_null(line);
    assert_int_equal(strspn(line + 10, "A"), (large + 2) / 3 * 4 - 1);
    assert_non_null(strstr(text, "{\"type\":\"end\",\"events\":0,\"evidence\":2,"));
    assert_null(strstr(export_of(story, false), "base64"));
}

static void test_record_export__stops_at_what_was_changed(void **state)
{
    struct story *story = *state;
    struct written written = {.text = STRBUF_INIT(SIZE_MAX)};
    char last[DIGEST_HEX];

    story_first(story);
    story_harm(story, "UPDATE event SET actor = 'eve' WHERE seq = 7");
    assert_ok(record_open(story->directory, RECORD_READ, &story->record));
    assert_fails(record_export(story->record, true, take, &written), ERR_RECORD_DAMAGED,
                 "row 7 of the record was changed: it does not match its hash");
    assert_int_equal(check_chain(strbuf_view(&written.text), last), 6);
    assert_null(strstr(strbuf_view(&written.text), "\"type\":\"end\""));
    strbuf_release(&written.text);
}

static void test_record_export__ends_when_nobody_takes_it(void **state)
{
    struct story *story = *state;
    const size_t large = (size_t)200 * 1024;
    char *bytes CLEANUP(heap_cleanup) = heap_alloc(large);

    story_first(story);
    put_evidence(story, bytes, large);
    for (int at = 1; at <= 4; at++) {
        struct written written = {.text = STRBUF_INIT(SIZE_MAX), .fail_at = at};

        assert_fails(record_export(story->record, true, take, &written), ERR_IO, "the pipe is closed");
        strbuf_release(&written.text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_record_export__can_be_checked_by_its_bytes),
        STORY_TEST(test_record_export__of_an_empty_record_has_a_head_and_an_end),
        STORY_TEST(test_record_export__has_the_evidence_in_base64),
        STORY_TEST(test_record_export__stops_at_what_was_changed),
        STORY_TEST(test_record_export__ends_when_nobody_takes_it),
    };

    return RUN_TESTS(tests);
}
