#include "unit/unit.h"

#include "base/json.h"
#include "plan/approval.h"

static enum approval of(const char *gate, const char *person)
{
    json_t *json CLEANUP(json_cleanup) = NULL;

    assert_ok(json_parse(gate, strlen(gate), "gate", &json));
    return approval_of(json, person);
}

static void test_approval__anyone_may_where_nobody_is_named(void **state)
{
    (void)state;
    assert_int_equal(of("{\"people\": [], \"bar_requester\": 0, \"requester\": \"ana\", \"approvers\": []}", "eve"),
                     APPROVAL_COUNTS);
    assert_int_equal(of("{}", "eve"), APPROVAL_COUNTS);
}

static void test_approval__only_those_who_are_named(void **state)
{
    static const char gate[] = "{\"people\": [\"bo\", \"chi\"], \"requester\": \"ana\"}";

    (void)state;
    assert_int_equal(of(gate, "bo"), APPROVAL_COUNTS);
    assert_int_equal(of(gate, "chi"), APPROVAL_COUNTS);
    assert_int_equal(of(gate, "ana"), APPROVAL_OF_STRANGER);
    assert_int_equal(of(gate, "Bo"), APPROVAL_OF_STRANGER);
}

static void test_approval__not_of_the_requester_where_he_is_barred(void **state)
{
    (void)state;
    assert_int_equal(of("{\"people\": [\"ana\"], \"bar_requester\": 1, \"requester\": \"ana\"}", "ana"),
                     APPROVAL_OF_REQUESTER);
    assert_int_equal(of("{\"bar_requester\": true, \"requester\": \"ana\"}", "ana"), APPROVAL_OF_REQUESTER);
    assert_int_equal(of("{\"bar_requester\": 1, \"requester\": \"ana\"}", "bo"), APPROVAL_COUNTS);
    assert_int_equal(of("{\"bar_requester\": 0, \"requester\": \"ana\"}", "ana"), APPROVAL_COUNTS);
    assert_int_equal(of("{\"people\": [\"bo\"], \"bar_requester\": 1, \"requester\": \"ana\"}", "ana"),
                     APPROVAL_OF_STRANGER);
}

static void test_approval__not_of_authors_where_they_are_barred(void **state)
{
    static const char gate[] = "{\"people\": [\"bo\", \"chi\"], \"barred\": [\"Bo\", \"eve\"]}";

    (void)state;
    assert_int_equal(of(gate, "bo"), APPROVAL_OF_AUTHOR);
    assert_int_equal(of(gate, "chi"), APPROVAL_COUNTS);
    assert_int_equal(of(gate, "eve"), APPROVAL_OF_STRANGER);
}

static void test_approval__a_person_counts_once(void **state)
{
    static const char gate[] = "{\"people\": [\"bo\", \"chi\"], \"approvers\": [\"bo\"]}";

    (void)state;
    assert_int_equal(of(gate, "bo"), APPROVAL_TWICE);
    assert_int_equal(of(gate, "chi"), APPROVAL_COUNTS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_approval__anyone_may_where_nobody_is_named),
        cmocka_unit_test(test_approval__only_those_who_are_named),
        cmocka_unit_test(test_approval__not_of_the_requester_where_he_is_barred),
        cmocka_unit_test(test_approval__not_of_authors_where_they_are_barred),
        cmocka_unit_test(test_approval__a_person_counts_once),
    };

    return RUN_TESTS(tests);
}
