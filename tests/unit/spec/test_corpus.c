/*
 * Whole files: those in good/ have no problems, those in bad/ have exactly the ones in the .expected beside them.
 * PENSTOCK_WRITE_EXPECTED=1 writes the .expected files anew; read the difference before you keep it.
 */

#include <glob.h>

#include "unit/spec/spec.h"

#include "base/file.h"

#define SPECS "tests/fixtures/specs/"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static bool is_project(const char *path)
{
    return text_starts(base_name(path), "project") || text_starts(base_name(path), "penstock");
}

static void read_text(const char *path, struct strbuf *out)
{
    assert_ok(file_read(path, out));
}

/* Every problem of the file, as a person sees them. */
static void render_file(const char *path, struct strbuf *out)
{
    struct arena *arena = arena_new();
    struct diagnostics *problems = diagnostics_new(arena);
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    struct project_spec *project = NULL;
    struct pipeline_spec *pipeline = NULL;

    read_text(path, &text);
    if (is_project(path))
        project_parse(arena, base_name(path), strbuf_view(&text), text.length, problems, &project);
    else
        pipeline_parse(arena, base_name(path), strbuf_view(&text), text.length, problems, &pipeline);
    diagnostics_render(problems, out);
    if (diagnostics_count(problems) == 0)
        assert_string_equal(is_project(path) ? project->text : pipeline->text, strbuf_view(&text));
    arena_free(arena);
}

static void find_files(const char *pattern, size_t least, glob_t *found)
{
    assert_true(glob(pattern, 0, NULL, found) == 0 || least == 0);
    assert_true(found->gl_pathc >= least);
}

static void assert_all_good(const char *pattern, size_t least)
{
    glob_t found = {0};

    find_files(pattern, least, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

        render_file(found.gl_pathv[i], &out);
        if (out.length > 0)
            print_error("%s\n", found.gl_pathv[i]);
        assert_string_equal(strbuf_view(&out), "");
    }
    globfree(&found);
}

static void test_corpus__good_files_have_no_problems(void **state)
{
    (void)state;
    assert_all_good(SPECS "good/*.yaml", 15);
}

/* The files that users copy. */
static void test_corpus__shipped_pipelines_have_no_problems(void **state)
{
    (void)state;
    assert_all_good("pipelines/*.yaml", 0);
}

static void test_corpus__bad_files_have_the_expected_problems(void **state)
{
    glob_t found = {0};
    bool write = getenv("PENSTOCK_WRITE_EXPECTED") != NULL;

    (void)state;
    find_files(SPECS "bad/*.yaml", 70, &found);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);
        struct strbuf expected CLEANUP(strbuf_release) = STRBUF_INIT(0);
        char path[512];

        render_file(found.gl_pathv[i], &out);
        snprintf(path, sizeof(path), "%.*s.expected", (int)strlen(found.gl_pathv[i]) - 5, found.gl_pathv[i]);
        if (write)
            assert_ok(file_put(path, strbuf_view(&out), out.length, 0644));
        read_text(path, &expected);
        if (strcmp(strbuf_view(&out), strbuf_view(&expected)) != 0)
            print_error("%s\n", found.gl_pathv[i]);
        assert_string_equal(strbuf_view(&out), strbuf_view(&expected));
        assert_true(out.length > 0);
    }
    globfree(&found);
}

/* Cut anywhere, with one byte changed anywhere: never a crash, and a problem that has a place. */
static void test_corpus__broken_files_do_no_harm(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    static const char bytes[] = "\t\n {}[]:-\"'&*!|>%@#,$\x80";

    (void)state;
    read_text(SPECS "good/prod.yaml", &text);
    for (size_t at = 0; at < text.length; at++) {
        struct arena *arena = arena_new();
        struct diagnostics *problems = diagnostics_new(arena);
        struct pipeline_spec *pipeline = NULL;
        char *copy = arena_text_n(arena, strbuf_view(&text), text.length);
        struct strbuf out CLEANUP(strbuf_release) = STRBUF_INIT(0);

        copy[at] = bytes[at % (sizeof(bytes) - 1)];
        pipeline_parse(arena, "p.yaml", copy, at % 3 == 0 ? at : text.length, problems, &pipeline);
        diagnostics_render(problems, &out);
        for (int i = 0; diagnostics_get(problems, i) != NULL; i++)
            assert_true(diagnostics_get(problems, i)->mark.line > 0);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus__good_files_have_no_problems),
        cmocka_unit_test(test_corpus__shipped_pipelines_have_no_problems),
        cmocka_unit_test(test_corpus__bad_files_have_the_expected_problems),
        cmocka_unit_test(test_corpus__broken_files_do_no_harm),
    };

    return RUN_TESTS(tests);
}
