#include "unit/unit.h"

#include "base/json.h"
#include "plan/event.h"

static const char *encoded(struct arena *arena, const struct event *event)
{
    json_t *json CLEANUP(json_cleanup) = event_encode(event);

    return json_canonical(arena, json);
}

static struct error *decoded(struct arena *arena, const char *text, struct event *out)
{
    json_t *json;

    assert_ok(json_parse(text, strlen(text), "the event", &json));
    return event_decode(json_in_arena(arena, json), EVENT_STEP_FAILED, out);
}

static bool scanned(struct arena *arena, const char *text, struct event *out)
{
    json_t *body = NULL;
    bool whole = event_scan(arena_text(arena, text), EVENT_STEP_FAILED, out, &body);

    if (body)
        json_in_arena(arena, body);
    return whole;
}

static void test_event_kind_text__and_parse_are_inverse(void **state)
{
    enum event_kind kind;

    (void)state;
    for (int i = 0; i < EVENT_KIND_COUNT; i++) {
        const char *text = event_kind_text((enum event_kind)i);

        assert_non_null(text);
        assert_true(event_kind_parse(text, &kind));
        assert_int_equal(kind, i);
    }
    assert_string_equal(event_kind_text(EVENT_RELEASE_PLANNED), "release.planned");
    assert_string_equal(event_kind_text(EVENT_FINDING), "finding");
    assert_false(event_kind_parse("step.begun", &kind));
    assert_false(event_kind_parse("", &kind));
}

static void test_decision_text__and_parse_are_inverse(void **state)
{
    static const char *const texts[] = {"",      "approve", "reject",   "abort", "rollback",
                                        "retry", "force",   "override", "review"};
    enum decision_kind decision;

    (void)state;
    for (int i = DECISION_NONE; i <= DECISION_REVIEW; i++) {
        assert_string_equal(decision_text((enum decision_kind)i), texts[i]);
        assert_true(decision_parse(texts[i], &decision));
        assert_int_equal(decision, i);
    }
    assert_false(decision_parse("shrug", &decision));
}

static void test_mode_text__and_parse_are_inverse(void **state)
{
    static const char *const texts[] = {"forward", "undo", "held"};
    enum release_mode mode;

    (void)state;
    for (int i = MODE_FORWARD; i <= MODE_HELD; i++) {
        assert_string_equal(mode_text((enum release_mode)i), texts[i]);
        assert_true(mode_parse(texts[i], &mode));
        assert_int_equal(mode, i);
    }
    assert_false(mode_parse("sideways", &mode));
}

static void test_end_text__and_parse_are_inverse(void **state)
{
    static const struct {
        const char *text;
        int exit_code;
    } rows[] = {
        [END_NONE] = {"", 0},           [END_SUCCEEDED] = {"succeeded", 0}, [END_ROLLED_BACK] = {"rolled_back", 6},
        [END_FAILED] = {"failed", 1},   [END_ABORTED] = {"aborted", 5},     [END_REJECTED] = {"rejected", 5},
        [END_EXPIRED] = {"expired", 5},
    };
    enum release_end end;

    (void)state;
    for (int i = END_NONE; i <= END_EXPIRED; i++) {
        assert_string_equal(end_text((enum release_end)i), rows[i].text);
        assert_true(end_parse(rows[i].text, &end));
        assert_int_equal(end, i);
        assert_int_equal(end_exit_code((enum release_end)i), rows[i].exit_code);
    }
    assert_false(end_parse("exploded", &end));
}

static void bad_text(void *context)
{
    event_kind_text(*(enum event_kind *)context);
}

static void bad_end(void *context)
{
    end_exit_code(*(enum release_end *)context);
}

static void test_event_kind_text__of_no_kind_is_a_bug(void **state)
{
    int kind = EVENT_KIND_COUNT;
    int end = 99;

    (void)state;
    assert_int_equal(WEXITSTATUS(unit_in_child(bad_text, &kind).status), 70);
    kind = -1;
    assert_int_equal(WEXITSTATUS(unit_in_child(bad_text, &kind).status), 70);
    assert_int_equal(WEXITSTATUS(unit_in_child(bad_end, &end).status), 70);
}

