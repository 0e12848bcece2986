#include "unit/unit/scratch.h"

#include <jansson.h>

#include "base/digest.h"
#include "unit/artifact.h"

/* Collects the names (a JSON list) from "<dir>/out". */
static struct error *collect(struct scratch *scratch, const char *names, json_t **result)
{
    json_t *list = json_loads(names, 0, NULL);
    struct error *error;

    assert_non_null(list);
    error = artifact_collect(in(scratch, "out"), list, result);
    json_decref(list);
    if (error)
        assert_null(*result);
    return error;
}

static void assert_collects(struct scratch *scratch, const char *names, const char *want)
{
    json_t *result = NULL;
    char *text;

    assert_ok(collect(scratch, names, &result));
    text = json_dumps(result, JSON_COMPACT);
    assert_string_equal(text, want);
    free(text);
    json_decref(result);
}

static void assert_refused(struct scratch *scratch, const char *names, enum error_code code, const char *text)
{
    json_t *result = NULL;

    assert_fails(collect(scratch, names, &result), code, text);
}

static const char *digest_text(struct scratch *scratch, const char *name)
{
    char names[256];
    json_t *result = NULL;
    const char *text;

    snprintf(names, sizeof(names), "[\"%s\"]", name);
    assert_ok(collect(scratch, names, &result));
    text = arena_text(scratch->arena, json_string_value(json_object_get(json_array_get(result, 0), "sha256")));
    json_decref(result);
    return text;
}

static void test_artifact_collect__a_file(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir -p out/bin; printf abc > out/bin/rooms");
    assert_collects(scratch, "[\"bin/rooms\"]",
                    "[{\"name\":\"bin/rooms\",\"bytes\":3,\"sha256\":"
                    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]");
    assert_collects(scratch, "[]", "[]");
}

static void test_artifact_collect__a_directory_is_its_sorted_entries(void **state)
{
    static const char lines[] = "f 640 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad a\0"
                                "d 755 b\0"
                                "f 755 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad b/c\0"
                                "l b/c -> z";
    struct scratch *scratch = *state;
    struct digest digest = digest_of(lines, sizeof(lines));
    char hex[DIGEST_HEX];

    sh(scratch, "mkdir -p out/d/b; printf abc > out/d/b/c; printf abc > out/d/a; chmod 640 out/d/a; chmod 755 out/d/b"
                " out/d/b/c; ln -s b/c out/d/z");
    digest_hex(&digest, hex);
    assert_collects(scratch, "[\"d\"]",
                    arena_printf(scratch->arena, "[{\"name\":\"d\",\"bytes\":6,\"sha256\":\"%s\"}]", hex));
}

static void test_artifact_collect__each_change_changes_the_digest(void **state)
{
    static const char *const changes[] = {"printf x >> out/d/a", "chmod +x out/d/a",      "mv out/d/a out/d/e",
                                          "touch out/d/new",     "ln -sf new out/d/link", "mkdir out/d/dir"};
    struct scratch *scratch = *state;
    const char *last;

    sh(scratch, "mkdir -p out/d; printf abc > out/d/a");
    last = digest_text(scratch, "d");
    assert_string_equal(digest_text(scratch, "d"), last);
    sh(scratch, "touch -d 2001-01-01 out/d/a"); /* times do not count */
    assert_string_equal(digest_text(scratch, "d"), last);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        const char *now;

        sh(scratch, changes[i]);
        now = digest_text(scratch, "d");
        assert_string_not_equal(now, last);
        last = now;
    }
}

/* By its target and its name together, a link could pass for another one. */
static void test_artifact_collect__a_link_is_no_other_link(void **state)
{
    static const struct {
        const char *one, *other;
    } pairs[] = {
        {"ln -s a 'out/d/b -> c'", "ln -s 'a -> b' out/d/c"},
        {"ln -s a 'out/d/-> c'", "ln -s 'a ->' out/d/c"},
        {"ln -s -- '-> a' out/d/c", "ln -s '4:-> a' out/d/c"},
    };
    struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *make = "rm -rf out; mkdir -p out/d; cd out/d; touch a 'a -> b' 'a ->' -- '-> a' '4:-> a'; cd ../..";
        const char *first;

        sh(scratch, arena_printf(scratch->arena, "%s; %s", make, pairs[i].one));
        first = digest_text(scratch, "d");
        sh(scratch, arena_printf(scratch->arena, "%s; %s", make, pairs[i].other));
        assert_string_not_equal(digest_text(scratch, "d"), first);
    }
}

