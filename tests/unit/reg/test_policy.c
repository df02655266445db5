#include "unit/reg/rig.h"

#include "reg/policy.h"

static const struct hash_key hash_key = {{3}};

static void test_sources(void **state)
{
    (void)state;
    struct reg_config config = rig_config();
    static const struct {
        const char *addr;
        enum reg_auth auth;
    } rows[] = {{"127.0.0.1", REG_AUTH_OPEN},   {"127.255.0.1", REG_AUTH_OPEN},
                {"::1", REG_AUTH_OPEN},         {"10.0.0.1", REG_AUTH_COOKIE},
                {"10.9.0.1", REG_AUTH_DENY},    {"192.168.1.1", REG_AUTH_KEY},
                {"192.169.1.1", REG_AUTH_DENY}, {"2001:db8::1", REG_AUTH_COOKIE},
                {"2001:db9::1", REG_AUTH_DENY}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct addr a = rig_addr(rows[i].addr);
        assert_int_equal(policy_auth(&config, &a), rows[i].auth);
    }
    reg_config_deinit(&config);
    struct addr a = rig_addr("127.0.0.1");
    assert_int_equal(policy_auth(&config, &a), REG_AUTH_DENY);
}

/* After a restart a whole network needs new cookies within one lease. */
static void test_returning_crowd(void **state)
{
    (void)state;
    struct policy p;
    assert_int_equal(policy_init(&p, &hash_key), ERR_OK);
    policy_expect(&p, 300001);
    struct addr a = rig_addr("10.0.0.1");
    for (unsigned i = 0; i < 1000; i++)
        assert_true(policy_unvalidated(&p, &a, 100, 96, 1));
    assert_false(policy_unvalidated(&p, &a, 100, 96, 1));
    assert_true(policy_unvalidated(&p, &a, 100, 96, 2));
    for (unsigned i = 0; i < 10; i++)
        assert_true(policy_unvalidated(&p, &a, 100, 96, 300001));
    assert_false(policy_unvalidated(&p, &a, 100, 96, 300001));
    policy_deinit(&p);
}

static void test_unvalidated(void **state)
{
    (void)state;
    struct policy p;
    assert_int_equal(policy_init(&p, &hash_key), ERR_OK);
    struct addr a = rig_addr("10.0.0.1"), near = rig_addr("10.0.0.200"), far = rig_addr("10.0.1.1");
    struct addr a6 = rig_addr("2001:db8::1"), near6 = rig_addr("2001:db8:0:ff::1"),
                far6 = rig_addr("2001:db8:0:100::1");
    assert_false(policy_unvalidated(&p, &a, 12, 37, 0));
    assert_true(policy_unvalidated(&p, &a, 13, 39, 0));
    assert_false(policy_unvalidated(&p, &a, 1000, 97, 0));
    for (unsigned i = 0; i < 9; i++)
        assert_true(policy_unvalidated(&p, i % 2 ? &a : &near, 100, 96, 0));
    assert_false(policy_unvalidated(&p, &a, 100, 10, 0));
    assert_false(policy_unvalidated(&p, &near, 100, 10, 99));
    assert_true(policy_unvalidated(&p, &far, 100, 10, 0));
    assert_true(policy_unvalidated(&p, &near, 100, 10, 100));
    for (unsigned i = 0; i < 10; i++)
        assert_true(policy_unvalidated(&p, &a6, 100, 96, 0));
    assert_false(policy_unvalidated(&p, &near6, 100, 96, 0));
    assert_true(policy_unvalidated(&p, &far6, 100, 96, 0));
    policy_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_unvalidated),
        cmocka_unit_test(test_returning_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
