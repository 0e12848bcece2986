/* The plan as people read it: exact texts. */

#include "unit/plan/rich.h"

/* The plan without its first line, which names the digest. */
static const char *render(struct arena *arena, const struct plan *plan)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *first;

    plan_render(plan, &text);
    first = arena_printf(arena, "plan %.12s: ", plan->digest);
    assert_true(text_starts(strbuf_view(&text), first));
    return arena_text(arena, strbuf_view(&text) + strlen(first));
}

static void test_render__a_first_release_says_so(void **state)
{
    assert_string_equal(
        render(*state, plan_of(*state, WHOLE_TEXT, 0)),
        "release aaaaaaa to prod\n"
        "  commit    aaaaaaa make rooms larger (main)\n"
        "  new unit  prod-aaaaaaa-7\n"
        "  old unit  none: a first release. It gets all traffic in one step, without gates or holds; nothing is "
        "drained or destroyed\n"
        "  door      http://127.0.0.1:8080\n"
        "  build\n"
        "    -     export aaaaaaa  [undo: its directory is removed]\n"
        "    -     digest the artifacts of prod-aaaaaaa-7\n"
        "  deploy\n"
        "    -     the front door answers  [undo: it stays; it outlives releases]\n"
        "    -     start prod-aaaaaaa-7.west.1  [undo: it is stopped and removed]\n"
        "    -     prod-aaaaaaa-7.west.1 is healthy\n"
        "    -     make prod-aaaaaaa-7.west.1 known to the front door, share 0%  [undo: it is taken out again]\n"
        "  validate\n"
        "    -     check home on prod-aaaaaaa-7.west.1\n"
        "  shift\n"
        "    -     app: 100% of new traffic to prod-aaaaaaa-7\n"
        "  drain: nothing to do\n"
        "  destroy: nothing to do\n"
        "  if it fails before the pivot: it is taken back, in this order, as far as it got\n"
        "    -     no new traffic to prod-aaaaaaa-7.west.1\n"
        "    -     prod-aaaaaaa-7.west.1 takes no new rooms\n"
        "    -     nothing is left on prod-aaaaaaa-7.west.1: rooms 0, nothing in flight; 3 times in a row over 10s\n"
        "    -     take prod-aaaaaaa-7.west.1 out of the front door\n"
        "    -     once more: nothing is left on prod-aaaaaaa-7.west.1\n"
        "    -     stop prod-aaaaaaa-7.west.1\n"
        "    -     prod-aaaaaaa-7.west.1 is gone\n"
        "    -     remove the files of prod-aaaaaaa-7\n");
}

