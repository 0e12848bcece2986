#include "unit/unit/scratch.h"

#include "unit/source.h"

/* main: first, second; tag v1 at first; HEAD at main. */
static const char two_commits[] = "git init repo; cd repo; echo 1 > a; git add a; git commit -m 'first'; git tag v1;"
                                  "echo 2 > a; git commit -am 'second line of work'; cd ..";

static struct source_commit resolve(struct scratch *scratch, const char *what)
{
    struct source_commit commit = {0};

    assert_ok(source_resolve(scratch->arena, in(scratch, "repo"), what, &commit));
    return commit;
}

static struct error *fail_to(struct scratch *scratch, const char *what)
{
    struct source_commit commit = {0};

    return source_resolve(scratch->arena, in(scratch, "repo"), what, &commit);
}

static void test_source_resolve__head_and_its_branch(void **state)
{
    struct scratch *scratch = *state;
    struct source_commit commit;
    const char *id;

    sh(scratch, two_commits);
    id = ask(scratch, "git -C repo rev-parse HEAD");
    commit = resolve(scratch, NULL);
    assert_string_equal(commit.id, id);
    assert_int_equal(strlen(commit.short_id), 7);
    assert_memory_equal(commit.short_id, id, 7);
    assert_string_equal(commit.branch, "main");
    assert_string_equal(commit.subject, "second line of work");
    assert_string_equal(commit.author, "Ada Lovelace <ada@example.org>");
    assert_string_equal(resolve(scratch, "HEAD").branch, "main");
    sh(scratch, "git -C repo checkout --detach HEAD");
    commit = resolve(scratch, NULL);
    assert_string_equal(commit.id, id);
    assert_string_equal(commit.branch, "");
}

static void test_source_resolve__branches_tags_and_numbers(void **state)
{
    struct scratch *scratch = *state;
    const char *first;
    const char *second;

    sh(scratch, two_commits);
    sh(scratch, "cd repo; git tag -a -m 'told' v2; git tag -a -m 'of a tag' v3 v2; git branch feature/x v1;"
                "git checkout feature/x");
    first = ask(scratch, "git -C repo rev-parse v1");
    second = ask(scratch, "git -C repo rev-parse main");
    assert_string_equal(resolve(scratch, "main").id, second);
    assert_string_equal(resolve(scratch, "main").branch, "main");
    assert_string_equal(resolve(scratch, "feature/x").id, first);
    assert_string_equal(resolve(scratch, "feature/x").branch, "feature/x");
    assert_string_equal(resolve(scratch, "refs/heads/main").branch, "main");
    assert_string_equal(resolve(scratch, "v1").id, first);
    assert_string_equal(resolve(scratch, "v1").branch, "");
    assert_string_equal(resolve(scratch, "refs/tags/v1").id, first);
    assert_string_equal(resolve(scratch, "v2").id, second);
    assert_string_equal(resolve(scratch, "v3").id, second);
    assert_string_equal(resolve(scratch, first).id, first);
    assert_string_equal(resolve(scratch, arena_text_n(scratch->arena, first, 8)).id, first);
    assert_string_equal(resolve(scratch, ask(scratch, "git -C repo rev-parse v2")).id, second);
    assert_string_equal(resolve(scratch, first).branch, "");
}

static void test_source_resolve__branches_of_the_origin(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init src; cd src; git commit --allow-empty -m x; git branch hotfix; git branch team/fix; cd ..;"
                "git clone src repo");
    assert_string_equal(resolve(scratch, "hotfix").branch, "hotfix");
    assert_string_equal(resolve(scratch, "origin/hotfix").branch, "hotfix");
    assert_string_equal(resolve(scratch, "team/fix").branch, "team/fix");
    assert_string_equal(resolve(scratch, "refs/remotes/origin/team/fix").branch, "team/fix");
}

