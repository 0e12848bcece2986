/* What the environment demands: met, refused, broken by somebody who may, and who need not care; and ways around it. */

#include "unit/plan/planning.h"

#include "plan/closures.h"
#include "plan/rules.h"

#define HOUR ((int64_t)3600000)
#define NOW (100 * HOUR) /* 1970-01-05T04:00:00Z */

/* The rules stand from line 8 on. */
#define PROD(rules)                       \
    "project: rooms\n"                    \
    "people: {bo: [bo@work.example]}\n"   \
    "environments:\n"                     \
    "  int: {}\n"                         \
    "  e2e: {short_lived: {keep: 72h}}\n" \
    "  prod:\n"                           \
    "    gates: {managers: {barred: [authors]}, on-call: {}}\n" rules

#define OVERRIDES "    overrides: {people: [ana, bo, chi], barred: [requester, authors]}\n"

static struct planning asked(void **state, const char *project)
{
    struct planning p = planning_with(*state, project, WHOLE_TEXT);

    planning_live(&p, 1);
    p.facts.rules.now_ms = NOW;
    return p;
}

/* "rule verdict: detail (seq)", one a line. */
static const char *verdicts(struct planning *p)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const json_t *rules = json_object_get(planning_plan(p)->terms.json, "rules"), *row;
    size_t index;

    json_array_foreach(rules, index, row)
    {
        strbuf_printf(&text, "%s %s: %s", json_get_text(row, "rule"), json_get_text(row, "verdict"),
                      json_get_text(row, "detail"));
        if (json_object_get(row, "override_seq"))
            strbuf_printf(&text, " (%lld)", (long long)json_get_int(row, "override_seq", -1));
        strbuf_char(&text, '\n');
    }
    return arena_text(p->arena, strbuf_view(&text));
}

/* "file:line:column text", and the hint below it. */
static const char *refusals(struct planning *p)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_null(planning_try(p));
    for (int i = 0; diagnostics_get(p->problems, i) != NULL; i++) {
        const struct diagnostic *own = diagnostics_get(p->problems, i);

        assert_int_equal(own->code, ERR_PLAN_REFUSED);
        strbuf_printf(&text, "%s:%d:%d %s\n", own->mark.file, own->mark.line, own->mark.column, own->text);
        if (own->hint)
            strbuf_printf(&text, "  %s\n", own->hint);
    }
    return arena_text(p->arena, strbuf_view(&text));
}

static void as(struct planning *p, enum plan_kind kind)
{
    p->facts.request.kind = kind;
    p->facts.request.back_to = kind == PLAN_ROLLBACK ? "r-3" : NULL;
}

/* where commits come from ------------------------------------------------------------------------------------------ */

#define BRANCHES PROD("    branches: [\"release/*\", hotfix]\n")

static void on_branches(struct planning *p, struct fact_branch *branches, int count)
{
    p->facts.rules.branches = branches;
    p->facts.rules.branch_count = count;
}

static void test_rules__branches_are_those_of_the_repository(void **state)
{
    struct planning p = asked(state, BRANCHES);
    struct fact_branch both[] = {{"main", false}, {"release/2026.11", false}, {"release/2026.12", true}};

    on_branches(&p, both, 3);
    assert_string_equal(verdicts(&p), "branches met: on release/2026.11\n");
    p.facts.rules.branches++;
    p.facts.rules.branches[0].remote = true;
    assert_string_equal(verdicts(&p), "branches met: on release/2026.11 of origin\n");
}

static void test_rules__another_branch_is_refused_with_those_it_is_on(void **state)
{
    struct planning p = asked(state, BRANCHES);
    struct fact_branch branches[] = {{"main", false}, {"my-release/1", false}};

    /* What it was called on the command line counts for nothing. */
    p.facts.branch = "release/2026.11";
    on_branches(&p, branches, 2);
    assert_string_equal(refusals(&p), "penstock.yaml:8:15 commit aaaaaaa is on no branch that environment 'prod' takes "
                                      "(release/*, hotfix)\n"
                                      "  it is on: main, my-release/1\n");
}

