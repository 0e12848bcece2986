#include "unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"

/* Each test has a directory of its own; its path is *state. */
static int setup(void **state)
{
    char path[] = "/tmp/penstock-file-XXXXXX";

    if (!mkdtemp(path))
        return -1;
    *state = heap_text(path);
    return 0;
}

static int teardown(void **state)
{
    struct error *error CLEANUP(error_cleanup) = file_remove_tree(*state);
    int failed = error || file_exists(*state);

    free(*state);
    return failed;
}

/* In a ring, so that a few live side by side. */
static const char *in(void **state, const char *name)
{
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", (const char *)*state, name);
    return path;
}

static void put(const char *path, const char *text)
{
    assert_ok(file_put(path, text, strlen(text), 0644));
}

static void assert_holds(const char *path, const char *wanted)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(file_read(path, &text));
    assert_string_equal(strbuf_view(&text), wanted);
}

static void test_file_put__writes_and_replaces(void **state)
{
    const char *path = in(state, "x");
    struct stat seen;

    put(path, "old and long");
    put(path, "new");
    assert_holds(path, "new");
    umask(077);
    assert_ok(file_put(path, "", 0, 0640));
    umask(022);
    assert_holds(path, "");
    assert_int_equal(stat(path, &seen), 0);
    assert_int_equal(seen.st_mode & 07777, 0640);
}

static void test_file_put__works_with_bare_and_root_paths(void **state)
{
    const char *path = in(state, "bare");
    char *here CLEANUP(heap_cleanup) = getcwd(NULL, 0);

    assert_int_equal(chdir(*state), 0);
    put("bare", "x");
    assert_int_equal(chdir(here), 0);
    assert_holds(path, "x");
    /* Refused by the kernel, whoever asks: the root is a directory. */
    assert_fails(file_put("/", "", 0, 0600), ERR_IO, "cannot replace '/': Device or resource busy");
}

static void test_file_put__leaves_nothing_behind_when_it_fails(void **state)
{
    const char *path = in(state, "directory");
    char *message CLEANUP(heap_cleanup) = heap_printf("cannot replace '%s': Is a directory", path);

    assert_ok(file_make_dirs(path));
    assert_fails(file_put(path, "x", 1, 0600), ERR_IO, message);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(*state), 0); /* empty: the temporary file is gone */
    heap_cleanup(&message);
    message = heap_printf("cannot write '%s': No such file or directory", path);
    assert_fails(file_put(path, "x", 1, 0600), ERR_NOT_FOUND, message);
}

static void put_too_much(void *context)
{
    struct rlimit limit = {4, RLIM_INFINITY};
    struct error *error;

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    error = file_put(context, "123456789", 9, 0600);
    /* The coverage counters are files too. */
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (error)
        fputs(error->text, stderr);
    error_free(error);
}

static void test_file_put__a_full_disk_keeps_the_old_bytes(void **state)
{
    char *path CLEANUP(heap_cleanup) = heap_text(in(state, "x"));
    char *message CLEANUP(heap_cleanup) = heap_printf("cannot write '%s': File too large", path);
    struct unit_child child;

    put(path, "old");
    child = unit_in_child(put_too_much, path);
    assert_non_null(strstr(child.output, message));
    assert_holds(path, "old");
}

static void test_file_read__has_a_limit(void **state)
{
    const char *path = in(state, "x");
    char *message CLEANUP(heap_cleanup) = heap_printf("'%s' is larger than the 3 bytes allowed", path);
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(3);

    put(path, "123");
    assert_ok(file_read(path, &text));
    assert_string_equal(strbuf_view(&text), "123");
    put(path, "1234");
    assert_fails(file_read(path, &text), ERR_LIMIT, message);
}

static void test_file_read__replaces_what_the_buffer_held(void **state)
{
    const char *path = in(state, "x");
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    put(path, "new");
    strbuf_text(&text, "old");
    assert_ok(file_read(path, &text));
    assert_string_equal(strbuf_view(&text), "new");
}

static void test_file_read__says_why_not(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    (void)state;
    assert_fails(file_read("/nowhere/x", &text), ERR_NOT_FOUND, "cannot open '/nowhere/x': No such file or directory");
    assert_fails(file_read("/", &text), ERR_IO, "cannot read '/': Is a directory");
}

static void test_file_read__dash_is_standard_input(void **state)
{
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    const char *path = in(state, "x");
    int before = dup(STDIN_FILENO);
    int fd;

    put(path, "from stdin");
    fd = open(path, O_RDONLY);
    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    assert_ok(file_read("-", &text));
    dup2(before, STDIN_FILENO);
    close(before);
    close(fd);
    assert_string_equal(strbuf_view(&text), "from stdin");
}

