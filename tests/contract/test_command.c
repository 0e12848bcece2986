/* The command driver with real commands. */

#include "contract/pump.h"

static const struct command_driver *driver;

/* Runs `sh -c script`; {dir} and what else `params` says. */
static enum call_status run(struct world *world, const char *script, const char *more, struct call *call)
{
    json_t *params = quoted(
        arena_printf(world->arena, "{'log': '%s/log/x.log', 'cwd': '%s'%s}", world->dir, world->dir, more ? more : ""));
    enum call_status status;

    json_object_set_new(params, "argv", json_pack("[s, s, s]", "sh", "-c", script));
    call->params = params;
    if (!call->target)
        call->target = "stage";
    status = world_call(world, driver->run, call);
    call->params = NULL;
    json_decref(params);
    return status;
}

static void test_command__a_good_one_is_done(void **state)
{
    struct world *world = *state;
    struct strbuf log CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct call call = {0};

    assert_call_done(run(world, "echo to the log >&2; echo out; pwd", NULL, &call), &call);
    assert_string_equal(json_canonical(world->arena, call.detail),
                        arena_printf(world->arena, "{\"exit\":0,\"output\":\"out\\n%s\\n\"}", world->dir));
    assert_ok(file_read(arena_printf(world->arena, "%s/log/x.log", world->dir), &log));
    assert_non_null(strstr(strbuf_view(&log), "to the log\n"));
    assert_non_null(strstr(strbuf_view(&log), "out\n"));
    call_release(&call);
}

static void test_command__an_object_on_its_output_is_its_result(void **state)
{
    struct call call = {0};

    assert_call_done(run(*state, "echo '{\"version\": 7}'", NULL, &call), &call);
    assert_int_equal(json_get_int(json_object_get(call.detail, "result"), "version", 0), 7);
    call_release(&call);
    call = (struct call){0};
    assert_call_done(run(*state, "echo '[7]'", NULL, &call), &call);
    assert_null(json_object_get(call.detail, "result"));
    call_release(&call);
}

static void test_command__a_bad_one_fails_with_its_end(void **state)
{
    struct call call = {0};

    assert_call_failed(run(*state, "echo no; echo why >&2; exit 3", ", 'name': 'smoke'", &call), &call,
                       ERR_CHECK_FAILED, KIND_PERMANENT, "command 'smoke' ended with exit code 3");
    assert_non_null(strstr(call.evidence, "no\n"));
    assert_non_null(strstr(call.evidence, "why\n"));
    call_release(&call);
}

static void test_command__a_killed_one_says_by_what(void **state)
{
    struct call call = {0};

    assert_call_failed(run(*state, "kill -9 $$", NULL, &call), &call, ERR_CHECK_FAILED, KIND_PERMANENT,
                       "command 'sh' was ended by signal KILL");
    call_release(&call);
}

static void test_command__has_an_end(void **state)
{
    struct call call = {0};

    assert_call_failed(run(*state, "echo begun; sleep 60", ", 'timeout_ms': 300", &call), &call, ERR_TIMEOUT,
                       KIND_PERMANENT, "command 'sh' did not end within 300ms and was killed");
    assert_string_equal(call.evidence, "begun\n");
    call_release(&call);
}

static void test_command__knows_the_instance_that_it_checks(void **state)
{
    json_t *instance = quoted("{'address': '127.0.0.1:5001'}");
    struct call call = {.instance = instance};

    assert_call_done(run(*state, "echo ${stamp.url} ${instance.port} $$PENSTOCK_URL", NULL, &call), &call);
    assert_string_equal(json_get_text(call.detail, "output"), "http://127.0.0.1:5001 5001 http://127.0.0.1:5001\n");
    call_release(&call);
    json_decref(instance);
    instance = quoted("{'name': 'i'}");
    call = (struct call){.instance = instance, .target = "i"};
    assert_call_failed(run(*state, "true", NULL, &call), &call, ERR_UNKNOWN_ANSWER, KIND_PERMANENT,
                       "the address of 'i' is not known");
    call_release(&call);
    json_decref(instance);
}

