/* How a unit is made, as calls: each begins by clearing what an interrupted attempt left, and reads its child's words. */

#include "unit/unit.h"

#include "base/json.h"
#include "base/memory.h"
#include "drivers/unit.h"

struct made {
    struct call call;
    struct effect want;
};

static struct made begin(struct arena *arena, const char *params)
{
    json_t *json = NULL;

    assert_ok(json_parse(params, strlen(params), "params", &json));
    return (struct made){.call = {.verb = "unit",
                                  .target = "prod-1a2b3c4-1",
                                  .key = "k",
                                  .self = "/opt/penstock",
                                  .params = json_in_arena(arena, json),
                                  .arena = arena}};
}

static struct reply exited(int status, const char *text)
{
    return (struct reply){.transport = TRANSPORT_OK, .status = status, .text = text, .length = strlen(text)};
}

static const char export_params[] = "{\"repository\":\"/r\",\"commit\":\"abc\",\"directory\":\"/s/src\"}";

static void test_unit_export__runs_this_program_as_a_child(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, export_params);
    struct reply reply = exited(0, "");

    assert_int_equal(unit_export(&made.call, NULL, &made.want), CALL_WANTS);
    assert_int_equal(made.want.kind, EFFECT_RUN);
    assert_string_equal(made.want.argv[0], "/opt/penstock");
    assert_string_equal(made.want.argv[1], "__export");
    assert_string_equal(made.want.argv[4], "/s/src");
    assert_null(made.want.argv[5]);
    assert_int_equal(unit_export(&made.call, &reply, &made.want), CALL_DONE);
    assert_string_equal(json_get_text(made.call.detail, "directory"), "/s/src");
    call_release(&made.call);
}

static void test_unit_export__hands_on_the_words_and_the_hint_of_its_child(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, export_params);
    struct reply reply = exited(1, "{\"text\":\"the clone is shallow\",\"hint\":\"git fetch --unshallow\"}");

    unit_export(&made.call, NULL, &made.want);
    assert_int_equal(unit_export(&made.call, &reply, &made.want), CALL_FAILED);
    assert_string_equal(made.call.error->text, "the export failed: the clone is shallow");
    assert_string_equal(made.call.error->hint, "git fetch --unshallow");
    assert_int_equal(made.call.error->kind, KIND_PERMANENT);
    call_release(&made.call);
}

static void test_unit_export__says_the_exit_code_of_a_child_without_words(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, export_params);
    struct reply reply = exited(137, "Killed");

    unit_export(&made.call, NULL, &made.want);
    assert_int_equal(unit_export(&made.call, &reply, &made.want), CALL_FAILED);
    assert_string_equal(made.call.error->text, "the export failed: it ended with exit code 137");
    call_release(&made.call);
}

static void test_unit_export__says_that_it_took_too_long(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, export_params);
    struct reply reply = exited(143, "");

    reply.timed_out = true;
    unit_export(&made.call, NULL, &made.want);
    assert_int_equal(unit_export(&made.call, &reply, &made.want), CALL_FAILED);
    assert_string_equal(made.call.error->text, "the export did not end in time");
    call_release(&made.call);
}

static void test_unit_build__begins_with_an_empty_output_directory(void **state)
{
    struct arena *arena = *state;
    struct made made =
        begin(arena, "{\"argv\":[\"make\",\"dist\"],\"cwd\":\"/s/src\",\"log\":\"/l\",\"out\":\"/s/out\","
                     "\"timeout_ms\":1000}");
    struct reply done = exited(0, "");

    assert_int_equal(unit_build(&made.call, NULL, &made.want), CALL_WANTS);
    assert_int_equal(made.want.kind, EFFECT_REMOVE_TREE);
    assert_string_equal(made.want.path, "/s/out");
    assert_int_equal(unit_build(&made.call, &done, &made.want), CALL_WANTS);
    assert_int_equal(made.want.kind, EFFECT_MAKE_DIR);
    assert_int_equal(unit_build(&made.call, &done, &made.want), CALL_WANTS);
    assert_int_equal(made.want.kind, EFFECT_RUN);
    assert_string_equal(made.want.argv[0], "make");
    assert_string_equal(made.want.cwd, "/s/src");
    assert_int_equal(unit_build(&made.call, &done, &made.want), CALL_DONE);
    call_release(&made.call);
}

