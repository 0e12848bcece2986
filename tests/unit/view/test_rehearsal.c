#include "unit/unit.h"

#include "base/json.h"
#include "base/strbuf.h"
#include "view/rehearsal.h"
#include "view/screen.h"

static const char bad_run[] =
    "{\"pipeline\": \"p.yaml\", \"environment\": \"prod\", \"seed\": 7, \"faults\": \"some\", \"good\": false,"
    " \"findings\": [{\"what\": \"x\", \"act\": \"first\", \"text\": \"it is wrong\", \"hint\": \"do better\","
    "   \"places\": [{\"file\": \"p.yaml\", \"line\": 4, \"column\": 3, \"text\": \"here\"}]}],"
    " \"acts\": [{\"name\": \"first\", \"took_ms\": 90500, \"gates\": [{\"gate\": \"go\"}, {\"gate\": \"go\"}],"
    "   \"events\": [{\"at_ms\": 12, \"kind\": \"stage\", \"stage\": \"build\", \"text\": \"builds\"},"
    "                {\"at_ms\": 61000, \"kind\": \"fault\", \"text\": \"it dies\", \"times\": 2}],"
    "   \"lost\": {\"by_release\": {\"rooms\": 2, \"recordings\": 1, \"queued\": 0},"
    "              \"by_faults\": {\"rooms\": 0, \"recordings\": 0, \"queued\": 1}, \"requests\": 3}}]}";

static const char good_run[] =
    "{\"pipeline\": \"p.yaml\", \"environment\": \"prod\", \"seed\": 8, \"faults\": \"some\", \"good\": true,"
    " \"findings\": [], \"acts\": [{\"name\": \"first\", \"end\": \"succeeded\", \"took_ms\": 1000, \"gates\": [],"
    "   \"events\": [{\"at_ms\": 0, \"kind\": \"stage\", \"stage\": \"build\", \"text\": \"builds\"}]},"
    "  {\"name\": \"faults\", \"end\": \"rolled_back\", \"took_ms\": 2000, \"gates\": [],"
    "   \"events\": [{\"at_ms\": 2000, \"kind\": \"end\", \"text\": \"rolled_back\"}]}]}";

static json_t *parsed(struct arena *arena, const char *text)
{
    json_t *run = NULL;

    assert_null(json_parse(text, strlen(text), "a run", &run));
    return json_in_arena(arena, run);
}

static void assert_text(struct arena *arena, const json_t *run, bool all, const char *wanted)
{
    const struct screen screen = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

    rehearsal_text(arena, run, all, &screen, &out);
    assert_string_equal(strbuf_view(&out), wanted);
}

static void test_rehearsal__what_is_found_comes_first(void **state)
{
    assert_text(
        *state, parsed(*state, bad_run), false,
        "x it is wrong\n"
        " --> p.yaml:4:3: here\n"
        "  = help: do better\n"
        "\n"
        "rehearsed       p.yaml, seed 7, faults: some\n"
        "lost            2 rooms, 1 recording by the release; 1 queued piece of work, 3 requests by the faults\n"
        "gates           go 2 times\n"
        "\n"
        "first release   does not end in 1m30s\n"
        "      0s  build     builds\n"
        "   1m01s            ! it dies (2 times)\n");
}

static void test_rehearsal__a_dull_act_is_one_line(void **state)
{
    const char *head = "+ the release loses nothing, and it ends\n\n"
                       "rehearsed       p.yaml, seed 8, faults: some\n"
                       "lost            nothing by the release\n\n"
                       "first release   succeeded in 1s\n";
    const char *tail = "\n"
                       "with faults     rolled back in 2s\n"
                       "      2s            rolled back\n";

    assert_text(*state, parsed(*state, good_run), false, arena_printf(*state, "%s%s", head, tail));
    assert_text(*state, parsed(*state, good_run), true,
                arena_printf(*state, "%s      0s  build     builds\n%s", head, tail));
}

static void test_rehearsals__the_same_finding_is_told_once(void **state)
{
    const struct screen screen = {0};
    struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
    json_t *runs = json_in_arena(*state, json_array()), *sum;

    json_array_append(runs, parsed(*state, bad_run));
    json_array_append(runs, parsed(*state, good_run));
    json_array_append(runs, parsed(*state, bad_run));
    sum = json_in_arena(*state, rehearsals_sum(runs));
    rehearsals_text(*state, sum, &screen, &out);
    assert_string_equal(
        strbuf_view(&out),
        "x it is wrong (2 of 3 runs, first with seed 7)\n"
        " --> p.yaml:4:3: here\n"
        "  = help: do better\n"
        "\n"
        "rehearsed       p.yaml, seeds 7 to 9, faults: some\n"
        "lost            4 rooms, 2 recordings by the release; 2 queued pieces of work, 6 requests by the faults\n"
        "with faults     1 rolled back\n"
        "worst           seed 7\n");
    assert_int_equal(json_get_int(sum, "bad", 0), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_rehearsal__what_is_found_comes_first),
        TEST_WITH_ARENA(test_rehearsal__a_dull_act_is_one_line),
        TEST_WITH_ARENA(test_rehearsals__the_same_finding_is_told_once),
    };

    return RUN_TESTS(tests);
}