static void test_file_read_tail__reads_the_end(void **state)
{
    const char *path = in(state, "x");
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);

    assert_ok(file_read_tail(path, 4, &text));
    assert_string_equal(strbuf_view(&text), "");
    put(path, "123456");
    assert_ok(file_read_tail(path, 4, &text));
    assert_string_equal(strbuf_view(&text), "3456");
    assert_ok(file_read_tail(path, 6, &text));
    assert_string_equal(strbuf_view(&text), "123456");
    assert_ok(file_read_tail(path, 100, &text));
    assert_string_equal(strbuf_view(&text), "123456");
    assert_ok(file_read_tail(path, 0, &text));
    assert_string_equal(strbuf_view(&text), "");
    assert_fails(file_read_tail("/", 4, &text), ERR_IO, "cannot read '/': Is a directory");
    assert_fails(file_read_tail("/dev/null/x", 4, &text), ERR_IO, "cannot open '/dev/null/x': Not a directory");
}

static void test_file_make_dirs__makes_parents(void **state)
{
    const char *path = in(state, "a/b//c/");
    struct stat seen;

    assert_ok(file_make_dirs(path));
    assert_ok(file_make_dirs(path));
    assert_int_equal(stat(in(state, "a/b/c"), &seen), 0);
    assert_true(S_ISDIR(seen.st_mode));
    assert_int_equal(seen.st_mode & 07777, 0700);
}

static void test_file_make_dirs__a_file_is_in_the_way(void **state)
{
    const char *file = in(state, "file");
    char *message CLEANUP(heap_cleanup) = heap_printf("cannot make directory '%s': File exists", file);

    put(file, "");
    assert_fails(file_make_dirs(file), ERR_IO, message);
    assert_fails(file_make_dirs(in(state, "file/inner")), ERR_IO, message);
    assert_fails(file_make_dirs(""), ERR_NOT_FOUND, "cannot make directory '': No such file or directory");
}

static void test_file_remove_tree__removes_all_and_follows_nothing(void **state)
{
    char *kept CLEANUP(heap_cleanup) = heap_text(in(state, "kept"));

    assert_ok(file_make_dirs(kept));
    put(in(state, "kept/file"), "x");
    assert_ok(file_make_dirs(in(state, "tree/a/b")));
    put(in(state, "tree/a/b/file"), "x");
    put(in(state, "tree/file"), "x");
    assert_int_equal(symlink(kept, in(state, "tree/link")), 0);
    assert_int_equal(symlink("/nowhere", in(state, "tree/a/dangling")), 0);
    assert_int_equal(chmod(in(state, "tree/a/b"), 0500), 0);
    assert_ok(file_remove_tree(in(state, "tree")));
    assert_false(file_exists(in(state, "tree")));
    assert_true(file_exists(in(state, "kept/file")));
    assert_ok(file_remove_tree(in(state, "tree")));
}

static void test_file_remove_tree__removes_a_file_or_a_link(void **state)
{
    assert_ok(file_make_dirs(in(state, "kept")));
    put(in(state, "file"), "x");
    assert_int_equal(symlink(in(state, "kept"), in(state, "link")), 0);
    assert_ok(file_remove_tree(in(state, "file")));
    assert_ok(file_remove_tree(in(state, "link")));
    assert_true(file_exists(in(state, "kept")));
    assert_false(file_exists(in(state, "link")));
}

static void test_file_remove_tree__says_why_not(void **state)
{
    struct rlimit files;
    struct rlimit none;
    struct error *error CLEANUP(error_cleanup) = NULL;
    char *here CLEANUP(heap_cleanup) = getcwd(NULL, 0);

    assert_int_equal(chdir(*state), 0);
    assert_fails(file_remove_tree("."), ERR_IO, "cannot remove '.': Invalid argument");
    assert_int_equal(chdir(here), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    none = (struct rlimit){0, files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    error = file_remove_tree(*state);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_non_null(error);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_non_null(strstr(error->text, "Too many open files"));
    assert_fails(file_remove_tree("/dev/null/x"), ERR_IO, "cannot remove '/dev/null/x': Not a directory");
}

static void test_file_exists(void **state)
{
    assert_true(file_exists(*state));
    assert_false(file_exists(in(state, "none")));
}

#define IN_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_DIRECTORY(test_file_put__writes_and_replaces),
        IN_DIRECTORY(test_file_put__works_with_bare_and_root_paths),
        IN_DIRECTORY(test_file_put__leaves_nothing_behind_when_it_fails),
        IN_DIRECTORY(test_file_put__a_full_disk_keeps_the_old_bytes),
        IN_DIRECTORY(test_file_read__has_a_limit),
        IN_DIRECTORY(test_file_read__replaces_what_the_buffer_held),
        IN_DIRECTORY(test_file_read__says_why_not),
        IN_DIRECTORY(test_file_read__dash_is_standard_input),
        IN_DIRECTORY(test_file_read_tail__reads_the_end),
        IN_DIRECTORY(test_file_make_dirs__makes_parents),
        IN_DIRECTORY(test_file_make_dirs__a_file_is_in_the_way),
        IN_DIRECTORY(test_file_remove_tree__removes_all_and_follows_nothing),
        IN_DIRECTORY(test_file_remove_tree__removes_a_file_or_a_link),
        IN_DIRECTORY(test_file_remove_tree__says_why_not),
        IN_DIRECTORY(test_file_exists),
    };

    return RUN_TESTS(tests);
}