static const char *shared(struct scratch *scratch, const char *branch, bool of_origin)
{
    struct source_commit commit;
    bool found;

    assert_ok(source_shared(scratch->arena, in(scratch, "repo"), branch, &commit, &found));
    assert_int_equal(found, of_origin);
    assert_string_equal(commit.branch, branch);
    return commit.subject;
}

static void test_source_shared__is_origins_where_there_is_one(void **state)
{
    struct scratch *scratch = *state;
    struct source_commit commit;
    bool of_origin;

    sh(scratch, "git init src; cd src; git commit --allow-empty -m x; cd ..; git clone src repo; cd repo;"
                "git commit --allow-empty -m own; git branch own; git branch origin/main; git tag origin/main");
    assert_string_equal(shared(scratch, "main", true), "x");
    assert_string_equal(shared(scratch, "own", false), "own");
    assert_fails(source_shared(scratch->arena, in(scratch, "repo"), "none", &commit, &of_origin), ERR_NOT_FOUND,
                 arena_printf(scratch->arena, "no branch, tag or commit 'none' in the git repository '%s'",
                              in(scratch, "repo")));
}

static void test_source_resolve__a_bare_repository_and_a_linked_work_tree(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "mv repo whole; git clone --bare whole repo");
    assert_string_equal(resolve(scratch, "main").subject, "second line of work");
    sh(scratch, "rm -r repo; git -C whole worktree add -b side ../repo");
    assert_string_equal(resolve(scratch, NULL).branch, "side");
}

static void test_source_resolve__knows_no_revision_language(void **state)
{
    static const char *const names[] = {"HEAD~1", "main^", "main@{0}", ":/first",  "main^{tree}", "HEAD^", "@",
                                        "-x",     "",      "..",       "main..v1", "ref s",       "abc"};
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error *error = fail_to(scratch, names[i]);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_NOT_FOUND);
        assert_string_equal(error->text,
                            arena_printf(scratch->arena, "no branch, tag or commit '%s' in the git repository '%s'",
                                         names[i], in(scratch, "repo")));
        error_free(error);
    }
}

static void test_source_resolve__suggests_the_nearest_name(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "git -C repo branch feature/rooms");
    assert_fails_with_hint(
        fail_to(scratch, "mian"), ERR_NOT_FOUND,
        arena_printf(scratch->arena, "no branch, tag or commit 'mian' in the git repository '%s'", in(scratch, "repo")),
        "did you mean 'main'?");
    assert_fails_with_hint(fail_to(scratch, "feature/roms"), ERR_NOT_FOUND,
                           arena_printf(scratch->arena,
                                        "no branch, tag or commit 'feature/roms' in the git repository '%s'",
                                        in(scratch, "repo")),
                           "did you mean 'feature/rooms'?");
}

static void test_source_resolve__a_name_of_two_things(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "git -C repo branch v1; git -C repo branch v2; git -C repo tag v2");
    assert_string_equal(resolve(scratch, "v2").branch, "v2"); /* the same commit either way */
    assert_fails_with_hint(fail_to(scratch, "v1"), ERR_CONFLICT,
                           "'v1' is both a branch and a tag, of different commits",
                           "say 'refs/heads/v1' or 'refs/tags/v1'");
    assert_string_equal(resolve(scratch, "refs/tags/v1").subject, "first");
}

static void test_source_resolve__a_short_number_of_two_objects(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo; cd repo; echo 195 | git hash-object -w --stdin; echo 389 | git hash-object -w --stdin");
    assert_fails_with_hint(fail_to(scratch, "6bb2"), ERR_CONFLICT, "the number '6bb2' is of more than one object",
                           "give more of its digits");
}

static void test_source_resolve__a_tag_of_something_else(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "git -C repo tag tree-tag 'main^{tree}'; git -C repo tag blob-tag main:a");
    assert_fails(fail_to(scratch, "tree-tag"), ERR_NOT_FOUND, "'tree-tag' names a tree, not a commit");
    assert_fails(fail_to(scratch, "blob-tag"), ERR_NOT_FOUND, "'blob-tag' names a blob, not a commit");
}