static void test_command__shows_no_secret(void **state)
{
    json_t *env = quoted("{'TOKEN': 'hunter2', 'PLACE': 'here'}");
    struct call call = {.env = env};

    assert_call_failed(run(*state, "echo $TOKEN $PLACE; exit 1",
                           ", 'env': [{'name': 'TOKEN', 'source': 'from_env', 'value': 'T'}, {'name': 'PLACE', "
                           "'source': 'literal', 'value': 'here'}]",
                           &call),
                       &call, ERR_CHECK_FAILED, KIND_PERMANENT, "command 'sh' ended with exit code 1");
    assert_string_equal(call.evidence, "*** here\n");
    call_release(&call);
    json_decref(env);
}

static void test_command__a_result_has_no_secret_either(void **state)
{
    json_t *env = quoted("{'TOKEN': 'hunter2'}");
    struct call call = {.env = env};

    assert_call_done(run(*state, "printf '{\"url\": \"db://me:%s@db\"}' $TOKEN",
                         ", 'env': [{'name': 'TOKEN', 'source': 'from_env', 'value': 'T'}]", &call),
                     &call);
    assert_string_equal(json_get_text(json_object_get(call.detail, "result"), "url"), "db://me:***@db");
    call_release(&call);
    json_decref(env);
}

/* The end of the log is read by its size alone, so the first byte of it may be inside a secret. */
static void test_command__a_log_that_is_cut_in_a_secret_does_not_show_its_half(void **state)
{
    json_t *env = quoted("{'TOKEN': 'correct-horse-battery'}");
    struct call call = {.env = env};

    assert_call_failed(run(*state, "echo $TOKEN >&2; head -c 4082 /dev/zero | tr '\\0' x >&2; echo >&2; exit 1",
                           ", 'env': [{'name': 'TOKEN', 'source': 'from_env', 'value': 'T'}]", &call),
                       &call, ERR_CHECK_FAILED, KIND_PERMANENT, "command 'sh' ended with exit code 1");
    assert_null(strstr(call.evidence, "battery"));
    assert_non_null(strstr(call.evidence, "xxxx"));
    call_release(&call);
    json_decref(env);
}

static void test_command__much_output_does_not_make_it_bad(void **state)
{
    struct call call = {0};

    assert_call_done(run(*state, "head -c 1000000 /dev/zero | tr '\\0' x", NULL, &call), &call);
    assert_int_equal(strlen(json_get_text(call.detail, "output")), 1024);
    call_release(&call);
    call = (struct call){0};
    assert_call_failed(run(*state, "head -c 1000000 /dev/zero | tr '\\0' x; exit 4", NULL, &call), &call,
                       ERR_CHECK_FAILED, KIND_PERMANENT, "command 'sh' ended with exit code 4");
    call_release(&call);
}

static void test_command__bytes_that_are_no_text_stay_harmless(void **state)
{
    struct call call = {0};

    assert_call_done(run(*state, "printf 'a\\377\\033[31mb'", NULL, &call), &call);
    assert_string_equal(json_get_text(call.detail, "output"), "a\xef\xbf\xbd"
                                                              "b");
    call_release(&call);
}

static void test_command__a_program_that_is_not_there_is_named(void **state)
{
    struct world *world = *state;
    json_t *params = quoted("{'argv': ['no-such-program']}");
    struct call call = {.params = params, .target = "stage"};

    assert_call_failed(world_call(world, driver->run, &call), &call, ERR_IO, KIND_PERMANENT,
                       "command 'no-such-program' cannot be used: *");
    call_release(&call);
    json_decref(params);
}

int main(void)
{
#define WITH_WORLD(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_command__a_good_one_is_done),
        WITH_WORLD(test_command__an_object_on_its_output_is_its_result),
        WITH_WORLD(test_command__a_bad_one_fails_with_its_end),
        WITH_WORLD(test_command__a_killed_one_says_by_what),
        WITH_WORLD(test_command__has_an_end),
        WITH_WORLD(test_command__knows_the_instance_that_it_checks),
        WITH_WORLD(test_command__shows_no_secret),
        WITH_WORLD(test_command__a_result_has_no_secret_either),
        WITH_WORLD(test_command__a_log_that_is_cut_in_a_secret_does_not_show_its_half),
        WITH_WORLD(test_command__much_output_does_not_make_it_bad),
        WITH_WORLD(test_command__bytes_that_are_no_text_stay_harmless),
        WITH_WORLD(test_command__a_program_that_is_not_there_is_named),
    };

    driver = registry_command("command");
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
