#include "unit/unit/scratch.h"

#include "base/text.h"
#include "unit/pick.h"

#define WHEN 1767323045 /* GIT_COMMITTER_DATE of scratch.h */

struct want {
    const char *commits; /* revisions, oldest first */
    const char *onto;
    int mainline;
};

/* What git calls it. */
static const char *id_of(struct scratch *scratch, const char *revision)
{
    return ask(scratch, arena_printf(scratch->arena, "git -C repo rev-parse '%s^{commit}'", revision));
}

static void prepare(struct scratch *scratch, const struct want *want, struct pick_request *out)
{
    const char **commits = arena_array(scratch->arena, 8, sizeof(*commits));
    char *words = arena_text(scratch->arena, want->commits), *rest;

    *out = (struct pick_request){.repository = in(scratch, "repo"),
                                 .commits = commits,
                                 .onto = id_of(scratch, want->onto),
                                 .mainline = want->mainline,
                                 .committer = {"Ada Lovelace", "ada@example.org", WHEN, 0}};
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        commits[out->count++] = id_of(scratch, word);
}

/* Every file of the repository with its bytes, .git too. */
static const char *everything(struct scratch *scratch)
{
    return ask(scratch, "cd repo && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum");
}

/* Tried only: nothing in the repository changes. */
static void try(struct scratch *scratch, const struct want *want, struct pick_request *request,
                struct pick_result *result)
{
    const char *before = everything(scratch);

    prepare(scratch, want, request);
    assert_ok(pick_commits(scratch->arena, request, result));
    assert_string_equal(everything(scratch), before);
}

/* It is clean, and the very commit that git makes. */
static void assert_picks(struct scratch *scratch, const struct want *want)
{
    struct pick_request request;
    struct pick_result tried, result;
    const char *refs;

    try(scratch, want, &request, &tried);
    assert_string_equal(pick_verdict_id(tried.verdict), "clean");
    refs = ask(scratch, "git -C repo show-ref; git -C repo status --porcelain");
    request.keep = true;
    assert_ok(pick_commits(scratch->arena, &request, &result));
    assert_string_equal(result.tip, tried.tip);
    assert_string_equal(ask(scratch, "git -C repo show-ref; git -C repo status --porcelain"), refs);
    sh(scratch, arena_printf(scratch->arena, "git -C repo fsck --strict %s", result.tip));
    sh(scratch,
       arena_printf(scratch->arena, "rm -rf other; git clone -s repo other; cd other; git checkout %s", request.onto));
    for (int i = 0; i < request.count; i++)
        sh(scratch, arena_printf(scratch->arena, "cd other; git cherry-pick -x %s %s",
                                 want->mainline ? arena_printf(scratch->arena, "-m %d", want->mainline) : "",
                                 request.commits[i]));
    assert_string_equal(result.tip, ask(scratch, "git -C other rev-parse HEAD"));
}

/* It is refused with these words. */
static void assert_refuses(struct scratch *scratch, const struct want *want, const char *text, const char *hint)
{
    struct pick_request request;
    struct pick_result result;

    try(scratch, want, &request, &result);
    assert_null(result.tip);
    assert_fails_with_hint(pick_refusal(&request, &result, want->onto), ERR_PICK_REFUSED, text, hint);
}

/* A file of twelve lines on `main` and on `release`. */
static void make_repository(struct scratch *scratch)
{
    sh(scratch, "git init repo; cd repo; seq 12 > file; mkdir -p a/b; echo x > a/b/c; git add .; git commit -m first;"
                "git branch release");
}

static void test_pick__a_clean_one_is_what_git_makes(void **state)
{
    struct scratch *scratch = *state;

    make_repository(scratch);
    sh(scratch,
       "cd repo; sed -i s/^2$/two/ file; git commit -am 'fix: two'; git switch release; sed -i s/^11$/eleven/ file;"
       "git commit -am eleven; git switch main");
    assert_picks(scratch, &(struct want){.commits = "main", .onto = "release"});
}

