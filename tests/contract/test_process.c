/* The process driver with real processes. */

#include "contract/pump.h"

static const struct stamp_driver *driver;

/* One instance: what the runner knows of it grows with what create says. */
struct instance {
    struct world *world;
    json_t *known;
    json_t *env;
};

static int instance_setup(void **state)
{
    struct instance *instance = heap_alloc(sizeof(*instance));
    char *text;

    assert_int_equal(world_setup(state), 0);
    instance->world = *state;
    text = heap_printf("{'name': 'u-1.west.1', 'unit': 'u-1', 'dir': '%s/instances/one', 'log': '%s/logs/one.log', "
                       "'mark': 'PENSTOCK_INSTANCE=%s/u-1/u-1.west.1'}",
                       instance->world->dir, instance->world->dir, instance->world->dir);
    instance->known = quoted(text);
    free(text);
    *state = instance;
    return 0;
}

static enum call_status act(struct instance *instance, advance_fn advance, const char *params, struct call *call)
{
    json_t *json = quoted(params);
    enum call_status status;

    /* The step repeats what is known of the instance before it is created. */
    json_object_update_missing(json, instance->known);
    *call = (struct call){.verb = "instance.test",
                          .target = "u-1.west.1",
                          .params = json,
                          .instance = instance->known,
                          .env = instance->env,
                          .epoch = 7};
    status = world_call(instance->world, advance, call);
    call->params = NULL;
    json_decref(json);
    return status;
}

static int instance_teardown(void **state)
{
    struct instance *instance = *state;
    struct world *world = instance->world;
    struct call call;

    (void)act(instance, driver->kill, "{}", &call);
    call_release(&call);
    json_decref(instance->known);
    json_decref(instance->env);
    free(instance);
    *state = world;
    return world_teardown(state);
}

static const char *act_done(struct instance *instance, advance_fn advance, const char *params)
{
    struct call call;
    const char *detail;

    assert_call_done(act(instance, advance, params, &call), &call);
    detail = json_canonical(instance->world->arena, call.detail);
    call_release(&call);
    return detail;
}

#define act_fails(instance, advance, params, code, kind, text) \
    act_fails_at((instance), (advance), (params), &(struct failure){(code), (kind), (text)}, __FILE__, __LINE__)

static void act_fails_at(struct instance *instance, advance_fn advance, const char *params, const struct failure *want,
                         const char *file, int line)
{
    struct call call;

    assert_call_failed_at(act(instance, advance, params, &call), &call, want, file, line);
    call_release(&call);
}

/* Creates, and remembers what the runner would: address and identity. Returns whether it was adopted. */
static bool create(struct instance *instance, const char *argv)
{
    struct call call;
    bool adopted;

    assert_call_done(act(instance, driver->create, argv, &call), &call);
    adopted = json_get_bool(call.detail, "adopted", false);
    json_object_update(instance->known, call.detail);
    call_release(&call);
    return adopted;
}

static int64_t pid_of(const struct instance *instance)
{
    return json_get_int(instance->known, "pid", 0);
}

/* What a shell script that was started wrote into the instance's log. */
static const char *log_text(struct instance *instance)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(file_read(json_get_text(instance->known, "log"), &text));
    return arena_text(instance->world->arena, strbuf_view(&text));
}

#define SLEEPS "{'argv': ['sleep', '600']}"
#define GONE "{\"already_gone\":true,\"exit\":null,\"exited\":true}"

static void test_process__create_starts_and_tells_who(void **state)
{
    struct instance *instance = *state;

    assert_false(create(instance, SLEEPS));
    assert_true(text_starts(json_get_text(instance->known, "address"), "127.0.0.1:"));
    assert_int_equal(kill((pid_t)pid_of(instance), 0), 0);
    assert_int_equal(getsid((pid_t)pid_of(instance)), pid_of(instance));
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":true}");
}

