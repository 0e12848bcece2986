#include "unit/unit.h"

#include <ctype.h>
#include <errno.h>

#include "base/error.h"

static void test_error_new__carries_code_kind_and_text(void **state)
{
    struct error *error CLEANUP(error_cleanup) =
        error_new(ERR_UNHEALTHY, KIND_TRANSIENT, "instance '%s' answered %d", "blue-1", 503);

    (void)state;
    assert_int_equal(error->code, ERR_UNHEALTHY);
    assert_int_equal(error->kind, KIND_TRANSIENT);
    assert_string_equal(error->text, "instance 'blue-1' answered 503");
    assert_null(error->hint);
    assert_null(error->cause);
    assert_int_equal(error->mark.line, 0);
}

static void test_error_at__carries_its_place(void **state)
{
    struct mark mark = {"pipelines/room.yaml", 41, 14};
    struct error *error CLEANUP(error_cleanup) = error_at(ERR_SPEC_INVALID, mark, "share %d%% is above 100%%", 120);

    (void)state;
    assert_int_equal(error->kind, KIND_PERMANENT);
    assert_string_equal(error->text, "share 120% is above 100%");
    assert_string_equal(error->mark.file, "pipelines/room.yaml");
    assert_int_equal(error->mark.line, 41);
    assert_int_equal(error->mark.column, 14);
}

static void test_error_errno__says_what_the_system_said(void **state)
{
    static const struct {
        int number;
        enum error_code code;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {ENOENT, ERR_NOT_FOUND, KIND_PERMANENT, "cannot open 'x': No such file or directory"},
        {EACCES, ERR_IO, KIND_PERMANENT, "cannot open 'x': Permission denied"},
        {EAGAIN, ERR_IO, KIND_TRANSIENT, "cannot open 'x': Resource temporarily unavailable"},
        {ECONNREFUSED, ERR_IO, KIND_TRANSIENT, "cannot open 'x': Connection refused"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error *error CLEANUP(error_cleanup) = NULL;

        errno = rows[i].number;
        error = error_errno("cannot open '%s'", "x");
        assert_int_equal(error->code, rows[i].code);
        assert_int_equal(error->kind, rows[i].kind);
        assert_string_equal(error->text, rows[i].text);
    }
}

static void test_error_hint__is_added_and_replaced(void **state)
{
    struct error *error CLEANUP(error_cleanup) = error_new(ERR_USAGE, KIND_PERMANENT, "no such command");

    (void)state;
    assert_null(error_hint(NULL, "nothing to hint at"));
    assert_ptr_equal(error_hint(error, "try '%s'", "plan"), error);
    assert_string_equal(error->hint, "try 'plan'");
    (void)error_hint(error, "try 'help'");
    assert_string_equal(error->hint, "try 'help'");
}

static struct error *inner(bool fail)
{
    struct mark mark = {"a.yaml", 2, 3};

    if (!fail)
        return NULL;
    return error_hint(error_at(ERR_LIMIT, mark, "too long"), "shorten it");
}

static struct error *outer(bool fail)
{
    TRY_AS(inner(fail), "while reading '%s'", "a.yaml");
    return NULL;
}

static struct error *outmost(bool fail)
{
    TRY(outer(fail));
    return NULL;
}

static void test_error_wrap__keeps_what_was_known(void **state)
{
    struct error *error CLEANUP(error_cleanup) = outmost(true);
    char *line CLEANUP(heap_cleanup) = error_line(error);

    (void)state;
    assert_null(outmost(false));
    assert_int_equal(error->code, ERR_LIMIT);
    assert_int_equal(error->kind, KIND_PERMANENT);
    assert_int_equal(error->mark.line, 2);
    assert_string_equal(error->text, "while reading 'a.yaml'");
    assert_string_equal(error->hint, "shorten it");
    assert_string_equal(error->cause->text, "too long");
    assert_null(error->cause->hint);
    assert_string_equal(line, "while reading 'a.yaml': too long");
    assert_null(error_wrap(NULL, "nothing"));
}

static void test_error_line__of_a_single_error(void **state)
{
    struct error *error CLEANUP(error_cleanup) = error_new(ERR_IO, KIND_PERMANENT, "cannot read");
    char *line CLEANUP(heap_cleanup) = error_line(error);

    (void)state;
    assert_string_equal(line, "cannot read");
}

static void test_error_codes__each_has_a_whole_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ERR_CODE_COUNT; i++) {
        enum error_code code = (enum error_code)i;
        const char *id = error_code_id(code);
        const char *doc = error_code_doc(code);

        assert_int_equal(strlen(id), 5);
        assert_int_equal(id[0], 'E');
        for (int at = 1; at < 5; at++)
            assert_true(isdigit((unsigned char)id[at]));
        assert_true(strlen(error_code_summary(code)) > 10);
        assert_int_equal(doc[strlen(doc) - 1] == '.' || doc[strlen(doc) - 1] == '`', true);
        for (unsigned other = 0; other < i; other++)
            assert_string_not_equal(id, error_code_id((enum error_code)other));
    }
}

