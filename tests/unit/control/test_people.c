#include "unit/unit.h"

#include <pwd.h>

#include "control/control.h"

static void test_control_person__is_the_login_name(void **state)
{
    const struct passwd *row = getpwuid(getuid());
    char number[32];

    snprintf(number, sizeof(number), "uid-%u", (unsigned)getuid());
    assert_string_equal(control_person(*state), row ? row->pw_name : number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WITH_ARENA(test_control_person__is_the_login_name),
    };

    return RUN_TESTS(tests);
}