static void test_pick__a_conflict_is_told(void **state)
{
    struct scratch *scratch = *state;
    const char *id;

    make_repository(scratch);
    sh(scratch,
       "cd repo; sed -i s/^2$/two/ file; git commit -am 'fix: two'; git switch release; sed -i s/^2$/zwei/ file;"
       "git commit -am zwei; git switch main");
    id = arena_text_n(scratch->arena, id_of(scratch, "main"), 7);
    assert_refuses(
        scratch, &(struct want){.commits = "main", .onto = "release"},
        arena_printf(scratch->arena, "commit '%s' does not fit onto 'release': 'file': both changed the same lines",
                     id),
        arena_printf(scratch->arena, "nothing was changed; by hand: git switch release && git cherry-pick -x %s", id));
}

static const char *short_id(struct scratch *scratch, const char *revision)
{
    return arena_text_n(scratch->arena, id_of(scratch, revision), 7);
}

/* Runs a script on main and one on release, each made a commit; then the pick of main onto release. */
static void try_change(struct scratch *scratch, const char *on_main, const char *on_release, struct pick_result *result)
{
    struct pick_request request;

    make_repository(scratch);
    sh(scratch, arena_printf(scratch->arena,
                             "cd repo; %s; git add -A; git commit -m 'fix: it'; git switch release; %s; git add -A;"
                             "git commit --allow-empty -m other; git switch main",
                             on_main, on_release));
    try(scratch, &(struct want){.commits = "main", .onto = "release"}, &request, result);
}

static void assert_conflict(struct scratch *scratch, const char *on_main, const char *on_release,
                            enum pick_conflict_kind kind, const char *path)
{
    struct pick_result result;

    try_change(scratch, on_main, on_release, &result);
    assert_string_equal(pick_verdict_id(result.verdict), "conflict");
    assert_int_equal(result.conflict_count, 1);
    assert_string_equal(pick_conflict_id(result.conflicts[0].kind), pick_conflict_id(kind));
    assert_string_equal(result.conflicts[0].path, path);
}

static void test_pick__messages_end_as_gits_do(void **state)
{
    static const char *const messages[] = {
        "subject",
        "subject\\n\\nbody  \\n\\n\\nmore\\n",
        "subject\\n\\nSigned-off-by: A <a@b.c>\\n",
        "subject\\n\\nbody\\n\\nReviewed-by: A <a@b.c>\\nnot a trailer at all, but text\\n",
        "subject\\n\\n(cherry picked from commit 0123456789012345678901234567890123456789)\\n",
        "subject: with colon",
        "subject\\n# a comment\\n\\nFix: 1\\n",
    };
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        sh(scratch, "rm -rf repo");
        make_repository(scratch);
        sh(scratch, arena_printf(scratch->arena,
                                 "cd repo; echo x >> file; git add file; printf '%s' |"
                                 "git commit --cleanup=verbatim --author='Grace <g@h.i>' --date=@1234567+0530 -F -",
                                 messages[i]));
        assert_picks(scratch, &(struct want){.commits = "main", .onto = "release"});
    }
}

static void test_pick__several_in_order(void **state)
{
    struct scratch *scratch = *state;

    make_repository(scratch);
    sh(scratch, "cd repo; for i in 1 2 3; do sed -i s/^$i$/new-$i/ file; git commit -am $i; done; git switch release;"
                "sed -i s/^11$/eleven/ file; git commit -am eleven; git switch main");
    assert_picks(scratch, &(struct want){.commits = "main~2 main~1 main", .onto = "release"});
}

static void test_pick__kept_twice_in_the_same_second(void **state)
{
    struct scratch *scratch = *state;
    struct pick_request request;
    struct pick_result first, again;

    make_repository(scratch);
    sh(scratch, "cd repo; sed -i s/^2$/two/ file; git commit -am two");
    prepare(scratch, &(struct want){.commits = "main", .onto = "release"}, &request);
    request.keep = true;
    assert_ok(pick_commits(scratch->arena, &request, &first));
    assert_ok(pick_commits(scratch->arena, &request, &again));
    assert_string_equal(again.tip, first.tip);
    sh(scratch, arena_printf(scratch->arena, "git -C repo fsck --strict %s", again.tip));
    assert_string_equal(ask(scratch, "ls repo/.git/objects/pack/*.pack | wc -l"), "1");
}

