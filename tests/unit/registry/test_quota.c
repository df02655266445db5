/* Limits: per owner, per service, in all. */
#include "unit/registry/fixture.h"

static enum err put_as(struct registry *r, const char *service, const char *id,
                       const struct principal *who, uint64_t ms)
{
    struct record record = record_of(service, id);
    struct granted g;
    return registry_register(r, &record, who, at_ms(ms), &g);
}

static void test_owner_quota(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct principal who = deploy;
    who.quota = 2;
    assert_int_equal(put_as(r, "web", "a", &who, 0), ERR_OK);
    assert_int_equal(put_as(r, "db", "b", &who, 0), ERR_OK);
    assert_int_equal(put_as(r, "web", "c", &who, 0), ERR_FULL);
    assert_int_equal(put_as(r, "new", "c", &who, 0), ERR_FULL);
    assert_null(registry_service(r, TEXT("default"), TEXT("new")));
    assert_int_equal(put_as(r, "web", "a", &who, 0), ERR_OK); /* again is not charged */
    assert_int_equal(put_as(r, "web", "x", &local, 0), ERR_OK);
    assert_int_equal(put_as(r, "web", "x", &who, 30000), ERR_FULL); /* a takeover is */
    assert_int_equal(state_of(r, "web", "x").owner.kind, PRINCIPAL_LOCAL);
    uint64_t rev;
    assert_int_equal(registry_deregister(r, key_of("db", "b"), 0, &who, at_ms(0), &rev), ERR_OK);
    assert_int_equal(put_as(r, "web", "x", &who, 30000), ERR_OK);
    who.quota = 3; /* taken at each call */
    assert_int_equal(put_as(r, "web", "c", &who, 0), ERR_OK);
    assert_int_equal(state_of(r, "web", "c").owner.quota, 3);
    who.quota = 0;
    assert_int_equal(put_as(r, "web", "d", &who, 0), ERR_OK);
    registry_free(r);
}

static void test_eviction_gives_back(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct principal who = deploy;
    who.quota = 1;
    assert_int_equal(put_as(r, "web", "a", &who, 0), ERR_OK);
    expire_all(r, 30000);
    assert_int_equal(put_as(r, "web", "b", &who, 30000), ERR_OK);
    registry_free(r);
}

static void test_totals(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.instances_max = 3;
    config.services_max = 2;
    config.service_instances_max = 2;
    struct registry *r = registry_of(config);
    assert_int_equal(put_as(r, "web", "a", &local, 0), ERR_OK);
    assert_int_equal(put_as(r, "web", "b", &local, 0), ERR_OK);
    assert_int_equal(put_as(r, "web", "c", &local, 0), ERR_FULL); /* of one service */
    assert_int_equal(put_as(r, "db", "a", &local, 0), ERR_OK);
    assert_int_equal(put_as(r, "db", "b", &local, 0), ERR_FULL); /* of all */
    drop(r, "web", "a", 0);
    assert_int_equal(put_as(r, "mail", "a", &local, 0), ERR_FULL); /* services */
    /* At the limit a takeover still goes through: nothing is added. */
    assert_int_equal(put_as(r, "web", "c", &local, 0), ERR_OK);
    assert_int_equal(put_as(r, "web", "c", &deploy, 30000), ERR_OK);
    assert_int_equal(registry_totals(r).instances, 3);
    config.instances_max = 1; /* what is stored stays */
    assert_int_equal(registry_configure(r, &config), ERR_OK);
    assert_int_equal(put_as(r, "web", "c", &deploy, 30000), ERR_OK);
    assert_int_equal(registry_totals(r).instances, 3);
    assert_int_equal(registry_config_of(r)->instances_max, 1);
    registry_free(r);
}

static void test_counters(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    put_named(r, "web", "a", 0);
    put_named(r, "web", "b", 0);
    put_named(r, "web", "b", 1);
    assert_int_equal(registry_renew(r, key_of("web", "a"), &local, at_ms(1), &g), ERR_OK);
    drop(r, "web", "a", 2);
    expire_all(r, 40000);
    struct registry_totals t = registry_totals(r);
    assert_int_equal(t.registrations, 2);
    assert_int_equal(t.renewals, 2);
    assert_int_equal(t.deregistrations, 1);
    assert_int_equal(t.evictions, 1);
    assert_int_equal(t.instances, 0);
    assert_int_equal(t.live_up, 0);
    assert_int_equal(t.services, 1);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner_quota),
        cmocka_unit_test(test_eviction_gives_back),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
