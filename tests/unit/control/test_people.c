#include "unit/unit.h"

#include <pwd.h>
#include <sys/resource.h>

#include "control/control.h"

static void test_control_person__is_the_login_name(void **state)
{
    const struct passwd *row = getpwuid(getuid());
    const char *person = NULL;
    char number[32];

    snprintf(number, sizeof(number), "uid-%u", (unsigned)getuid());
    assert_ok(control_person(*state, &person));
    assert_string_equal(person, row ? row->pw_name : number);
}

/* The end of a process of its own: what runs at exit could not open its files any more. */
static void say(const struct error *error, const char *person)
{
    fprintf(stderr, "%s%s", error ? error->text : "", person);
    _exit(0);
}

/* In a process of its own: it becomes somebody whom no list of users has. */
static void ask_as_nobody(void *context)
{
    const char *person = "";
    struct error *error = setuid(4242424) == 0 ? control_person(context, &person) : NULL;

    say(error, person);
}

static void test_control_person__without_a_name_is_a_number(void **state)
{
    struct unit_child child;

    if (getuid() != 0)
        skip(); /* only root may become somebody else */
    child = unit_in_child(ask_as_nobody, *state);
    assert_string_equal(child.output, "uid-4242424");
}

static void ask_without_files(void *context)
{
    const struct rlimit none = {0};
    const char *person = "";
    struct error *error = setrlimit(RLIMIT_NOFILE, &none) == 0 ? control_person(context, &person) : NULL;

    say(error, person);
}

/* Whoever cannot be looked up now has a name all the same: a number instead would be a second one. */
static void test_control_person__that_cannot_be_looked_up_is_an_error(void **state)
{
    struct unit_child child = unit_in_child(ask_without_files, *state);

    assert_string_equal(child.output, "cannot find out who you are: Too many open files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_control_person__is_the_login_name),
        TEST_WITH_ARENA(test_control_person__without_a_name_is_a_number),
        TEST_WITH_ARENA(test_control_person__that_cannot_be_looked_up_is_an_error),
    };

    return RUN_TESTS(tests);
}