static void test_unit_build__fails_with_the_exit_code_of_the_command(void **state)
{
    struct arena *arena = *state;
    struct made made =
        begin(arena, "{\"argv\":[\"make\"],\"cwd\":\"/s\",\"log\":\"/l\",\"out\":\"/o\",\"timeout_ms\":1}");
    struct reply done = exited(0, ""), failed = exited(2, ""), log = exited(0, "no rule to make target\n");

    unit_build(&made.call, NULL, &made.want);
    unit_build(&made.call, &done, &made.want);
    unit_build(&made.call, &done, &made.want);
    assert_int_equal(unit_build(&made.call, &failed, &made.want), CALL_WANTS);
    assert_int_equal(made.want.kind, EFFECT_READ_FILE);
    assert_int_equal(unit_build(&made.call, &log, &made.want), CALL_FAILED);
    assert_string_equal(made.call.error->text, "command 'make' ended with exit code 2");
    assert_non_null(strstr(made.call.evidence, "no rule to make target"));
    call_release(&made.call);
}

static void test_unit_collect__gives_the_names_and_reads_the_list(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, "{\"out\":\"/s/out\",\"artifacts\":[\"rooms\"]}");
    struct reply reply = exited(0, "[{\"name\":\"rooms\",\"bytes\":3,\"sha256\":\"x\"}]");

    assert_int_equal(unit_collect(&made.call, NULL, &made.want), CALL_WANTS);
    assert_string_equal(made.want.argv[1], "__collect");
    assert_string_equal(made.want.input, "[\"rooms\"]");
    assert_int_equal(unit_collect(&made.call, &reply, &made.want), CALL_DONE);
    assert_int_equal(json_array_size(json_object_get(made.call.detail, "artifacts")), 1);
    call_release(&made.call);
}

static void test_unit_collect__does_not_take_anything_for_a_list(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, "{\"out\":\"/s/out\",\"artifacts\":[\"rooms\"]}");
    struct reply reply = exited(0, "all good");

    unit_collect(&made.call, NULL, &made.want);
    assert_int_equal(unit_collect(&made.call, &reply, &made.want), CALL_FAILED);
    call_release(&made.call);
}

static void test_unit_collect__starts_no_child_for_nothing(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, "{\"out\":\"/s/out\",\"artifacts\":[]}");

    assert_int_equal(unit_collect(&made.call, NULL, &made.want), CALL_DONE);
    assert_int_equal(json_array_size(json_object_get(made.call.detail, "artifacts")), 0);
    assert_true(json_is_array(json_object_get(made.call.detail, "artifacts")));
    call_release(&made.call);
}

static void test_unit_remove__removes_each_directory_and_stops_at_the_first_trouble(void **state)
{
    struct arena *arena = *state;
    struct made made = begin(arena, "{\"directories\":[\"/a\",\"/b\"]}");
    struct reply done = exited(0, ""), failed = {.transport = TRANSPORT_FAILED, .text = "Permission denied"};

    assert_int_equal(unit_remove(&made.call, NULL, &made.want), CALL_WANTS);
    assert_string_equal(made.want.path, "/a");
    assert_int_equal(unit_remove(&made.call, &done, &made.want), CALL_WANTS);
    assert_string_equal(made.want.path, "/b");
    assert_int_equal(unit_remove(&made.call, &done, &made.want), CALL_DONE);
    call_release(&made.call);
    made = begin(arena, "{\"directories\":[\"/a\"]}");
    unit_remove(&made.call, NULL, &made.want);
    assert_int_equal(unit_remove(&made.call, &failed, &made.want), CALL_FAILED);
    call_release(&made.call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_unit_export__runs_this_program_as_a_child),
        TEST_WITH_ARENA(test_unit_export__hands_on_the_words_and_the_hint_of_its_child),
        TEST_WITH_ARENA(test_unit_export__says_the_exit_code_of_a_child_without_words),
        TEST_WITH_ARENA(test_unit_export__says_that_it_took_too_long),
        TEST_WITH_ARENA(test_unit_build__begins_with_an_empty_output_directory),
        TEST_WITH_ARENA(test_unit_build__fails_with_the_exit_code_of_the_command),
        TEST_WITH_ARENA(test_unit_collect__gives_the_names_and_reads_the_list),
        TEST_WITH_ARENA(test_unit_collect__does_not_take_anything_for_a_list),
        TEST_WITH_ARENA(test_unit_collect__starts_no_child_for_nothing),
        TEST_WITH_ARENA(test_unit_remove__removes_each_directory_and_stops_at_the_first_trouble),
    };

    return RUN_TESTS(tests);
}