static void test_error_exit_code__is_one_set_for_all_commands(void **state)
{
    (void)state;
    assert_string_equal(error_code_id(ERR_USAGE), "E0101");
    assert_int_equal(error_exit_code(ERR_USAGE), 2);
    assert_int_equal(error_exit_code(ERR_SPEC_INVALID), 3);
    assert_int_equal(error_exit_code(ERR_PLAN_REFUSED), 3);
    assert_int_equal(error_exit_code(ERR_NOT_ALLOWED), 4);
    assert_int_equal(error_exit_code(ERR_CONFLICT), 7);
    assert_int_equal(error_exit_code(ERR_LEASE_HELD), 7);
    assert_int_equal(error_exit_code(ERR_UNKNOWN_ANSWER), 9);
    assert_int_equal(error_exit_code(ERR_BUG), 70);
    assert_int_equal(error_exit_code(ERR_NOT_FOUND), 1);
    assert_int_equal(error_exit_code(ERR_TIMEOUT), 1);
}

static void test_error_kind__text_and_back(void **state)
{
    enum error_kind kind = KIND_PERMANENT;

    (void)state;
    assert_string_equal(error_kind_text(KIND_PERMANENT), "permanent");
    assert_string_equal(error_kind_text(KIND_TRANSIENT), "transient");
    assert_string_equal(error_kind_text(KIND_IN_DOUBT), "in_doubt");
    assert_true(error_kind_parse("in_doubt", &kind));
    assert_int_equal(kind, KIND_IN_DOUBT);
    assert_false(error_kind_parse("perhaps", &kind));
    assert_int_equal(kind, KIND_IN_DOUBT);
}

static void do_bug(void *context)
{
    bug_at("engine/x.c", 12, "state '%s' has no row", (const char *)context);
}

static void do_must(void *context)
{
    MUST(1 + 1 == 2);
    MUST(!context);
}

static void do_bad_code(void *context)
{
    (void)context;
    (void)error_code_id(ERR_CODE_COUNT);
}

static void do_bad_kind(void *context)
{
    (void)context;
    (void)error_kind_text((enum error_kind)(KIND_IN_DOUBT + 1));
}

static void test_bug__ends_the_process(void **state)
{
    char name[] = "odd";
    struct unit_child child = unit_in_child(do_bug, name);

    (void)state;
    assert_true(WIFEXITED(child.status));
    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_string_equal(child.output, "this is a bug in penstock: state 'odd' has no row (engine/x.c:12)\n");
    child = unit_in_child(do_must, name);
    assert_int_equal(WEXITSTATUS(child.status), 70);
    assert_non_null(strstr(child.output, "this is a bug in penstock: '!context' does not hold (tests/unit/base/"));
    child = unit_in_child(do_bad_code, NULL);
    assert_int_equal(WEXITSTATUS(child.status), 70);
    child = unit_in_child(do_bad_kind, NULL);
    assert_int_equal(WEXITSTATUS(child.status), 70);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_new__carries_code_kind_and_text),
        cmocka_unit_test(test_error_at__carries_its_place),
        cmocka_unit_test(test_error_errno__says_what_the_system_said),
        cmocka_unit_test(test_error_hint__is_added_and_replaced),
        cmocka_unit_test(test_error_wrap__keeps_what_was_known),
        cmocka_unit_test(test_error_line__of_a_single_error),
        cmocka_unit_test(test_error_codes__each_has_a_whole_row),
        cmocka_unit_test(test_error_exit_code__is_one_set_for_all_commands),
        cmocka_unit_test(test_error_kind__text_and_back),
        cmocka_unit_test(test_bug__ends_the_process),
    };

    return RUN_TESTS(tests);
}
