#include "unit/unit/scratch.h"

#include "unit/branch.h"

static struct branch_change change_of(struct scratch *scratch, const char *branch)
{
    return (struct branch_change){.repository = in(scratch, "repo"),
                                  .branch = branch,
                                  .name = "Grace Hopper",
                                  .mail = "grace@example.org",
                                  .message = "hotfix: picked"};
}

static const char *id_of(struct scratch *scratch, const char *revision)
{
    return ask(scratch, arena_printf(scratch->arena, "git -C repo rev-parse '%s^{commit}'", revision));
}

/* main: one, two, three; release: one. */
static void make_repository(struct scratch *scratch)
{
    sh(scratch,
       "git init repo; cd repo; for i in one two three; do echo $i > file; git add file; git commit -m $i; done;"
       "git branch release main~2");
}

static void test_branch_create__only_when_it_is_not_there(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release/7");

    make_repository(scratch);
    sh(scratch, "git -C repo branch -m release old");
    assert_ok(branch_create(&change, id_of(scratch, "main~1")));
    assert_string_equal(id_of(scratch, "release/7"), id_of(scratch, "main~1"));
    assert_string_equal(ask(scratch, "git -C repo reflog show --format='%gn <%ge> %gs' release/7"),
                        "Grace Hopper <grace@example.org> hotfix: picked");
    assert_fails_with_hint(
        branch_create(&change, id_of(scratch, "main")), ERR_CONFLICT,
        arena_printf(scratch->arena, "the branch 'release/7' exists already, at %.7s", id_of(scratch, "main~1")),
        "choose another name, or look at it: git log release/7");
    assert_string_equal(id_of(scratch, "release/7"), id_of(scratch, "main~1"));
}

static void test_branch_move__only_from_where_it_was(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release");
    const char *first, *second;

    make_repository(scratch);
    first = id_of(scratch, "main~2");
    second = id_of(scratch, "main~1");
    assert_ok(branch_move(&change, first, second));
    assert_string_equal(id_of(scratch, "release"), second);
    assert_string_equal(ask(scratch, "git -C repo reflog show -1 --format='%gn %gs' release"),
                        "Grace Hopper hotfix: picked");
    assert_fails_with_hint(
        branch_move(&change, first, id_of(scratch, "main")), ERR_CONFLICT,
        arena_printf(scratch->arena, "somebody else moved the branch 'release': it is at %.7s, not at %.7s", second,
                     first),
        arena_printf(scratch->arena, "nothing was changed; look at it and try again: git log %.7s..%.7s", first,
                     second));
    assert_string_equal(id_of(scratch, "release"), second);
}

static void test_branch_create__names_by_gits_grammar(void **state)
{
    static const char *const names[] = {"",   "-x", "a..b", "a b",  "a~1",     "refs/heads/", "x.lock", "a//b",
                                        "/a", "a/", "HEAD", "a@{b", "back\\s", "a/.b/c",      "ctl\x01"};
    struct scratch *scratch = *state;

    make_repository(scratch);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct branch_change change = change_of(scratch, names[i]);

        assert_fails_with_hint(branch_create(&change, id_of(scratch, "main")), ERR_USAGE,
                               arena_printf(scratch->arena, "'%s' cannot be the name of a branch", names[i]),
                               "git's rules: git help check-ref-format");
    }
    assert_fails(branch_check_name(NULL), ERR_USAGE, "the branch has no name");
    assert_ok(branch_check_name("release/2026-11"));
    assert_string_equal(ask(scratch, "git -C repo for-each-ref --format='%(refname)'"),
                        "refs/heads/main\nrefs/heads/release");
}

static void test_branch_create__not_beside_a_branch_that_is_its_directory(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change below = change_of(scratch, "release/7"), above = change_of(scratch, "hot");

    make_repository(scratch);
    sh(scratch, "git -C repo branch hot/fix");
    assert_fails_with_hint(branch_create(&below, id_of(scratch, "main")), ERR_CONFLICT,
                           "the branch 'release/7' cannot be made while there is a branch 'release'",
                           "choose another name");
    assert_fails_with_hint(branch_create(&above, id_of(scratch, "main")), ERR_CONFLICT,
                           "the branch 'hot' cannot be made while there is a branch 'hot/fix'", "choose another name");
}