static void test_rules__a_branch_that_was_renamed_is_not_the_branch(void **state)
{
    struct planning p = asked(state, BRANCHES);

    assert_string_equal(refusals(&p), "penstock.yaml:8:15 commit aaaaaaa is on no branch that environment 'prod' takes "
                                      "(release/*, hotfix)\n"
                                      "  it is on no branch at all; was one renamed or deleted?\n");
    p = asked(state, BRANCHES);
    p.facts.rules.of_origin = true;
    assert_true(text_ends(refusals(&p), "\n  origin has it on no branch: git push\n"));
}

static void test_rules__a_stray_commit_is_named(void **state)
{
    struct planning p = asked(state, PROD("    from_trunk: true\n"));

    assert_string_equal(verdicts(&p), "from_trunk met: every commit is on main, or a proved pick from it\n");
    p.facts.rules.stray = "bbbbbbbbbbbbbbbbbbbb";
    assert_string_equal(refusals(&p),
                        "penstock.yaml:8:17 commit bbbbbbb is neither on 'main' nor a proved pick from it\n"
                        "  bring the change to 'main' first, then pick it from there\n");
    p = asked(state, PROD("    from_trunk: true\n"));
    p.facts.rules.stray_unknown = "there is no branch 'main' to compare with";
    assert_string_equal(refusals(&p), "penstock.yaml:8:17 there is no branch 'main' to compare with\n"
                                      "  git fetch origin '+refs/heads/*:refs/remotes/origin/*' brings all branches\n");
}

static void test_rules__what_is_not_demanded_is_not_judged(void **state)
{
    struct planning p = asked(state, PROD("    from_trunk: false\n"));

    p.facts.rules.stray = "bbbbbbbbbbbbbbbbbbbb";
    p.facts.rules.scheduled_failed = "r-8";
    assert_string_equal(verdicts(&p), "");
}

#define REQUIRES PROD("    requires: [{released_to: int}, {released_to: e2e}]\n")

static void test_rules__requirements_say_by_which_release(void **state)
{
    struct planning p = asked(state, REQUIRES);
    struct fact_requirement found[] = {{"e2e", "r-9"}, {"int", "r-12, as 1a2b3c4"}};

    p.facts.rules.requirements = found;
    p.facts.rules.requirement_count = 2;
    assert_string_equal(verdicts(&p), "requires met: r-12 on int, as 1a2b3c4; r-9 on e2e\n");
    found[0].how = NULL;
    assert_string_equal(
        refusals(&p), "penstock.yaml:8:50 environment 'prod' wants the commit released to e2e first; aaaaaaa was not\n"
                      "  penstock release e2e aaaaaaa\n");
}

static void test_rules__what_nobody_looked_up_is_not_met(void **state)
{
    struct planning p = asked(state, REQUIRES);

    assert_string_equal(
        refusals(&p),
        "penstock.yaml:8:30 environment 'prod' wants the commit released to int, e2e first; aaaaaaa was not\n"
        "  penstock release int aaaaaaa\n");
}

static void test_rules__the_changelog_must_have_changed(void **state)
{
    struct planning p = asked(state, PROD("    changelog: CHANGELOG.md\n"));

    p.facts.rules.changelog_changed = true;
    assert_string_equal(verdicts(&p), "changelog met: CHANGELOG.md changed since 0000000\n");
    p.facts.rules.changelog_changed = false;
    p.facts.commit = OLD_COMMIT;
    assert_string_equal(verdicts(&p), "changelog met: nothing is new: the commit is live\n");
    p.facts.commit = COMMIT;
    assert_string_equal(refusals(&p), "penstock.yaml:8:16 CHANGELOG.md has not changed since 0000000, which is live\n"
                                      "  write down in it what is new, and commit that\n");
}

static void test_rules__a_first_release_has_nothing_to_compare_with(void **state)
{
    struct planning p = planning_with(*state, PROD("    changelog: CHANGELOG.md\n"), WHOLE_TEXT);

    assert_string_equal(verdicts(&p), "changelog met: a first release\n");
}

/* when ------------------------------------------------------------------------------------------------------------- */

