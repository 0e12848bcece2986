#include "unit/unit.h"

#include "drivers/probe/extract.h"
#include "drivers/probe/extract_sql.h"

#include "base/strbuf.h"
#include "base/text.h"

#define RUNNING "select count(*) from json_each(:body, '$.rooms') r where r.value->>'recording' = 'running'"

static double told(struct arena *arena, const char *sql, const char *body)
{
    double value = -1;
    const char *why = "";

    if (!extract_number(arena, &(struct extract){EXTRACT_SQL, sql}, body, strlen(body), &value, &why))
        fail_msg("unknown: %s", why);
    return value;
}

static void unknown(struct arena *arena, const char *sql, const char *body, const char *pattern)
{
    double value = -77;
    const char *why = NULL;

    if (extract_number(arena, &(struct extract){EXTRACT_SQL, sql}, body, strlen(body), &value, &why))
        fail_msg("%s of %s is told as %g", sql, body, value);
    if (!why || !text_glob(pattern, why))
        fail_msg("%s of %s says: %s", sql, body, why ? why : "(nothing)");
    assert_true(value == -77);
}

static void test_extract_sql__filters_and_counts(void **state)
{
    const char *body = "{\"rooms\": [{\"recording\": \"running\"}, {\"recording\": \"ended\"}, {\"recording\": "
                       "\"running\"}], \"n\": 2.5}";

    assert_true(told(*state, RUNNING, body) == 2);
    assert_true(told(*state, RUNNING, "{\"rooms\": []}") == 0);
    assert_true(told(*state, "select :body ->> '$.n'", body) == 2.5);
    assert_true(told(*state, "select :body->>'n';  ", body) == 2.5);
    assert_true(told(*state, "select json_array_length(:body, '$.rooms')", body) == 3);
    assert_true(told(*state, "select max(0, json_extract(:body, '$.n') - 5)", body) == 0);
    assert_true(told(*state, "select count(*) from json_tree(:body) where key = 'recording'", body) == 3);
    assert_true(told(*state,
                     "with recursive t(n) as (select 1 union all select n + 1 from t where n < 10) "
                     "select sum(n) + (:body ->> 'n') from t",
                     body) == 57.5);
    assert_true(told(*state, "select count(*) from json_each(:body)", "[1, 2]") == 2);
}

static void test_extract_sql__does_not_count_what_is_not_there(void **state)
{
    unknown(*state, RUNNING, "{}", "the answer has no '$.rooms'");
    unknown(*state, RUNNING, "{\"rooms\": null}", "'$.rooms' is null, not a list");
    unknown(*state, RUNNING, "{\"rooms\": \"gone\"}", "'$.rooms' is text, not a list");
    unknown(*state, RUNNING, "{\"rooms\": 0}", "'$.rooms' is integer, not a list");
    unknown(*state, "select count(*) from json_each ( :body , '$.rooms' )", "{}", "the answer has no '$.rooms'");
    unknown(*state, "select count(*) from JSON_EACH(:body,'$.it''s')", "{}", "the answer has no '$.it's'");
    unknown(*state, "select count(*) from json_each(:body)", "0", "'$' is integer, not a list");
    unknown(*state, "select count(*) from json_each(:body -> '$.rooms')", "{}", "the answer has no '$.rooms'");
    unknown(*state, "select count(*) from json_each(:body -> 'rooms')", "{}", "the answer has no '$.\"rooms\"'");
    unknown(*state, "select coalesce(:body ->> '$.rooms', 0)", "{}", "the answer has no '$.rooms'");
    unknown(*state, "select total(r.value) from json_each(:body, '$.rooms') r", "{\"room\": []}",
            "the answer has no '$.rooms'");
}

/* In SQL, the length of what is no list is 0, and so is the count of null's rows. */
static void test_extract_sql__makes_no_zero_of_what_is_no_list(void **state)
{
    unknown(*state, "select json_array_length(:body, '$.rooms')", "{\"rooms\": {\"a\": {}}}",
            "'$.rooms' is an object, not a list");
    unknown(*state, "select json_array_length(:body, '$.rooms')", "{\"rooms\": 4}", "'$.rooms' is integer, not a list");
    unknown(*state, "select json_array_length(:body, '$.rooms')", "{\"rooms\": null}", "'$.rooms' is null, not a list");
    unknown(*state, "select json_array_length(:body -> 'rooms')", "{\"rooms\": \"x\"}",
            "'$.\"rooms\"' is text, not a list");
    unknown(*state, "select json_array_length( :body )", "{}", "'$' is an object, not a list");
    unknown(*state, "select count(*) from json_each(json_extract(:body, '$.rooms'))", "{\"rooms\": null}",
            "'$.rooms' is null");
    unknown(*state, "select coalesce(:body ->> '$.rooms', 0)", "{\"rooms\": null}", "'$.rooms' is null");
    assert_true(told(*state, "select count(*) from json_each(:body, '$.rooms')", "{\"rooms\": {\"a\": {}}}") == 1);
}