static void test_branch_move__not_under_a_work_tree(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release");
    const char *first, *second;

    make_repository(scratch);
    first = id_of(scratch, "main~2");
    second = id_of(scratch, "main~1");
    sh(scratch, "git -C repo worktree add ../tree release");
    assert_fails_with_hint(branch_move(&change, first, second), ERR_CONFLICT,
                           "the branch 'release' is checked out; moving it would make its files look changed",
                           "leave it there first: git switch --detach (git worktree list says where)");
    assert_string_equal(id_of(scratch, "release"), first);
    sh(scratch, "git -C tree switch --detach");
    assert_ok(branch_move(&change, first, second));
}

static void test_branch_move__in_a_bare_repository(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "main");
    const char *first, *last;

    make_repository(scratch);
    first = id_of(scratch, "main~2");
    last = id_of(scratch, "main");
    sh(scratch,
       arena_printf(scratch->arena, "git clone --bare repo bare; git -C bare update-ref refs/heads/main %s", first));
    change.repository = in(scratch, "bare");
    assert_ok(branch_move(&change, first, last));
    assert_string_equal(ask(scratch, "git -C bare rev-parse main"), last);
}

static void test_branch_move__forward_only(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release");
    const char *second;

    make_repository(scratch);
    sh(scratch, "git -C repo branch -f release main");
    second = id_of(scratch, "main~1");
    assert_fails(branch_move(&change, id_of(scratch, "main"), second), ERR_CONFLICT,
                 arena_printf(scratch->arena,
                              "the branch 'release' would lose commits: %.7s does not come after what it has", second));
    assert_string_equal(id_of(scratch, "release"), id_of(scratch, "main"));
}

static void test_branch_move__not_another_name_of_one(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "current");

    make_repository(scratch);
    sh(scratch, "git -C repo symbolic-ref refs/heads/current refs/heads/release");
    assert_fails_with_hint(branch_move(&change, id_of(scratch, "release"), id_of(scratch, "main")), ERR_CONFLICT,
                           "'current' is only another name of the branch 'release'",
                           "nothing was changed; name 'release' itself");
    assert_fails_with_hint(branch_check_free(&change), ERR_CONFLICT,
                           "'current' is only another name of the branch 'release'",
                           "nothing was changed; name 'release' itself");
    change.branch = "release";
    assert_ok(branch_check_free(&change));
    assert_string_equal(id_of(scratch, "release"), id_of(scratch, "main~2"));
}

static void test_branch_move__waits_for_no_lock(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release");
    const char *first;
    struct error *error;

    make_repository(scratch);
    first = id_of(scratch, "release");
    sh(scratch, "touch repo/.git/refs/heads/release.lock");
    error = branch_move(&change, first, id_of(scratch, "main"));
    assert_non_null(error);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_fails_with_hint(
        error, ERR_CONFLICT, "another program is changing the branch 'release' at this moment",
        arena_printf(scratch->arena, "try again; if nothing works on it any more: rm %s/.git/refs/heads/release.lock",
                     ask(scratch, "realpath repo")));
    assert_string_equal(id_of(scratch, "release"), first);
}

static void test_branch_move__a_branch_that_is_gone(void **state)
{
    struct scratch *scratch = *state;
    struct branch_change change = change_of(scratch, "release");
    const char *first;

    make_repository(scratch);
    first = id_of(scratch, "release");
    sh(scratch, "git -C repo branch -D release");
    assert_fails_with_hint(branch_move(&change, first, id_of(scratch, "main")), ERR_CONFLICT,
                           "the branch 'release' is not there any more", "git branch --list; nothing was changed");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_branch_create__only_when_it_is_not_there),
        TEST_WITH_SCRATCH(test_branch_create__names_by_gits_grammar),
        TEST_WITH_SCRATCH(test_branch_create__not_beside_a_branch_that_is_its_directory),
        TEST_WITH_SCRATCH(test_branch_move__only_from_where_it_was),
        TEST_WITH_SCRATCH(test_branch_move__not_under_a_work_tree),
        TEST_WITH_SCRATCH(test_branch_move__in_a_bare_repository),
        TEST_WITH_SCRATCH(test_branch_move__forward_only),
        TEST_WITH_SCRATCH(test_branch_move__not_another_name_of_one),
        TEST_WITH_SCRATCH(test_branch_move__waits_for_no_lock),
        TEST_WITH_SCRATCH(test_branch_move__a_branch_that_is_gone),
    };

    return RUN_TESTS(tests);
}
