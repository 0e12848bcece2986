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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_pick__a_clean_one_is_what_git_makes),
        TEST_WITH_SCRATCH(test_pick__a_conflict_is_told),
    };

    return RUN_TESTS(tests);
}
