/* Register, update, renew, deregister: who may, which version wins, what changes. */
#include "unit/registry/fixture.h"

/* The digest that orders two contents of one rev is not to be guessed: which of two
 * ports wins is found out once, then the rule is checked in both directions. */
static void test_equal_rev(void **state)
{
    (void)state;
    struct record a = record_of("web", "a"), b = a;
    a.rev = b.rev = 7;
    b.ports[0].number = 9090;
    struct granted g;
    enum err b_after_a, a_after_b;
    struct registry *r = registry_plain();
    put(r, &a, 0);
    b_after_a = registry_register(r, &b, &local, at_ms(0), &g);
    registry_free(r);
    r = registry_plain();
    put(r, &b, 0);
    a_after_b = registry_register(r, &a, &local, at_ms(0), &g);
    assert_true((b_after_a == ERR_OK) != (a_after_b == ERR_OK));
    assert_true(b_after_a == ERR_STALE || a_after_b == ERR_STALE);
    assert_int_equal(g.rev, 7);
    struct record winner;
    instance_read(g.instance, &winner);
    assert_int_equal(winner.ports[0].number, b_after_a == ERR_OK ? 9090 : 8080);
    registry_free(r);
}

static void test_rev_rules(void **state)
{
    (void)state;
    static const struct {
        uint64_t given;
        bool other; /* content */
        uint64_t ms;
        enum err err;
        uint64_t rev;
        bool changed;
    } steps[] = {
        {0, false, 5, ERR_OK, WALL + 5, true},         /* assigned: wall time */
        {0, false, 6, ERR_OK, WALL + 5, false},        /* a renewal keeps it */
        {0, true, 7, ERR_OK, WALL + 7, true},          /* other content: wall time */
        {0, false, 7, ERR_OK, WALL + 8, true},         /* or one more than stored */
        {WALL + 8, false, 8, ERR_OK, WALL + 8, false}, /* repeated request */
        {WALL + 7, false, 8, ERR_STALE, WALL + 8, false},
        {1, true, 8, ERR_STALE, WALL + 8, false},
        {WALL + 20, false, 8, ERR_OK, WALL + 20, false}, /* only newer: nothing to see */
        {WALL + 30, true, 9, ERR_OK, WALL + 30, true},
        {UINT64_MAX, true, 9, ERR_OK, UINT64_MAX, false},
        {0, false, 10, ERR_OK, UINT64_MAX, true}, /* no room above */
    };
    struct registry *r = registry_plain();
    for (size_t n = 0; n < ARRAY_COUNT(steps); n++) {
        struct record record = record_of("web", "a");
        record.rev = steps[n].given;
        if (steps[n].other)
            record.version = TEXT("2");
        struct granted g;
        uint64_t index = registry_index(r);
        assert_int_equal(registry_register(r, &record, &local, at_ms(steps[n].ms), &g),
                         steps[n].err);
        assert_int_equal(g.rev, steps[n].rev);
        assert_int_equal(g.changed, steps[n].changed);
        assert_int_equal(registry_index(r) > index, steps[n].changed);
        assert_int_equal(g.created, n == 0);
    }
    registry_free(r);
}

static void test_stale_does_not_renew(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.rev = 10;
    put(r, &record, 0);
    record.rev = 9;
    struct granted g;
    assert_int_equal(registry_register(r, &record, &local, at_ms(1000), &g), ERR_STALE);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 30000);
    registry_free(r);
}

static void test_owner(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    struct granted g = put(r, &record, 0);
    uint64_t first = g.rev, rev;
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(29999), &g), ERR_OWNER);
    assert_int_equal(registry_update(r, &record, &deploy, at_ms(29999), &g), ERR_OWNER);
    assert_int_equal(registry_renew(r, key_of("web", "a"), &deploy, at_ms(29999), &g), ERR_OWNER);
    assert_int_equal(registry_deregister(r, key_of("web", "a"), 0, &deploy, at_ms(1), &rev),
                     ERR_OWNER);
    /* Out of its lease but not swept: free for others, with the tombstone's floor. */
    record.rev = first - 1;
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(30000), &g), ERR_STALE);
    assert_int_equal(g.rev, first - 1);
    record.rev = first;
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(30000), &g), ERR_OK);
    assert_true(g.created && g.changed);
    assert_int_equal(state_of(r, "web", "a").owner.kind, PRINCIPAL_KEY);
    assert_int_equal(state_of(r, "web", "a").registered_ms, WALL + 30000);
    struct registry_totals totals = registry_totals(r);
    assert_int_equal(totals.instances, 1);
    assert_int_equal(totals.live_up, 1);
    assert_int_equal(totals.evictions, 1);
    assert_int_equal(totals.services, 1);
    assert_int_equal(registry_register(r, &record, &local, at_ms(30000), &g), ERR_OWNER);
    registry_free(r);
}

