/* What goes when it may go: the bucket, floors, what is held, orders and looks from
 * outside, and what stale means to readers. */
#include "unit/registry/fleet.h"

enum { LEASE = 30 };

static struct fleet *loose(unsigned count, struct registry_config config)
{
    struct fleet *f = fleet_new(config);
    registry_guard_mode(f->registry, GUARD_ALWAYS_OFF, at_ms(0));
    for (unsigned n = 0; n < count; n++)
        fleet_add(f, n, LEASE, 9000);
    return f;
}

/* ---- the bucket -------------------------------------------------------------------- */

static void test_bucket(void **state)
{
    (void)state;
    struct fleet *f = loose(1000, registry_config_default());
    fleet_run(f, 60000);
    f->now_ms = 160000; /* all at once */
    while (registry_expire(f->registry, at_ms(f->now_ms), 70, fleet_note, f))
        ;
    /* 15 % and no more as the fleet gets smaller; the others are demoted */
    assert_in_range(fleet_evicted(f), 130, 150);
    assert_int_equal(f->events[REGISTRY_STALE], 1000 - fleet_evicted(f));
    assert_int_equal(registry_totals(f->registry).live_up, 0);
    unsigned first_half = 0, first = fleet_evicted(f);
    for (unsigned n = 0; n < 500; n++)
        first_half += f->clients[n].evicted_ms != NEVER;
    assert_in_range(first_half, first / 4, first * 3 / 4); /* in no order */

    uint64_t next = registry_next_deadline(f->registry);
    assert_true(next > f->now_ms && next <= f->now_ms + LEASE * 1000);
    for (uint64_t end = f->now_ms + LEASE * 1000; f->now_ms < end;) {
        assert_true(registry_next_deadline(f->registry) > f->now_ms);
        f->now_ms = registry_next_deadline(f->registry);
        assert_false(registry_expire(f->registry, at_ms(f->now_ms), 1000, fleet_note, f));
    }
    assert_in_range(fleet_evicted(f) - first, 100, 150); /* as many in each lease */
    registry_free(f->registry);
}

static void test_small_fleet_goes_at_once(void **state)
{
    (void)state;
    struct fleet *f = loose(100, registry_config_default());
    fleet_run(f, 60000);
    assert_false(registry_expire(f->registry, at_ms(160000), 100, fleet_note, f));
    assert_int_equal(fleet_evicted(f), 100);
    assert_int_equal(registry_totals(f->registry).instances, 0);
    registry_free(f->registry);
}

/* At most so many change in one call, whether they go or become stale. */
static void test_budget(void **state)
{
    (void)state;
    struct fleet *f = loose(300, registry_config_default());
    fleet_run(f, 60000);
    unsigned seen = 0;
    for (unsigned calls = 1; registry_expire(f->registry, at_ms(160000), 7, fleet_note, f);
         calls++) {
        unsigned changed = fleet_evicted(f) + f->events[REGISTRY_STALE];
        assert_in_range(changed - seen, 1, 7);
        assert_true(registry_next_deadline(f->registry) <= 160000);
        seen = changed;
        assert_true(calls < 100);
    }
    assert_int_equal(fleet_evicted(f) + f->events[REGISTRY_STALE], 300);
    assert_int_equal(fleet_evicted(f), 100);
    registry_free(f->registry);
}

/* Many are held, let go, held again and heard of. */
static void test_thousands(void **state)
{
    (void)state;
    enum { THOUSANDS = 10000 };
    struct registry *r = registry_plain();
    char id[16];
    for (unsigned n = 0; n < THOUSANDS; n++) {
        snprintf(id, sizeof(id), "i%u", n);
        put_named(r, "web", id, n / 10);
    }
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(1000));
    expire_all(r, 40000);
    assert_int_equal(registry_totals(r).stale, THOUSANDS);
    registry_guard_mode(r, GUARD_ALWAYS_OFF, at_ms(40000));
    expire_all(r, 40001);
    uint64_t left = registry_totals(r).stale;
    assert_in_range(left, THOUSANDS * 80 / 100, THOUSANDS * 90 / 100);
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(40001));
    expire_all(r, 60000);
    assert_int_equal(registry_totals(r).stale, left);
    for (unsigned n = 0; n < THOUSANDS; n++) {
        struct granted granted;
        snprintf(id, sizeof(id), "i%u", n);
        (void)!registry_renew(r, key_of("web", id), &local, at_ms(60001), &granted);
    }
    assert_int_equal(registry_totals(r).stale, 0);
    assert_int_equal(registry_totals(r).live_up, left);
    assert_int_equal(registry_guard(r).counted, left);
    registry_free(r);
}

