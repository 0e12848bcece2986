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

static bool is_ancestor(struct scratch *scratch, const char *a, const char *b)
{
    bool out;

    assert_ok(history_is_ancestor(in(scratch, "repo"), id_of(scratch, a), id_of(scratch, b), &out));
    return out;
}

static void test_history_is_ancestor__and_merge_base(void **state)
{
    struct scratch *scratch = *state;
    const char *base;

    sh(scratch, "git init repo; cd repo; git commit --allow-empty -m one; git branch side;"
                "git commit --allow-empty -m two; git switch side; git commit --allow-empty -m three;"
                "git switch --orphan alone; git commit --allow-empty -m four");
    assert_true(is_ancestor(scratch, "main", "main"));
    assert_true(is_ancestor(scratch, "main~1", "side"));
    assert_false(is_ancestor(scratch, "side", "main~1"));
    assert_false(is_ancestor(scratch, "side", "main"));
    assert_ok(
        history_merge_base(scratch->arena, in(scratch, "repo"), id_of(scratch, "main"), id_of(scratch, "side"), &base));
    assert_string_equal(base, id_of(scratch, "main~1"));
    assert_ok(history_merge_base(scratch->arena, in(scratch, "repo"), id_of(scratch, "main"), id_of(scratch, "alone"),
                                 &base));
    assert_null(base);
}

/* A date is what the committer says it is. */
static void test_history_branches__dates_prove_nothing(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch,
       "git init repo; cd repo; export GIT_COMMITTER_DATE=2030-01-01T00:00:00Z; git commit --allow-empty -m one;"
       "export GIT_COMMITTER_DATE=2001-01-01T00:00:00Z; git commit --allow-empty -m two;"
       "git branch release/1; export GIT_COMMITTER_DATE=1999-01-01T00:00:00Z; git commit --allow-empty -m three");
    assert_on(scratch, "main~2", "main release/1", "");
    assert_on(scratch, "main~1", "main release/1", "");
    assert_on(scratch, "main", "main", "");
}

static void test_history__half_a_history_gives_no_answer(void **state)
{
    struct scratch *scratch = *state;
    struct history_branches branches;
    const char *head;

    sh(scratch, "git init origin; cd origin; for i in 1 2 3; do git commit --allow-empty -m $i; done; cd ..;"
                "git clone --depth 1 file://$PWD/origin repo");
    head = id_of(scratch, "HEAD");
    assert_fails_with_hint(history_branches(scratch->arena, in(scratch, "repo"), head, &branches), ERR_REPOSITORY,
                           arena_printf(scratch->arena,
                                        "a commit on the way to a branch is not in the shallow clone '%s'",
                                        ask(scratch, "realpath repo")),
                           arena_printf(scratch->arena, "git -C %s fetch --unshallow", ask(scratch, "realpath repo")));
}

static void test_history_range__people_by_the_tips_own_map(void **state)
{
    struct scratch *scratch = *state;
    struct history_range range;
    const struct history_commit *commit;

    sh(scratch,
       "git init repo; cd repo; git commit --allow-empty -m base; git branch base; git commit --allow-empty -m one;"
       "printf 'Ada King <king@example.org> <ada@example.org>\\n' > .mailmap; git add .mailmap;"
       "git commit --author='Grace Hopper <grace@example.org>' -m \"$(printf 'map\\tof names')\";"
       "git commit --allow-empty -m three; echo 'Eve <eve@example.org> <ada@example.org>' > .mailmap");
    assert_ok(
        history_range(scratch->arena, in(scratch, "repo"), id_of(scratch, "base"), id_of(scratch, "main"), 9, &range));
    assert_int_equal(range.count, 3);
    assert_false(range.more);
    commit = &range.commits[1];
    assert_string_equal(commit->id, id_of(scratch, "main~1"));
    assert_string_equal(commit->subject, "map of names");
    assert_string_equal(commit->author.said, "Grace Hopper <grace@example.org>");
    assert_string_equal(commit->author.real, "Grace Hopper <grace@example.org>");
    assert_string_equal(commit->committer.said, "Ada Lovelace <ada@example.org>");
    assert_string_equal(commit->committer.real, "Ada King <king@example.org>");
    assert_int_equal(commit->at_s, 1767323045);
    assert_int_equal(commit->parent_count, 1);
    assert_ok(history_range(scratch->arena, in(scratch, "repo"), NULL, id_of(scratch, "main"), 2, &range));
    assert_int_equal(range.count, 2);
    assert_true(range.more);
    assert_ok(
        history_range(scratch->arena, in(scratch, "repo"), id_of(scratch, "main"), id_of(scratch, "main"), 2, &range));
    assert_int_equal(range.count, 0);
}