static void test_pick__one_that_does_not_go_takes_all_back(void **state)
{
    struct scratch *scratch = *state;
    struct pick_request request;
    struct pick_result result;

    make_repository(scratch);
    sh(scratch, "cd repo; for i in 1 11; do sed -i s/^$i$/new-$i/ file; git commit -am $i; done; git switch release;"
                "sed -i s/^11$/eleven/ file; git commit -am eleven; git switch main");
    prepare(scratch, &(struct want){.commits = "main~1 main", .onto = "release"}, &request);
    request.keep = true; /* and yet nothing is written */
    {
        const char *before = everything(scratch);

        assert_ok(pick_commits(scratch->arena, &request, &result));
        assert_string_equal(everything(scratch), before);
    }
    assert_int_equal(result.verdict, PICK_CONFLICT);
    assert_int_equal(result.picked_count, 1);
    assert_string_equal(result.refused, id_of(scratch, "main"));
    assert_string_equal(result.refused_subject, "11");
    assert_null(result.tip);
}

static void test_pick__totals_are_of_the_whole(void **state)
{
    struct scratch *scratch = *state;
    struct pick_result result;

    try_change(scratch, "sed -i -e s/^2$/two/ -e 3d file; printf 'a\\0b' > blob; chmod +x a/b/c", "echo r > r",
               &result);
    assert_int_equal(result.verdict, PICK_CLEAN);
    assert_int_equal(result.totals.commits, 1);
    assert_int_equal(result.totals.files, 3);
    assert_int_equal(result.totals.binary_files, 1);
    assert_int_equal(result.totals.lines_added, 1);
    assert_int_equal(result.totals.lines_removed, 2);
}

static void test_pick__a_conflict_has_ids_and_an_excerpt(void **state)
{
    struct scratch *scratch = *state;
    struct pick_result result;
    const struct pick_conflict *conflict;

    try_change(scratch, "sed -i 's/^2$/t\x1b[31mwo/' file", "sed -i s/^2$/zwei/ file", &result);
    assert_int_equal(result.conflict_count, 1);
    conflict = &result.conflicts[0];
    assert_int_equal(conflict->kind, CONFLICT_BOTH_MODIFIED);
    assert_string_equal(conflict->base, ask(scratch, "git -C repo rev-parse main~1:file"));
    assert_string_equal(conflict->ours, ask(scratch, "git -C repo rev-parse release:file"));
    assert_string_equal(conflict->theirs, ask(scratch, "git -C repo rev-parse main:file"));
    assert_string_equal(
        conflict->excerpt,
        arena_printf(scratch->arena, "<<<<<<< ours\nzwei\n=======\ntwo\n>>>>>>> %s\n", short_id(scratch, "main")));
    assert_false(conflict->excerpt_cut);
}

static void test_pick__a_long_conflict_is_cut(void **state)
{
    struct scratch *scratch = *state;
    struct pick_result result;

    try_change(scratch, "seq 100 200 > file", "seq 200 300 > file", &result);
    assert_int_equal(result.conflict_count, 1);
    assert_true(result.conflicts[0].excerpt_cut);
    assert_true(strlen(result.conflicts[0].excerpt) < 2100);
}