/* ---- floors ------------------------------------------------------------------------ */

static struct service_policy policy;

static struct service_policy policy_of(void *context, struct text ns, struct text service)
{
    (void)context;
    return text_is(ns, TEXT("default")) && text_is(service, TEXT("web"))
               ? policy
               : (struct service_policy){0};
}

static struct registry_config with_policy(struct service_policy p)
{
    struct registry_config config = registry_config_default();
    policy = p;
    config.service_policy = policy_of;
    return config;
}

static void check_floor(struct service_policy p, unsigned had, unsigned left)
{
    struct fleet *f = loose(had, with_policy(p));
    fleet_run(f, 60000);
    fleet_silence(f, had, 60000, NEVER);
    fleet_run(f, 200000);
    const struct service *s = registry_service(f->registry, TEXT("default"), TEXT("web"));
    assert_int_equal(service_count(s), left);
    assert_int_equal(service_stale(s), left);
    assert_int_equal(registry_guard(f->registry).hosts, 0); /* as good as gone */
    fleet_run(f, 300000);
    assert_int_equal(service_count(s), left);
    assert_false(registry_expire(f->registry, at_ms(60000 + 86380000ull), 100, fleet_note, f));
    assert_int_equal(service_count(s), left);
    uint64_t over = 60000 + FLOOR_KEEP_MAX_S * 1000ull + 3 * LEASE * 1000;
    for (f->now_ms = 60000 + 86380000ull; f->now_ms < over; f->now_ms += 1000)
        registry_expire(f->registry, at_ms(f->now_ms), 100, fleet_note, f);
    assert_int_equal(service_count(s), 0);
    registry_free(f->registry);
}

static void test_floor(void **state)
{
    (void)state;
    check_floor((struct service_policy){.floor = 1}, 10, 1);
    check_floor((struct service_policy){.floor = 4}, 10, 4);
    check_floor((struct service_policy){.floor = 20}, 10, 10);
    check_floor((struct service_policy){.floor = 50, .floor_percent = true}, 10, 5);
    check_floor((struct service_policy){.floor = 50, .floor_percent = true}, 3, 2);
    check_floor((struct service_policy){.floor = 100, .floor_percent = true}, 7, 7);
}

/* What the floor keeps goes once others are there, and stays no longer than heard of. */
static void test_floor_makes_room(void **state)
{
    (void)state;
    struct fleet *f = loose(4, with_policy((struct service_policy){.floor = 2}));
    fleet_run(f, 60000);
    fleet_silence(f, 4, 60000, NEVER);
    fleet_run(f, 100000);
    assert_int_equal(registry_totals(f->registry).stale, 2);
    fleet_add(f, 10, LEASE, 9000);
    fleet_add(f, 11, LEASE, 9000);
    fleet_run(f, 145000);
    assert_int_equal(registry_totals(f->registry).stale, 0);
    assert_int_equal(registry_totals(f->registry).instances, 2);
    registry_free(f->registry);
}

/* ---- what stale means ----------------------------------------------------------------- */

static void test_stale_is_visible(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(registry_config_default());
    fleet_add(f, 0, LEASE, 9000);
    fleet_add(f, 1, LEASE, 9000);
    fleet_run(f, 60000);
    const struct service *s = registry_service(f->registry, TEXT("default"), TEXT("web"));
    uint64_t before = service_index(s);
    uint64_t up_ms = state_of(f->registry, "web", "i0").up_ms;
    fleet_silence(f, 2, 60000, 200000);
    fleet_run(f, 80000);
    assert_int_equal(service_index(s), before); /* late, which nobody sees */
    fleet_run(f, 100000);
    assert_true(state_of(f->registry, "web", "i0").stale);
    assert_int_equal(state_of(f->registry, "web", "i0").status, STATUS_UP);
    assert_int_equal(service_stale(s), 2);
    assert_int_equal(registry_totals(f->registry).stale, 2);
    assert_int_equal(registry_totals(f->registry).live_up, 0);
    assert_int_equal(service_withdrawal_index(s), service_index(s));
    assert_true(service_index(s) > before);
    assert_int_equal(state_of(f->registry, "web", "i0").deadline_ms,
                     f->clients[0].heard_ms + 30000);
    uint64_t withdrawn = service_withdrawal_index(s);
    fleet_run(f, 210000);
    assert_false(state_of(f->registry, "web", "i0").stale);
    assert_int_equal(service_stale(s), 0);
    assert_int_equal(registry_totals(f->registry).live_up, 2);
    assert_int_equal(service_withdrawal_index(s), withdrawn);
    assert_true(service_index(s) > withdrawn);
    assert_int_equal(state_of(f->registry, "web", "i0").up_ms, up_ms);
    assert_int_equal(f->clients[0].registrations, 1);
    registry_free(f->registry);
}