static void test_source_resolve__cleans_what_people_wrote(void **state)
{
    struct scratch *scratch = *state;
    struct source_commit commit;

    sh(scratch, "git init repo; cd repo; printf 'red \\033[31malert\\007\\twith\\tblanks\\n\\nmore' > ../message;"
                "GIT_AUTHOR_NAME=$(printf 'Bj\\370rn') git -c i18n.commitEncoding=ISO-8859-1 commit --allow-empty "
                "-F ../message --cleanup=verbatim");
    commit = resolve(scratch, NULL);
    assert_string_equal(commit.subject, "red alert with blanks");
    assert_string_equal(commit.author, "Bj\xef\xbf\xbdrn <ada@example.org>");
    sh(scratch, "cd repo; head -c 100000 /dev/zero | tr '\\0' x > ../message;"
                "git commit --allow-empty -F ../message");
    assert_int_equal(strlen(resolve(scratch, NULL).subject), 1000);
}

static void test_source_resolve__no_commit_yet(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "git init repo");
    assert_fails_with_hint(
        fail_to(scratch, NULL), ERR_NOT_FOUND,
        arena_printf(scratch->arena, "the git repository '%s' has no commit at HEAD yet", in(scratch, "repo")),
        "commit something, or name a branch, tag or commit");
}

static void test_source_resolve__no_repository(void **state)
{
    struct scratch *scratch = *state;
    struct source_commit commit;

    assert_fails_with_hint(
        fail_to(scratch, NULL), ERR_REPOSITORY,
        arena_printf(scratch->arena, "there is no git repository '%s': No such file or directory", in(scratch, "repo")),
        NULL);
    sh(scratch, "mkdir repo");
    assert_fails_with_hint(fail_to(scratch, NULL), ERR_REPOSITORY,
                           arena_printf(scratch->arena, "'%s' is not a git repository", in(scratch, "repo")),
                           "name the directory that holds '.git', or make one: git init");
    sh(scratch, "git init repo; mkdir repo/app");
    assert_fails_with_hint(
        source_resolve(scratch->arena, in(scratch, "repo/app"), NULL, &commit), ERR_REPOSITORY,
        arena_printf(scratch->arena, "'%s' is not a git repository", in(scratch, "repo/app")),
        arena_printf(scratch->arena, "it lies inside the repository '%s': name that one", in(scratch, "repo")));
    sh(scratch, "echo '[core' > repo/.git/config");
    {
        struct error *error = fail_to(scratch, NULL);

        assert_non_null(error);
        assert_int_equal(error->code, ERR_REPOSITORY);
        assert_non_null(strstr(error->text, "cannot open the git repository"));
        error_free(error);
    }
}

static void test_source_resolve__a_repository_of_another_user(void **state)
{
    struct scratch *scratch = *state;
    const char *text =
        arena_printf(scratch->arena, "the git repository '%s' belongs to another user", in(scratch, "repo"));
    const char *hint = arena_printf(scratch->arena, "if you trust it: git config --global --add safe.directory %s",
                                    in(scratch, "repo"));

    if (geteuid() != 0)
        skip();
    sh(scratch, two_commits);
    sh(scratch, "chown -R 65534 repo");
    assert_fails_with_hint(fail_to(scratch, NULL), ERR_REPOSITORY, text, hint);
    sh(scratch, "git config --global --add safe.directory /another/place"); /* libgit2 says it in another way now */
    assert_fails_with_hint(fail_to(scratch, NULL), ERR_REPOSITORY, text, hint);
    sh(scratch, strchr(hint, ':') + 1);
    assert_string_equal(resolve(scratch, NULL).branch, "main");
}

