/* The registry in numbers against a recount, how punctual heartbeats are, and the times of
 * changes. */
#include "unit/registry/churn.h"

enum { STEPS = 5000 };

struct counts {
    uint64_t by_status[STATUS_COUNT];
    uint64_t live_up, stale, instances, leases;
};

static struct counts recount(const struct registry *r)
{
    struct counts c = {.instances = 0};
    uint32_t groups = 0;
    for (const struct service *s = registry_service_next(r, TEXT(""), NULL); s;
         s = registry_service_next(r, TEXT(""), s))
        for (uint32_t n = 0; n < service_count(s); n++) {
            struct instance_state state;
            struct record record;
            instance_state(service_instance(s, n), &state);
            instance_read(service_instance(s, n), &record);
            c.instances++;
            c.by_status[state.status]++;
            c.stale += state.stale;
            c.live_up += !state.stale && state.status == STATUS_UP;
            if (state.deadline_ms == UINT64_MAX)
                continue;
            /* there is one group, but each of the two owners has his own */
            uint32_t group = record.group.n ? 1u << (state.owner.kind == PRINCIPAL_KEY) : 0;
            c.leases += group == 0 || !(groups & group);
            groups |= group;
        }
    return c;
}

static void check(const struct registry *r)
{
    struct counts counted = recount(r);
    struct registry_totals t = registry_totals(r);
    assert_memory_equal(t.by_status, counted.by_status, sizeof(t.by_status));
    assert_int_equal(t.instances, counted.instances);
    assert_int_equal(t.live_up, counted.live_up);
    assert_int_equal(t.stale, counted.stale);
    assert_int_equal(t.leases, counted.leases);
}

/* One that leaves bit by bit would be a second group of its name. */
static void leave_at_once(struct registry *r)
{
    struct registry_config config = *registry_config_of(r);
    config.leave_max = UINT32_MAX;
    assert_int_equal(registry_configure(r, &config), ERR_OK);
}

static void test_recount(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct churn c = churn_of(seed, 0);
        leave_at_once(c.r);
        churn_restore(&c);
        check(c.r);
        for (unsigned n = 0; n < STEPS; n++) {
            churn_step(&c);
            check(c.r);
        }
        registry_free(c.r);
    }
}

/* Each change of a service is later than all before, as its index is larger: the clock may
 * stand, step back, or be ahead of what it was; the service may be forgotten meanwhile. */
static void test_latest_grows(void **state)
{
    (void)state;
    struct churn c = churn_of(5, 0);
    uint64_t index[SERVICES] = {0}, latest[SERVICES] = {0};
    unsigned changes = 0;
    for (unsigned n = 0; n < STEPS; n++) {
        churn_step(&c);
        c.wall_shift = (int64_t)rand_below(&c.rand, 3) * 1000000 - 1000000;
        for (unsigned service = 0; service < SERVICES; service++) {
            const struct service *s =
                registry_service(c.r, TEXT("default"), text_of(service_names[service]));
            if (!s)
                continue;
            uint64_t is = service_latest_ns(s);
            assert_int_equal(service_index(s) > index[service], is > latest[service]);
            assert_true(is >= latest[service]);
            changes += is > latest[service];
            index[service] = service_index(s);
            latest[service] = is;
        }
    }
    assert_true(changes > STEPS / 4);
    registry_free(c.r);
}

static void test_latest_is_wall_time(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    const uint64_t wall_ns = (uint64_t)WALL * 1000000;
    put_named(r, "web", "a", 5);
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    assert_int_equal(service_latest_ns(s), wall_ns + 5000000);
    put_named(r, "web", "b", 5);
    assert_int_equal(service_latest_ns(s), wall_ns + 5000001);
    put_named(r, "web", "b", 6); /* a renewal */
    assert_int_equal(service_latest_ns(s), wall_ns + 5000001);
    drop(r, "web", "b", 3);
    assert_int_equal(service_latest_ns(s), wall_ns + 5000002);
    drop(r, "web", "a", 9);
    assert_int_equal(service_latest_ns(s), wall_ns + 9000000);
    registry_free(r);
}

