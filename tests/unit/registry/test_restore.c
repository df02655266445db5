/* What a restart brings back is what was there. */
#include "unit/registry/fixture.h"

static void drop_all(struct stored_instance *all, unsigned count)
{
    memset(all, 0, count * sizeof(*all));
}

static struct stored_instance stored_of(const struct registry *r, const char *service,
                                        const char *id)
{
    const struct instance *i = registry_instance(r, key_of(service, id));
    struct stored_instance stored = {0};
    struct instance_state state;
    assert_non_null(i);
    instance_read(i, &stored.record);
    instance_state(i, &state);
    stored.owner = state.owner;
    stored.registered_ms = state.registered_ms;
    stored.up_ms = state.up_ms;
    stored.latest_ms = state.latest_ms;
    return stored;
}

static const struct principal agent = {
    .kind = PRINCIPAL_KEY, .name = "agent", .addr = {FAMILY_V4, {10, 0, 0, 99}}};

static void test_round_trip(void **state)
{
    (void)state;
    static struct stored_instance before[2], after;
    struct registry *was = registry_plain(), *r = registry_plain();
    struct record record = record_of("web", "a");
    struct granted granted;
    drop_all(before, 2);
    record.metadata[0] = (struct pair){TEXT("weight"), TEXT("7")};
    record.metadata_count = 1;
    record.zone = TEXT("rack-7");
    record.lease_s = 60;
    record.rev = 42;
    assert_int_equal(registry_register(was, &record, &agent, at_ms(1000), &granted), ERR_OK);
    record.status = STATUS_DRAINING;
    record.rev = 43;
    assert_int_equal(registry_register(was, &record, &agent, at_ms(2000), &granted), ERR_OK);
    struct record fixed = record_of("web", "b");
    fixed.permanent = true;
    put(was, &fixed, 3000);
    before[0] = stored_of(was, "web", "a");
    before[1] = stored_of(was, "web", "b");
    for (unsigned n = 0; n < 2; n++) {
        assert_int_equal(registry_restore(r, &before[n], false, at_ms(500)), ERR_OK);
        assert_int_equal(registry_restore(r, &before[n], false, at_ms(500)), ERR_EXISTS);
    }
    after = stored_of(r, "web", "a");
    assert_int_equal(after.record.rev, 43);
    assert_int_equal(after.record.weight, 7);
    assert_int_equal(after.record.lease_s, 60);
    assert_int_equal(after.record.status, STATUS_DRAINING);
    assert_text(after.record.zone, "rack-7");
    assert_text(after.record.metadata[0].value, "7");
    assert_int_equal(after.registered_ms, WALL + 1000);
    assert_int_equal(after.up_ms, WALL + 1000);
    assert_int_equal(after.latest_ms, WALL + 2000);
    assert_string_equal(after.owner.name, "agent");
    assert_true(addr_is(&after.owner.addr, &agent.addr));
    assert_int_equal(state_of(r, "web", "a").deadline_ms, 60500);
    assert_int_equal(state_of(r, "web", "b").deadline_ms, UINT64_MAX);
    assert_int_equal(registry_totals(r).live_up, 1);
    assert_int_equal(registry_totals(r).registrations, 0);
    assert_int_equal(registry_guard(r).hosts, 1); /* counts as one that renews */
    /* ... and its client goes on as if nothing had been */
    assert_int_equal(registry_renew(r, key_of("web", "a"), &agent, at_ms(600), &granted), ERR_OK);
    assert_int_equal(registry_register(r, &record, &agent, at_ms(700), &granted), ERR_OK);
    assert_false(granted.changed);
    registry_free(was);
    registry_free(r);
}

