/* What a goodbye or an eviction leaves behind. */
#include "unit/registry/fixture.h"

static enum err put_rev(struct registry *r, const char *id, uint64_t rev, uint64_t ms,
                        struct granted *g)
{
    struct record record = record_of("web", id);
    record.rev = rev;
    return registry_register(r, &record, &local, at_ms(ms), g);
}

static void test_goodbye(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    uint64_t rev;
    assert_int_equal(put_rev(r, "a", 10, 0, &g), ERR_OK);
    assert_int_equal(registry_deregister(r, key_of("web", "b"), 0, &local, at_ms(0), &rev),
                     ERR_NOT_FOUND);
    assert_int_equal(registry_deregister(r, key_of("web", "a"), 9, &local, at_ms(0), &rev),
                     ERR_STALE);
    assert_int_equal(rev, 10);
    assert_int_equal(registry_deregister(r, key_of("web", "a"), 15, &local, at_ms(0), &rev),
                     ERR_OK);
    assert_null(registry_instance(r, key_of("web", "a")));
    assert_int_equal(put_rev(r, "a", 10, 1, &g), ERR_STALE);
    assert_int_equal(put_rev(r, "a", 15, 1, &g), ERR_STALE);
    assert_int_equal(g.rev, 15);
    assert_null(g.instance);
    assert_int_equal(put_rev(r, "a", 16, 1, &g), ERR_OK);
    assert_int_equal(registry_totals(r).tombstones, 0);
    registry_free(r);
}

static void test_assigned_rev_is_above_the_floor(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    uint64_t far = WALL + 1000000;
    assert_int_equal(put_rev(r, "a", far, 0, &g), ERR_OK);
    drop(r, "web", "a", 0);
    assert_int_equal(put_rev(r, "a", 0, 0, &g), ERR_OK);
    assert_int_equal(g.rev, far + 1);
    drop(r, "web", "a", 0);
    assert_int_equal(put_rev(r, "b", UINT64_MAX, 0, &g), ERR_OK);
    drop(r, "web", "b", 0);
    assert_int_equal(put_rev(r, "b", 0, 0, &g), ERR_OK);
    assert_int_equal(g.rev, UINT64_MAX);
    registry_free(r);
}

static void test_eviction_accepts_the_same_rev(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    assert_int_equal(put_rev(r, "a", 10, 0, &g), ERR_OK);
    expire_all(r, 30000);
    assert_int_equal(registry_totals(r).tombstones, 1);
    assert_int_equal(put_rev(r, "a", 9, 30000, &g), ERR_STALE);
    assert_int_equal(g.rev, 9);
    assert_int_equal(put_rev(r, "a", 10, 30000, &g), ERR_OK);
    assert_true(g.created);
    registry_free(r);
}

static void test_forgotten_in_time(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    assert_int_equal(put_rev(r, "a", 10, 0, &g), ERR_OK);
    drop(r, "web", "a", 0);
    assert_int_equal(registry_next_deadline(r), 300000);
    assert_false(registry_expire(r, at_ms(299999), 1, NULL, NULL));
    assert_int_equal(put_rev(r, "a", 5, 299999, &g), ERR_STALE);
    assert_int_equal(put_rev(r, "a", 5, 300000, &g), ERR_OK); /* swept or not */
    drop(r, "web", "a", 300000);
    assert_false(registry_expire(r, at_ms(600000), 1, NULL, NULL));
    assert_int_equal(registry_totals(r).tombstones, 0);
    registry_free(r);
}

static void test_oldest_gives_way(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.tombstones_max = 2;
    struct registry *r = registry_of(config);
    struct granted g;
    static const char *const ids[] = {"a", "b", "c"};
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(put_rev(r, ids[n], 10, 0, &g), ERR_OK);
        drop(r, "web", ids[n], n);
    }
    assert_int_equal(registry_totals(r).tombstones, 2);
    assert_int_equal(put_rev(r, "b", 1, 5, &g), ERR_STALE);
    assert_int_equal(put_rev(r, "c", 1, 5, &g), ERR_STALE);
    assert_int_equal(put_rev(r, "a", 1, 5, &g), ERR_OK);
    config.tombstones_max = 0;
    assert_int_equal(registry_configure(r, &config), ERR_OK);
    drop(r, "web", "a", 5);
    assert_int_equal(put_rev(r, "a", 1, 5, &g), ERR_OK);
    registry_free(r);
}

static void test_expiry_has_a_budget(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    for (unsigned n = 0; n < 10; n++) {
        char id[8];
        snprintf(id, sizeof(id), "i%u", n);
        put_named(r, "web", id, 0);
        drop(r, "web", id, 0);
    }
    assert_true(registry_expire(r, at_ms(300000), 4, NULL, NULL));
    assert_int_equal(registry_totals(r).tombstones, 6);
    expire_all(r, 300000);
    assert_int_equal(registry_totals(r).tombstones, 0);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goodbye),
        cmocka_unit_test(test_assigned_rev_is_above_the_floor),
        cmocka_unit_test(test_eviction_accepts_the_same_rev),
        cmocka_unit_test(test_forgotten_in_time),
        cmocka_unit_test(test_oldest_gives_way),
        cmocka_unit_test(test_expiry_has_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
