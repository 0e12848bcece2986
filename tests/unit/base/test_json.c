#include "unit/unit.h"

#include "base/json.h"
#include "base/strbuf.h"

static json_t *parsed(const char *text)
{
    json_t *json = NULL;

    assert_ok(json_parse(text, strlen(text), "the reply", &json));
    return json;
}

static void test_json_canonical__sorts_and_packs(void **state)
{
    json_t *json CLEANUP(json_cleanup) = parsed(" {\"b\": [1, true, null], \"a\": {\"d\": \"\\u00fc\", \"c\": -2}} ");
    json_t *number CLEANUP(json_cleanup) = parsed("7");

    assert_string_equal(json_canonical(*state, json), "{\"a\":{\"c\":-2,\"d\":\"ü\"},\"b\":[1,true,null]}");
    assert_string_equal(json_canonical(*state, number), "7");
}

static void assert_as_jansson(const json_t *json)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *wanted CLEANUP(heap_cleanup) = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

    json_add_canonical(&text, json);
    assert_string_equal(strbuf_view(&text), wanted);
}

static void test_json_canonical__is_what_jansson_writes(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[], {}, [[1]], {\"a\": {}}]",
        "{\"b\": 1, \"a\": 2, \"ab\": 3, \"\": 4, \"B\": 5, \"a\\u0001\": 6, \"\\u00e4\": 7, \"\\ud83d\\ude00\": 8}",
        "[0, -1, 7, 9223372036854775807, -9223372036854775808]",
        "[1.5, -0.1, 1e300, 1.10, 3.0, 0.0]",
        "\"\\u0001\\u001f\\u007f / \\\\ \\\" \\b\\f\\n\\r\\t \\u2028 \\u00fc\"",
        "[true, false, null]",
    };
    json_t *many CLEANUP(json_cleanup) = json_object();

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *json CLEANUP(json_cleanup) = parsed(texts[i]);

        assert_as_jansson(json);
    }
    for (int i = 0; i < 100; i++) {
        json_object_set_new(many, arena_printf(*state, "key %d", i * 7 % 100), json_integer(i));
        assert_as_jansson(many);
    }
}

static void test_json_canonical__keeps_a_nul(void **state)
{
    json_t *json CLEANUP(json_cleanup) = json_stringn("a\0b", 3);

    assert_string_equal(json_canonical(*state, json), "\"a\\u0000b\"");
}

static void test_json_parse__refuses(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "the reply is not JSON: line 1, column 0: unexpected token near end of file"},
        {"{\"a\": 1,\n \"a\": 2}", "the reply is not JSON: line 2, column 4: duplicate object key near '\"a\"'"},
        {"{} x", "the reply is not JSON: line 1, column 4: end of file expected near 'x'"},
        {"\"\xff\"", "the reply is not JSON: line 1, column 1: unable to decode byte 0xff near '\"'"},
    };
    json_t *json = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *error CLEANUP(error_cleanup) = json_parse(rows[i].text, strlen(rows[i].text), "the reply", &json);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_UNKNOWN_ANSWER);
        assert_string_equal(error->text, rows[i].message);
        assert_null(json);
    }
}

static void test_json_in_arena__is_dropped_with_it(void **state)
{
    struct arena *arena = arena_new();
    json_t *json = parsed("[1]");

    (void)state;
    json_incref(json);
    assert_ptr_equal(json_in_arena(arena, json), json);
    assert_int_equal(json->refcount, 2);
    arena_free(arena);
    assert_int_equal(json->refcount, 1);
    json_decref(json);
}

static void test_json_get__never_guesses(void **state)
{
    json_t *json CLEANUP(json_cleanup) =
        parsed("{\"text\": \"x\", \"int\": 5, \"real\": 5.0, \"yes\": true, \"no\": false}");

    (void)state;
    assert_string_equal(json_get_text(json, "text"), "x");
    assert_null(json_get_text(json, "int"));
    assert_null(json_get_text(json, "absent"));
    assert_null(json_get_text(NULL, "text"));
    assert_int_equal(json_get_int(json, "int", -1), 5);
    assert_int_equal(json_get_int(json, "real", -1), -1);
    assert_int_equal(json_get_int(json, "text", -1), -1);
    assert_int_equal(json_get_int(json, "absent", -1), -1);
    assert_true(json_get_bool(json, "yes", false));
    assert_false(json_get_bool(json, "no", true));
    assert_true(json_get_bool(json, "int", true));
    assert_false(json_get_bool(json, "absent", false));
}

static void test_json_get_flag__takes_a_number_for_a_truth(void **state)
{
    json_t *json CLEANUP(json_cleanup) =
        parsed("{\"yes\": true, \"no\": false, \"one\": 1, \"zero\": 0, \"text\": \"true\", \"null\": null}");

    (void)state;
    assert_true(json_get_flag(json, "yes"));
    assert_true(json_get_flag(json, "one"));
    assert_false(json_get_flag(json, "no"));
    assert_false(json_get_flag(json, "zero"));
    assert_false(json_get_flag(json, "text"));
    assert_false(json_get_flag(json, "null"));
    assert_false(json_get_flag(json, "absent"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_json_canonical__sorts_and_packs),
        TEST_WITH_ARENA(test_json_canonical__is_what_jansson_writes),
        TEST_WITH_ARENA(test_json_canonical__keeps_a_nul),
        cmocka_unit_test(test_json_parse__refuses),
        cmocka_unit_test(test_json_in_arena__is_dropped_with_it),
        cmocka_unit_test(test_json_get__never_guesses),
        cmocka_unit_test(test_json_get_flag__takes_a_number_for_a_truth),
    };

    return RUN_TESTS(tests);
}