static void test_extract_sql__wants_one_number(void **state)
{
    unknown(*state, "select :body ->> 'n'", "{\"n\": null}", "'$.\"n\"' is null");
    unknown(*state, "select nullif(:body ->> 'n', 0)", "{\"n\": 0}", "the SQL gives null");
    unknown(*state, "select :body ->> 'n'", "{\"n\": \"0\"}", "the SQL gives a text, not a number");
    unknown(*state, "select value from json_each(:body)", "[1, 2]", "the SQL gives more than one row");
    unknown(*state, "select value from json_each(:body)", "[]", "the SQL gives no row");
    unknown(*state, "select :body, 1", "{}", "the SQL does not give one column");
    unknown(*state, "select -json_array_length(:body)", "[1]", "it is negative: -1");
    unknown(*state, "select 9e999 + 0 * json_array_length(:body)", "[]", "it is not a finite number");
    unknown(*state, "", "{}", "the SQL is empty");
    unknown(*state, "select 0", "{}", "the SQL does not read :body");
    unknown(*state, "select ?", "{}", "the SQL does not read :body");
    unknown(*state, "select json_array_length(:body) + :other", "[]", "the SQL does not read :body");
    unknown(*state, "select json_array_length(:body); select 0", "[]", "the SQL is more than one statement");
    unknown(*state, "selec :body", "{}", "SQL: near \"selec\": syntax error");
    unknown(*state, "select json_array_length(:body)", "{", "the answer is not JSON*");
    unknown(*state, "select json_array_length(:body)", "", "the answer is not JSON*");
    unknown(*state, RUNNING, "{\"rooms\": [], \"rooms\": [{\"recording\": \"running\"}]}", "*duplicate object key*");
}

static void test_extract_sql__takes_no_word_for_a_text(void **state)
{
    unknown(*state, "select count(*) from json_each(:body) r where r.value = \"running\"", "[]",
            "SQL: no such column: running");
}

static void test_extract_sql__may_only_read_the_body(void **state)
{
    static const char *const statements[] = {
        "select load_extension(:body)",
        "select readfile(:body)",
        "select writefile(:body, 'x')",
        "select random() + json_array_length(:body)",
        "select length(randomblob(10)) + json_array_length(:body)",
        "select julianday('now') + json_array_length(:body)",
        "select strftime('%s', 'now') + json_array_length(:body)",
        "select sqlite_version() || :body",
        "select length(zeroblob(1000)) + json_array_length(:body)",
        "attach :body as x",
        "detach :body",
        "create table t as select :body as b",
        "insert into t select :body",
        "delete from t where a = :body",
        "drop table x",
        "pragma user_version = 3",
        "pragma table_info(x)",
        "vacuum into :body",
        "begin",
        "explain select :body",
        "select count(*) from sqlite_master where name = :body",
        "select count(*) from sqlite_schema where name = :body",
        "select count(*) from pragma_database_list where name = :body",
        "select count(*) from pragma_function_list where name = :body",
        "select count(*) from fts5('x', :body)",
        "select count(*) from generate_series(1, :body)",
        "select count(*) from missing where x = :body",
        "select fts3_tokenizer(:body)",
        "select changes() + json_array_length(:body)",
    };

    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        unknown(*state, statements[i], "[]", "*");
    unknown(*state, statements[0], "[]", "the SQL may only read :body: not authorized to use function: load_extension");
}

static void test_extract_sql__has_an_end(void **state)
{
    unknown(*state,
            "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) + "
            "json_array_length(:body) from t",
            "[]", "the SQL takes too many steps");
    unknown(*state,
            "select length(replace(replace(replace(printf('%1000000d', json_array_length(:body)), ' ', '0123456789'), "
            "'0', '0123456789'), '0', '0123456789'))",
            "[]", "SQL: string or blob too big");
}

static void test_extract_sql__counts_ten_thousand_rooms(void **state)
{
    struct strbuf body CLEANUP(strbuf_release) = STRBUF_INIT(0);

    strbuf_text(&body, "{\"rooms\": [");
    for (int i = 0; i < 10000; i++)
        strbuf_printf(&body, "%s{\"id\": %d, \"recording\": \"%s\"}", i ? "," : "", i, i % 2 ? "running" : "ended");
    strbuf_text(&body, "]}");
    assert_true(told(*state, RUNNING, strbuf_view(&body)) == 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_extract_sql__filters_and_counts),
        TEST_WITH_ARENA(test_extract_sql__does_not_count_what_is_not_there),
        TEST_WITH_ARENA(test_extract_sql__makes_no_zero_of_what_is_no_list),
        TEST_WITH_ARENA(test_extract_sql__wants_one_number),
        TEST_WITH_ARENA(test_extract_sql__takes_no_word_for_a_text),
        TEST_WITH_ARENA(test_extract_sql__may_only_read_the_body),
        TEST_WITH_ARENA(test_extract_sql__has_an_end),
        TEST_WITH_ARENA(test_extract_sql__counts_ten_thousand_rooms),
    };

    return cmocka_run_group_tests_name("extract_sql", tests, NULL, NULL);
}