static void test_faults(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct stored_instance stored = {.record = record_of("web", "a"), .owner = local};
    assert_int_equal(registry_restore(r, &stored, false, at_ms(1)), ERR_VALUE); /* no revision */
    stored.record.rev = 1;
    stored.record.ports[0].number = 0;
    assert_int_equal(registry_restore(r, &stored, false, at_ms(1)), ERR_VALUE);
    stored.record.ports[0].number = 8080;
    uint64_t *const times[] = {&stored.registered_ms, &stored.up_ms, &stored.latest_ms};
    for (unsigned n = 0; n < ARRAY_COUNT(times); n++) {
        *times[n] = (uint64_t)1 << 48;
        assert_int_equal(registry_restore(r, &stored, false, at_ms(1)), ERR_VALUE);
        --*times[n];
    }
    assert_int_equal(registry_restore_grave(r, key_of("web", ""), 1, WALL + 9, at_ms(1)),
                     ERR_VALUE);
    assert_int_equal(registry_restore_service(r, TEXT("default"), TEXT(""), WALL + 9, at_ms(1)),
                     ERR_VALUE);
    assert_int_equal(registry_totals(r).services, 0);
    assert_int_equal(registry_restore(r, &stored, false, at_ms(1)), ERR_OK);
    assert_int_equal(state_of(r, "web", "a").up_ms, ((uint64_t)1 << 48) - 1);
    registry_free(r);
}

static void test_group(void **state)
{
    (void)state;
    for (unsigned stale = 0; stale <= 1; stale++) {
        struct registry *r = registry_plain();
        for (unsigned n = 0; n < 5; n++) {
            char id[] = {(char)('a' + n), 0};
            struct stored_instance stored = {.record = record_of("web", id), .owner = agent};
            stored.record.group = TEXT("node");
            stored.record.lease_s = 30 + n;
            stored.record.rev = 1;
            assert_int_equal(registry_restore(r, &stored, stale, at_ms(100)), ERR_OK);
        }
        assert_int_equal(registry_totals(r).stale, stale ? 5 : 0);
        assert_int_equal(registry_totals(r).live_up, stale ? 0 : 5);
        assert_int_equal(registry_guard(r).counted, 1);
        assert_int_equal(registry_guard(r).late, stale);
        struct group_state group;
        assert_int_equal(
            registry_group_renew(r, TEXT("node"), &agent, false, 0, 0, at_ms(200), &group), ERR_OK);
        assert_int_equal(group.count, 5);
        assert_int_equal(group.lease_s, 34);
        assert_int_equal(registry_totals(r).stale, 0);
        assert_int_equal(registry_totals(r).live_up, 5);
        assert_int_equal(state_of(r, "web", "a").deadline_ms, 34200);
        expire_all(r, 34200);
        assert_int_equal(registry_totals(r).instances, 0);
        registry_free(r);
    }
}

/* After a long sleep all are the last choice until they are heard of; a single host, for
 * which no guard closes, has a lease to say so. */
static void test_stale(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted granted;
    for (unsigned n = 0; n < 3; n++) {
        char id[] = {(char)('a' + n), 0};
        struct stored_instance stored = {.record = record_of("web", id), .owner = local};
        stored.record.lease_s = 30;
        stored.record.rev = 1;
        assert_int_equal(registry_restore(r, &stored, true, at_ms(1)), ERR_OK);
    }
    assert_true(state_of(r, "web", "a").stale);
    assert_int_equal(registry_totals(r).stale, 3);
    assert_false(registry_expire(r, at_ms(1), 100, NULL, NULL));
    assert_false(registry_expire(r, at_ms(29000), 100, NULL, NULL));
    assert_int_equal(registry_totals(r).stale, 3);
    assert_int_equal(registry_renew(r, key_of("web", "a"), &local, at_ms(29000), &granted), ERR_OK);
    struct record taken = record_of("web", "b");
    assert_int_equal(registry_register(r, &taken, &deploy, at_ms(29000), &granted), ERR_OK);
    assert_int_equal(registry_totals(r).stale, 1);
    assert_false(state_of(r, "web", "a").stale);
    assert_false(registry_expire(r, at_ms(30001), 100, NULL, NULL));
    assert_int_equal(registry_totals(r).instances, 2);
    assert_int_equal(registry_totals(r).live_up, 2);
    registry_free(r);
}

