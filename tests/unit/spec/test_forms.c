#include "unit/spec/spec.h"

#include "spec/fields.h"

static void accepts(enum text_form form, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        if (!form_accepts(form, *texts))
            print_error("not accepted: '%s'\n", *texts);
        assert_true(form_accepts(form, *texts));
    }
}

static void refuses(enum text_form form, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        if (form_accepts(form, *texts))
            print_error("accepted: '%s'\n", *texts);
        assert_false(form_accepts(form, *texts));
    }
}

#define ACCEPTS(form, ...) accepts((form), (const char *const[]){__VA_ARGS__, NULL})
#define REFUSES(form, ...) refuses((form), (const char *const[]){__VA_ARGS__, NULL})

static void test_forms__words_are_there(void **state)
{
    (void)state;
    for (int form = 0; form < FORM_COUNT_; form++)
        assert_non_null(form_words((enum text_form)form));
    assert_null(form_pattern(FORM_ANY));
    assert_non_null(form_pattern(FORM_NAME));
    assert_true(form_takes_numbers(FORM_ARGUMENT));
    assert_false(form_takes_numbers(FORM_NAME));
}

static void test_forms__texts(void **state)
{
    (void)state;
    ACCEPTS(FORM_ANY, "x", " ");
    REFUSES(FORM_ANY, "");
    ACCEPTS(FORM_ARGUMENT, "", "x", "\n");
    ACCEPTS(FORM_FILE, "/", ".", "a b");
    REFUSES(FORM_FILE, "");
}

static void test_forms__mails_branches_and_zones(void **state)
{
    (void)state;
    ACCEPTS(FORM_MAIL, "ana@example.org", "1+bot[bot]@users.example.org", "o'neil@x");
    REFUSES(FORM_MAIL, "", "ana", "@x", "ana@", "a@b@c", "a b@c");
    ACCEPTS(FORM_BRANCH, "main", "release/2026.11", "a.b-c_d");
    REFUSES(FORM_BRANCH, "", "release/*", "-x", "/x", "refs/heads/main", "a..b", "a b", "a~1", "a^", "a:b", "a?",
            "a[b]");
    ACCEPTS(FORM_BRANCHES, "*", "release/*", "main");
    REFUSES(FORM_BRANCHES, "", "release/?", "refs/*", "[ab]", "a\\b");
    ACCEPTS(FORM_ZONE, "UTC", "Europe/Warsaw", "America/Argentina/Buenos_Aires", "Etc/GMT+5");
    REFUSES(FORM_ZONE, "", "/etc/localtime", "../x", "Europe/../x", ":Europe/Warsaw", "CET-1CEST,M3.5.0");
}

static void test_forms__names(void **state)
{
    char longest[65];

    (void)state;
    memset(longest, 'n', 64);
    longest[64] = '\0';
    REFUSES(FORM_NAME, longest, "", "-a", ".a", "_a", "a b", "a/b", "ä", "a\n");
    longest[63] = '\0';
    ACCEPTS(FORM_NAME, longest, "a", "Z9", "0", "release-managers", "a_b.c");
    ACCEPTS(FORM_PERSON, "ana", "_svc", "ana@example.org", "a.b+c");
    REFUSES(FORM_PERSON, "", "-ana", "ana bo", "@ana");
    ACCEPTS(FORM_VARIABLE, "A", "_", "a_1");
    REFUSES(FORM_VARIABLE, "", "1A", "A-B", "A B", "A=");
}

static void test_forms__paths(void **state)
{
    (void)state;
    ACCEPTS(FORM_BELOW, "a", "a/b", "./a", "a..b", "..a", "a/...", "a/");
    REFUSES(FORM_BELOW, "", "/a", "..", "../a", "a/..", "a/../b");
    ACCEPTS(FORM_HTTP_PATH, "/", "/a?b=c#d", "/ä", "/${unit.name}");
    REFUSES(FORM_HTTP_PATH, "", "a", "http://a/", "/a b", "/a\n", "/\x7f", "/\x01");
    ACCEPTS(FORM_DOOR_PATH, "/", "/a-b._~?c=d&e:f@g!*+%20");
    REFUSES(FORM_DOOR_PATH, "", "a", "/a#b", "/ä", "/\"", "/$a", "/a b", "/a|b");
    ACCEPTS(FORM_ABSOLUTE, "/", "/run/a b.sock");
    REFUSES(FORM_ABSOLUTE, "", "run/a.sock", "./a.sock");
    ACCEPTS(FORM_URL, "http://a", "https://a:1/b", "http://[::1]:8080");
    REFUSES(FORM_URL, "", "http://", "https:///a", "ftp://a", "HTTP://a", "http://a b", "//a");
}

static void test_forms__addresses(void **state)
{
    (void)state;
    ACCEPTS(FORM_BIND, "127.0.0.1:8080", "0.0.0.0:1", "[::1]:65535", "[::]:80", "1.2.3.4:9");
    REFUSES(FORM_BIND, "", "127.0.0.1", ":8080", "*:8080", "localhost:8080", "127.0.0.1:0", "127.0.0.1:65536",
            "127.0.0.1:080", "127.0.0.1:", "127.0.0.1:8a", "127.0.0.1:-1", "::1:80", "[::1]", "[]:80", "[127.0.0.1]:80",
            "256.0.0.1:80", "1.2.3:80", "127.0.0.1:123456", "[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1]:80");
}

static void test_forms__json_paths(void **state)
{
    (void)state;
    ACCEPTS(FORM_JSON_PATH, "$", "$.a", "$.a.b[0].c", "$[0]", "$[10][0]", "$._a-b9", "$[999999]");
    REFUSES(FORM_JSON_PATH, "", "a", "$a", "$.", "$..a", "$.1a", "$.-a", "$[", "$[]", "$[01]", "$[-1]", "$[*]", "$.*",
            "$['a']", "$.a b", "$[1000000]", "$.a[0", "$ ");
}

static void test_forms__metrics(void **state)
{
    (void)state;
    ACCEPTS(FORM_METRIC, "up", "a:b_c9", ":x", "a{b=\"c\"}", "a{b=\"\",c=\"}\"}", "a{b=\"\\\"\\\\\"}");
    REFUSES(FORM_METRIC, "", "9a", "a-b", "a{", "a{}", "a{b}", "a{b=c}", "a{b=\"c}", "a{b=\"c\"", "a{b=\"c\",}",
            "a{b=\"c\" }", "a{b=\"c\"d=\"e\"}", "a b", "a{9=\"c\"}", "a{b=\"c\\", "a{b=\"\n\"}");
}

static void test_forms__sql(void **state)
{
    (void)state;
    ACCEPTS(FORM_SQL, "select 1", "SELECT(1)", "with x as (select 1) select * from x", "Select\n1");
    REFUSES(FORM_SQL, "", "select", "selection", "delete from x", " select 1", "with", "pragma x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms__words_are_there),
        cmocka_unit_test(test_forms__texts),
        cmocka_unit_test(test_forms__names),
        cmocka_unit_test(test_forms__mails_branches_and_zones),
        cmocka_unit_test(test_forms__paths),
        cmocka_unit_test(test_forms__addresses),
        cmocka_unit_test(test_forms__json_paths),
        cmocka_unit_test(test_forms__metrics),
        cmocka_unit_test(test_forms__sql),
    };

    return RUN_TESTS(tests);
}