static void test_render__a_second_release_shows_the_pivot_and_the_way_back(void **state)
{
    assert_string_equal(
        render(*state, plan_of(*state, WHOLE_TEXT, 2)),
        "release aaaaaaa to prod\n"
        "  commit    aaaaaaa make rooms larger (main)\n"
        "  new unit  prod-aaaaaaa-7\n"
        "  old unit  prod-0000000-3\n"
        "  door      http://127.0.0.1:8080\n"
        "  back      to prod-0000000-3 at once, until stage destroy; then by a new release of 0000000\n"
        "  build\n"
        "    -     export aaaaaaa  [undo: its directory is removed]\n"
        "    -     digest the artifacts of prod-aaaaaaa-7\n"
        "  deploy\n"
        "    -     the front door answers  [undo: it stays; it outlives releases]\n"
        "    -     start prod-aaaaaaa-7.west.1  [undo: it is stopped and removed]\n"
        "    -     prod-aaaaaaa-7.west.1 is healthy\n"
        "    -     make prod-aaaaaaa-7.west.1 known to the front door, share 0%  [undo: it is taken out again]\n"
        "  validate\n"
        "    -     check home on prod-aaaaaaa-7.west.1\n"
        "  shift\n"
        "    -     app: 50% of new traffic to prod-aaaaaaa-7  [undo: all back to prod-0000000-3]\n"
        "    -     app: 100% of new traffic to prod-aaaaaaa-7  [undo: all back to prod-0000000-3]\n"
        "  drain\n"
        "    -     no new traffic to 2 instances of prod-0000000-3  [undo: it may have traffic again]\n"
        "    -     no new rooms on 2 instances of prod-0000000-3  [undo: it is told to take new rooms again]\n"
        "    -     wait until nothing is left on 2 instances of prod-0000000-3: rooms 0, nothing in flight; 3 times in "
        "a row over 10s\n"
        "  destroy\n"
        "    -     take out of the front door: 2 instances of prod-0000000-3  [undo: it is made known again]\n"
        "    -     right before each stop, prove once more that nothing is left on 2 instances of prod-0000000-3\n"
        "    == the pivot: from here on nothing goes backward by itself ==\n"
        "    -     stop 2 instances of prod-0000000-3\n"
        "    -     prove the end and remove the files of 2 instances of prod-0000000-3\n"
        "    -     the front door refers to one unit only\n"
        "    -     remove the files of prod-0000000-3\n"
        "  if it fails before the pivot: it is taken back, in this order, as far as it got\n"
        "    -     wait for health of 2 instances of prod-0000000-3\n"
        "    -     new rooms again on 2 instances of prod-0000000-3\n"
        "    -     make known to the front door, with share 0%: 2 instances of prod-0000000-3\n"
        "    -     allow traffic again to 2 instances of prod-0000000-3\n"
        "    -     app: all traffic back to prod-0000000-3\n"
        "    -     no new traffic to prod-aaaaaaa-7.west.1\n"
        "    -     prod-aaaaaaa-7.west.1 takes no new rooms\n"
        "    -     nothing is left on prod-aaaaaaa-7.west.1: rooms 0, nothing in flight; 3 times in a row over 10s\n"
        "    -     take prod-aaaaaaa-7.west.1 out of the front door\n"
        "    -     once more: nothing is left on prod-aaaaaaa-7.west.1\n"
        "    -     stop prod-aaaaaaa-7.west.1\n"
        "    -     prod-aaaaaaa-7.west.1 is gone\n"
        "    -     remove the files of prod-aaaaaaa-7\n");
}

/* The lines of the plan that contain the text. */
static const char *lines_with(struct arena *arena, const struct plan *plan, const char *text)
{
    struct strbuf found CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *all = arena_text(arena, render(arena, plan)), *rest = all, *line;

    while ((line = strsep(&rest, "\n"))) {
        if (strstr(line, text))
            strbuf_printf(&found, "%s\n", line);
    }
    return arena_text(arena, strbuf_view(&found));
}

static void test_render__checks_count_instances_and_stamps(void **state)
{
    assert_string_equal(lines_with(*state, plan_of(*state, RICH_TEXT, 1), "check "),
                        "    -     check home on 4 instances\n"
                        "    -     check smoke on 2 stamps\n");
}

static void test_render__each_pool_has_its_own_line(void **state)
{
    assert_string_equal(lines_with(*state, plan_of(*state, RICH_TEXT, 1), "50%"),
                        "    -     app: 50% of new traffic to prod-aaaaaaa-7  [undo: all back to prod-0000000-3]\n"
                        "    -     api: 50% of new traffic to prod-aaaaaaa-7  [undo: all back to prod-0000000-3]\n");
}

static void test_render__gates_say_who_opens_them(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT "  - gate: managers\n  - gate: {name: late, gate: on-call}\n");
    struct plan *plan;

    ((struct gate_spec *)(uintptr_t)environment_gate(project_environment(p.project, "prod"), "on-call"))
        ->bar_requester = true;
    plan = planning_plan(&p);
    assert_string_equal(lines_with(*state, plan, "    gate  "),
                        "    gate  gate managers opens the way past stage gate (2 of ana, bo)\n"
                        "    gate  gate on-call opens the way past stage late (1 of anyone; not the requester)\n");
}