static void test_artifact_collect__must_be_there(void **state)
{
    struct scratch *scratch = *state;
    json_t *result = NULL;

    sh(scratch, "mkdir out; touch out/file");
    assert_fails_with_hint(collect(scratch, "[\"file\", \"bin/rooms\"]", &result), ERR_NOT_FOUND,
                           "the build left no artifact 'bin/rooms'",
                           "the build must put it below ${unit.out}, or 'artifacts' must not name it");
    assert_refused(scratch, "[\"file/below\"]", ERR_NOT_FOUND, "the build left no artifact 'file/below'");
}

static void test_artifact_collect__must_lie_inside(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir -p out/d; echo secret > secret; ln -s ../secret out/link; ln -s /etc out/etc;"
                "ln -s ../../secret out/d/up; ln -s d out/inside; echo x > out/d/x");
    assert_refused(scratch, "[\"../secret\"]", ERR_NOT_ALLOWED, "'../secret' leads out of the directory for artifacts");
    assert_refused(scratch, "[\"d/../../secret\"]", ERR_NOT_ALLOWED,
                   "'d/../../secret' leads out of the directory for artifacts");
    assert_refused(scratch, "[\"/etc/passwd\"]", ERR_SPEC_INVALID,
                   "artifact '/etc/passwd' is absolute; it must lie in the directory for artifacts");
    assert_refused(scratch, "[\"\"]", ERR_SPEC_INVALID, "an artifact has no name");
    assert_refused(scratch, "[7]", ERR_SPEC_INVALID, "an artifact has no name");
    assert_refused(scratch, "[\"link\"]", ERR_NOT_ALLOWED, "'link' leads out of the directory for artifacts");
    assert_refused(scratch, "[\"etc/passwd\"]", ERR_NOT_ALLOWED,
                   "'etc/passwd' leads out of the directory for artifacts");
    assert_refused(scratch, "[\"d\"]", ERR_NOT_ALLOWED, "'d/up' leads out of the directory for artifacts");
    sh(scratch, "rm out/d/up");
    assert_string_equal(digest_text(scratch, "inside/x"), digest_text(scratch, "d/x"));
}

static void test_artifact_collect__only_files_and_directories(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir -p out/d; mkfifo out/pipe out/d/pipe");
    assert_refused(scratch, "[\"pipe\"]", ERR_NOT_ALLOWED, "'pipe' is neither a file nor a directory");
    assert_refused(scratch, "[\"d\"]", ERR_NOT_ALLOWED, "'d/pipe' is neither a file nor a directory");
    sh(scratch, "rm out/d/pipe; ln -s nothing out/d/link");
    assert_refused(scratch, "[\"d\"]", ERR_CHECK_FAILED, "the link 'd/link' leads to nothing");
    sh(scratch, "rm out/d/link; ln -s link out/d/link");
    assert_refused(scratch, "[\"d\"]", ERR_CHECK_FAILED, "the link 'd/link' leads to nothing");
}

static void test_artifact_collect__has_limits(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir out; cd out; p=d; for i in $(seq 140); do p=$p/x; done; mkdir -p $p");
    assert_refused(scratch, "[\"d\"]", ERR_LIMIT, "artifact 'd' has more than 128 directories in each other");
}

static void test_artifact_collect__no_directory_for_artifacts(void **state)
{
    struct scratch *scratch = *state;

    assert_refused(scratch, "[\"a\"]", ERR_NOT_FOUND,
                   arena_printf(scratch->arena,
                                "cannot open the directory for artifacts '%s': No such file or directory",
                                in(scratch, "out")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST_WITH_SCRATCH(test_artifact_collect__a_file),
        TEST_WITH_SCRATCH(test_artifact_collect__a_directory_is_its_sorted_entries),
        TEST_WITH_SCRATCH(test_artifact_collect__each_change_changes_the_digest),
        TEST_WITH_SCRATCH(test_artifact_collect__a_link_is_no_other_link),
        TEST_WITH_SCRATCH(test_artifact_collect__must_be_there),
        TEST_WITH_SCRATCH(test_artifact_collect__must_lie_inside),
        TEST_WITH_SCRATCH(test_artifact_collect__only_files_and_directories),
        TEST_WITH_SCRATCH(test_artifact_collect__has_limits),
        TEST_WITH_SCRATCH(test_artifact_collect__no_directory_for_artifacts),
    };

    return RUN_TESTS(tests);
}