static void test_source_resolve__extensions(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "cd repo; git config core.repositoryformatversion 1; git config extensions.worktreeConfig true;"
                "git config extensions.partialClone origin");
    assert_string_equal(resolve(scratch, NULL).branch, "main");
    sh(scratch, "cd repo; git config extensions.future true");
    assert_fails(fail_to(scratch, NULL), ERR_REPOSITORY,
                 arena_printf(scratch->arena,
                              "the git repository '%s' uses the extension 'future', which is not known here",
                              in(scratch, "repo")));
    sh(scratch, "rm -rf repo; git init --object-format=sha256 repo");
    assert_fails(fail_to(scratch, NULL), ERR_REPOSITORY,
                 arena_printf(scratch->arena,
                              "the git repository '%s' has SHA-256 object names; only SHA-1 can be read",
                              in(scratch, "repo")));
}

static void test_source_resolve__a_shallow_clone_lacks_commits(void **state)
{
    struct scratch *scratch = *state;
    const char *first;

    sh(scratch, two_commits);
    sh(scratch, "mv repo whole; git clone --depth 1 file://$PWD/whole repo");
    first = ask(scratch, "git -C whole rev-parse v1");
    assert_string_equal(resolve(scratch, "main").subject, "second line of work");
    assert_fails_with_hint(fail_to(scratch, first), ERR_REPOSITORY,
                           arena_printf(scratch->arena, "a branch, tag or commit '%s' is not in the shallow clone '%s'",
                                        first, in(scratch, "repo")),
                           arena_printf(scratch->arena, "git -C %s fetch --unshallow", in(scratch, "repo")));
}

static void test_source_resolve__a_branch_to_nowhere(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, two_commits);
    sh(scratch, "cd repo; echo 1234567890123456789012345678901234567890 > .git/refs/heads/broken");
    assert_fails(
        fail_to(scratch, "broken"), ERR_NOT_FOUND,
        arena_printf(scratch->arena, "what 'broken' points to is not in the git repository '%s'", in(scratch, "repo")));
    sh(scratch, "cd repo; echo nonsense > .git/refs/heads/broken");
    {
        struct error *error = fail_to(scratch, "broken");

        assert_non_null(error);
        assert_int_equal(error->code, ERR_REPOSITORY);
        error_free(error);
    }
}

static void test_source_resolve__changes_nothing(void **state)
{
    static const char look[] = "find repo -printf '%p %m %T@ %s\\n' | sort";
    struct scratch *scratch = *state;
    const char *before;

    sh(scratch, two_commits);
    before = ask(scratch, look);
    (void)resolve(scratch, NULL);
    (void)resolve(scratch, "v1");
    assert_string_equal(ask(scratch, look), before);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_source_resolve__head_and_its_branch),
        TEST_WITH_SCRATCH(test_source_resolve__branches_tags_and_numbers),
        TEST_WITH_SCRATCH(test_source_resolve__branches_of_the_origin),
        TEST_WITH_SCRATCH(test_source_shared__is_origins_where_there_is_one),
        TEST_WITH_SCRATCH(test_source_resolve__a_bare_repository_and_a_linked_work_tree),
        TEST_WITH_SCRATCH(test_source_resolve__knows_no_revision_language),
        TEST_WITH_SCRATCH(test_source_resolve__suggests_the_nearest_name),
        TEST_WITH_SCRATCH(test_source_resolve__a_name_of_two_things),
        TEST_WITH_SCRATCH(test_source_resolve__a_short_number_of_two_objects),
        TEST_WITH_SCRATCH(test_source_resolve__a_tag_of_something_else),
        TEST_WITH_SCRATCH(test_source_resolve__cleans_what_people_wrote),
        TEST_WITH_SCRATCH(test_source_resolve__no_commit_yet),
        TEST_WITH_SCRATCH(test_source_resolve__no_repository),
        TEST_WITH_SCRATCH(test_source_resolve__a_repository_of_another_user),
        TEST_WITH_SCRATCH(test_source_resolve__extensions),
        TEST_WITH_SCRATCH(test_source_resolve__a_shallow_clone_lacks_commits),
        TEST_WITH_SCRATCH(test_source_resolve__a_branch_to_nowhere),
        TEST_WITH_SCRATCH(test_source_resolve__changes_nothing),
    };

    return RUN_TESTS(tests);
}
