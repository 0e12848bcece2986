/* Two units at the same time: the data they share, and the API that users meet. */

#include "unit/plan/planning.h"

/* The unit's block is at line 12. */
#define WITH(unit)                                                       \
    HEAD_TEXT unit "stages:\n"                                           \
                   "  - build\n"                                         \
                   "  - deploy\n"                                        \
                   "  - validate: {checks: [{name: home, get: /}]}\n"    \
                   "  - shift: {steps: [{share: 50%}, {share: 100%}]}\n" \
                   "  - drain: {until: {rooms: 0}}\n"                    \
                   "  - destroy\n"

/* The live unit was released by another pipeline than the new one is. */
static struct planning over(void **state, const char *live, const char *ours, enum plan_kind kind)
{
    struct planning before = planning_of(*state, live);
    struct planning p = planning_of(*state, ours);

    planning_live(&p, 1);
    p.facts.live.contract = json_in_arena(*state, contract_of(before.pipeline));
    p.facts.request.kind = kind;
    p.facts.request.back_to = "r-3";
    return p;
}

static const char *verdict(void **state, const char *live, const char *ours, enum plan_kind kind)
{
    struct planning p = over(state, live, ours, kind);
    const json_t *row = json_array_get(json_object_get(planning_plan(&p)->terms.json, "rules"), 0);

    return row ? arena_printf(*state, "%s %s: %s", json_get_text(row, "rule"), json_get_text(row, "verdict"),
                              json_get_text(row, "detail"))
               : "";
}

static const char *refusal(void **state, const char *live, const char *ours, enum plan_kind kind)
{
    struct planning p = over(state, live, ours, kind);
    const struct diagnostic *own;

    assert_null(planning_try(&p));
    assert_int_equal(diagnostics_count(p.problems), 1);
    own = diagnostics_get(p.problems, 0);
    assert_string_equal(own->mark.file, "p.yaml");
    return arena_printf(*state, "%d:%d %s | %s", own->mark.line, own->mark.column, own->text, own->hint);
}

#define NONE WITH("")
#define DATA(reads, writes) WITH("unit: {schema: {reads: " reads ", writes: " writes "}}\n")
#define API(versions) WITH("unit: {api: {versions: [" versions "]}}\n")

static void test_ranges__a_unit_that_said_nothing_is_compared_with_nothing(void **state)
{
    assert_string_equal(verdict(state, NONE, DATA("41-43", "43"), PLAN_RELEASE), "");
    assert_string_equal(verdict(state, NONE, API("v1"), PLAN_RELEASE), "");
}

static void test_ranges__a_first_release_is_compared_with_nothing(void **state)
{
    struct planning p = planning_of(*state, DATA("41-43", "43"));

    assert_string_equal(json_canonical(*state, planning_plan(&p)->terms.json), "{}");
}

static void test_ranges__each_must_read_what_the_other_writes(void **state)
{
    assert_string_equal(verdict(state, DATA("41-43", "42"), DATA("42-44", "43"), PLAN_RELEASE),
                        "schema met: reads 42-44, writes 43; the live unit reads 41-43, writes 42");
    assert_string_equal(verdict(state, DATA("43", "43"), DATA("43", "43"), PLAN_HOTFIX),
                        "schema met: reads 43, writes 43; the live unit reads 43, writes 43");
    assert_string_equal(refusal(state, DATA("41-43", "43"), DATA("44-45", "44"), PLAN_RELEASE),
                        "12:16 the new unit reads 44-45, but the live unit 'prod-0000000-3' writes 43 | release a "
                        "version in between that reads both");
    assert_string_equal(refusal(state, DATA("41-43", "43"), DATA("43-44", "44"), PLAN_RELEASE),
                        "12:16 the new unit writes 44, but the live unit 'prod-0000000-3' reads 41-43 | release a "
                        "version first that reads the new data and still writes the old");
    /* Only a part of what is written can be read. */
    assert_string_equal(refusal(state, DATA("41-44", "43-44"), DATA("42-43", "43"), PLAN_RELEASE),
                        "12:16 the new unit reads 42-43, but the live unit 'prod-0000000-3' writes 43-44 | release a "
                        "version in between that reads both");
}

