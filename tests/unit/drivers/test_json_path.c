#include "unit/unit.h"

#include "drivers/probe/json_path.h"

static const char document_text[] =
    "{\"a\": {\"b\": [{\"c\": 1}, {\"c\": 2}]}, \"with space\": 3, \"\": 4, \"größe\": 5, \"a.b\": 6, \"n\": null}";

static int document_setup(void **state)
{
    *state = json_loads(document_text, 0, NULL);
    return *state ? 0 : -1;
}

static int document_teardown(void **state)
{
    json_decref(*state);
    return 0;
}

static void assert_finds(const json_t *document, const char *path, int value)
{
    assert_ok(json_path_check(path));
    assert_int_equal(json_integer_value(json_path_find(document, path)), value);
}

static void test_json_path__finds_members_and_elements(void **state)
{
    assert_finds(*state, "$.a.b[0].c", 1);
    assert_finds(*state, "$.a.b[1].c", 2);
    assert_finds(*state, "$[\"with space\"]", 3);
    assert_finds(*state, "$['']", 4);
    assert_finds(*state, "$.größe", 5);
    assert_finds(*state, "$['a.b']", 6);
    assert_finds(*state, "$['a'].b[1]['c']", 2);
}

static void test_json_path__dollar_is_the_document(void **state)
{
    assert_ok(json_path_check("$"));
    assert_ptr_equal(json_path_find(*state, "$"), *state);
}

static void test_json_path__finds_null_as_a_value(void **state)
{
    assert_ok(json_path_check("$.n"));
    assert_true(json_is_null(json_path_find(*state, "$.n")));
}

static void test_json_path__finds_nothing_that_is_not_there(void **state)
{
    static const char *const paths[] = {"$.x",   "$.a.b[2]", "$.a.b.c",      "$.a[0]",           "$[0]",
                                        "$.n.x", "$.a.x.y",  "$.a.b[0].c.d", "$.a.b[999999999]", "$['größ']"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        assert_ok(json_path_check(paths[i]));
        assert_null(json_path_find(*state, paths[i]));
    }
}

static void test_json_path__refuses_bad_paths(void **state)
{
    static const char *const paths[] = {"$.",  "$..a",  "$.a[",   "$.a[]",   "$.a[x]",   "$.a[-1]",
                                        "$a",  "$.a[1", "$['a'",  "$['a]",   "$.a b",    "$.a[1234567890]",
                                        "$.*", "$[*]",  "$.a[01", "$['a\"]", "$.a['b']c"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct error *error = json_path_check(paths[i]);

        if (!error)
            fail_msg("'%s' was taken", paths[i]);
        assert_int_equal(error->code, ERR_SPEC_INVALID);
        error_free(error);
    }
}

static void test_json_path__says_where_it_is_wrong(void **state)
{
    (void)state;
    assert_fails(json_path_check("rooms"), ERR_SPEC_INVALID, "path 'rooms' does not start with '$'");
    assert_fails(json_path_check(""), ERR_SPEC_INVALID, "path '' does not start with '$'");
    assert_fails(json_path_check(NULL), ERR_SPEC_INVALID, "path '' does not start with '$'");
    assert_fails(json_path_check("$.rooms[*].id"), ERR_SPEC_INVALID, "path '$.rooms[*].id' is wrong from '[*].id' on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json_path__finds_members_and_elements, document_setup, document_teardown),
        cmocka_unit_test_setup_teardown(test_json_path__dollar_is_the_document, document_setup, document_teardown),
        cmocka_unit_test_setup_teardown(test_json_path__finds_null_as_a_value, document_setup, document_teardown),
        cmocka_unit_test_setup_teardown(test_json_path__finds_nothing_that_is_not_there, document_setup,
                                        document_teardown),
        cmocka_unit_test(test_json_path__refuses_bad_paths),
        cmocka_unit_test(test_json_path__says_where_it_is_wrong),
    };

    return cmocka_run_group_tests_name("json_path", tests, NULL, NULL);
}
