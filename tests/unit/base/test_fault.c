#include "unit/unit.h"

#include <signal.h>

#include "base/fault.h"
#include "base/file.h"

#ifdef PENSTOCK_FAULTS

static void pass_three(void *context)
{
    (void)setenv("PENSTOCK_FAULT", context, 1);
    fault_point("tick.before_commit");
    fault_point("tick.after_commit");
    fault_point("tick.before_commit");
}

static struct unit_child passed_with(char *wanted)
{
    return unit_in_child(pass_three, wanted);
}

static void test_fault__kills_at_the_pass_that_was_named(void **state)
{
    char first[] = "tick.before_commit:1";
    char second[] = "tick.before_commit:2";
    struct unit_child child = passed_with(first);

    (void)state;
    assert_true(WIFSIGNALED(child.status));
    assert_int_equal(WTERMSIG(child.status), SIGKILL);
    child = passed_with(second);
    assert_true(WIFSIGNALED(child.status));
}

static void test_fault__stops_at_the_pass_that_was_named(void **state)
{
    char second[] = "stop:tick.before_commit:2";
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        pass_three(second);
        _exit(3);
    }
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(WSTOPSIG(status), SIGSTOP);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 3 << 8);
}

static void test_fault__lives_when_the_pass_does_not_come(void **state)
{
    char third[] = "tick.before_commit:3";
    char other[] = "tick:1";
    char longer[] = "tick.before_commits:1";
    char none[] = "";

    (void)state;
    assert_int_equal(passed_with(third).status, 0);
    assert_int_equal(passed_with(other).status, 0);
    assert_int_equal(passed_with(longer).status, 0);
    assert_int_equal(passed_with(none).status, 0);
}

static void test_fault__counts_the_passes(void **state)
{
    char path[] = "/tmp/penstock-fault-XXXXXX";
    struct strbuf text CLEANUP(strbuf_release) = STRBUF_INIT(0);
    char *wanted CLEANUP(heap_cleanup) = NULL;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    wanted = heap_printf("count:%s", path);
    assert_int_equal(passed_with(wanted).status, 0);
    assert_ok(file_read(path, &text));
    assert_string_equal(strbuf_view(&text), "tick.before_commit\ntick.after_commit\ntick.before_commit\n");
    unlink(path);

    /* Both: it is counted, too, where it is killed. */
    heap_cleanup(&wanted);
    wanted = heap_printf("count:%s,tick.after_commit:1", path);
    assert_true(WIFSIGNALED(passed_with(wanted).status));
    assert_ok(file_read(path, &text));
    assert_string_equal(strbuf_view(&text), "tick.before_commit\ntick.after_commit\n");
    unlink(path);
}

static void test_fault__refuses_what_it_does_not_understand(void **state)
{
    static const char *const rows[] = {"tick", "tick:", "tick:0", "tick:1x", "stop:tick", "stop:1", "count:/nowhere/x"};
    struct unit_child child;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *wanted CLEANUP(heap_cleanup) = heap_text(rows[i]);

        child = passed_with(wanted);
        assert_true(WIFEXITED(child.status));
        assert_int_equal(WEXITSTATUS(child.status), 70);
    }
    assert_non_null(strstr(child.output, "PENSTOCK_FAULT: cannot write '/nowhere/x'"));
}

#else

static void test_fault__is_compiled_out_of_release_builds(void **state)
{
    (void)state;
    setenv("PENSTOCK_FAULT", "x:1", 1);
    fault_point("x");
}

#endif

int main(void)
{
    static const struct CMUnitTest tests[] = {
#ifdef PENSTOCK_FAULTS
        cmocka_unit_test(test_fault__kills_at_the_pass_that_was_named),
        cmocka_unit_test(test_fault__stops_at_the_pass_that_was_named),
        cmocka_unit_test(test_fault__lives_when_the_pass_does_not_come),
        cmocka_unit_test(test_fault__counts_the_passes),
        cmocka_unit_test(test_fault__refuses_what_it_does_not_understand),
#else
        cmocka_unit_test(test_fault__is_compiled_out_of_release_builds),
#endif
    };

    return RUN_TESTS(tests);
}