static void test_process__create_twice_adopts(void **state)
{
    struct instance *instance = *state;
    json_t *before;

    create(instance, SLEEPS);
    before = json_deep_copy(instance->known);
    assert_true(create(instance, SLEEPS));
    json_object_set_new(before, "adopted", json_true());
    assert_true(json_equal(before, instance->known));
    json_decref(before);
}

static void test_process__create_gives_a_whole_environment_and_nothing_else(void **state)
{
    struct instance *instance = *state;
    const char *address;
    const char *log;

    instance->env = quoted("{'TOKEN': 'a $${b}=c', 'LANG': 'de_DE.UTF-8', 'AT': '${instance.port}:$$1'}");
    setenv("PENSTOCK_TEST_LEAK", "leaked", 1);
    create(instance,
           "{'argv': ['sh', '-c', 'env; pwd; echo $$0; exec sleep 600', 'at ${instance.address} ${instance.port} "
           "${instance.url} $${x}'], 'env': [{'name': 'AT', 'source': 'literal', 'value': 'x'}, {'name': "
           "'TOKEN', 'source': 'from_env', 'value': 'T'}]}");
    address = json_get_text(instance->known, "address");
    log = log_text(instance);
    assert_null(strstr(log, "leaked"));
    assert_non_null(strstr(log, "TOKEN=a $${b}=c\n"));
    assert_non_null(strstr(log, arena_printf(instance->world->arena, "AT=%s:$1\n", strrchr(address, ':') + 1)));
    assert_non_null(strstr(log, "LANG=de_DE.UTF-8\n"));
    assert_non_null(strstr(log, "PENSTOCK_EPOCH=7\n"));
    assert_non_null(strstr(log, arena_printf(instance->world->arena, "PENSTOCK_ADDRESS=%s\n", address)));
    assert_non_null(strstr(log, arena_printf(instance->world->arena, "HOME=%s/instances/one\n", instance->world->dir)));
    assert_non_null(strstr(log, arena_printf(instance->world->arena, "\n%s/instances/one\n", instance->world->dir)));
    assert_non_null(strstr(log, arena_printf(instance->world->arena, "at %s %s http://%s ${x}\n", address,
                                             strrchr(address, ':') + 1, address)));
}

static void test_process__create_refuses_a_name_that_is_ours(void **state)
{
    struct instance *instance = *state;

    instance->env = quoted("{'PENSTOCK_EPOCH': '9'}");
    act_fails(instance, driver->create, SLEEPS, ERR_SPEC_INVALID, KIND_PERMANENT,
              "environment name 'PENSTOCK_EPOCH' of 'u-1.west.1' is kept for penstock");
}

static void test_process__create_shows_the_log_of_one_that_ends_at_once(void **state)
{
    struct instance *instance = *state;
    struct call call;

    assert_call_failed(act(instance, driver->create, "{'argv': ['sh', '-c', 'echo no such room >&2; exit 3']}", &call),
                       &call, ERR_UNHEALTHY, KIND_PERMANENT, "instance 'u-1.west.1' ended right after its start");
    assert_string_equal(call.evidence, "no such room\n");
    call_release(&call);
}

static void test_process__create_may_try_again_when_its_port_was_taken(void **state)
{
    struct instance *instance = *state;

    act_fails(instance, driver->create, "{'argv': ['sh', '-c', 'echo bind: Address already in use; exit 1']}",
              ERR_UNHEALTHY, KIND_TRANSIENT, "instance 'u-1.west.1' ended right after its start: its port was taken");
}

static void test_process__create_names_a_program_that_is_not_there(void **state)
{
    struct instance *instance = *state;

    act_fails(instance, driver->create, "{'argv': ['bin/no-such-program']}", ERR_IO, KIND_PERMANENT,
              "cannot start instance 'u-1.west.1': *no-such-program*");
}

