#include "unit/unit/scratch.h"

#include "unit/history.h"

static const char *id_of(struct scratch *scratch, const char *revision)
{
    return ask(scratch, arena_printf(scratch->arena, "git -C repo rev-parse '%s^{commit}'", revision));
}

static const char *names(struct scratch *scratch, const struct history_branch *branches, int count)
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        assert_int_equal(strlen(branches[i].tip), 40);
        text = arena_printf(scratch->arena, "%s%s%s", text, i ? " " : "", branches[i].name);
    }
    return text;
}

static void assert_on(struct scratch *scratch, const char *revision, const char *local, const char *origin)
{
    struct history_branches branches;

    assert_ok(history_branches(scratch->arena, in(scratch, "repo"), id_of(scratch, revision), &branches));
    assert_string_equal(names(scratch, branches.local, branches.local_count), local);
    assert_string_equal(names(scratch, branches.origin, branches.origin_count), origin);
}

static void test_history_branches__all_that_contain_it(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init repo; cd repo; git commit --allow-empty -m one; git branch old; git commit --allow-empty -m two;"
       "git branch release/1; git switch -c side; git commit --allow-empty -m three; git switch main;"
       "git commit --allow-empty -m four; git merge --no-ff -m five side; git branch other old;"
       "git update-ref refs/remotes/origin/main main~1; git update-ref refs/remotes/origin/release/1 release/1;"
       "git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main; git tag v1 main");
    assert_on(scratch, "old", "main old other release/1 side", "main release/1");
    assert_on(scratch, "release/1", "main release/1 side", "main release/1");
    assert_on(scratch, "side", "main side", "");
    assert_on(scratch, "main~1", "main", "main");
    assert_on(scratch, "main", "main", "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_history_branches__all_that_contain_it),
    };

    return RUN_TESTS(tests);
}