static void test_graves_and_services(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    struct granted granted;
    /* the later one first: they end in their own order */
    assert_int_equal(registry_restore_grave(r, key_of("web", "a"), 50, WALL + 60000, at_ms(10)),
                     ERR_OK);
    assert_int_equal(registry_restore_grave(r, key_of("web", "b"), 50, WALL + 30000, at_ms(10)),
                     ERR_OK);
    assert_int_equal(registry_restore_grave(r, key_of("web", "c"), 50, WALL + 9, at_ms(10)),
                     ERR_OK);
    assert_int_equal(registry_totals(r).tombstones, 2);
    record.rev = 49;
    assert_int_equal(registry_register(r, &record, &local, at_ms(20), &granted), ERR_STALE);
    expire_all(r, 30000);
    assert_int_equal(registry_totals(r).tombstones, 1);
    expire_all(r, 60000);
    assert_int_equal(registry_totals(r).tombstones, 0);

    assert_int_equal(
        registry_restore_service(r, TEXT("default"), TEXT("old"), WALL + 90000, at_ms(60000)),
        ERR_OK);
    assert_int_equal(
        registry_restore_service(r, TEXT("default"), TEXT("ever"), UINT64_MAX, at_ms(60000)),
        ERR_OK);
    struct override drain = {.drain = true};
    assert_int_equal(registry_override(r, key_of("old", "x"), &drain, at_ms(60000)), ERR_OK);
    struct change changes[4];
    assert_int_equal(registry_changes(r, 0, changes, 4), 2);
    expire_all(r, 89999);
    assert_int_equal(registry_totals(r).services, 2);
    expire_all(r, 90000);
    assert_int_equal(registry_totals(r).services, 1);
    assert_int_equal(registry_totals(r).overrides, 0);
    expire_all(r, 60000 + 86400000); /* nobody says any more that it is permanent */
    assert_int_equal(registry_totals(r).services, 0);
    registry_free(r);
}

/* Restored clients that renew every half lease do not close the guard, and those that are
 * gone go: 10 % in a lease, 60 % when the hold is over. */
static void test_after_a_restart(void **state)
{
    (void)state;
    static const unsigned dead[] = {0, 10, 60};
    for (unsigned k = 0; k < ARRAY_COUNT(dead); k++) {
        struct registry *r = registry_plain();
        struct principal who = {.kind = PRINCIPAL_ADDRESS};
        char ids[100][8];
        for (unsigned n = 0; n < 100; n++) {
            snprintf(ids[n], sizeof(ids[n]), "i%u", n);
            who.addr = (struct addr){FAMILY_V4, {10, 1, 0, (uint8_t)n}};
            struct stored_instance stored = {.record = record_of("web", ids[n]), .owner = who};
            stored.record.lease_s = 30;
            stored.record.rev = 1;
            assert_int_equal(registry_restore(r, &stored, false, at_ms(1)), ERR_OK);
        }
        for (uint64_t ms = 100; ms <= 931000; ms += 100) {
            for (unsigned n = dead[k]; n < 100; n++) {
                struct granted granted;
                who.addr = (struct addr){FAMILY_V4, {10, 1, 0, (uint8_t)n}};
                if (ms % 15000 == n * 100)
                    assert_int_equal(
                        registry_renew(r, key_of("web", ids[n]), &who, at_ms(ms), &granted),
                        ERR_OK);
            }
            registry_expire(r, at_ms(ms), 1000, NULL, NULL);
            if (ms == 31000)
                assert_int_equal(registry_totals(r).live_up, 100 - dead[k]);
            if (ms == 900000)
                assert_int_equal(registry_totals(r).stale, dead[k] == 60 ? 60 : 0);
        }
        assert_int_equal(registry_totals(r).instances, 100 - dead[k]);
        assert_int_equal(registry_totals(r).guards_closed, dead[k] == 60);
        registry_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_graves_and_services),
        cmocka_unit_test(test_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
