/* SQL of an auditor's own: what it can read, what it cannot, and in which words it is told. */

#include "unit/store/story.h"

#include "base/embedded.h"
#include "base/text.h"
#include "store/audit.h"
#include "unit/store/rows.h"

static struct error *try_sql(struct story *story, const char *sql)
{
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    struct audit_bounds bounds = {.timeout_ms = 10000};
    struct error *error;

    story_reopen(story, RECORD_READ);
    error = audit_sql(story->record, sql, &bounds, &sink);
    strbuf_release(&rows.text);
    return error;
}

static void refuse(struct story *story, const char *sql, const char *want)
{
    assert_fails(try_sql(story, sql), ERR_USAGE, want);
}

static void refuse_at(struct story *story, const char *sql, int line, int column, const char *want)
{
    struct error *error = try_sql(story, sql);

    assert_non_null(error);
    assert_string_equal(error->mark.file, "query");
    assert_int_equal(error->mark.line, line);
    assert_int_equal(error->mark.column, column);
    assert_fails(error, ERR_USAGE, want);
}

static void test_audit_sql__reads_the_views(void **state)
{
    struct story *story = *state;

    story_first(story);
    story_second(story);
    story_reopen(story, RECORD_READ);
    assert_string_equal(rows_of_sql(story, "SELECT id, end, created_at FROM v_release ORDER BY number"),
                        "id|end|created_at\n"
                        "r-1|succeeded|2026-11-21T19:25:36Z\n"
                        "r-2|succeeded|2026-11-21T19:25:56Z");
    story_reopen(story, RECORD_READ);
    assert_string_equal(rows_of_sql(story, "WITH x AS (SELECT * FROM v_event) SELECT count(*) AS n FROM x;  -- all\n"),
                        "n\n78");
    story_reopen(story, RECORD_READ);
    assert_string_equal(rows_of_sql(story, "SELECT value FROM v_gate, json_each(people)"), "value\nben\ncleo");
}

/* Each column is told in the comment, in its order, and all views can be read. */
static void test_views__say_what_their_columns_mean(void **state)
{
    struct story *story = *state;
    int count = 0;

    story_first(story);
    for (const struct audit_text *view = audit_views(story->arena); view->name; view++) {
        const char *line = view->doc;
        const char *names;

        story_reopen(story, RECORD_READ);
        names = rows_of_sql(story, arena_printf(story->arena, "SELECT * FROM %s LIMIT 0", view->name));
        for (int i = 0; *rows_cell(story, names, i); i++) {
            const char *name = rows_cell(story, names, i);

            line += strspn(line, " ");
            if (!text_starts(line, name) || line[strlen(name)] != ' ')
                fail_msg("%s: column '%s' is not told in its place", view->name, name);
            line += strcspn(line, "\n") + 1;
        }
        assert_string_equal(line, "");
        count++;
    }
    assert_int_equal(count, 20);
}

static void test_audit_sql__reads_nothing_else(void **state)
{
    static const struct {
        const char *sql, *name;
    } closed[] = {
        {"SELECT * FROM evidence", "evidence"},
        {"SELECT count(*) FROM evidence", "evidence"},
        {"SELECT requester FROM release", "release"},
        {"SELECT (SELECT body FROM event LIMIT 1)", "event"},
        {"SELECT * FROM v_release WHERE id IN (SELECT record FROM meta)", "meta"},
        {"SELECT * FROM lease", "lease"},
        {"SELECT * FROM sqlite_schema", "sqlite_master"},
        {"SELECT * FROM sqlite_temp_schema", "sqlite_temp_master"},
        /* The name of a view does not help. */
        {"WITH v_release AS (SELECT * FROM evidence) SELECT * FROM v_release", "evidence"},
        {"SELECT * FROM (SELECT * FROM evidence) v_release", "evidence"},
    };
    struct story *story = *state;

    story_first(story);
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        refuse(story, closed[i].sql,
               arena_printf(story->arena, "'%s' cannot be read: an audit reads its views", closed[i].name));
}

