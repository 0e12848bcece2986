#include "unit/unit.h"

#include "drivers/call.h"

static void assert_reply(enum transport_result transport, enum error_code code, enum error_kind kind, const char *text)
{
    struct error *error = reply_error(&(struct reply){.transport = transport, .text = "no route"}, "the peer");

    assert_non_null(error);
    assert_int_equal(error->kind, kind);
    assert_fails(error, code, text);
}

static void test_reply_error__says_what_is_certain(void **state)
{
    (void)state;
    assert_ok(reply_error(&(struct reply){.transport = TRANSPORT_OK}, "the peer"));
    assert_reply(TRANSPORT_REFUSED, ERR_IO, KIND_TRANSIENT, "the peer is not there: nobody listens");
    assert_reply(TRANSPORT_TIMEOUT, ERR_TIMEOUT, KIND_IN_DOUBT, "the peer did not answer in time");
    assert_reply(TRANSPORT_BROKEN, ERR_IO, KIND_IN_DOUBT, "the peer broke off in the middle of its answer");
    assert_reply(TRANSPORT_CUT, ERR_LIMIT, KIND_PERMANENT, "the answer of the peer is longer than its limit");
    assert_reply(TRANSPORT_FAILED, ERR_IO, KIND_PERMANENT, "the peer cannot be used: no route");
    assert_fails(reply_error(&(struct reply){.transport = TRANSPORT_FAILED}, "the peer"), ERR_IO,
                 "the peer cannot be used: no reason");
}

static void test_want__fills_effects(void **state)
{
    struct call call = {.arena = *state};
    struct effect want;

    assert_int_equal(want_http(&call, &want, "GET", "http://x/", NULL, 250), CALL_WANTS);
    assert_int_equal(want.kind, EFFECT_HTTP);
    assert_null(want.body);
    assert_int_equal(want.timeout_ms, 250);
    assert_int_equal(want_line(&call, &want, "/s", "show info"), CALL_WANTS);
    assert_string_equal(want.text, "show info\n");
    want_line(&call, &want, "/s", "show info\n");
    assert_string_equal(want.text, "show info\n");
    want_line(&call, &want, "/s", "");
    assert_string_equal(want.text, "\n");
    assert_int_equal(want_sleep(&want, 70000), CALL_WANTS);
    assert_int_equal(want.sleep_ms, 70000);
    assert_true(want.timeout_ms > want.sleep_ms);
}

static void test_call__ends_own_what_they_are_given(void **state)
{
    struct call call = {.arena = *state};

    assert_int_equal(call_done(&call, json_pack("{s:i}", "a", 1), "seen"), CALL_DONE);
    assert_string_equal(call.evidence, "seen");
    call_release(&call);
    assert_null(call.detail);
    assert_int_equal(call_failed(&call, error_new(ERR_IO, KIND_TRANSIENT, "x")), CALL_FAILED);
    call_release(&call);
    assert_null(call.error);
    call_release(&call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_error__says_what_is_certain),
        TEST_WITH_ARENA(test_want__fills_effects),
        TEST_WITH_ARENA(test_call__ends_own_what_they_are_given),
    };

    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