static void test_event_encode__leaves_defaults_out(void **state)
{
    struct event event = {.kind = EVENT_FINDING, .step = -1};

    assert_string_equal(encoded(*state, &event), "{}");
    event.reason = "because";
    event.step = 0;
    /* These are columns, not fields. */
    event.seq = 7;
    event.release = "r-1";
    event.epoch = 3;
    event.at_ms = 4;
    event.boot_ms = 5;
    event.actor = "ana";
    assert_string_equal(encoded(*state, &event), "{\"reason\":\"because\",\"step\":0}");
}

static const char all_fields[] =
    "{\"attempt\":2,\"body\":{\"a\":{\"b\":\"}\\\"{\"},\"z\":[1]},\"decision\":\"force\",\"end\":\"rolled_back\","
    "\"error_kind\":\"in_doubt\",\"expires_ms\":1795289136000,\"mode\":\"held\",\"number\":-12,"
    "\"reason\":\"\u00e4h, because\",\"step\":31,\"subject\":\"beef\"}";

static void check_all_fields(const struct event *event)
{
    assert_int_equal(event->kind, EVENT_STEP_FAILED);
    assert_int_equal(event->attempt, 2);
    assert_int_equal(event->decision, DECISION_FORCE);
    assert_int_equal(event->end, END_ROLLED_BACK);
    assert_int_equal(event->error_kind, KIND_IN_DOUBT);
    assert_int_equal(event->expires_ms, 1795289136000);
    assert_int_equal(event->mode, MODE_HELD);
    assert_int_equal(event->number, -12);
    assert_string_equal(event->reason, "\u00e4h, because");
    assert_int_equal(event->step, 31);
    assert_string_equal(event->subject, "beef");
    assert_string_equal(json_get_text(json_object_get(event->body, "a"), "b"), "}\"{");
}

static void test_event_decode__is_the_inverse_of_encode(void **state)
{
    struct event event;

    assert_ok(decoded(*state, all_fields, &event));
    check_all_fields(&event);
    assert_string_equal(encoded(*state, &event), all_fields);
}

static void test_event_decode__fills_in_defaults(void **state)
{
    struct event event;

    assert_ok(decoded(*state, "{}", &event));
    assert_int_equal(event.step, -1);
    assert_int_equal(event.attempt, 0);
    assert_null(event.reason);
    assert_null(event.subject);
    assert_null(event.body);
    assert_int_equal(event.error_kind, KIND_PERMANENT);
    assert_int_equal(event.end, END_NONE);
}

static void test_event_decode__refuses_what_it_does_not_know(void **state)
{
    struct event event;

    assert_fails(decoded(*state, "{\"reason\":\"x\",\"color\":1}", &event), ERR_RECORD_DAMAGED,
                 "event 'step.failed' has a field 'color' that is not known");
    assert_fails(decoded(*state, "[]", &event), ERR_RECORD_DAMAGED, "event 'step.failed' is not an object");
}

static void test_event_decode__refuses_fields_of_another_kind(void **state)
{
    static const char *const rows[][2] = {
        {"step", "-2"},          {"step", "2147483648"},
        {"step", "\"1\""},       {"attempt", "-1"},
        {"attempt", "null"},     {"number", "1.5"},
        {"number", "\"1\""},     {"reason", "1"},
        {"subject", "{}"},       {"body", "[]"},
        {"body", "\"x\""},       {"decision", "\"shrug\""},
        {"end", "\"exploded\""}, {"mode", "3"},
        {"mode", "\"up\""},      {"error_kind", "\"sad\""},
        {"error_kind", "0"},     {"expires_ms", "\"later\""},
        {"end", "true"},
    };
    struct arena *arena = *state;
    struct event event;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = arena_printf(arena, "{\"%s\":%s}", rows[i][0], rows[i][1]);

        assert_fails(decoded(arena, text, &event), ERR_RECORD_DAMAGED,
                     arena_printf(arena, "event 'step.failed' has a field '%s' of another kind", rows[i][0]));
        assert_false(scanned(arena, text, &event));
    }
}

