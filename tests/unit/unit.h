#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/*
 * What all unit tests share: cmocka with its headers, a main, and assertions about errors and about processes
 * that must end. Include it first.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Wants the ones above before it. */
#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"

/* Runs an array of struct CMUnitTest under the name of the file: `return RUN_TESTS(tests);` ends main. */
#define RUN_TESTS(tests) cmocka_run_group_tests_name(__FILE__, (tests), NULL, NULL)

/* A test whose *state is an arena of its own. */
#define TEST_WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, unit_arena_setup, unit_arena_teardown)

static inline int unit_arena_setup(void **state)
{
    *state = arena_new();
    return 0;
}

static inline int unit_arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* The call succeeds. */
#define assert_ok(call) unit_assert_ok((call), __FILE__, __LINE__)
/* The call fails with this code and exactly this text (of the outermost error); frees the error. */
#define assert_fails(call, want_code, want_text) unit_assert_fails((call), (want_code), (want_text), __FILE__, __LINE__)

static inline void unit_assert_ok(struct error *error, const char *file, int line)
{
    char *text;

    if (!error)
        return;
    text = error_line(error);
    print_error("unexpected error: %s\n", text);
    free(text);
    error_free(error);
    _fail(file, line);
}

static inline void unit_assert_fails(struct error *error, enum error_code code, const char *text, const char *file,
                                     int line)
{
    if (!error) {
        print_error("no error, but expected: %s\n", text);
        _fail(file, line);
        return;
    }
    _assert_int_equal((LargestIntegralType)error->code, (LargestIntegralType)code, file, line);
    _assert_string_equal(error->text, text, file, line);
    error_free(error);
}

/* What became of a function that ran in a child process. */
struct unit_child {
    int status;        /* as of waitpid */
    char output[4096]; /* what it wrote to stderr */
};

/* Runs `body` in a child, which ends with exit code 0 if the body returns. */
static inline struct unit_child unit_in_child(void (*body)(void *context), void *context)
{
    struct unit_child child = {0};
    int fds[2];
    pid_t pid;
    size_t length = 0;
    ssize_t got;

    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        body(context);
        exit(0);
    }
    close(fds[1]);
    while (length < sizeof(child.output) - 1 &&
           (got = read(fds[0], child.output + length, sizeof(child.output) - 1 - length)) > 0)
        length += (size_t)got;
    close(fds[0]);
    assert_int_equal(waitpid(pid, &child.status, 0), pid);
    return child;
}

#endif