static void test_who_is_who(void **state)
{
    (void)state;
    const struct principal all[] = {
        local,
        deploy,
        {.kind = PRINCIPAL_KEY, .name = "deploy2"},
        {.kind = PRINCIPAL_NAME, .name = "deploy"},
        {.kind = PRINCIPAL_ADDRESS, .addr = addr_of("10.0.0.1")},
        {.kind = PRINCIPAL_ADDRESS, .addr = addr_of("10.0.0.2")},
        {.kind = PRINCIPAL_ADDRESS, .addr = addr_of("2001:db8::1")},
    };
    struct registry *r = registry_plain();
    for (size_t n = 0; n < ARRAY_COUNT(all); n++) {
        char id[] = {(char)('a' + n), 0};
        struct record record = record_of("web", id);
        struct granted g;
        assert_int_equal(registry_register(r, &record, &all[n], at_ms(0), &g), ERR_OK);
        for (size_t other = 0; other < ARRAY_COUNT(all); other++)
            assert_int_equal(registry_renew(r, key_of("web", id), &all[other], at_ms(0), &g),
                             n == other ? ERR_OK : ERR_OWNER);
    }
    registry_free(r);
}

/* The same owner may come back after its lease ran out as long as nobody swept. */
static void test_late_renewal(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    put_named(r, "web", "a", 0);
    struct granted g;
    assert_int_equal(registry_renew(r, key_of("web", "a"), &local, at_ms(31000), &g), ERR_OK);
    assert_false(registry_expire(r, at_ms(31000), 10, NULL, NULL));
    assert_non_null(registry_instance(r, key_of("web", "a")));
    assert_false(put_named(r, "web", "a", 70000).created);
    registry_free(r);
}

static void test_update(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    struct granted g;
    assert_int_equal(registry_update(r, &record, &local, at_ms(0), &g), ERR_NOT_FOUND);
    record.lease_s = 60;
    uint64_t rev = put(r, &record, 0).rev;
    record.status = STATUS_DRAINING;
    record.lease_s = 10;
    record.group = TEXT("node");
    assert_int_equal(registry_update(r, &record, &local, at_ms(100), &g), ERR_OK);
    assert_true(g.changed && !g.created);
    assert_int_equal(g.rev, rev + 100);
    assert_int_equal(g.lease_s, 60);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 60000);
    assert_int_equal(state_of(r, "web", "a").status, STATUS_DRAINING);
    assert_int_equal(registry_totals(r).groups, 0);
    record.rev = rev;
    assert_int_equal(registry_update(r, &record, &local, at_ms(100), &g), ERR_STALE);
    record.ports[0].number = 0;
    assert_int_equal(registry_update(r, &record, &local, at_ms(100), &g), ERR_VALUE);
    registry_free(r);
}

static void test_granted_lease(void **state)
{
    (void)state;
    static const struct {
        uint32_t wished;
        bool permanent;
        uint32_t granted;
    } cases[] = {{0, false, 30},    {1, false, 5},     {5, false, 5},
                 {300, false, 300}, {301, false, 300}, {10, true, 0}};
    struct registry *r = registry_plain();
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct record record = record_of("web", "a");
        record.lease_s = cases[n].wished;
        record.permanent = cases[n].permanent;
        struct granted g = put(r, &record, 1000);
        assert_int_equal(g.lease_s, cases[n].granted);
        assert_int_equal(state_of(r, "web", "a").deadline_ms,
                         g.lease_s ? 1000 + g.lease_s * 1000 : UINT64_MAX);
    }
    expire_all(r, UINT64_MAX / 2);
    assert_non_null(registry_instance(r, key_of("web", "a")));
    struct record record = record_of("web", "a"); /* and back to a lease */
    assert_int_equal(put(r, &record, 2000).lease_s, 30);
    assert_true(registry_next_deadline(r) <= 32000);
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 32000);
    registry_free(r);
}

static void test_weight(void **state)
{
    (void)state;
    static const struct {
        bool set;
        const char *key, *value;
        uint16_t wanted;
    } cases[] = {
        {false, "other", "7", 100},        {false, "weight", "7", 7},
        {false, "weight", "65535", 65535}, {false, "weight", "65536", 100},
        {false, "weight", "-1", 100},      {false, "weight", "", 100},
        {false, "weight", "0", 0},         {true, "weight", "7", 30},
    };
    struct registry *r = registry_plain();
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct record record = record_of("web", "a"), read;
        record.weight_set = cases[n].set;
        record.weight = 30;
        record.metadata[0] = (struct pair){text_of(cases[n].key), text_of(cases[n].value)};
        record.metadata_count = 1;
        instance_read(put(r, &record, 0).instance, &read);
        assert_int_equal(read.weight, cases[n].wanted);
        assert_int_equal(read.weight_set, cases[n].set);
        assert_int_equal(state_of(r, "web", "a").weight, cases[n].wanted);
    }
    registry_free(r);
}

