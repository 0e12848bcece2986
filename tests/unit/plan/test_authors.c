/* Whose commits are whose: rather too many logins than too few. */

#include "unit/unit.h"

#include "base/json.h"
#include "plan/authors.h"
#include "plan/facts.h"
#include "spec/diagnostics.h"
#include "spec/project.h"

static const char *authors(void **state, const char *people, struct fact_author *list, int count)
{
    const char *text = arena_printf(*state, "project: p\n%senvironments: {e: {}}\n", people);
    struct facts facts = {.rules = {.authors = list, .author_count = count}};
    struct diagnostics *problems = diagnostics_new(*state);
    struct project_spec *project;

    project_parse(*state, "penstock.yaml", text, strlen(text), problems, &project);
    assert_int_equal(diagnostics_count(problems), 0);
    return json_canonical(*state, authors_of(*state, project, &facts));
}

#define PEOPLE "people: {ana: [Ana@Example.org, ana@home.example], anna: {mails: [ana@example.org]}, bo: [b@x.org]}\n"

static const char *logins(void **state, const char *people, const char *name, const char *mail)
{
    struct fact_author author = {.name = name, .mail = mail};
    json_t *json CLEANUP(json_cleanup) = NULL;
    const char *text = authors(state, people, &author, 1);

    assert_ok(json_parse(text, strlen(text), "authors", &json));
    return json_canonical(*state, json_object_get(json_array_get(json, 0), "logins"));
}

static void test_authors__are_found_by_their_mails(void **state)
{
    /* The mail of two people bars both. */
    assert_string_equal(logins(state, PEOPLE, "Ana Kowalska", "ANA@example.ORG"), "[\"ana\",\"anna\"]");
    assert_string_equal(logins(state, PEOPLE, "Bo", "b@x.org"), "[\"bo\",\"b\"]");
}

static void test_authors__without_the_table_by_what_could_be_a_login(void **state)
{
    assert_string_equal(logins(state, "", "Ana Kowalska", "ana@example.org"), "[\"ana\"]");
    assert_string_equal(logins(state, "", "bo", "box@example.org"), "[\"box\",\"bo\"]");
    assert_string_equal(logins(state, "", "Ana", "12345+ana@users.noreply.example.org"), "[\"12345+ana\",\"ana\"]");
    assert_string_equal(logins(state, "", "x y", "ana+git@example.org"), "[\"ana+git\",\"ana\",\"git\"]");
    assert_string_equal(logins(state, "", "chi", "no-mail"), "[\"no-mail\",\"chi\"]");
    assert_string_equal(logins(state, "", "", ""), "[]");
    assert_string_equal(logins(state, "", "ana@example.org", "+@x"), "[\"ana@example.org\"]");
}

static void test_authors__each_is_there_once(void **state)
{
    struct fact_author list[] = {
        {"Ana", "ana@x.org"}, {"Bo", "bo@x.org"}, {"Ana", "ana@x.org"}, {"Ana K", "ana@x.org"}};
    json_t *json CLEANUP(json_cleanup) = NULL;
    const char *text = authors(state, "", list, 4);

    assert_string_equal(text, "[{\"logins\":[\"ana\"],\"mail\":\"ana@x.org\",\"name\":\"Ana\"},"
                              "{\"logins\":[\"bo\"],\"mail\":\"bo@x.org\",\"name\":\"Bo\"},"
                              "{\"logins\":[\"ana\"],\"mail\":\"ana@x.org\",\"name\":\"Ana K\"}]");
    assert_ok(json_parse(text, strlen(text), "authors", &json));
    assert_string_equal(json_canonical(*state, authors_logins(*state, json)), "[\"ana\",\"bo\"]");
}

static void test_authors_has__knows_no_case(void **state)
{
    json_t *list = json_in_arena(*state, json_pack("[s, s]", "Ana", "bo"));

    assert_true(authors_has(list, "ana"));
    assert_true(authors_has(list, "BO"));
    assert_false(authors_has(list, "an"));
    assert_false(authors_has(NULL, "ana"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_authors__are_found_by_their_mails),
        TEST_WITH_ARENA(test_authors__without_the_table_by_what_could_be_a_login),
        TEST_WITH_ARENA(test_authors__each_is_there_once),
        TEST_WITH_ARENA(test_authors_has__knows_no_case),
    };

    return RUN_TESTS(tests);
}