#define CALENDAR                                                                 \
    PROD("    windows: [{from: 08:00, to: 16:00}]\n"                             \
         "    freezes: [{from: 2026-01-01, to: 2026-02-01, reason: inventory}, " \
         "{from: 1970-01-05, to: 1970-01-06, reason: move}]\n")

static const json_t *closure(struct planning *p, int from_h, int until_h, const char *rule, const char *also)
{
    json_t *own = json_pack("{s:I, s:I, s:s, s:s, s:s*}", "from_ms", (json_int_t)(from_h * HOUR), "until_ms",
                            (json_int_t)(until_h * HOUR), "rule", rule, "reason",
                            text_is(rule, "freeze") ? "freeze: move" : "outside the windows (...)", "also", also);

    return json_in_arena(p->arena, own);
}

static void look_up(struct planning *p, const json_t *first, const json_t *second)
{
    json_t *list = json_in_arena(p->arena, json_array());

    json_array_append(list, (json_t *)(uintptr_t)first);
    if (second)
        json_array_append(list, (json_t *)(uintptr_t)second);
    p->facts.rules.closures = list;
}

static void test_rules__an_open_calendar_says_until_when(void **state)
{
    struct planning p = asked(state, CALENDAR);

    look_up(&p, closure(&p, 90, 100, "window", NULL), closure(&p, 105, 110, "freeze", "window"));
    assert_string_equal(verdicts(&p), "window met: open; closed from 1970-01-05T09:00:00Z to 1970-01-05T14:00:00Z\n"
                                      "freeze met: open; closed from 1970-01-05T09:00:00Z to 1970-01-05T14:00:00Z\n");
    look_up(&p, closure(&p, 105, 110, "freeze", NULL), closure(&p, 120, 0, "window", NULL));
    assert_string_equal(verdicts(&p), "window met: open; looked up until 1970-01-06T00:00:00Z\n"
                                      "freeze met: open; closed from 1970-01-05T09:00:00Z to 1970-01-05T14:00:00Z\n");
    look_up(&p, closure(&p, 90, 99, "freeze", NULL), NULL);
    assert_string_equal(verdicts(&p), "window met: open\nfreeze met: open\n");
}

static void test_rules__outside_the_windows_no_release_begins(void **state)
{
    struct planning p = asked(state, CALENDAR);

    look_up(&p, closure(&p, 90, 104, "window", NULL), closure(&p, 104, 110, "freeze", "window"));
    assert_string_equal(refusals(&p),
                        "penstock.yaml:8:15 environment 'prod' takes no release now: outside the windows (...), until "
                        "1970-01-05T14:00:00Z\n");
}

static void test_rules__in_a_freeze_no_release_begins(void **state)
{
    struct planning p = asked(state, CALENDAR);

    /* At the place of the freeze that is on. */
    look_up(&p, closure(&p, 96, 120, "freeze", NULL), NULL);
    assert_string_equal(refusals(&p), "penstock.yaml:9:70 environment 'prod' takes no release now: freeze: move, until "
                                      "1970-01-06T00:00:00Z\n");
}

static void test_rules__who_may_break_the_freeze_may_not_release_at_night(void **state)
{
    struct planning p = asked(state, CALENDAR OVERRIDES);
    struct fact_override freeze = {7, "freeze", "bo", NOW + HOUR};

    p.facts.rules.overrides = &freeze;
    p.facts.rules.override_count = 1;
    look_up(&p, closure(&p, 96, 120, "freeze", "window"), NULL);
    assert_string_equal(refusals(&p),
                        "penstock.yaml:8:15 environment 'prod' takes no release now: outside the windows, until "
                        "1970-01-06T00:00:00Z\n"
                        "  bo, chi may: penstock override prod window --for 2h --comment WHY\n");
}

static void test_rules__a_calendar_without_an_end_says_none(void **state)
{
    struct planning p = asked(state, CALENDAR);

    look_up(&p, closure(&p, 90, 0, "freeze", NULL), NULL);
    assert_string_equal(refusals(&p), "penstock.yaml:9:70 environment 'prod' takes no release now: freeze: move\n");
}

