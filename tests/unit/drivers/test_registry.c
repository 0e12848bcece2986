#include "unit/unit.h"

#include "drivers/registry.h"

static void test_registry__finds_by_kind_and_name(void **state)
{
    (void)state;
    assert_non_null(registry_stamp("process"));
    assert_non_null(registry_traffic("haproxy"));
    assert_non_null(registry_probe("http"));
    assert_non_null(registry_command("command"));
    assert_null(registry_stamp("haproxy"));
    assert_null(registry_traffic("caddy"));
    assert_null(registry_probe(NULL));
    assert_null(registry_command(""));
}

static void test_registry__every_head_is_filled(void **state)
{
    int count = 0;

    (void)state;
    for (const struct driver_head *const *head = registry_heads(); *head; head++, count++) {
        assert_non_null((*head)->name);
        assert_true(strlen((*head)->summary) > 10);
    }
    assert_int_equal(count, 4);
    assert_int_equal(registry_traffic("haproxy")->head.caps, CAP_ZERO_SHARE | CAP_DRAIN | CAP_IN_FLIGHT | CAP_MANAGED);
    assert_int_equal(registry_traffic("haproxy")->weight_max, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry__finds_by_kind_and_name),
        cmocka_unit_test(test_registry__every_head_is_filled),
    };

    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