/* One test for each, because each makes a repository. */
#define CONFLICT_TEST(name, on_main, on_release, kind, path)                 \
    static void test_pick__conflict_##name(void **state)                     \
    {                                                                        \
        assert_conflict(*state, on_main, on_release, CONFLICT_##kind, path); \
    }

CONFLICT_TEST(both_added, "echo a > new", "echo b > new", BOTH_ADDED, "new")
CONFLICT_TEST(deleted_by_us, "echo x >> file", "git rm file", DELETED_BY_US, "file")
CONFLICT_TEST(deleted_by_them, "git rm file", "echo x >> file", DELETED_BY_THEM, "file")
CONFLICT_TEST(renamed_twice, "git mv file one", "git mv file two", RENAMED, "file")
CONFLICT_TEST(renamed_and_deleted, "git mv file one", "git rm file", RENAMED, "file")
CONFLICT_TEST(two_new_names, "echo x >> file", "cp file one; git mv file two", RENAMED, "file")
CONFLICT_TEST(directory_moved, "echo x > a/b/new", "git mv a/b a/e", DIRECTORY_MOVED, "a/b/new")
CONFLICT_TEST(directory_moved_by_commit, "git mv a/b a/e", "echo x > a/b/new", DIRECTORY_MOVED, "a/b/new")
CONFLICT_TEST(file_directory, "echo x > new", "mkdir new; echo x > new/file", FILE_DIRECTORY, "new")
CONFLICT_TEST(kind, "rm file; ln -s a file", "echo x >> file", KIND, "file")
CONFLICT_TEST(binary, "printf 'a\\0b' > file", "echo x >> file", BINARY, "file")
CONFLICT_TEST(binary_by_attribute, "echo 'file -merge' > .gitattributes; sed -i s/^2$/two/ file",
              "sed -i s/^11$/eleven/ file", BINARY, "file")
CONFLICT_TEST(attribute, "sed -i s/^2$/two/ file", "echo 'f* merge=union' > .gitattributes; sed -i s/^11$/eleven/ file",
              MERGE_ATTRIBUTE, "file")
CONFLICT_TEST(too_large, "yes | head -c 17000000 > file", "echo x >> file", TOO_LARGE, "file")

static void test_pick__follows_a_rename_that_is_sure(void **state)
{
    struct scratch *scratch = *state;

    make_repository(scratch);
    sh(scratch, "cd repo; sed -i s/^2$/two/ file; git commit -am fix; git switch release; git mv file a/other;"
                "sed -i s/^11$/eleven/ a/other; git commit -am moved; git switch main");
    assert_picks(scratch, &(struct want){.commits = "main", .onto = "release"});
    assert_string_equal(ask(scratch, "git -C other show --stat --format= HEAD | cat"),
                        " a/other | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)");
}

static void test_pick__already_there(void **state)
{
    struct scratch *scratch = *state;

    make_repository(scratch);
    sh(scratch, "cd repo; sed -i s/^2$/two/ file; git commit -am fix; git switch release; echo x > x; git add x;"
                "git commit -m x; git cherry-pick main; git switch main");
    assert_refuses(scratch, &(struct want){.commits = "main", .onto = "release"},
                   arena_printf(scratch->arena, "the change of commit '%s' is in 'release' already, as '%s'",
                                short_id(scratch, "main"), short_id(scratch, "release")),
                   "leave it out; when nothing is left to pick, release 'release' as it is");
    assert_refuses(
        scratch, &(struct want){.commits = "main", .onto = "main"},
        arena_printf(scratch->arena, "the change of commit '%s' is in 'main' already", short_id(scratch, "main")),
        "leave it out; when nothing is left to pick, release 'main' as it is");
}

static void test_pick__nothing_in_it(void **state)
{
    struct scratch *scratch = *state;
    const char *id;

    make_repository(scratch);
    sh(scratch, "cd repo; git commit --allow-empty -m nothing");
    id = short_id(scratch, "main");
    assert_refuses(scratch, &(struct want){.commits = "main", .onto = "release"},
                   arena_printf(scratch->arena, "commit '%s' changes nothing", id),
                   arena_printf(scratch->arena, "look at it: git show --stat %s", id));
}

static void make_merge(struct scratch *scratch)
{
    make_repository(scratch);
    sh(scratch, "cd repo; git switch -c side; sed -i s/^2$/two/ file; git commit -am 'fix: two'; git switch main;"
                "echo x > x; git add x; git commit -m x; git merge --no-ff -m 'merge side' side");
}

static void test_pick__a_merge_needs_a_mainline(void **state)
{
    struct scratch *scratch = *state;
    const char *id, *parents;

    make_merge(scratch);
    id = short_id(scratch, "main");
    parents = arena_printf(scratch->arena,
                           "say which parent it is compared with: --mainline 1 (%s x), --mainline 2 (%s fix: two)",
                           short_id(scratch, "main^1"), short_id(scratch, "main^2"));
    assert_refuses(scratch, &(struct want){.commits = "main", .onto = "release"},
                   arena_printf(scratch->arena, "commit '%s' is a merge, so what it changes depends on the side", id),
                   parents);
    assert_refuses(scratch, &(struct want){.commits = "main", .onto = "release", .mainline = 3},
                   arena_printf(scratch->arena, "commit '%s' has 2 parents, not 3", id), parents);
    assert_refuses(scratch, &(struct want){.commits = "side", .onto = "release", .mainline = 1},
                   arena_printf(scratch->arena, "commit '%s' is not a merge", short_id(scratch, "side")),
                   "pick it without --mainline");
    assert_picks(scratch, &(struct want){.commits = "main", .onto = "release", .mainline = 1});
    assert_picks(scratch, &(struct want){.commits = "main", .onto = "release", .mainline = 2});
}

static void test_pick__several_conflicts_are_counted(void **state)
{
    struct scratch *scratch = *state;

    make_repository(scratch);
    sh(scratch, "cd repo; echo 1 >> file; echo 1 >> a/b/c; git commit -am fix; git switch release; echo 2 >> file;"
                "echo 2 >> a/b/c; git commit -am other; git switch main");
    assert_refuses(scratch, &(struct want){.commits = "main", .onto = "release"},
                   arena_printf(scratch->arena, "commit '%s' does not fit onto 'release': 2 files conflict",
                                short_id(scratch, "main")),
                   arena_printf(scratch->arena,
                                "nothing was changed; by hand: git switch release && git cherry-pick -x %s",
                                short_id(scratch, "main")));
}

static void test_pick__in_half_a_history(void **state)
{
    struct scratch *scratch = *state;
    struct pick_request request;
    struct pick_result result;
    const char *path;

    make_repository(scratch);
    sh(scratch,
       "cd repo; echo x >> file; git commit -am fix; cd ..; mv repo origin;"
       "git clone --depth 1 --no-single-branch file://$PWD/origin repo; git -C repo branch release origin/release");
    path = ask(scratch, "realpath repo");
    prepare(scratch, &(struct want){.commits = "main", .onto = "release"}, &request);
    sh(scratch, "rm -rf repo; git clone --depth 1 file://$PWD/origin repo");
    request.onto = request.commits[0];
    assert_fails_with_hint(pick_commits(scratch->arena, &request, &result), ERR_REPOSITORY,
                           arena_printf(scratch->arena, "commit '%s' is not in the shallow clone '%s'",
                                        ask(scratch, "git -C origin rev-parse release"), path),
                           arena_printf(scratch->arena, "git -C %s fetch --unshallow", path));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_pick__a_clean_one_is_what_git_makes),
        TEST_WITH_SCRATCH(test_pick__messages_end_as_gits_do),
        TEST_WITH_SCRATCH(test_pick__several_in_order),
        TEST_WITH_SCRATCH(test_pick__kept_twice_in_the_same_second),
        TEST_WITH_SCRATCH(test_pick__one_that_does_not_go_takes_all_back),
        TEST_WITH_SCRATCH(test_pick__totals_are_of_the_whole),
        TEST_WITH_SCRATCH(test_pick__follows_a_rename_that_is_sure),
        TEST_WITH_SCRATCH(test_pick__a_conflict_is_told),
        TEST_WITH_SCRATCH(test_pick__a_conflict_has_ids_and_an_excerpt),
        TEST_WITH_SCRATCH(test_pick__a_long_conflict_is_cut),
        TEST_WITH_SCRATCH(test_pick__several_conflicts_are_counted),
        TEST_WITH_SCRATCH(test_pick__conflict_both_added),
        TEST_WITH_SCRATCH(test_pick__conflict_deleted_by_us),
        TEST_WITH_SCRATCH(test_pick__conflict_deleted_by_them),
        TEST_WITH_SCRATCH(test_pick__conflict_renamed_twice),
        TEST_WITH_SCRATCH(test_pick__conflict_renamed_and_deleted),
        TEST_WITH_SCRATCH(test_pick__conflict_two_new_names),
        TEST_WITH_SCRATCH(test_pick__conflict_directory_moved),
        TEST_WITH_SCRATCH(test_pick__conflict_directory_moved_by_commit),
        TEST_WITH_SCRATCH(test_pick__conflict_file_directory),
        TEST_WITH_SCRATCH(test_pick__conflict_kind),
        TEST_WITH_SCRATCH(test_pick__conflict_binary),
        TEST_WITH_SCRATCH(test_pick__conflict_binary_by_attribute),
        TEST_WITH_SCRATCH(test_pick__conflict_attribute),
        TEST_WITH_SCRATCH(test_pick__conflict_too_large),
        TEST_WITH_SCRATCH(test_pick__already_there),
        TEST_WITH_SCRATCH(test_pick__nothing_in_it),
        TEST_WITH_SCRATCH(test_pick__a_merge_needs_a_mainline),
        TEST_WITH_SCRATCH(test_pick__in_half_a_history),
    };

    return RUN_TESTS(tests);
}