static void test_rules__a_scheduled_release_stops_after_a_failure(void **state)
{
    struct planning p = asked(state, PROD(""));

    p.facts.request.scheduled = true;
    assert_string_equal(verdicts(&p), "scheduled met: the last one succeeded, or there was none\n");
    p.facts.rules.scheduled_failed = "r-8";
    assert_string_equal(refusals(&p), "penstock.yaml:6:3 the last scheduled release to 'prod', r-8, did not succeed\n"
                                      "  penstock show r-8\n");
}

/* overrides -------------------------------------------------------------------------------------------------------- */

#define LOG PROD("    changelog: CHANGELOG.md\n" OVERRIDES)

static struct planning broken(void **state, const char *project, struct fact_override *overrides, int count)
{
    struct planning p = asked(state, project);

    p.facts.rules.overrides = overrides;
    p.facts.rules.override_count = count;
    return p;
}

static void test_rules__an_override_is_recorded_with_what_it_broke(void **state)
{
    struct fact_override given[] = {{6, "freeze", "bo", NOW + HOUR}, {7, "changelog", "bo", NOW + HOUR}};
    struct planning p = broken(state, LOG, given, 2);

    assert_string_equal(verdicts(&p),
                        "changelog overridden: CHANGELOG.md has not changed since 0000000, which is live; 'bo' lets it "
                        "be broken until 1970-01-05T05:00:00Z (7)\n");
    p.facts.rules.changelog_changed = true; /* then there is nothing to break */
    assert_string_equal(verdicts(&p), "changelog met: CHANGELOG.md changed since 0000000\n");
}

static void test_rules__an_override_from_before_is_a_leave_for_the_calendar(void **state)
{
    struct fact_override given[] = {{5, "freeze", "ana", NOW + HOUR}, /* who asks for the release */
                                    {6, "freeze", "bo", NOW},         /* over */
                                    {7, "freeze", "bo", NOW + HOUR}};
    struct planning p = broken(state, CALENDAR OVERRIDES, given, 3);
    struct plan *plan;

    look_up(&p, closure(&p, 96, 120, "freeze", NULL), NULL);
    plan = planning_plan(&p);
    assert_string_equal(
        json_canonical(*state, json_object_get(plan->terms.json, "leaves")),
        arena_printf(*state, "[{\"override_seq\":7,\"rule\":\"freeze\",\"until_ms\":%lld}]", (long long)NOW + HOUR));
}

#define REFUSED                                                                      \
    "penstock.yaml:8:16 CHANGELOG.md has not changed since 0000000, which is live\n" \
    "  write down in it what is new, and commit that; or "

