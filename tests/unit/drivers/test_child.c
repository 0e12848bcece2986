#include "unit/unit.h"

#include "drivers/child.h"

#include "base/text.h"
#include "drivers/call.h"
#include "unit/drivers/quoted.h"

static struct call make_call(struct arena *arena, const char *params, const char *env)
{
    return (struct call){.target = "i",
                         .arena = arena,
                         .epoch = 12,
                         .params = quoted_in(arena, params),
                         .env = env ? quoted_in(arena, env) : NULL};
}

/* The environment on one line, entries separated by '|'. */
static const char *env_text(struct call *call, const char *address, const char *home)
{
    struct child_place place;
    const char *const *env = NULL;
    const char *text = "";

    child_place_init(call->arena, address, &place);
    assert_ok(child_env(call, &place, home, NULL, &env));
    for (; *env; env++)
        text = arena_printf(call->arena, "%s%s|", text, *env);
    return text;
}

static void test_child_place__reads_an_address(void **state)
{
    struct child_place place;

    child_place_init(*state, "[::1]:80", &place);
    assert_string_equal(place.port, "80");
    assert_string_equal(place.url, "http://[::1]:80");
    child_place_init(*state, NULL, &place);
    assert_null(place.address);
    child_place_init(*state, "nothing", &place);
    assert_null(place.address);
}

static void test_child_argv__fills_places_only_when_they_are_known(void **state)
{
    struct call call = make_call(*state, "{'argv': ['a', '--at=${instance.address}', '$${x}']}", NULL);
    struct child_place place;
    const char *const *argv;

    child_place_init(*state, "127.0.0.1:80", &place);
    assert_ok(child_argv(&call, &place, &argv));
    assert_string_equal(argv[1], "--at=127.0.0.1:80");
    assert_string_equal(argv[2], "${x}");
    assert_null(argv[3]);
    child_place_init(*state, NULL, &place);
    assert_ok(child_argv(&call, &place, &argv));
    assert_string_equal(argv[2], "$${x}");
}

static void test_child_env__is_whole_and_bare(void **state)
{
    struct call call = make_call(*state, "{}", NULL);

    assert_string_equal(env_text(&call, NULL, "/home/x"),
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|LANG=C.UTF-8|HOME=/home/x|"
                        "PENSTOCK_EPOCH=12|");
}

static void test_child_env__declared_names_win(void **state)
{
    struct call call = make_call(*state, "{}", "{'PATH': '/bin', 'HOME': '/h', 'LANG': 'C', 'A': ''}");

    assert_string_equal(env_text(&call, "127.0.0.1:80", "/home/x"),
                        "PATH=/bin|HOME=/h|LANG=C|A=|PENSTOCK_ADDRESS=127.0.0.1:80|PENSTOCK_PORT=80|"
                        "PENSTOCK_URL=http://127.0.0.1:80|PENSTOCK_EPOCH=12|");
}

static void test_child_env__expands_what_was_written_and_not_what_was_fetched(void **state)
{
    struct call call = make_call(*state,
                                 "{'env': [{'name': 'URL', 'source': 'literal', 'value': '…'}, {'name': 'KEY', "
                                 "'source': 'from_env', 'value': 'KEY'}]}",
                                 "{'URL': '${instance.url}/x', 'KEY': '$${instance.url}$'}");

    assert_true(text_starts(strstr(env_text(&call, "127.0.0.1:80", NULL), "URL="),
                            "URL=http://127.0.0.1:80/x|KEY=$${instance.url}$|"));
}

static void assert_env_refused(struct arena *arena, const char *env, const char *message)
{
    struct call call = make_call(arena, "{}", env);
    struct child_place place = {0};
    const char *const *out;

    assert_fails(child_env(&call, &place, NULL, NULL, &out), ERR_SPEC_INVALID, message);
}

