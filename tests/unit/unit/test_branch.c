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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_branch_create__only_when_it_is_not_there),
        TEST_WITH_SCRATCH(test_branch_move__only_from_where_it_was),
    };

    return RUN_TESTS(tests);
}