static void test_rules__overrides_that_do_not_count_are_told(void **state)
{
    struct fact_author author = {"Bo", "bo@work.example"};
    static const struct {
        struct fact_override given;
        const char *hint;
    } rows[] = {
        {{7, "changelog", "eve", NOW + HOUR},
         "the override that was given does not count: 'eve' is not one of overrides.people; chi may: penstock override "
         "prod changelog --for 2h --comment WHY\n"},
        {{7, "changelog", "ana", NOW + HOUR},
         "the override that was given does not count: 'ana' asks for this release; chi may: penstock override prod "
         "changelog --for 2h --comment WHY\n"},
        {{7, "changelog", "bo", NOW + HOUR},
         "the override that was given does not count: 'bo' wrote commits of this release; chi may: penstock override "
         "prod changelog --for 2h --comment WHY\n"},
        /* Over, and of another rule. */
        {{7, "changelog", "chi", NOW}, "chi may: penstock override prod changelog --for 2h --comment WHY\n"},
        {{7, "window", "chi", NOW + HOUR}, "chi may: penstock override prod changelog --for 2h --comment WHY\n"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fact_override given = rows[i].given;
        struct planning p = broken(state, LOG, &given, 1);

        p.facts.rules.authors = &author;
        p.facts.rules.author_count = 1;
        assert_string_equal(refusals(&p), arena_printf(*state, "%s%s", REFUSED, rows[i].hint));
    }
}

static void test_rules__one_override_that_counts_is_enough(void **state)
{
    struct fact_override given[] = {{6, "changelog", "eve", NOW + HOUR}, {7, "changelog", "chi", NOW + HOUR}};
    struct planning p = broken(state, LOG, given, 2);

    assert_true(text_ends(verdicts(&p), "'chi' lets it be broken until 1970-01-05T05:00:00Z (7)\n"));
}

static void test_rules__nobody_is_left_who_may(void **state)
{
    struct planning p =
        asked(state, PROD("    changelog: CHANGELOG.md\n    overrides: {people: [ana], barred: [requester]}\n"));

    assert_string_equal(refusals(&p), REFUSED "nobody of overrides.people may break it\n");
}

static void test_rules__without_overrides_nobody_may(void **state)
{
    struct fact_override given = {7, "changelog", "chi", NOW + HOUR};
    struct planning p = broken(state, PROD("    changelog: CHANGELOG.md\n"), &given, 1);

    assert_string_equal(refusals(&p), "penstock.yaml:8:16 CHANGELOG.md has not changed since 0000000, which is live\n"
                                      "  write down in it what is new, and commit that\n");
}

static void test_rules__every_rule_of_an_environment_may_be_broken_by_name(void **state)
{
    static const char *const names[] = {"branches", "from_trunk", "requires", "changelog",
                                        "window",   "freeze",     "scheduled"};
    const char *const *found = rules_overridable();
    struct fact_override given[7];
    struct planning p =
        broken(state,
               PROD("    branches: [release]\n    from_trunk: true\n    requires: [{released_to: int}]\n"
                    "    changelog: C\n    windows: [{}]\n"
                    "    freezes: [{from: 2026-01-01, to: 2026-02-01, reason: x}]\n" OVERRIDES),
               given, 7);

    for (int i = 0; i < 7; i++) {
        assert_string_equal(found[i], names[i]);
        given[i] = (struct fact_override){10 + i, names[i], "bo", NOW + 1};
    }
    assert_null(found[7]);
    p.facts.rules.stray = COMMIT;
    p.facts.request.scheduled = true;
    p.facts.rules.scheduled_failed = "r-1";
    look_up(&p, closure(&p, 90, 110, "freeze", "window"), NULL);
    for (int i = 0; i < 7; i++)
        assert_non_null(strstr(verdicts(&p), arena_printf(*state, "%s overridden: ", names[i])));
    /* Each is wanted: without one of them there is one refusal. */
    for (int i = 0; i < 7; i++) {
        struct planning own = p;

        own.problems = diagnostics_new(*state);
        given[i].rule = "another";
        assert_null(planning_try(&own));
        assert_int_equal(diagnostics_count(own.problems), 1);
        given[i].rule = names[i];
    }
}

/* hotfixes and rollbacks ------------------------------------------------------------------------------------------- */

#define ALL                                                                                                      \
    PROD("    branches: [release]\n    from_trunk: true\n    requires: [{released_to: int}]\n    changelog: C\n" \
         "    windows: [{}]\n    freezes: [{from: 2026-01-01, to: 2026-02-01, reason: x}]\n"                     \
         "    hotfix: {gate: on-call, review_within: 24h}\n")

static void test_rules__a_rollback_goes_where_it_was(void **state)
{
    struct planning p = asked(state, ALL);

    as(&p, PLAN_ROLLBACK);
    p.facts.rules.stray = COMMIT;
    look_up(&p, closure(&p, 90, 110, "freeze", "window"), NULL);
    assert_string_equal(verdicts(&p), "branches exempt: the commit was live before, as r-3\n"
                                      "from_trunk exempt: the commit was live before, as r-3\n"
                                      "requires exempt: the commit was live before, as r-3\n"
                                      "changelog exempt: the commit was live before, as r-3\n"
                                      "window exempt: the commit was live before, as r-3\n"
                                      "freeze exempt: the commit was live before, as r-3\n");
}

static void test_rules__a_hotfix_is_exempt_from_the_calendar_only(void **state)
{
    struct planning p = asked(state, ALL);
    struct fact_branch branch = {"release", false};
    struct fact_requirement found = {"int", "r-4, as bbbbbbb"};

    as(&p, PLAN_HOTFIX);
    on_branches(&p, &branch, 1);
    p.facts.rules.requirements = &found;
    p.facts.rules.requirement_count = 1;
    look_up(&p, closure(&p, 90, 110, "freeze", "window"), NULL);
    assert_string_equal(verdicts(&p), "branches met: on release\n"
                                      "from_trunk met: every commit is on main, or a proved pick from it\n"
                                      "requires met: r-4 on int, as bbbbbbb\n"
                                      "changelog exempt: a hotfix\n"
                                      "window exempt: a hotfix\n"
                                      "freeze exempt: a hotfix\n");
    p.facts.rules.stray = COMMIT;
    found.how = NULL;
    branch.name = "main";
    assert_null(planning_try(&p));
    assert_int_equal(diagnostics_count(p.problems), 3);
}

/* terms ------------------------------------------------------------------------------------------------------------ */

static const char *terms(struct planning *p)
{
    return json_canonical(p->arena, planning_plan(p)->terms.json);
}

static void test_terms__of_an_ordinary_release(void **state)
{
    struct planning p = planning_of(*state, WHOLE_TEXT);
    struct fact_author author = {"Bo", "bo@x.org"};

    assert_string_equal(terms(&p), "{}");
    planning_live(&p, 1);
    p.facts.rules.authors = &author;
    p.facts.rules.author_count = 1;
    assert_string_equal(terms(&p), "{\"authors\":[{\"logins\":[\"bo\"],\"mail\":\"bo@x.org\",\"name\":\"Bo\"}],"
                                   "\"base_commit\":\"" OLD_COMMIT "\"}");
}

static void test_terms__of_a_scheduled_one_and_of_one_that_is_kept(void **state)
{
    struct planning p = asked(state, PROD("    short_lived: {keep: 2h}\n"));

    p.facts.request.scheduled = true;
    assert_string_equal(terms(&p),
                        "{\"base_commit\":\"" OLD_COMMIT "\",\"keep_until_ms\":367200000,\"rules\":[{\"detail\":\"the "
                        "last one succeeded, or there was none\",\"rule\":\"scheduled\",\"verdict\":\"met\"}],"
                        "\"scheduled\":true}");
    p.facts.request = (struct fact_request){.keep_ms = 5 * HOUR};
    assert_string_equal(terms(&p), "{\"base_commit\":\"" OLD_COMMIT "\",\"keep_until_ms\":378000000}");
}

static void test_terms__only_what_is_short_lived_is_kept(void **state)
{
    struct planning p = asked(state, PROD(""));

    p.facts.request.keep_ms = HOUR;
    assert_string_equal(refusals(&p), "penstock.yaml:6:3 environment 'prod' is not short-lived, so nothing says until "
                                      "when it is kept\n"
                                      "  leave --keep out, or make it one: short_lived: {keep: 72h}\n");
}

static void test_terms__only_a_release_has_closures(void **state)
{
    struct planning p = asked(state, PROD("    windows: [{}]\n    hotfix: {gate: on-call, review_within: 24h}\n"));
    struct plan *plan;

    look_up(&p, closure(&p, 105, 110, "window", NULL), closure(&p, 120, 0, "window", NULL));
    plan = planning_plan(&p);
    assert_int_equal(plan->kind, PLAN_RELEASE);
    assert_int_equal(plan->terms.closure_count, 2);
    assert_int_equal(plan->terms.closures[0].from_ms, 105 * HOUR);
    as(&p, PLAN_ROLLBACK);
    plan = planning_plan(&p);
    assert_int_equal(plan->kind, PLAN_ROLLBACK);
    assert_int_equal(plan->terms.closure_count, 0);
    assert_string_equal(json_get_text(plan->terms.json, "back_to"), "r-3");
    as(&p, PLAN_HOTFIX);
    p.facts.request.picks =
        json_in_arena(*state, json_pack("[{s:s, s:s, s:b}]", "commit", "c", "source", "s", "by_hand", 0));
    plan = planning_plan(&p);
    assert_int_equal(plan->kind, PLAN_HOTFIX);
    assert_int_equal(plan->terms.closure_count, 0);
    assert_int_equal(json_get_int(plan->terms.json, "review_ms", 0), 24 * HOUR);
    assert_int_equal(json_array_size(json_object_get(plan->terms.json, "picks")), 1);
    assert_null(json_object_get(plan->terms.json, "shortened"));
    /* Its own gate is before all else, drain and proof are the pipeline's. */
    assert_string_equal(plan->stages[0].name, "hotfix");
    assert_string_equal(plan->steps[0].target, "on-call");
    assert_true(find_step_of(plan, TRACK_FORWARD, VERB_DRAIN_PROVE, "") >= 0);
}

static void test_rules__gates_that_bar_authors_name_them(void **state)
{
    struct planning p =
        planning_with(*state, PROD(""), WHOLE_TEXT "  - gate: managers\n  - gate: {name: l, gate: on-call}\n");
    struct fact_author author = {"bo", "robert@work.example"};
    struct plan *plan;

    p.facts.rules.authors = &author;
    p.facts.rules.author_count = 1;
    plan = planning_plan(&p);
    assert_string_equal(params_of(*state, plan, step_of_plan(plan, TRACK_FORWARD, VERB_GATE, "managers")),
                        "{\"approvals\":1,\"bar_requester\":false,\"barred\":[\"robert\",\"bo\"],"
                        "\"expires_ms\":86400000,\"gate\":\"managers\",\"on_expiry\":\"hold\",\"people\":[]}");
    assert_string_equal(params_of(*state, plan, step_of_plan(plan, TRACK_FORWARD, VERB_GATE, "on-call")),
                        "{\"approvals\":1,\"bar_requester\":false,\"barred\":[],"
                        "\"expires_ms\":86400000,\"gate\":\"on-call\",\"on_expiry\":\"hold\",\"people\":[]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_rules__branches_are_those_of_the_repository),
        TEST_WITH_ARENA(test_rules__another_branch_is_refused_with_those_it_is_on),
        TEST_WITH_ARENA(test_rules__a_branch_that_was_renamed_is_not_the_branch),
        TEST_WITH_ARENA(test_rules__a_stray_commit_is_named),
        TEST_WITH_ARENA(test_rules__what_is_not_demanded_is_not_judged),
        TEST_WITH_ARENA(test_rules__requirements_say_by_which_release),
        TEST_WITH_ARENA(test_rules__what_nobody_looked_up_is_not_met),
        TEST_WITH_ARENA(test_rules__the_changelog_must_have_changed),
        TEST_WITH_ARENA(test_rules__a_first_release_has_nothing_to_compare_with),
        TEST_WITH_ARENA(test_rules__an_open_calendar_says_until_when),
        TEST_WITH_ARENA(test_rules__outside_the_windows_no_release_begins),
        TEST_WITH_ARENA(test_rules__in_a_freeze_no_release_begins),
        TEST_WITH_ARENA(test_rules__who_may_break_the_freeze_may_not_release_at_night),
        TEST_WITH_ARENA(test_rules__a_calendar_without_an_end_says_none),
        TEST_WITH_ARENA(test_rules__a_scheduled_release_stops_after_a_failure),
        TEST_WITH_ARENA(test_rules__an_override_is_recorded_with_what_it_broke),
        TEST_WITH_ARENA(test_rules__an_override_from_before_is_a_leave_for_the_calendar),
        TEST_WITH_ARENA(test_rules__overrides_that_do_not_count_are_told),
        TEST_WITH_ARENA(test_rules__one_override_that_counts_is_enough),
        TEST_WITH_ARENA(test_rules__nobody_is_left_who_may),
        TEST_WITH_ARENA(test_rules__without_overrides_nobody_may),
        TEST_WITH_ARENA(test_rules__every_rule_of_an_environment_may_be_broken_by_name),
        TEST_WITH_ARENA(test_rules__a_rollback_goes_where_it_was),
        TEST_WITH_ARENA(test_rules__a_hotfix_is_exempt_from_the_calendar_only),
        TEST_WITH_ARENA(test_terms__of_an_ordinary_release),
        TEST_WITH_ARENA(test_terms__of_a_scheduled_one_and_of_one_that_is_kept),
        TEST_WITH_ARENA(test_terms__only_what_is_short_lived_is_kept),
        TEST_WITH_ARENA(test_terms__only_a_release_has_closures),
        TEST_WITH_ARENA(test_rules__gates_that_bar_authors_name_them),
    };

    return RUN_TESTS(tests);
}
