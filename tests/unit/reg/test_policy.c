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
    } rows[] = {{"127.0.0.1", REG_AUTH_OPEN},    {"127.255.0.1", REG_AUTH_OPEN},
                {"::1", REG_AUTH_OPEN},          {"10.0.0.1", REG_AUTH_COOKIE},
                {"10.9.0.1", REG_AUTH_DENY},     {"192.168.1.1", REG_AUTH_KEY},
                {"192.169.1.1", REG_AUTH_DENY},  {"2001:db8::1", REG_AUTH_COOKIE},
                {"2001:db9::1", REG_AUTH_DENY}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct addr a = rig_addr(rows[i].addr);
        assert_int_equal(policy_auth(&config, &a), rows[i].auth);
    }
    reg_config_deinit(&config);
    struct addr a = rig_addr("127.0.0.1");
    assert_int_equal(policy_auth(&config, &a), REG_AUTH_DENY);
}

static void test_bucket(void **state)
{
    (void)state;
    struct limiter l;
    struct addr a = rig_addr("10.0.0.1"), b = rig_addr("10.0.0.2");
    uint32_t wait;
    assert_int_equal(limiter_init(&l, 4, &hash_key), ERR_OK);
    limiter_set(&l, 200, 400);
    for (unsigned i = 0; i < 400; i++) {
        assert_true(limiter_has(&l, &a, 1000, &wait));
        assert_true(limiter_take(&l, &a, 1000));
    }
    assert_false(limiter_has(&l, &a, 1000, &wait));
    assert_int_equal(wait, 5);
    assert_false(limiter_take(&l, &a, 1000));
    assert_true(limiter_has(&l, &b, 1000, &wait));
    assert_false(limiter_has(&l, &a, 1004, &wait));
    assert_int_equal(wait, 1);
    assert_true(limiter_take(&l, &a, 1005));
    assert_false(limiter_take(&l, &a, 1005));
    /* 200 a second, never more than the burst. */
    unsigned taken = 0;
    for (uint64_t ms = 1005; ms < 2005; ms++)
        taken += limiter_take(&l, &a, ms);
    assert_in_range(taken, 199, 200);
    for (taken = 0; limiter_take(&l, &a, 1000000); taken++)
        assert_true(taken < 400);
    assert_int_equal(taken, 400);
    assert_false(limiter_has(&l, &a, 5, &wait)); /* time that went back is no time */
    limiter_set(&l, 0, 0);
    assert_true(limiter_take(&l, &a, 1000000));
    limiter_deinit(&l);
}

/* A flood of new addresses gets no more than the table's sum. */
static void test_bounded(void **state)
{
    (void)state;
    struct limiter l;
    unsigned taken = 0;
    assert_int_equal(limiter_init(&l, 4, &hash_key), ERR_OK); /* 64 entries */
    limiter_set(&l, 10, 10);
    for (uint32_t i = 0; i < 100000; i++) {
        struct addr a = {FAMILY_V4, {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        taken += limiter_take(&l, &a, 1000);
    }
    assert_in_range(taken, 1, 640);
    limiter_deinit(&l);
}

/* An entry in use is not forgotten while there are rested ones to take over. */
static void test_takeover(void **state)
{
    (void)state;
    struct limiter l;
    struct addr a = rig_addr("10.0.0.1");
    uint32_t wait;
    assert_int_equal(limiter_init(&l, 0, &hash_key), ERR_OK); /* 4 entries */
    limiter_set(&l, 1, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_true(limiter_take(&l, &a, 1000));
    for (uint32_t i = 0; i < 5; i++) {
        struct addr other = {FAMILY_V4, {11, 0, 0, (uint8_t)i}};
        assert_true(limiter_take(&l, &other, 1000));
    }
    assert_false(limiter_has(&l, &a, 1000, &wait));
    limiter_deinit(&l);
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
        cmocka_unit_test(test_sources),  cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_bounded),  cmocka_unit_test(test_takeover),
        cmocka_unit_test(test_unvalidated),
        cmocka_unit_test(test_returning_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