static enum history_change change_of(struct scratch *scratch, const char *from, const char *to, const char *path)
{
    enum history_change out;

    assert_ok(history_path_change(in(scratch, "repo"), id_of(scratch, from), id_of(scratch, to), path, &out));
    return out;
}

static void test_history_path_change__by_content(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; mkdir d; echo a > CHANGELOG.md; echo b > d/b; git add .; git commit -m one;"
                "touch CHANGELOG.md; echo c > d/c; git rm d/b; git add .; git commit -m two;"
                "chmod +x CHANGELOG.md; git commit -am three");
    assert_int_equal(change_of(scratch, "main~2", "main~1", "CHANGELOG.md"), HISTORY_SAME);
    assert_int_equal(change_of(scratch, "main~1", "main", "CHANGELOG.md"), HISTORY_CHANGED);
    assert_int_equal(change_of(scratch, "main~2", "main", "d/b"), HISTORY_REMOVED);
    assert_int_equal(change_of(scratch, "main~2", "main", "d/c"), HISTORY_ADDED);
    assert_int_equal(change_of(scratch, "main~2", "main", "d"), HISTORY_CHANGED);
    assert_int_equal(change_of(scratch, "main~2", "main", "d/x/y"), HISTORY_ABSENT);
}

/* main: a file, then 'fix: two'. release: the file, with another line 4 or `context` done to it. */
static void make_picked(struct scratch *scratch, const char *context, const char *then)
{
    sh(scratch,
       arena_printf(scratch->arena,
                    "git init repo; cd repo; seq 30 > file; git add file; git commit -m one; git branch release;"
                    "sed -i s/^2$/two/ file; git commit -am 'fix: two'; git switch release; %s;"
                    "git commit --allow-empty -am other; git cherry-pick -x main; %s",
                    context, then));
}

static void assert_source(struct scratch *scratch, enum history_proof proof)
{
    struct history_sources sources;

    assert_ok(history_picked_from(scratch->arena, in(scratch, "repo"), id_of(scratch, "release"), &sources));
    assert_int_equal(sources.count, 1);
    assert_string_equal(sources.sources[0].id, id_of(scratch, "main"));
    assert_true(sources.sources[0].exists);
    assert_int_equal(sources.sources[0].proof, proof);
}

static void test_history_picked_from__the_same_patch(void **state)
{
    make_picked(*state, "sed -i s/^20$/twenty/ file", "true");
    assert_source(*state, HISTORY_SAME_PATCH);
}

static void test_history_picked_from__the_same_result_in_other_surroundings(void **state)
{
    make_picked(*state, "sed -i s/^4$/four/ file", "true");
    assert_source(*state, HISTORY_SAME_RESULT);
}

static void test_history_picked_from__a_claim_is_no_proof(void **state)
{
    struct scratch *scratch = *state;

    make_picked(scratch, "true", "echo more >> file; git commit --amend --no-edit -a");
    assert_source(scratch, HISTORY_CLAIMED);
}

