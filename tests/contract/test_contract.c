/*
 * The contract of every driver (engine/drivers/call.h), over every verb of every row of the registry, by written-down
 * exchanges:
 *
 *   - the exchange itself: what is wanted in which order, and what comes of it;
 *   - a world that already is as wanted is not touched;
 *   - whatever is answered in place of any one reply, the call ends, and not with a claim that nobody made.
 */

#include "contract/rows.h"

struct prepared {
    struct call call;
    json_t *params, *door, *instance;
};

static void prepare(const struct row *row, struct prepared *out)
{
    *out = (struct prepared){.params = quoted(row->params),
                             .door = row->door ? quoted(row->door) : NULL,
                             .instance = row->instance ? quoted(row->instance) : NULL};
    out->call = (struct call){.verb = row->name,
                              .target = "i",
                              .key = "k",
                              .params = out->params,
                              .door = out->door,
                              .instance = out->instance,
                              .epoch = 1,
                              .arena = arena_new()};
}

static void release(struct prepared *prepared)
{
    call_release(&prepared->call);
    arena_free(prepared->call.arena);
    json_decref(prepared->params);
    json_decref(prepared->door);
    json_decref(prepared->instance);
}

static const struct row *row_of(void **state)
{
    return *state;
}

static void test_contract__goes_as_written_down(void **state)
{
    const struct row *row = row_of(state);
    struct prepared prepared;

    prepare(row, &prepared);
    assert_call_done(script_run(row->advance(), &prepared.call, row->exchanges), &prepared.call);
    assert_string_equal(json_canonical(prepared.call.arena, prepared.call.detail), row->detail);
    release(&prepared);
}

static void test_contract__touches_nothing_that_is_as_wanted(void **state)
{
    const struct row *row = row_of(state);
    struct prepared prepared;
    struct effect want = {0};
    enum call_status status;

    if (!row->already)
        return;
    prepare(row, &prepared);
    status = row->advance()(&prepared.call, NULL, &want);
    for (int i = 0; status == CALL_WANTS; i++) {
        if (script_changes(&want))
            fail_msg("%s wants '%s'", row->name, effect_text(prepared.call.arena, &want));
        status = row->advance()(&prepared.call, &row->exchanges[i].reply, &want);
    }
    release(&prepared);
}

/* What the world may say instead. */
static const struct reply strange[] = {
    {.transport = TRANSPORT_REFUSED, .text = "refused", .length = 7},
    {.transport = TRANSPORT_TIMEOUT, .text = "", .length = 0},
    {.transport = TRANSPORT_BROKEN, .text = "hal", .length = 3},
    {.transport = TRANSPORT_CUT, .status = 200, .text = "{\"rooms\": [", .length = 11},
    {.transport = TRANSPORT_FAILED, .text = "too many open files", .length = 19},
    {.transport = TRANSPORT_OK, .status = 200, .text = "", .length = 0},
    {.transport = TRANSPORT_OK, .status = 200, .text = NULL, .length = 0},
    {.transport = TRANSPORT_OK, .status = 200, .text = "\n", .length = 1},
    {.transport = TRANSPORT_OK, .status = 200, .text = "{}", .length = 2},
    {.transport = TRANSPORT_OK, .status = 200, .text = "0", .length = 1},
    {.transport = TRANSPORT_OK, .status = 200, .text = "1\n\n\n", .length = 4},
    {.transport = TRANSPORT_OK, .status = 200, .text = "queue\n\0\xff\xfe", .length = 9},
    {.transport = TRANSPORT_OK,
     .status = 200,
     .text = "{\"rooms\": \"0\", \"running\": \"0\", \"boot\": null}",
     .length = 44},
    {.transport = TRANSPORT_OK, .status = 500, .text = "{\"rooms\": [], \"running\": 0}", .length = 27},
    {.transport = TRANSPORT_OK, .status = 301, .text = "", .length = 0},
    {.transport = TRANSPORT_OK, .status = 0, .text = "Permission denied\n\n", .length = 19},
    {.transport = TRANSPORT_OK, .status = 0, .text = "No such server.\n\n", .length = 17},
    {.transport = TRANSPORT_OK, .status = 137, .text = "\x1b[31m", .length = 5, .timed_out = true},
    {.transport = TRANSPORT_OK, .status = 3, .port = -1},
    {.transport = TRANSPORT_OK, .there = true},
    {.transport = TRANSPORT_OK, .there = true, .process = {.pid = 1, .start = 1, .boot_id = "boot-1"}},
};