static void test_ranges__a_rollback_must_read_today_s_data(void **state)
{
    assert_string_equal(refusal(state, DATA("42-44", "44"), DATA("41-43", "43"), PLAN_ROLLBACK),
                        "12:16 the new unit reads 41-43, but the live unit 'prod-0000000-3' writes 44 | it cannot read "
                        "today's data: put the fault right in a new release");
    assert_string_equal(verdict(state, DATA("42-44", "43"), DATA("41-43", "42"), PLAN_ROLLBACK),
                        "schema met: reads 41-43, writes 42; the live unit reads 42-44, writes 43");
}

static void test_ranges__leaving_the_blocks_out_is_no_way_around(void **state)
{
    assert_string_equal(refusal(state, DATA("41-43", "43"), NONE, PLAN_RELEASE),
                        "2:14 the live unit 'prod-0000000-3' says which stored data it knows (reads 41-43, writes 43), "
                        "this one does not | add unit.schema: what the one writes the other must read while both have "
                        "traffic");
    assert_string_equal(refusal(state, API("v1, v2"), WITH("unit: {build: [make]}\n"), PLAN_RELEASE),
                        "12:7 the live unit 'prod-0000000-3' says which versions of the API it answers (v1, v2), this "
                        "one does not | add unit.api: while both have traffic, a user may be answered by either");
}

static void test_ranges__a_version_of_the_api_must_be_common(void **state)
{
    assert_string_equal(verdict(state, API("v1, v2"), API("v2, v1, v3"), PLAN_RELEASE), "api met: v1, v2 in common");
    assert_string_equal(refusal(state, API("v1, v2"), API("v3"), PLAN_RELEASE),
                        "12:13 the new unit answers no version of the API that the live unit 'prod-0000000-3' answers "
                        "(v1, v2) | keep one of them for one more release: while both have traffic, a user may be "
                        "answered by either");
    /* Not even when it is known. */
    assert_string_equal(
        refusal(state, API("v1"), WITH("unit: {api: {versions: [v3], breaking: true}}\n"), PLAN_ROLLBACK),
        "12:13 the new unit answers no version of the API that the live unit 'prod-0000000-3' answers (v1) | keep one of "
        "them for one more release: while both have traffic, a user may be answered by either");
}

static void test_ranges__a_version_that_goes_must_be_known(void **state)
{
    assert_string_equal(refusal(state, API("v1, v2"), API("v2, v3"), PLAN_RELEASE),
                        "12:13 the new unit no longer answers v1, which the live unit 'prod-0000000-3' does | keep it, "
                        "or say in unit.api that it is known: breaking: true");
    assert_string_equal(
        verdict(state, API("v1, v2"), WITH("unit: {api: {versions: [v2, v3], breaking: true}}\n"), PLAN_RELEASE),
        "api met: v2 in common; gone: v1");
    /* Going back takes away what came with the version that is taken back. */
    assert_string_equal(verdict(state, API("v1, v2"), API("v1"), PLAN_ROLLBACK), "api met: v1 in common; gone: v2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_ranges__a_unit_that_said_nothing_is_compared_with_nothing),
        TEST_WITH_ARENA(test_ranges__a_first_release_is_compared_with_nothing),
        TEST_WITH_ARENA(test_ranges__each_must_read_what_the_other_writes),
        TEST_WITH_ARENA(test_ranges__a_rollback_must_read_today_s_data),
        TEST_WITH_ARENA(test_ranges__leaving_the_blocks_out_is_no_way_around),
        TEST_WITH_ARENA(test_ranges__a_version_of_the_api_must_be_common),
        TEST_WITH_ARENA(test_ranges__a_version_that_goes_must_be_known),
    };

    return RUN_TESTS(tests);
}