static void test_process__create_refuses_what_it_cannot_do(void **state)
{
    struct instance *instance = *state;

    act_fails(instance, driver->create, "{'argv': []}", ERR_SPEC_INVALID, KIND_PERMANENT, "'argv' of * is not a list*");
    act_fails(instance, driver->create, "{'argv': ['a', 3]}", ERR_SPEC_INVALID, KIND_PERMANENT, "element 2 of 'argv'*");
    act_fails(instance, driver->create, "{'argv': ['${instance.prot}']}", ERR_SPEC_INVALID, KIND_PERMANENT,
              "unknown name '${instance.prot}'");
    act_fails(instance, driver->create, "{'argv': ['a'], 'dir': 'relative'}", ERR_SPEC_INVALID, KIND_PERMANENT,
              "instance * needs a mark*");
    act_fails(instance, driver->create, "{'argv': ['a'], 'mark': 'nothing'}", ERR_SPEC_INVALID, KIND_PERMANENT,
              "instance * needs a mark*");
}

static void test_process__stop_waits_for_a_good_end(void **state)
{
    struct instance *instance = *state;

    create(instance, SLEEPS);
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 'TERM', 'grace_ms': 5000}"),
                        "{\"exit\":null,\"exited\":true}");
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":false}");
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 'TERM', 'grace_ms': 5000}"), GONE);
}

/* As plans have it: by its number. */
static void test_process__stop_sends_the_signal_of_the_plan(void **state)
{
    struct instance *instance = *state;

    create(instance,
           "{'argv': ['sh', '-c', 'trap `` TERM; trap `echo asked; exit` INT; while :; do sleep 0.05; done']}");
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 2, 'grace_ms': 5000}"),
                        "{\"exit\":null,\"exited\":true}");
    assert_non_null(strstr(log_text(instance), "asked"));
}

static void test_process__stop_tells_one_that_stays_and_kill_ends_it(void **state)
{
    struct instance *instance = *state;

    create(instance, "{'argv': ['sh', '-c', 'trap `` TERM; while :; do sleep 1; done']}");
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 'SIGTERM', 'grace_ms': 200}"),
                        "{\"exit\":null,\"exited\":false}");
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":true}");
    assert_string_equal(act_done(instance, driver->kill, "{}"), "{\"exit\":null,\"exited\":true}");
    assert_string_equal(act_done(instance, driver->kill, "{}"), GONE);
}

/* The shell ends at once, what it started does not. */
static void test_process__stop_waits_for_what_a_wrapper_started(void **state)
{
    struct instance *instance = *state;

    create(instance, "{'argv': ['sh', '-c', '(trap `` TERM; sleep 0.5; echo closed the last room) & wait']}");
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 'TERM', 'grace_ms': 10000}"),
                        "{\"exit\":null,\"exited\":true}");
    assert_non_null(strstr(log_text(instance), "closed the last room"));
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
}

static void test_process__kill_ends_what_a_wrapper_left_behind(void **state)
{
    struct instance *instance = *state;

    create(instance, "{'argv': ['sh', '-c', '(trap `` TERM; setsid sleep 600 & sleep 600) & wait']}");
    assert_string_equal(act_done(instance, driver->stop, "{'signal': 'TERM', 'grace_ms': 200}"),
                        "{\"exit\":null,\"exited\":false}");
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":false}");
    act_fails(instance, driver->remove, "{}", ERR_CONFLICT, KIND_PERMANENT,
              "instance 'u-1.west.1' still runs as process *, its directory is kept");
    assert_true(text_starts(act_done(instance, driver->kill, "{}"), "{\"already_gone\":true"));
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
}

/* It was started, went into the background, and was never known by its number. */
static void test_process__stop_finds_one_that_made_itself_a_daemon(void **state)
{
    struct instance *instance = *state;

    act_fails(instance, driver->create, "{'argv': ['sh', '-c', 'setsid sh -c `sleep 600 & exit` & exit']}",
              ERR_UNHEALTHY, KIND_PERMANENT, "instance 'u-1.west.1' ended right after its start");
    act_fails(instance, driver->remove, "{}", ERR_CONFLICT, KIND_PERMANENT,
              "instance 'u-1.west.1' still runs as process *, its directory is kept");
    act_done(instance, driver->stop, "{'signal': 'TERM', 'grace_ms': 10000}");
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
}