/* A member of a stale group that takes a lease of its own lives; the others do not. */
static void test_leaving_a_stale_group(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(0));
    for (unsigned n = 0; n < 4; n++) {
        char id[] = {(char)('a' + n), 0};
        struct record record = record_of("web", id);
        record.group = TEXT("node");
        put(r, &record, 0);
    }
    expire_all(r, 30000);
    assert_int_equal(registry_totals(r).stale, 4);
    struct record own = record_of("web", "a");
    put(r, &own, 31000);
    assert_int_equal(registry_totals(r).stale, 3);
    own.group = TEXT("other");
    own.id = TEXT("b");
    put(r, &own, 31000);
    assert_int_equal(registry_totals(r).stale, 2);
    drop(r, "web", "c", 31000);
    assert_int_equal(registry_totals(r).stale, 1);
    own.id = TEXT("e");
    own.group = TEXT("node"); /* who joins brings news of all */
    put(r, &own, 31000);
    assert_int_equal(registry_totals(r).stale, 0);
    assert_int_equal(registry_totals(r).live_up, 4);
    expire_all(r, 61000);
    assert_int_equal(registry_totals(r).stale, 4);
    registry_free(r);
}

/* A large group becomes stale a part at a time, and members may leave meanwhile. */
static void test_group_in_parts(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(0));
    for (unsigned n = 0; n < 9; n++) {
        char id[] = {(char)('a' + n), 0};
        struct record record = record_of("web", id);
        record.group = TEXT("node");
        put(r, &record, 0);
    }
    assert_true(registry_expire(r, at_ms(30000), 3, NULL, NULL));
    assert_int_equal(registry_totals(r).stale, 3);
    drop(r, "web", "d", 30000);
    drop(r, "web", "i", 30000);
    assert_true(registry_expire(r, at_ms(30000), 3, NULL, NULL));
    assert_int_equal(registry_totals(r).stale, 6);
    assert_false(registry_expire(r, at_ms(30000), 3, NULL, NULL));
    assert_int_equal(registry_totals(r).stale, 7);
    struct group_state group;
    assert_int_equal(
        registry_group_renew(r, TEXT("node"), &local, false, 0, 0, at_ms(31000), &group), ERR_OK);
    assert_int_equal(registry_totals(r).stale, 0);
    registry_free(r);
}

static void test_takeover(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    registry_guard_mode(r, GUARD_ALWAYS_ON, at_ms(0));
    put_named(r, "web", "a", 0);
    struct record record = record_of("web", "a");
    struct granted granted;
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(29999), &granted), ERR_OWNER);
    expire_all(r, 30000);
    assert_true(state_of(r, "web", "a").stale);
    assert_int_equal(registry_register(r, &record, &deploy, at_ms(30001), &granted), ERR_OK);
    assert_false(state_of(r, "web", "a").stale);
    assert_int_equal(registry_totals(r).stale, 0);
    assert_int_equal(registry_totals(r).instances, 1);
    registry_free(r);
}

/* ---- looks and orders ------------------------------------------------------------------ */

static void test_probe(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(with_policy((struct service_policy){.probe = true}));
    for (unsigned n = 0; n < 10; n++)
        fleet_add(f, n, LEASE, 9000);
    fleet_run(f, 60000);
    assert_int_equal(f->events[REGISTRY_LATE], 0);
    fleet_silence(f, 3, 60000, NEVER);
    fleet_run(f, 75000);
    assert_int_equal(f->events[REGISTRY_LATE], 3);
    assert_int_equal(registry_guard(f->registry).late_hosts, 3);
    struct moment now = at_ms(f->now_ms);
    assert_int_equal(registry_probed(f->registry, key_of("web", "i0"), true, now), ERR_OK);
    assert_int_equal(registry_probed(f->registry, key_of("web", "i1"), false, now), ERR_OK);
    assert_int_equal(registry_probed(f->registry, key_of("web", "i1"), false, now), ERR_NOT_FOUND);
    assert_int_equal(registry_guard(f->registry).late_hosts, 1);
    assert_int_equal(registry_guard(f->registry).hosts, 8); /* what only answers is not counted */
    assert_int_equal(state_of(f->registry, "web", "i0").deadline_ms, f->now_ms + 30000);
    assert_null(registry_instance(f->registry, key_of("web", "i1")));
    fleet_run(f, 98000);
    assert_int_equal(f->events[REGISTRY_LATE], 4); /* i0 is silent all the same */
    registry_free(f->registry);
}

