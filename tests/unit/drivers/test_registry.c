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
    const struct driver_head *const heads[] = {&registry_stamp("process")->head, &registry_traffic("haproxy")->head,
                                               &registry_probe("http")->head, &registry_command("command")->head};

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        assert_int_equal(heads[i]->kind, i);
        assert_true(strlen(heads[i]->summary) > 10);
    }
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