static void test_weight_key_changes(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.metadata[0] = (struct pair){TEXT("load"), TEXT("9")};
    record.metadata_count = 1;
    put(r, &record, 0);
    struct registry_config config = registry_config_default();
    char key[] = "load";
    config.weight_key = key;
    assert_int_equal(registry_configure(r, &config), ERR_OK);
    key[0] = 'x'; /* it was copied */
    assert_int_equal(state_of(r, "web", "a").weight, 100);
    assert_true(put(r, &record, 0).changed);
    assert_int_equal(state_of(r, "web", "a").weight, 9);
    config.weight_key = NULL;
    assert_int_equal(registry_configure(r, &config), ERR_OK);
    assert_true(put(r, &record, 0).changed);
    assert_int_equal(state_of(r, "web", "a").weight, 100);
    registry_free(r);
}

static void test_timestamps(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.status = STATUS_STARTING;
    record.rev = 77;
    put(r, &record, 10);
    struct instance_state s = state_of(r, "web", "a");
    assert_int_equal(s.registered_ms, WALL + 10);
    assert_int_equal(s.up_ms, 0);
    assert_int_equal(s.dirty_ms, 77);
    record.status = STATUS_UP;
    record.rev = 0;
    put(r, &record, 20);
    put(r, &record, 30);
    s = state_of(r, "web", "a");
    assert_int_equal(s.registered_ms, WALL + 10);
    assert_int_equal(s.up_ms, WALL + 20);
    assert_int_equal(s.latest_ms, WALL + 20);
    assert_int_equal(s.dirty_ms, WALL + 20);
    assert_int_equal(s.renewed_ms, WALL + 30);
    registry_free(r);
}

static bool only_prod(void *context, struct text ns)
{
    (void)context;
    return text_is(ns, TEXT("prod"));
}

static void test_refused_values(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.namespace_known = only_prod;
    struct registry *r = registry_of(config);
    struct record record = record_of("web", "a");
    struct granted g;
    assert_int_equal(registry_register(r, &record, &local, at_ms(0), &g), ERR_VALUE);
    record.ns = TEXT("prod");
    assert_int_equal(registry_register(r, &record, &local, at_ms(0), &g), ERR_OK);
    record.ports[0].number = 0;
    assert_int_equal(registry_register(r, &record, &local, at_ms(0), &g), ERR_VALUE);
    assert_null(g.instance);
    assert_int_equal(registry_totals(r).instances, 1);
    registry_free(r);
}

/* Keys straight from the network may be of any length. */
static void test_keys_of_any_length(void **state)
{
    (void)state;
    static char much[70000];
    memset(much, 'a', sizeof(much) - 1);
    struct registry *r = registry_plain();
    put_named(r, "web", "a", 0);
    struct granted g;
    struct group_state group;
    uint64_t rev;
    const struct instance_key keys[] = {
        {text_of(much), TEXT("web"), TEXT("a")},       {TEXT("default"), text_of(much), TEXT("a")},
        {TEXT("default"), TEXT("web"), text_of(much)}, {{0}, {0}, {0}},
        {TEXT("default"), TEXT("web/a"), {0}},         {TEXT("default/web"), TEXT("a"), {0}},
    };
    for (size_t n = 0; n < ARRAY_COUNT(keys); n++) {
        assert_null(registry_instance(r, keys[n]));
        assert_int_equal(registry_renew(r, keys[n], &local, at_ms(0), &g), ERR_NOT_FOUND);
        assert_int_equal(registry_deregister(r, keys[n], 0, &local, at_ms(0), &rev), ERR_NOT_FOUND);
    }
    assert_null(registry_service(r, TEXT("default"), text_of(much)));
    assert_int_equal(registry_group_renew(r, text_of(much), &local, false, 0, 0, at_ms(0), &group),
                     ERR_NOT_FOUND);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_rev),
        cmocka_unit_test(test_rev_rules),
        cmocka_unit_test(test_stale_does_not_renew),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_who_is_who),
        cmocka_unit_test(test_late_renewal),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_granted_lease),
        cmocka_unit_test(test_weight),
        cmocka_unit_test(test_weight_key_changes),
        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test(test_keys_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