static void test_event_encode__keeps_an_event_with_bad_bytes(void **state)
{
    struct event event = {.kind = EVENT_STEP_FAILED, .step = -1, .reason = "the peer said \xff\x1b[31m!"};

    assert_string_equal(encoded(*state, &event), "{\"reason\":\"the peer said \uFFFD!\"}");
}

static void test_event_scan__reads_what_encode_wrote(void **state)
{
    struct event event;

    assert_true(scanned(*state, all_fields, &event));
    check_all_fields(&event);
    assert_string_equal(encoded(*state, &event), all_fields);
    assert_true(scanned(*state, "{\"reason\":\"x\"}", &event));
    assert_string_equal(event.reason, "x");
    assert_int_equal(event.step, -1);
}

static void test_event_scan__steps_over_a_body_that_is_not_wanted(void **state)
{
    struct event event;

    assert_true(event_scan(arena_text(*state, "{\"attempt\":2,\"body\":{\"a\":\"}\\\"\",\"b\":{}},\"step\":4}"),
                           EVENT_STEP_STARTED, &event, NULL));
    assert_int_equal(event.attempt, 2);
    assert_int_equal(event.step, 4);
    assert_null(event.body);
    assert_false(event_body_is_folded(EVENT_STEP_STARTED));
    assert_true(event_body_is_folded(EVENT_STEP_DONE));
}

static void test_event_scan__leaves_the_rest_to_decode(void **state)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "{\"reason\":\"x\"",
        "{\"reason\":\"x\"}}",
        "{\"reason\":\"x\"} ",
        "{ \"reason\":\"x\"}",
        "{\"reason\":\"x}",
        "{\"reason\":\"a\\nb\"}",
        "{\"reason\" :\"x\"}",
        "{reason:\"x\"}",
        "{\"step\":1,\"reason\":\"x\"}",
        "{\"step\":1,\"step\":1}",
        "{\"color\":1}",
        "{\"number\":1234567890123456789}",
        "{\"number\":}",
        "{\"number\":-}",
        "{\"body\":{\"a\":1,\"a\":2}}",
        "{\"body\":{\"a\":1}",
        "{\"body\":{a}}",
        "{\"body\":{\"a\":\"\\",
        "{\"subject\":{},\"subject\":{}}",
    };
    struct event event;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (scanned(*state, rows[i], &event))
            fail_msg("'%s' was taken for an event", rows[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_kind_text__and_parse_are_inverse),
        cmocka_unit_test(test_decision_text__and_parse_are_inverse),
        cmocka_unit_test(test_mode_text__and_parse_are_inverse),
        cmocka_unit_test(test_end_text__and_parse_are_inverse),
        cmocka_unit_test(test_event_kind_text__of_no_kind_is_a_bug),
        TEST_WITH_ARENA(test_event_encode__leaves_defaults_out),
        TEST_WITH_ARENA(test_event_decode__is_the_inverse_of_encode),
        TEST_WITH_ARENA(test_event_decode__fills_in_defaults),
        TEST_WITH_ARENA(test_event_decode__refuses_what_it_does_not_know),
        TEST_WITH_ARENA(test_event_decode__refuses_fields_of_another_kind),
        TEST_WITH_ARENA(test_event_encode__keeps_an_event_with_bad_bytes),
        TEST_WITH_ARENA(test_event_scan__reads_what_encode_wrote),
        TEST_WITH_ARENA(test_event_scan__steps_over_a_body_that_is_not_wanted),
        TEST_WITH_ARENA(test_event_scan__leaves_the_rest_to_decode),
    };

    return RUN_TESTS(tests);
}