/* Its mark is gone with its environment, so it is not started twice, and not taken for gone. */
static void test_process__finds_one_that_wrote_its_title_over_its_environment(void **state)
{
    struct instance *instance = *state;
    json_t *planned = json_deep_copy(instance->known);

    create(instance, "{'argv': ['perl', '-e', '$$0 = `x` x 65536; sleep 600']}");
    json_decref(instance->known);
    instance->known = planned;
    act_fails(instance, driver->create, SLEEPS, ERR_CONFLICT, KIND_PERMANENT,
              "process * carries the mark of instance 'u-1.west.1' but no address");
    act_fails(instance, driver->remove, "{}", ERR_CONFLICT, KIND_PERMANENT,
              "instance 'u-1.west.1' still runs as process *, its directory is kept");
    assert_string_equal(act_done(instance, driver->stop, "{'grace_ms': 5000}"), "{\"exit\":null,\"exited\":true}");
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
}

static void test_process__stop_refuses_an_unknown_signal(void **state)
{
    struct instance *instance = *state;

    create(instance, SLEEPS);
    act_fails(instance, driver->stop, "{'signal': 'TREM'}", ERR_SPEC_INVALID, KIND_PERMANENT, "'TREM' is no signal");
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":true}");
}

/* A create whose outcome was never written down: no identity, only the mark. */
static void test_process__stop_finds_by_mark_what_was_never_written_down(void **state)
{
    struct instance *instance = *state;
    json_t *planned = json_deep_copy(instance->known);

    create(instance, SLEEPS);
    json_decref(instance->known);
    instance->known = planned;
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":true}");
    assert_string_equal(act_done(instance, driver->stop, "{'grace_ms': 5000}"), "{\"exit\":null,\"exited\":true}");
}

static void test_process__never_signals_another_process_of_the_same_number(void **state)
{
    struct instance *instance = *state;
    int64_t start;
    json_t *mark;

    create(instance, SLEEPS);
    start = json_get_int(instance->known, "start", 0);
    mark = json_incref(json_object_get(instance->known, "mark"));
    json_object_set_new(instance->known, "mark", json_string("PENSTOCK_INSTANCE=another"));
    json_object_set_new(instance->known, "start", json_integer(start - 1));
    assert_string_equal(act_done(instance, driver->observe, "{}"), "{\"alive\":false}");
    assert_string_equal(act_done(instance, driver->stop, "{'grace_ms': 100}"), GONE);
    assert_string_equal(act_done(instance, driver->kill, "{}"), GONE);
    assert_int_equal(kill((pid_t)pid_of(instance), 0), 0);
    json_object_set_new(instance->known, "start", json_integer(start));
    json_object_set_new(instance->known, "boot_id", json_string("00000000-0000-0000-0000-000000000000"));
    assert_string_equal(act_done(instance, driver->kill, "{}"), GONE);
    assert_int_equal(kill((pid_t)pid_of(instance), 0), 0);
    /* Nor is its directory taken from it, when it is ours by its mark. */
    json_object_set_new(instance->known, "mark", mark);
    act_fails(instance, driver->remove, "{}", ERR_CONFLICT, KIND_PERMANENT,
              "instance 'u-1.west.1' still runs as process *, its directory is kept");
    json_object_del(instance->known, "pid");
}

static void test_process__remove_wants_it_gone_first(void **state)
{
    struct instance *instance = *state;
    const char *dir = json_get_text(instance->known, "dir");

    create(instance, SLEEPS);
    act_fails(instance, driver->remove, "{}", ERR_CONFLICT, KIND_PERMANENT,
              "instance 'u-1.west.1' still runs as process *, its directory is kept");
    assert_true(file_exists(dir));
    act_done(instance, driver->kill, "{}");
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
    assert_false(file_exists(dir));
    assert_string_equal(act_done(instance, driver->remove, "{}"), "{\"kept\":false}");
}

