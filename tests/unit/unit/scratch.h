#ifndef TESTS_UNIT_UNIT_SCRATCH_H
#define TESTS_UNIT_UNIT_SCRATCH_H

/*
 * A scratch directory per test, with a git repository "repo" in it on request, made by the git program.
 * Nothing of the person's own git settings comes in. Include it first; it brings unit.h.
 */

#include "unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "unit/repository.h"

/*
 * libgit2 1.5 forgets pcre2's match data when it looks for extensions in the configuration. Read by LeakSanitizer,
 * where that is linked in.
 */
const char *__lsan_default_suppressions(void);
__attribute__((weak)) const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2\n";
}

struct scratch {
    struct arena *arena;
    char *dir;
};

#define TEST_WITH_SCRATCH(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

static inline int scratch_setup(void **state)
{
    static const char settings[] = "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"
                                   "[init]\n\tdefaultBranch = main\n"
                                   "[protocol \"file\"]\n\tallow = always\n"
                                   "[advice]\n\tdetachedHead = false\n";
    struct scratch *scratch = heap_alloc(sizeof(*scratch));
    char template[] = "/tmp/penstock-unit-XXXXXX";

    scratch->arena = arena_new();
    if (!mkdtemp(template))
        return -1;
    scratch->dir = heap_text(template);
    setenv("HOME", scratch->dir, 1);
    setenv("XDG_CONFIG_HOME", scratch->dir, 1);
    unit_assert_ok(repository_start(), __FILE__, __LINE__);
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, GIT_CONFIG_LEVEL_GLOBAL,
                     scratch->dir); /* it looked at HOME at its start */
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z", 1);
    setenv("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z", 1);
    unit_assert_ok(
        file_put(arena_printf(scratch->arena, "%s/.gitconfig", scratch->dir), settings, strlen(settings), 0600),
        __FILE__, __LINE__);
    *state = scratch;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *scratch = *state;

    unit_assert_ok(file_remove_tree(scratch->dir), __FILE__, __LINE__);
    arena_free(scratch->arena);
    free(scratch->dir);
    free(scratch);
    return 0;
}

/* "<dir>/<name>" */
static inline const char *in(struct scratch *scratch, const char *name)
{
    return arena_printf(scratch->arena, "%s/%s", scratch->dir, name);
}

/* Runs a shell script in the scratch directory; it must succeed. */
static inline void sh(struct scratch *scratch, const char *script)
{
    if (system(arena_printf(scratch->arena, "cd '%s' && { set -e; exec >/dev/null 2>&1 </dev/null; %s\n}", scratch->dir,
                            script)) != 0)
        fail_msg("this failed: %s", script);
}

/* What a script prints, without its last newline. */
static inline const char *ask(struct scratch *scratch, const char *script)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(1 << 20);
    char *answer;

    if (system(arena_printf(scratch->arena, "cd '%s' && { %s\n} >'%s/.answer' 2>/dev/null", scratch->dir, script,
                            scratch->dir)) != 0)
        fail_msg("this failed: %s", script);
    unit_assert_ok(file_read(in(scratch, ".answer"), &text), __FILE__, __LINE__);
    answer = arena_text(scratch->arena, strbuf_view(&text));
    if (answer[0] && answer[strlen(answer) - 1] == '\n')
        answer[strlen(answer) - 1] = '\0';
    return answer;
}

static inline const char *read_text(struct scratch *scratch, const char *name)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(1 << 20);

    unit_assert_ok(file_read(in(scratch, name), &text), __FILE__, __LINE__);
    return arena_text(scratch->arena, strbuf_view(&text));
}

/* The call fails with this code, text and hint (NULL = none). */
#define assert_fails_with_hint(call, want_code, want_text, want_hint) \
    scratch_assert_hint((call), (want_code), (want_text), (want_hint), __FILE__, __LINE__)

static inline void scratch_assert_hint(struct error *error, enum error_code code, const char *text, const char *hint,
                                       const char *file, int line)
{
    if (error && hint)
        _assert_string_equal(error->hint ? error->hint : "(no hint)", hint, file, line);
    if (error && !hint)
        _assert_string_equal(error->hint ? error->hint : "", "", file, line);
    unit_assert_fails(error, code, text, file, line);
}

#endif