static void test_child_env__refuses_what_is_no_environment(void **state)
{
    assert_env_refused(*state, "{'PENSTOCK_X': '1'}", "environment name 'PENSTOCK_X' of 'i' is kept for penstock");
    assert_env_refused(*state, "{'A=B': '1'}", "environment name 'A=B' of 'i' has no text");
    assert_env_refused(*state, "{'': '1'}", "environment name '' of 'i' has no text");
    assert_env_refused(*state, "{'A': 1}", "environment name 'A' of 'i' has no text");
}

static void test_child_evidence__masks_secrets_and_cleans(void **state)
{
    struct call call = make_call(*state,
                                 "{'env': [{'name': 'REGION', 'source': 'literal'}, {'name': 'TOKEN', 'source': "
                                 "'from_env'}, {'name': 'PIN', 'source': 'from_file'}]}",
                                 "{'REGION': 'west', 'TOKEN': 's3cret', 'PIN': '12'}");
    static const char output[] = "west s3cret 12 \x1b[31mred\x1b[0m s3crets3cret\n";

    assert_string_equal(child_evidence(&call, output, strlen(output), 4096), "west *** 12 red ******\n");
    assert_string_equal(child_evidence(&call, NULL, 0, 4096), "");
}

static void test_child_evidence__keeps_the_end(void **state)
{
    struct call call = make_call(*state, "{'env': [{'name': 'T', 'source': 'from_env'}]}", "{'T': 'secret'}");

    assert_string_equal(child_evidence(&call, "first\nsecond\nthird\n", 19, 10), "third\n");
    assert_string_equal(child_evidence(&call, "0123456789", 10, 4), "6789");
    /* The cut does not leave half a secret. */
    assert_string_equal(child_evidence(&call, "xxsecretyy", 10, 5), "***yy");
}

/* A log is read from its end, and much output is cut: the cut may go through a secret. */
static void test_child_evidence__leaves_no_half_of_a_secret_where_the_text_was_cut_before(void **state)
{
    struct call call = make_call(*state, "{'env': [{'name': 'T', 'source': 'from_env'}]}", "{'T': 'correct-horse'}");

    assert_string_equal(child_evidence(&call, "-horse\nback\n", 12, 100), "***\nback\n");
    assert_string_equal(child_evidence(&call, "with correct-h", 14, 100), "with ***");
    assert_string_equal(child_evidence(&call, "rrect-hor", 9, 100), "***");
    assert_string_equal(child_evidence(&call, "correct-horse-horse", 19, 100), "***-horse");
    assert_string_equal(child_evidence(&call, "rse\n", 4, 100), "rse\n");
}

static void test_child_evidence__masks_a_secret_in_another_and_one_that_cleaning_would_change(void **state)
{
    struct call call =
        make_call(*state,
                  "{'env': [{'name': 'A', 'source': 'from_env'}, {'name': 'B', 'source': 'from_env'}, {'name': 'C', "
                  "'source': 'from_file'}]}",
                  "{'A': 'horse', 'B': 'horse-battery', 'C': 'first\\r\\nsecond'}");
    static const char output[] = "horse-battery horse first\r\nsecond ho\x1b[31mrse\n";

    assert_string_equal(child_evidence(&call, output, strlen(output), 4096), "*** *** *** ***\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_child_place__reads_an_address),
        TEST_WITH_ARENA(test_child_argv__fills_places_only_when_they_are_known),
        TEST_WITH_ARENA(test_child_env__is_whole_and_bare),
        TEST_WITH_ARENA(test_child_env__declared_names_win),
        TEST_WITH_ARENA(test_child_env__expands_what_was_written_and_not_what_was_fetched),
        TEST_WITH_ARENA(test_child_env__refuses_what_is_no_environment),
        TEST_WITH_ARENA(test_child_evidence__masks_secrets_and_cleans),
        TEST_WITH_ARENA(test_child_evidence__keeps_the_end),
        TEST_WITH_ARENA(test_child_evidence__leaves_no_half_of_a_secret_where_the_text_was_cut_before),
        TEST_WITH_ARENA(test_child_evidence__masks_a_secret_in_another_and_one_that_cleaning_would_change),
    };
    int failed = cmocka_run_group_tests_name("child", tests, NULL, NULL);

    quoted_release();
    return failed;
}