static void test_render__gates_say_which_authors_may_not(void **state)
{
    struct planning p = planning_with(*state,
                                      "project: rooms\nenvironments: {prod: {gates: {managers: {people: [ana, bo], "
                                      "barred: [requester, authors]}, on-call: {barred: [authors]}}}}\n",
                                      WHOLE_TEXT "  - gate: managers\n  - gate: {name: late, gate: on-call}\n");
    struct fact_author author = {"bo", "robert@x.org"};

    p.facts.rules.authors = &author;
    p.facts.rules.author_count = 1;
    assert_string_equal(
        lines_with(*state, planning_plan(&p), "    gate  "),
        "    gate  gate managers opens the way past stage gate (1 of ana, bo; not the requester; not the "
        "authors: bo)\n"
        "    gate  gate on-call opens the way past stage late (1 of anyone; not the authors: robert, "
        "bo)\n");
}

/* Facts of an environment that demands a lot. */
static struct planning demanding(void **state, enum plan_kind kind)
{
    static struct fact_branch branch = {"release/1", false};
    static struct fact_override given = {7, "requires", "bo", 360000000};
    struct planning p =
        planning_with(*state,
                      "project: rooms\nenvironments:\n  int: {}\n  prod:\n"
                      "    gates: {managers: {}, on-call: {}}\n"
                      "    branches: [\"release/*\"]\n    from_trunk: true\n    requires: [{released_to: int}]\n"
                      "    windows: [{}]\n    overrides: {people: [bo]}\n    short_lived: {keep: 1d}\n"
                      "    hotfix: {gate: on-call, ladder: [{share: 100%}]}\n",
                      WHOLE_TEXT);
    json_t *closures = json_pack("[{s:I, s:I, s:s, s:s}]", "from_ms", (json_int_t)356400000, "until_ms",
                                 (json_int_t)360000000, "rule", "window", "reason", "outside the windows (...)");

    p.facts.rules = (struct fact_rules){.now_ms = 352800000,
                                        .branches = &branch,
                                        .branch_count = 1,
                                        .overrides = &given,
                                        .override_count = 1,
                                        .closures = json_in_arena(*state, closures)};
    p.facts.request.kind = kind;
    p.facts.request.back_to = kind == PLAN_ROLLBACK ? "r-3" : NULL;
    return p;
}

static void test_render__shows_on_which_terms(void **state)
{
    struct planning p = demanding(state, PLAN_RELEASE);
    const char *text = render(*state, planning_plan(&p));

    assert_true(text_starts(text, "release aaaaaaa to prod\n"));
    assert_non_null(strstr(
        text, "  door      http://127.0.0.1:8080\n"
              "  rules     branches: on release/1 | from_trunk: every commit is on main, or a proved pick from it\n"
              "  broken    requires: environment 'prod' wants the commit released to int first; aaaaaaa was not; 'bo' "
              "lets it be broken until 1970-01-05T04:00:00Z\n"
              "  calendar  window: open; closed from 1970-01-05T03:00:00Z to 1970-01-05T04:00:00Z\n"
              "  kept      until 1970-01-06T02:00:00Z\n"
              "  build\n"));
}

static void test_render__says_what_a_rollback_and_a_hotfix_need_not(void **state)
{
    struct planning p = demanding(state, PLAN_ROLLBACK);
    const char *text = render(*state, planning_plan(&p));

    assert_true(text_starts(text, "rollback aaaaaaa to prod\n"));
    assert_non_null(strstr(text, "  door      http://127.0.0.1:8080\n"
                                 "  exempt    branches: the commit was live before, as r-3\n"
                                 "  exempt    from_trunk: the commit was live before, as r-3\n"
                                 "  exempt    requires: the commit was live before, as r-3\n"
                                 "  exempt    window: the commit was live before, as r-3\n"
                                 "  kept      until"));
    p = demanding(state, PLAN_HOTFIX);
    p.facts.request.picks = json_in_arena(
        *state, json_pack("[{s:s, s:s, s:b}, {s:s, s:s, s:b}]", "commit", "bbbbbbbbbb", "source", "cccccccccc",
                          "by_hand", 0, "commit", "dddddddddd", "source", "eeeeeeeeee", "by_hand", 1));
    text = render(*state, planning_plan(&p));
    assert_true(text_starts(text, "hotfix aaaaaaa to prod\n"));
    assert_non_null(
        strstr(text, "  exempt    window: a hotfix\n"
                     "  pick      bbbbbbb of ccccccc\n"
                     "  pick      ddddddd of eeeeeee, its conflicts resolved by hand\n"
                     "  shorter   shares of stage shift: 100%; was 50%, 100% (hotfix.ladder of environment prod)\n"));
}