static void test_audit_sql__changes_nothing(void **state)
{
    static const struct {
        const char *sql, *word;
    } writes[] = {
        {"DELETE FROM event", "DELETE"},
        {"UPDATE release SET reason = ''", "UPDATE"},
        {"INSERT INTO meta VALUES (2, '', 0)", "INSERT"},
        {"CREATE TABLE x (a)", "INSERT"},
        {"DROP TABLE event", "DELETE"},
        {"ATTACH '/tmp/penstock-audit-x' AS x", "ATTACH"},
        {"DETACH main", "DETACH"},
        {"PRAGMA query_only = OFF", "PRAGMA"},
        {"BEGIN", "BEGIN, COMMIT or ROLLBACK"},
        {"SAVEPOINT x", "SAVEPOINT"},
        {"ANALYZE", "INSERT"},
        {"REINDEX", "REINDEX"},
        {"VACUUM INTO '/tmp/penstock-audit-x'", "this statement"},
        {"SELECT load_extension('x')", "this function"},
        {"SELECT fts3_tokenizer('simple')", "this function"},
        {"SELECT FTS3_Tokenizer('simple', x'4141414141414141')", "this function"},
    };
    struct story *story = *state;

    story_first(story);
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        refuse(story, writes[i].sql,
               arena_printf(story->arena, "%s is not allowed: an audit only reads", writes[i].word));
    assert_false(file_exists("/tmp/penstock-audit-x"));
    story_reopen(story, RECORD_READ);
    assert_rows(story, "SELECT count(*) FROM event", "20");
}

static void test_audit_sql__names_the_place_of_a_fault(void **state)
{
    struct story *story = *state;

    story_first(story);
    refuse_at(story, "SELECT id,\n  'ä', foo FROM v_release", 2, 8, "no such column: foo");
    refuse_at(story, "SELEKT 1", 1, 1, "near \"SELEKT\": syntax error");
    refuse_at(story, "SELECT 1;\n  SELECT 2", 2, 3, "one statement only: another one begins here");
    refuse_at(story, "SELECT 1; nonsense", 1, 11, "near \"nonsense\": syntax error");
    refuse(story, "", "there is no statement in the query");
    refuse(story, " -- nothing\n", "there is no statement in the query");
    refuse(story, "SELECT abs(-9223372036854775807 - 1)", "integer overflow");
    refuse(story, "SELECT length(zeroblob(100000000))", "string or blob too big");
    refuse(story, "SELECT * FROM v_releases", "no such table: v_releases");
}

static const char endless[] = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) ";

static void test_audit_sql__ends_when_its_time_is_over(void **state)
{
    struct story *story = *state;
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    struct audit_bounds bounds = {.timeout_ms = 50};

    assert_fails(
        audit_sql(story->record, arena_printf(story->arena, "%sSELECT count(*) FROM c", endless), &bounds, &sink),
        ERR_TIMEOUT, "the query took longer than 50ms");
    strbuf_release(&rows.text);
}

static void test_audit_sql__has_so_much_memory(void **state)
{
    assert_fails(try_sql(*state, arena_printf(((struct story *)*state)->arena,
                                              "%sSELECT json_group_array(zeroblob(60000000)) FROM c", endless)),
                 ERR_USAGE, "JSON cannot hold BLOB values");
    assert_fails(try_sql(*state, "SELECT hex(zeroblob(30000000)) || hex(zeroblob(1000)), hex(zeroblob(30000000)),"
                                 " hex(zeroblob(30000000)), hex(zeroblob(30000000)), hex(zeroblob(30000000))"),
                 ERR_LIMIT, "the query needs more than 256 MiB of memory");
}

static struct error *no_more(void *context, const struct audit_value *values)
{
    (void)context;
    (void)values;
    return error_new(ERR_IO, KIND_PERMANENT, "the pipe is closed");
}

static void test_audit_sql__ends_when_nobody_takes_the_rows(void **state)
{
    struct story *story = *state;
    struct rows rows = {0};
    struct audit_sink sink = rows_sink(&rows);
    struct audit_bounds bounds = {0};

    sink.row = no_more;
    assert_fails(audit_sql(story->record, "SELECT 1, 2.5, x'00', NULL", &bounds, &sink), ERR_IO, "the pipe is closed");
    strbuf_release(&rows.text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORY_TEST(test_audit_sql__reads_the_views),
        STORY_TEST(test_views__say_what_their_columns_mean),
        STORY_TEST(test_audit_sql__reads_nothing_else),
        STORY_TEST(test_audit_sql__changes_nothing),
        STORY_TEST(test_audit_sql__names_the_place_of_a_fault),
        STORY_TEST(test_audit_sql__ends_when_its_time_is_over),
        STORY_TEST(test_audit_sql__has_so_much_memory),
        STORY_TEST(test_audit_sql__ends_when_nobody_takes_the_rows),
    };

    return RUN_TESTS(tests);
}