/* Nor does a service that was forgotten altogether begin anew in the past. */
static void test_latest_of_the_forgotten(void **state)
{
    (void)state;
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    struct registry *r = registry_of(config);
    put_named(r, "web", "a", 1000);
    drop(r, "web", "a", 1000);
    expire_all(r, 100000);
    registry_changes_trim(r, registry_index(r));
    struct granted granted;
    struct record record = record_of("web", "a");
    struct moment past = {200000, WALL - 1000000};
    assert_int_equal(registry_register(r, &record, &local, past, &granted), ERR_OK);
    const struct service *s = registry_service(r, TEXT("default"), TEXT("web"));
    assert_true(service_latest_ns(s) > (uint64_t)(WALL + 100000) * 1000000);
    registry_free(r);
}

/* ---- heartbeats ----------------------------------------------------------------------- */

static void renew(struct registry *r, const char *id, uint64_t ms)
{
    struct granted g;
    assert_int_equal(registry_renew(r, key_of("web", id), &local, at_ms(ms), &g), ERR_OK);
}

static uint64_t gaps_at(const struct registry *r, uint32_t percent)
{
    struct registry_totals t = registry_totals(r);
    for (unsigned n = 0; n < GAP_BUCKETS; n++)
        if (registry_gap_percent(n) == percent)
            return t.gaps[n];
    fail();
    return 0;
}

static uint64_t gaps_in_all(const struct registry *r)
{
    struct registry_totals t = registry_totals(r);
    uint64_t sum = 0;
    for (unsigned n = 0; n < GAP_BUCKETS; n++)
        sum += t.gaps[n];
    return sum;
}

static void test_gaps(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record record = record_of("web", "a");
    record.lease_s = 10;
    put(r, &record, 0);
    assert_int_equal(gaps_in_all(r), 0);
    renew(r, "a", 3000); /* 30 %: the bound is inside */
    assert_int_equal(gaps_at(r, 30), 1);
    renew(r, "a", 6001);
    assert_int_equal(gaps_at(r, 40), 1);
    put(r, &record, 6001 + 10000);
    assert_int_equal(gaps_at(r, 100), 1);
    renew(r, "a", 16001); /* repeated */
    assert_int_equal(gaps_at(r, 10), 1);
    assert_int_equal(gaps_in_all(r), 4);
    assert_true(registry_totals(r).gaps_sum > 1.6 && registry_totals(r).gaps_sum < 1.6002);
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(16001));
    expire_all(r, 100000);
    renew(r, "a", 116001);
    assert_int_equal(gaps_at(r, UINT32_MAX), 1);
    registry_free(r);
}

/* No heartbeats: what is permanent, an update, what a probe has seen, the first after a
 * restart. A group's is one. */
static void test_what_is_no_gap(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct granted g;
    struct group_state group;
    struct record record = record_of("web", "a");
    record.permanent = true;
    put(r, &record, 0);
    renew(r, "a", 1000);
    struct stored_instance stored = {.record = record_of("web", "b"), .owner = local};
    stored.record.rev = WALL;
    assert_int_equal(registry_restore(r, &stored, false, at_ms(1000)), ERR_OK);
    renew(r, "b", 4000);
    assert_int_equal(registry_probed(r, key_of("web", "b"), true, at_ms(5000)), ERR_OK);
    renew(r, "b", 6000);
    record = record_of("web", "b");
    record.version = TEXT("2");
    assert_int_equal(registry_update(r, &record, &local, at_ms(7000), &g), ERR_OK);
    assert_int_equal(gaps_in_all(r), 0);
    for (const char *id = "cd"; *id; id++) {
        char name[] = {*id, 0};
        record = record_of("web", name);
        record.group = TEXT("node");
        put(r, &record, 7000);
    }
    for (uint64_t ms = 10000; ms <= 16000; ms += 6000) { /* the first one only begins a gap */
        assert_int_equal(gaps_in_all(r), 0);
        assert_int_equal(
            registry_group_renew(r, TEXT("node"), &local, false, 0, 0, at_ms(ms), &group), ERR_OK);
    }
    assert_int_equal(gaps_in_all(r), 1);
    assert_int_equal(gaps_at(r, 20), 1);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recount),
        cmocka_unit_test(test_latest_grows),
        cmocka_unit_test(test_latest_is_wall_time),
        cmocka_unit_test(test_latest_of_the_forgotten),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_what_is_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