/* The ends that a strange reply may lead to without being a lie. */
static bool is_honest(const struct row *row, const struct call *call, const struct reply *reply)
{
    const char *detail = json_canonical(call->arena, call->detail);
    const json_t *values = json_object_get(call->detail, "values");
    const char *name;
    json_t *value;

    if (text_is(detail, row->detail))
        return true; /* the strange reply did not matter here, as a plain file that may be absent */
    if (text_starts(row->name, "process"))
        /* LOOK, SIGNAL and AWAIT_EXIT answer by `there` and `timed_out`; a text says nothing. */
        return reply->transport == TRANSPORT_OK || reply->transport == TRANSPORT_TIMEOUT;
    if (text_is(row->name, "haproxy in_flight, an elder lives"))
        /* A file that is not there, or says nothing of elders, is that of an HAProxy that has none. */
        return reply->transport == TRANSPORT_OK;
    if (text_starts(row->name, "http health"))
        return !json_get_bool(call->detail, "healthy", true) ||
               (reply->transport == TRANSPORT_OK && reply->status == 200);
    if (text_starts(row->name, "http sample")) {
        json_object_foreach((json_t *)(uintptr_t)values, name, value)
        {
            if (!json_is_null(value) && !json_equal(value, json_object_get(values, name)))
                return false;
            if (json_is_number(value) && json_number_value(value) == 0)
                return false;
            if (json_is_null(value) && !json_get_text(json_object_get(call->detail, "why"), name))
                return false;
        }
        return true;
    }
    if (text_starts(row->name, "command run") || text_starts(row->name, "http check"))
        return reply->transport == TRANSPORT_OK || reply->transport == TRANSPORT_CUT;
    if (text_starts(row->name, "http request"))
        return reply->transport == TRANSPORT_OK && reply->status == 200;
    return false;
}

static void assert_ends_honestly(const struct row *row, int at, const struct reply *reply)
{
    struct prepared prepared;
    struct effect want = {0};
    enum call_status status;

    prepare(row, &prepared);
    status = row->advance()(&prepared.call, NULL, &want);
    for (int i = 0; status == CALL_WANTS; i++) {
        const struct reply *given = i < at ? &row->exchanges[i].reply : reply;
        bool sleeps = want.kind == EFFECT_SLEEP;
        const struct reply slept = {.transport = TRANSPORT_OK, .elapsed_ms = 1000};

        if (i > 2000)
            fail_msg("%s: with reply %d strange it does not come to an end", row->name, at);
        assert_effect_is_whole(&want);
        memset(&want, 0, sizeof(want));
        status = row->advance()(&prepared.call, sleeps ? &slept : given, &want);
    }
    if (status == CALL_DONE && !is_honest(row, &prepared.call, reply))
        fail_msg("%s: with reply %d strange (transport %d, '%s') it says %s", row->name, at, (int)reply->transport,
                 reply->text ? reply->text : "NULL", json_canonical(prepared.call.arena, prepared.call.detail));
    if (status == CALL_FAILED) {
        assert_true(strlen(prepared.call.error->text) > 0);
        assert_true(prepared.call.error->kind <= KIND_IN_DOUBT);
        assert_int_not_equal(prepared.call.error->code, ERR_BUG);
        if (reply->transport == TRANSPORT_REFUSED && at == 0 && text_starts(row->name, "haproxy "))
            assert_int_equal(prepared.call.error->kind, KIND_TRANSIENT);
    }
    release(&prepared);
}

static void test_contract__a_strange_reply_is_no_answer(void **state)
{
    const struct row *row = row_of(state);

    for (int at = 0; row->exchanges[at].wants; at++) {
        for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++)
            assert_ends_honestly(row, at, &strange[i]);
    }
}

/* A call that is given up in the middle leaves nothing behind (the leak checker looks). */
static void test_contract__can_be_given_up_at_any_time(void **state)
{
    const struct row *row = row_of(state);

    for (int stop = 0; row->exchanges[stop].wants; stop++) {
        struct prepared prepared;
        struct effect want = {0};

        prepare(row, &prepared);
        (void)row->advance()(&prepared.call, NULL, &want);
        for (int i = 0; i < stop; i++)
            (void)row->advance()(&prepared.call, &row->exchanges[i].reply, &want);
        release(&prepared);
    }
}

static void test_contract__every_verb_has_a_row(void **state)
{
    const struct stamp_driver *stamp = registry_stamp("process");
    const struct traffic_driver *traffic = registry_traffic("haproxy");
    const struct probe_driver *probe = registry_probe("http");
    const advance_fn verbs[] = {
        stamp->create,  stamp->observe,   stamp->stop,      stamp->kill,        stamp->remove,
        stamp->signal,  traffic->ensure,  traffic->observe, traffic->add,       traffic->set_shares,
        traffic->drain, traffic->undrain, traffic->remove,  traffic->in_flight, traffic->stop,
        probe->sample,  probe->health,    probe->check,     probe->request,     registry_command("command")->run,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        bool found = false;

        for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
            found = found || rows[k].advance() == verbs[i];
        if (!found)
            fail_msg("verb %zu has no written-down exchange", i);
    }
}

int main(void)
{
    enum { COUNT = sizeof(rows) / sizeof(*rows) };
    static const struct {
        const char *name;
        CMUnitTestFunction function;
    } checks[] = {
        {"as written down", test_contract__goes_as_written_down},
        {"nothing touched", test_contract__touches_nothing_that_is_as_wanted},
        {"strange replies", test_contract__a_strange_reply_is_no_answer},
        {"given up", test_contract__can_be_given_up_at_any_time},
    };
    static struct CMUnitTest tests[4 * COUNT + 1];
    struct arena *arena = arena_new();
    int failed;

    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < 4; k++)
            tests[4 * i + k] = (struct CMUnitTest){.name = arena_printf(arena, "%s: %s", rows[i].name, checks[k].name),
                                                   .test_func = checks[k].function,
                                                   .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    tests[4 * COUNT] =
        (struct CMUnitTest){.name = "every verb has a row", .test_func = test_contract__every_verb_has_a_row};
    failed = cmocka_run_group_tests_name("contract", tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