/* While stale it is to be looked at again each lease. */
static void test_probe_again(void **state)
{
    (void)state;
    struct registry_config config = with_policy((struct service_policy){.probe = true});
    struct fleet *f = fleet_new(config);
    for (unsigned n = 0; n < 4; n++)
        fleet_add(f, n, LEASE, 9000);
    fleet_run(f, 60000);
    fleet_silence(f, 4, 60000, NEVER);
    fleet_run(f, 91000);
    assert_int_equal(f->events[REGISTRY_LATE], 4);
    fleet_run(f, 121000);
    assert_int_equal(f->events[REGISTRY_LATE], 8);
    fleet_run(f, 211000);
    assert_int_equal(f->events[REGISTRY_LATE], 20);
    assert_int_equal(registry_probed(f->registry, key_of("web", "i0"), true, at_ms(f->now_ms)),
                     ERR_OK);
    assert_int_equal(registry_totals(f->registry).stale, 3);
    registry_free(f->registry);
}

/* A service that registers once and is found alive each time stays. */
static void test_probe_of_silent_ones(void **state)
{
    (void)state;
    struct registry *r = registry_of(with_policy((struct service_policy){.probe = true}));
    struct fleet events = {.count = 1};
    put_named(r, "web", "i0", 0);
    for (uint64_t ms = 100; ms < 300000; ms += 100) {
        unsigned before = events.events[REGISTRY_LATE];
        registry_expire(r, at_ms(ms), 10, fleet_note, &events);
        if (events.events[REGISTRY_LATE] > before)
            assert_int_equal(registry_probed(r, key_of("web", "i0"), true, at_ms(ms)), ERR_OK);
    }
    assert_in_range(events.events[REGISTRY_LATE], 10, 25);
    assert_int_equal(registry_totals(r).instances, 1);
    assert_int_equal(registry_guard(r).hosts, 0); /* but it says nothing of the network */
    registry_free(r);
}

static void test_evict_by_order(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(registry_config_default());
    for (unsigned n = 0; n < 10; n++)
        fleet_add(f, n, LEASE, 9000);
    fleet_run(f, 60000);
    fleet_silence(f, 8, 60000, NEVER);
    fleet_run(f, 100000);
    struct registry *r = f->registry;
    struct moment now = at_ms(f->now_ms);
    unsigned count;
    put_named(r, "other", "x", f->now_ms);
    assert_int_equal(registry_totals(r).stale, 8);
    assert_int_equal(registry_evict(r, key_of("none", ""), 5, now, NULL, NULL, &count),
                     ERR_NOT_FOUND);
    assert_int_equal(registry_evict(r, key_of("web", "none"), 5, now, NULL, NULL, &count),
                     ERR_NOT_FOUND);
    assert_int_equal(registry_evict(r, key_of("other", ""), 5, now, NULL, NULL, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(registry_evict(r, key_of("web", "i9"), 5, now, fleet_note, f, &count),
                     ERR_OK); /* alive, but so be it */
    assert_int_equal(count, 1);
    assert_int_equal(registry_evict(r, key_of("web", ""), 3, now, fleet_note, f, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(registry_evict(r, key_of("", ""), 3, now, fleet_note, f, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(registry_evict(r, key_of("", ""), 3, now, fleet_note, f, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(registry_totals(r).stale, 0);
    assert_int_equal(registry_totals(r).instances, 2); /* i8 and x */
    assert_int_equal(fleet_evicted(f), 9);
    assert_int_equal(registry_totals(r).evictions, 9);
    registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_small_fleet_goes_at_once),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_thousands),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_floor_makes_room),
        cmocka_unit_test(test_stale_is_visible),
        cmocka_unit_test(test_leaving_a_stale_group),
        cmocka_unit_test(test_group_in_parts),
        cmocka_unit_test(test_takeover),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_probe_again),
        cmocka_unit_test(test_probe_of_silent_ones),
        cmocka_unit_test(test_evict_by_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