static void test_render__deadlines_say_what_follows(void **state)
{
    static const char text[] = HEAD_TEXT "stages:\n  - build\n  - deploy\n  - validate\n"
                                         "  - shift: {steps: [{share: 100%}]}\n"
                                         "  - drain: {deadline: {after: 8h, do: %s}}\n";
    const char *const rows[][2] = {{"ask", "a person is asked"}, {"fail", "it fails"}};

    for (int i = 0; i < 2; i++) {
        const char *pipeline = arena_printf(*state, "%.*s%s}}\n", (int)(strstr(text, "%s}}") - text), text, rows[i][0]);

        assert_string_equal(
            lines_with(*state, plan_of(*state, pipeline, 1), "nothing is left on prod-0000000-3"),
            arena_printf(*state,
                         "    -     nothing is left on prod-0000000-3.west.1: nothing in flight; 3 times "
                         "in a row over 10s; after 8h %s\n",
                         rows[i][1]));
    }
}

static void test_render__on_failure_hold_says_who_goes_back(void **state)
{
    assert_string_equal(
        lines_with(*state, plan_of(*state, "on_failure: hold\n" WHOLE_TEXT, 1), "if it fails"),
        "  if it fails before the pivot: it is held for a person; `penstock rollback` does this, as far "
        "as it got\n");
}

static void test_render__a_bare_commit_has_no_branch(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);

    p.facts.branch = "";
    assert_string_equal(lines_with(*state, planning_plan(&p), "  commit  "), "  commit    aaaaaaa make rooms larger\n");
}

static void test_render__a_front_door_without_an_address_is_named_by_its_socket(void **state)
{
    struct plan *plan = plan_of(*state,
                                "pipeline: prod\nenvironment: prod\nstamps: {start: [a], health: {get: /}}\n"
                                "traffic: {socket: /run/haproxy.sock}\nstages: [build, deploy]\n",
                                0);

    assert_string_equal(lines_with(*state, plan, "  door  "), "  door      /run/haproxy.sock\n");
}

static void test_render__a_destruction_has_a_short_head(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct plan *plan;

    planning_live(&p, 1);
    assert_ok(plan_destroy(*state, p.project, p.pipeline, &p.facts, NULL, &plan));
    assert_true(text_starts(render(*state, plan), "destroy in environment prod\n"
                                                  "  front door\n"
                                                  "    -     the front door answers\n"
                                                  "  drain prod-0000000-3\n"));
    assert_string_equal(lines_with(*state, plan, "pivot"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_render__a_first_release_says_so),
        TEST_WITH_ARENA(test_render__a_second_release_shows_the_pivot_and_the_way_back),
        TEST_WITH_ARENA(test_render__checks_count_instances_and_stamps),
        TEST_WITH_ARENA(test_render__each_pool_has_its_own_line),
        TEST_WITH_ARENA(test_render__gates_say_who_opens_them),
        TEST_WITH_ARENA(test_render__gates_say_which_authors_may_not),
        TEST_WITH_ARENA(test_render__shows_on_which_terms),
        TEST_WITH_ARENA(test_render__says_what_a_rollback_and_a_hotfix_need_not),
        TEST_WITH_ARENA(test_render__deadlines_say_what_follows),
        TEST_WITH_ARENA(test_render__on_failure_hold_says_who_goes_back),
        TEST_WITH_ARENA(test_render__a_bare_commit_has_no_branch),
        TEST_WITH_ARENA(test_render__a_front_door_without_an_address_is_named_by_its_socket),
        TEST_WITH_ARENA(test_render__a_destruction_has_a_short_head),
    };

    return RUN_TESTS(tests);
}