static void test_history_picked_from__what_is_not_there(void **state)
{
    struct scratch *scratch = *state;
    struct history_sources sources;

    sh(scratch, "git init repo; cd repo; git commit --allow-empty -m \"$(printf 'x\\n\\n"
                "(cherry picked from commit 0123456789012345678901234567890123456789)\\n"
                "(cherry picked from commit 0123456)\\n(cherry picked from commit ')\"");
    assert_ok(history_picked_from(scratch->arena, in(scratch, "repo"), id_of(scratch, "main"), &sources));
    assert_int_equal(sources.count, 1);
    assert_false(sources.sources[0].exists);
    assert_int_equal(sources.sources[0].proof, HISTORY_CLAIMED);
}

static void assert_place(struct scratch *scratch, int limit, enum history_presence presence, const char *found)
{
    struct history_place place;

    assert_ok(history_on_branch(scratch->arena, in(scratch, "repo"), id_of(scratch, "main"), id_of(scratch, "release"),
                                limit, &place));
    assert_int_equal(place.presence, presence);
    if (found)
        assert_string_equal(place.found, id_of(scratch, found));
    else
        assert_null(place.found);
}

static void test_history_on_branch__by_ancestry(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; git commit --allow-empty -m one; git switch -c release;"
                "git commit --allow-empty -m two");
    assert_place(scratch, 1, HISTORY_BY_ANCESTRY, "main");
}

static void test_history_on_branch__by_patch_within_the_limit(void **state)
{
    struct scratch *scratch = *state;

    make_picked(scratch, "true", "git commit --amend -m 'another subject'; git commit --allow-empty -m later");
    assert_place(scratch, 9, HISTORY_BY_PATCH, "release~1");
    assert_place(scratch, 1, HISTORY_NOT_SEEN, NULL);
    sh(scratch, "cd repo; git reset --hard HEAD~2");
    assert_place(scratch, 9, HISTORY_NOT_THERE, NULL);
}

static void test_history_on_branch__by_result(void **state)
{
    make_picked(*state, "sed -i s/^4$/four/ file", "true");
    assert_place(*state, 9, HISTORY_BY_RESULT, "release");
}

static void test_history_on_branch__almost(void **state)
{
    make_picked(*state, "true", "echo more >> file; git commit --amend --no-edit -a");
    assert_place(*state, 9, HISTORY_ALMOST, "release");
}

static void test_history_on_branch__blanks_are_another_patch(void **state)
{
    make_picked(*state, "true", "sed -i 's/^two$/ two/' file; git commit --amend --no-edit -a");
    assert_place(*state, 9, HISTORY_ALMOST, "release");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_history_branches__all_that_contain_it),
        TEST_WITH_SCRATCH(test_history_branches__dates_prove_nothing),
        TEST_WITH_SCRATCH(test_history__half_a_history_gives_no_answer),
        TEST_WITH_SCRATCH(test_history_is_ancestor__and_merge_base),
        TEST_WITH_SCRATCH(test_history_range__people_by_the_tips_own_map),
        TEST_WITH_SCRATCH(test_history_path_change__by_content),
        TEST_WITH_SCRATCH(test_history_picked_from__the_same_patch),
        TEST_WITH_SCRATCH(test_history_picked_from__the_same_result_in_other_surroundings),
        TEST_WITH_SCRATCH(test_history_picked_from__a_claim_is_no_proof),
        TEST_WITH_SCRATCH(test_history_picked_from__what_is_not_there),
        TEST_WITH_SCRATCH(test_history_on_branch__by_ancestry),
        TEST_WITH_SCRATCH(test_history_on_branch__by_patch_within_the_limit),
        TEST_WITH_SCRATCH(test_history_on_branch__by_result),
        TEST_WITH_SCRATCH(test_history_on_branch__almost),
        TEST_WITH_SCRATCH(test_history_on_branch__blanks_are_another_patch),
    };

    return RUN_TESTS(tests);
}