static void test_process__remove_refuses_a_directory_that_is_none(void **state)
{
    struct instance *instance = *state;
    static const char *const dirs[] = {"/", "/tmp", "relative/dir", "/tmp/a/../..", "/tmp/x/..", "/tmp//x", "/tmp/x/"};

    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
        act_fails(instance, driver->remove, arena_printf(instance->world->arena, "{'dir': '%s'}", dirs[i]), ERR_BUG,
                  KIND_PERMANENT, "'*' is no directory of an instance");
}

static void test_process__signal_reaches_it(void **state)
{
    struct instance *instance = *state;

    create(instance, "{'argv': ['sh', '-c', 'trap `echo drained` USR1; while :; do sleep 0.05; done']}");
    assert_string_equal(act_done(instance, driver->signal, "{'signal': 'USR1'}"), "{\"signal\":\"USR1\"}");
    for (int i = 0; i < 100 && !strstr(log_text(instance), "drained"); i++)
        usleep(20000);
    assert_non_null(strstr(log_text(instance), "drained"));
    assert_string_equal(act_done(instance, driver->signal, "{'signal': 10}"), "{\"signal\":\"USR1\"}");
    act_fails(instance, driver->signal, "{'signal': 999}", ERR_SPEC_INVALID, KIND_PERMANENT, "'' is no signal");
    act_done(instance, driver->kill, "{}");
    act_fails(instance, driver->signal, "{'signal': 'USR1'}", ERR_UNHEALTHY, KIND_PERMANENT,
              "instance 'u-1.west.1' is gone, so it got no signal USR1");
    act_fails(instance, driver->signal, "{}", ERR_SPEC_INVALID, KIND_PERMANENT, "'' is no signal");
}

int main(void)
{
#define WITH_INSTANCE(f) cmocka_unit_test_setup_teardown(f, instance_setup, instance_teardown)
    const struct CMUnitTest tests[] = {
        WITH_INSTANCE(test_process__create_starts_and_tells_who),
        WITH_INSTANCE(test_process__create_twice_adopts),
        WITH_INSTANCE(test_process__create_gives_a_whole_environment_and_nothing_else),
        WITH_INSTANCE(test_process__create_refuses_a_name_that_is_ours),
        WITH_INSTANCE(test_process__create_shows_the_log_of_one_that_ends_at_once),
        WITH_INSTANCE(test_process__create_may_try_again_when_its_port_was_taken),
        WITH_INSTANCE(test_process__create_names_a_program_that_is_not_there),
        WITH_INSTANCE(test_process__create_refuses_what_it_cannot_do),
        WITH_INSTANCE(test_process__stop_waits_for_a_good_end),
        WITH_INSTANCE(test_process__stop_sends_the_signal_of_the_plan),
        WITH_INSTANCE(test_process__stop_tells_one_that_stays_and_kill_ends_it),
        WITH_INSTANCE(test_process__stop_waits_for_what_a_wrapper_started),
        WITH_INSTANCE(test_process__kill_ends_what_a_wrapper_left_behind),
        WITH_INSTANCE(test_process__stop_finds_one_that_made_itself_a_daemon),
        WITH_INSTANCE(test_process__finds_one_that_wrote_its_title_over_its_environment),
        WITH_INSTANCE(test_process__stop_refuses_an_unknown_signal),
        WITH_INSTANCE(test_process__stop_finds_by_mark_what_was_never_written_down),
        WITH_INSTANCE(test_process__never_signals_another_process_of_the_same_number),
        WITH_INSTANCE(test_process__remove_wants_it_gone_first),
        WITH_INSTANCE(test_process__remove_refuses_a_directory_that_is_none),
        WITH_INSTANCE(test_process__signal_reaches_it),
    };

    driver = registry_stamp("process");
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
