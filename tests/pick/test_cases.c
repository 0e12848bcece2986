/*
 * Made-up cherry-picks against git's own: what is clean here is the very commit that git makes, and no refusal changes
 * anything. PENSTOCK_PICK_SEED, _CASES and _KIND choose others, _VERBOSE
 * tells more.
 */

#include "pick/repository.h"

#include "base/text.h"
#include "unit/pick.h"

#define SEED 2
#define CASES 225       /* nine of each kind */
#define WHEN 1767323045 /* GIT_COMMITTER_DATE of scratch.h */

struct score {
    int same_commit; /* both clean */
    int both_refuse;
    int same_paths;    /* of these conflicts: the same files are named */
    int refused_alone; /* git was clean */
    int wrong;
};

static int number_from(const char *variable, int usual)
{
    const char *said = getenv(variable);

    return said && *said ? atoi(said) : usual;
}

static struct pick_request request_of(struct scratch *scratch, const struct asked *asked, bool keep)
{
    return (struct pick_request){.repository = in(scratch, "repo"),
                                 .commits = asked->commits,
                                 .count = asked->made->commit_count,
                                 .onto = asked->onto,
                                 .mainline = asked->mainline,
                                 .committer = {"Ada Lovelace", "ada@example.org", WHEN, 0},
                                 .keep = keep};
}

static bool names_path(const struct pick_result *result, const char *path)
{
    for (int i = 0; i < result->conflict_count; i++)
        if (text_is(result->conflicts[i].path, path) ||
            (result->conflicts[i].other && text_is(result->conflicts[i].other, path)))
            return true;
    return false;
}

static bool has_path(const struct git_answer *answer, const char *path)
{
    for (int i = 0; i < answer->path_count; i++)
        if (text_is(answer->paths[i], path))
            return true;
    return false;
}

static bool same_paths(const struct git_answer *answer, const struct pick_result *result)
{
    for (int i = 0; i < answer->path_count; i++)
        if (!names_path(result, answer->paths[i]))
            return false;
    for (int i = 0; i < result->conflict_count; i++)
        if (!has_path(answer, result->conflicts[i].path))
            return false;
    return true;
}

/* git makes up names for some ("link~HEAD"), or goes on in another directory. */
static bool has_names_of_its_own(const struct git_answer *answer, const struct pick_result *result)
{
    static const enum pick_conflict_kind kinds[] = {CONFLICT_RENAMED, CONFLICT_DIRECTORY_MOVED, CONFLICT_FILE_DIRECTORY,
                                                    CONFLICT_KIND};

    for (int i = 0; i < result->conflict_count; i++)
        for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
            if (result->conflicts[i].kind == kinds[j])
                return true;
    for (int i = 0; i < answer->path_count; i++)
        if (strchr(answer->paths[i], '~'))
            return true;
    return false;
}

static bool same_refusal(const struct git_answer *answer, const struct pick_result *result)
{
    if (!text_is(answer->commit, result->refused))
        return false;
    if (answer->verdict == GIT_EMPTY)
        return result->verdict == PICK_EMPTY || result->verdict == PICK_ALREADY_APPLIED;
    return result->verdict == PICK_CONFLICT && same_paths(answer, result);
}

static void tell(int number, const struct asked *asked, const struct pick_result *result, const char *what)
{
    static const char *const verdicts[] = {"clean", "empty", "conflict"};
    const struct git_answer *answer = &asked->answer;

    print_message("case %d (%s): %s; git: %s", number, asked->made->kind, what, verdicts[answer->verdict]);
    for (int i = 0; i < answer->path_count; i++)
        print_message(" '%s'", answer->paths[i]);
    print_message("; here: %s", pick_verdict_id(result->verdict));
    for (int i = 0; i < result->conflict_count; i++)
        print_message(" '%s' %s%s%s", result->conflicts[i].path, pick_conflict_id(result->conflicts[i].kind),
                      result->conflicts[i].other ? " " : "",
                      result->conflicts[i].other ? result->conflicts[i].other : "");
    print_message("\n");
}

static void judge(int number, const struct asked *asked, const struct pick_result *result, struct score *score)
{
    const struct git_answer *answer = &asked->answer;

    if (result->verdict == PICK_CLEAN) {
        if (answer->verdict == GIT_CLEAN && text_is(answer->commit, result->tip)) {
            score->same_commit++;
        } else {
            score->wrong++;
            tell(number, asked, result, "WRONG");
        }
    } else if (answer->verdict == GIT_CLEAN) {
        score->refused_alone++;
        tell(number, asked, result, "refused here alone");
    } else {
        bool same = same_refusal(answer, result);

        score->both_refuse++;
        score->same_paths += same;
        if (!same && !has_names_of_its_own(answer, result)) {
            score->wrong++;
            tell(number, asked, result, "WRONG");
        } else if (!same && getenv("PENSTOCK_PICK_VERBOSE")) {
            tell(number, asked, result, "other files");
        }
    }
}

static const char *all_files(struct scratch *scratch)
{
    return ask(scratch, "cd repo && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum");
}

/* What a pick that is kept may not change: everything but new objects. */
static const char *all_but_objects(struct scratch *scratch)
{
    return ask(scratch, "cd repo && find . -type f ! -path './.git/objects/*' -print0 | sort -z |"
                        " xargs -0 sha256sum | sha256sum");
}

static void test_pick__made_up_cases_as_git_has_them(void **state)
{
    struct scratch *scratch = *state;
    int seed = number_from("PENSTOCK_PICK_SEED", SEED), count = number_from("PENSTOCK_PICK_CASES", CASES);
    int kind = number_from("PENSTOCK_PICK_KIND", -1);
    struct asked *asked = arena_array(scratch->arena, (size_t)count, sizeof(*asked));
    struct pick_result *results = arena_array(scratch->arena, (size_t)count, sizeof(*results));
    struct score score = {0};
    const char *before, *kept;

    for (int i = 0; i < count; i++)
        asked[i].made = make_case(scratch->arena, (uint64_t)seed, kind < 0 ? i : i * KIND_COUNT + kind);
    make_cases(scratch, asked, count);
    ask_git(scratch, asked, count);
    before = all_files(scratch);
    for (int i = 0; i < count; i++) {
        struct pick_request request = request_of(scratch, &asked[i], false);

        assert_ok(pick_commits(scratch->arena, &request, &results[i]));
        judge(i, &asked[i], &results[i], &score);
    }
    assert_string_equal(all_files(scratch), before);
    kept = all_but_objects(scratch);
    for (int i = 0; i < count; i++) {
        struct pick_request request = request_of(scratch, &asked[i], true);
        struct pick_result result;

        assert_ok(pick_commits(scratch->arena, &request, &result));
        assert_int_equal(result.verdict, results[i].verdict);
    }
    assert_string_equal(all_but_objects(scratch), kept);
    sh(scratch, "git -C repo fsck --strict --no-dangling");
    print_message("seed %d, %d cases: %d clean as git has them, %d refused as git does (%d naming the same files), "
                  "%d refused here alone, %d WRONG\n",
                  seed, count, score.same_commit, score.both_refuse, score.same_paths, score.refused_alone,
                  score.wrong);
    assert_int_equal(score.wrong, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_pick__made_up_cases_as_git_has_them),
    };

    return RUN_TESTS(tests);
}
