/* The guard on whole fleets: a crash is seen, a cut takes nobody away, real mass death is
 * demoted at once and gone in the end, and odd clients do not make it flap. */
#include "unit/registry/fleet.h"

enum { LEASE = 30, INTERVAL = 9000, SETTLED = 60000 };

static struct fleet *hosts(unsigned count, uint32_t lease_s, uint64_t interval_ms)
{
    struct fleet *f = fleet_new(registry_config_default());
    for (unsigned n = 0; n < count; n++)
        fleet_add(f, n, lease_s, interval_ms);
    return f;
}

static void crash_one(unsigned count, uint32_t lease_s, uint64_t interval_ms, uint64_t at)
{
    struct fleet *f = hosts(count, lease_s, interval_ms);
    fleet_silence(f, 1, SETTLED + at, NEVER);
    fleet_run(f, SETTLED + at + (lease_s + 1) * 1000 + interval_ms);
    const struct client *c = &f->clients[0];
    assert_int_equal(fleet_evicted(f), 1);
    assert_true(c->evicted_ms >= c->heard_ms + lease_s * 1000);
    assert_true(c->evicted_ms <= SETTLED + at + (lease_s + 1) * 1000);
    assert_int_equal(f->events[REGISTRY_STALE], 0);
    assert_int_equal(registry_totals(f->registry).guards_closed, 0);
    registry_free(f->registry);
}

static void test_one_crash(void **state)
{
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 5, 10, 50};
    for (unsigned n = 0; n < ARRAY_COUNT(counts); n++)
        for (uint64_t at = 0; at < INTERVAL; at += 1700) {
            crash_one(counts[n], 30, 9000, at);
            crash_one(counts[n], 5, 1500, at);
        }
}

static void test_cut(void **state)
{
    (void)state;
    static const unsigned percents[] = {20, 30, 60, 100};
    for (unsigned n = 0; n < ARRAY_COUNT(percents); n++) {
        struct fleet *f = hosts(100, LEASE, INTERVAL);
        fleet_silence(f, percents[n], SETTLED, SETTLED + 120000);
        fleet_run(f, SETTLED + 119000);
        assert_true(registry_guard(f->registry).on);
        assert_int_equal(registry_totals(f->registry).stale, percents[n]);
        assert_int_equal(registry_guard(f->registry).late_hosts, percents[n]);
        fleet_run(f, SETTLED + 300000);
        assert_int_equal(fleet_evicted(f), 0);
        assert_false(registry_guard(f->registry).on);
        assert_int_equal(f->events[REGISTRY_GUARD_ON], 1);
        assert_int_equal(f->events[REGISTRY_GUARD_OFF], 1);
        assert_int_equal(registry_totals(f->registry).stale, 0);
        assert_int_equal(registry_totals(f->registry).live_up, 100);
        registry_free(f->registry);
    }
}

static void test_half_dies(void **state)
{
    (void)state;
    struct fleet *f = hosts(100, LEASE, INTERVAL);
    fleet_silence(f, 50, SETTLED, NEVER);
    fleet_run(f, SETTLED + 31000);
    assert_int_equal(registry_totals(f->registry).stale, 50);
    fleet_run(f, SETTLED + 900000);
    assert_int_equal(fleet_evicted(f), 0);
    fleet_run(f, SETTLED + 931000);
    assert_int_equal(fleet_evicted(f), 50);
    for (unsigned n = 0; n < 50; n++)
        assert_true(f->clients[n].evicted_ms >= f->clients[n].heard_ms + 930000);
    assert_int_equal(registry_totals(f->registry).instances, 50);
    fleet_run(f, SETTLED + 960000);
    assert_false(registry_guard(f->registry).on);
    assert_int_equal(registry_guard(f->registry).hosts, 50);
    registry_free(f->registry);
}

static void all_die(unsigned count)
{
    struct fleet *f = hosts(count, LEASE, INTERVAL);
    fleet_silence(f, count, SETTLED, NEVER);
    fleet_run(f, SETTLED + 31000);
    assert_int_equal(registry_totals(f->registry).stale, count);
    assert_true(registry_guard(f->registry).on);
    fleet_run(f, SETTLED + 931000);
    assert_int_equal(fleet_evicted(f), count);
    fleet_run(f, SETTLED + 960000);
    assert_false(registry_guard(f->registry).on);
    registry_free(f->registry);
}

static void test_all_die(void **state)
{
    (void)state;
    for (unsigned count = 2; count <= 5; count++)
        all_die(count);
}

static void test_cut_zone(void **state)
{
    (void)state;
    for (unsigned zones = 0; zones <= 1; zones++) {
        struct registry_config config = registry_config_default();
        config.guard.zones = zones;
        struct fleet *f = fleet_new(config);
        for (unsigned n = 0; n < 100; n++)
            fleet_add(f, n, LEASE, INTERVAL)->zone = n < 10 ? "rack-7" : n < 97 ? "rack-1" : "x";
        fleet_silence(f, 10, SETTLED, SETTLED + 120000);
        fleet_run(f, SETTLED + 60000);
        assert_false(registry_guard(f->registry).on);
        struct guard_state found[4];
        assert_int_equal(registry_guard_zones(f->registry, TEXT(""), found, 4), zones ? 2 : 0);
        if (zones) {
            assert_text(found[0].zone, "rack-1");
            assert_text(found[1].zone, "rack-7"); /* x has too few hosts */
            assert_false(found[0].on);
            assert_true(found[1].on);
            assert_int_equal(found[1].hosts, 10);
            assert_int_equal(found[1].late_hosts, 10);
            assert_int_equal(registry_guard_zones(f->registry, TEXT("rack-1"), found, 4), 1);
            assert_int_equal(registry_guard_zones(f->registry, TEXT(""), found, 1), 1);
            assert_text(found[0].zone, "rack-1");
        }
        fleet_run(f, SETTLED + 300000);
        assert_int_equal(fleet_evicted(f), zones ? 0 : 10);
        registry_free(f->registry);
    }
}

/* The guard of a zone that has lost all its hosts opens and is forgotten. */
static void test_zone_goes(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(registry_config_default());
    for (unsigned n = 0; n < 100; n++)
        fleet_add(f, n, LEASE, INTERVAL)->zone = n < 10 ? "rack-7" : "rack-1";
    fleet_silence(f, 10, SETTLED, NEVER);
    fleet_run(f, SETTLED + 940000);
    struct guard_state found[4];
    assert_int_equal(fleet_evicted(f), 10);
    assert_int_equal(registry_guard_zones(f->registry, TEXT(""), found, 4), 1);
    assert_int_equal(f->events[REGISTRY_GUARD_ON], 1);
    assert_int_equal(f->events[REGISTRY_GUARD_OFF], 1);
    registry_free(f->registry);
}

static void test_no_flapping(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(registry_config_default());
    for (unsigned n = 0; n < 20; n++)
        fleet_add(f, n, LEASE, 15000); /* every half lease */
    for (unsigned n = 0; n < 20; n++)
        fleet_add(f, 100 + n, 10, 0); /* never again */
    for (unsigned n = 0; n < 30; n++)
        fleet_add(f, 200, LEASE, 5000 + n * 300); /* one node, one source */
    for (unsigned n = 0; n < 30; n++)
        fleet_add(f, 201, LEASE, INTERVAL)->group = "node";
    for (unsigned n = 0; n < 30; n++)
        fleet_add(f, 300 + n, LEASE, INTERVAL); /* one node, a source for each */
    fleet_run(f, 1200000);
    assert_int_equal(f->events[REGISTRY_GUARD_ON], 0);
    assert_int_equal(f->events[REGISTRY_BROWNOUT_ON], 0);
    assert_int_equal(f->events[REGISTRY_STALE], 0);
    assert_int_equal(fleet_evicted(f), 20);
    assert_int_equal(registry_guard(f->registry).hosts, 20 + 1 + 1 + 30);
    assert_int_equal(registry_guard(f->registry).counted, 20 + 30 + 1 + 30);
    registry_free(f->registry);
}

static void test_only_half_lease(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 6; count++) {
        struct fleet *f = hosts(count, LEASE, 15000);
        fleet_run(f, 1200000);
        assert_int_equal(f->events[REGISTRY_GUARD_ON], 0);
        assert_int_equal(fleet_evicted(f), 0);
        registry_free(f->registry);
    }
}

/* A node dies with its 30 pods: as one group among ten hosts, and as 30 sources of 300. */
static void test_node_dies(void **state)
{
    (void)state;
    struct fleet *f = hosts(10, LEASE, INTERVAL);
    for (unsigned n = 0; n < 30; n++) {
        struct client *c = fleet_add(f, 50, LEASE, INTERVAL);
        c->group = "node";
        c->silent_from = SETTLED;
    }
    fleet_run(f, SETTLED + 31000);
    assert_int_equal(fleet_evicted(f), 30);
    assert_int_equal(registry_totals(f->registry).guards_closed, 0);
    registry_free(f->registry);

    f = hosts(300, LEASE, INTERVAL);
    fleet_silence(f, 30, SETTLED, NEVER);
    fleet_run(f, SETTLED + 31000);
    assert_int_equal(fleet_evicted(f), 30);
    assert_int_equal(registry_totals(f->registry).guards_closed, 0);
    registry_free(f->registry);
}

static void test_rolling_kill(void **state)
{
    (void)state;
    struct fleet *f = hosts(60, LEASE, INTERVAL);
    for (unsigned n = 0; n < 30; n++) { /* the other 30 replace them, one each 20 s */
        f->clients[n].silent_from = SETTLED + n * 20000;
        f->clients[30 + n].next_ms = SETTLED + n * 20000;
    }
    fleet_run(f, SETTLED + 30 * 20000 + 31000);
    assert_int_equal(fleet_evicted(f), 30);
    assert_int_equal(f->events[REGISTRY_GUARD_ON], 0);
    for (unsigned n = 0; n < 30; n++)
        assert_true(f->clients[n].evicted_ms <= f->clients[n].silent_from + 31000);
    registry_free(f->registry);
}

/* Many run out in the very call that could also evict: the guard is closed first. */
static void test_one_late_call(void **state)
{
    (void)state;
    struct fleet *f = hosts(100, LEASE, INTERVAL);
    fleet_run(f, SETTLED);
    f->now_ms += 600000;
    assert_false(registry_expire(f->registry, at_ms(f->now_ms), 1000, fleet_note, f));
    assert_int_equal(fleet_evicted(f), 0);
    assert_int_equal(f->events[REGISTRY_STALE], 100);
    registry_free(f->registry);
}

enum { CROWD = 12000 }; /* leases; several turns' worth */

static void note_judgement(void *context, const struct registry_event *event)
{
    unsigned *turns = context;
    assert_int_not_equal(event->kind, REGISTRY_EVICTED);
    if (event->kind != REGISTRY_GUARD_ON)
        return;
    assert_int_equal(event->guard->late, CROWD);
    assert_int_equal(event->guard->late_hosts, CROWD);
    turns[1]++;
}

/* More than one turn can look at: the guard is asked once all are known to be late. */
static void test_late_over_several_turns(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    for (unsigned n = 0; n < CROWD; n++) {
        char id[16];
        struct granted granted;
        struct principal who = {.kind = PRINCIPAL_ADDRESS,
                                .addr = {FAMILY_V4, {10, 1, (uint8_t)(n >> 8), (uint8_t)n}}};
        snprintf(id, sizeof(id), "i%u", n);
        struct record record = record_of("web", id);
        assert_int_equal(registry_register(r, &record, &who, at_ms(0), &granted), ERR_OK);
        assert_int_equal(registry_renew(r, key_of("web", id), &who, at_ms(1000), &granted), ERR_OK);
    }
    unsigned turns[2] = {0};
    while (registry_expire(r, at_ms(60000), 2000, note_judgement, turns))
        turns[0]++;
    assert_true(turns[0] > 2);
    assert_int_equal(turns[1], 1);
    assert_int_equal(registry_totals(r).instances, CROWD);
    registry_free(r);
}

static void test_mode(void **state)
{
    (void)state;
    struct fleet *f = hosts(10, LEASE, INTERVAL);
    fleet_run(f, SETTLED);
    registry_guard_mode(f->registry, GUARD_ALWAYS_ON, at_ms(f->now_ms));
    fleet_silence(f, 1, SETTLED, NEVER);
    fleet_run(f, SETTLED + 100000);
    assert_true(registry_guard(f->registry).on);
    assert_int_equal(registry_guard(f->registry).mode, GUARD_ALWAYS_ON);
    assert_int_equal(registry_guard(f->registry).late_hosts, 1);
    assert_int_equal(registry_totals(f->registry).stale, 1);
    registry_guard_mode(f->registry, GUARD_AUTO, at_ms(f->now_ms));
    fleet_run(f, SETTLED + 110000);
    assert_false(registry_guard(f->registry).on);
    assert_int_equal(fleet_evicted(f), 1);
    registry_guard_mode(f->registry, GUARD_ALWAYS_OFF, at_ms(f->now_ms));
    fleet_silence(f, 9, SETTLED + 120000, NEVER);
    fleet_run(f, SETTLED + 151000);
    assert_false(registry_guard(f->registry).on);
    assert_int_equal(fleet_evicted(f), 10);
    registry_free(f->registry);
}

/* Switched off while everybody is held, and on again before they are gone. */
static void test_mode_releases(void **state)
{
    (void)state;
    struct fleet *f = hosts(1000, LEASE, INTERVAL);
    fleet_silence(f, 1000, SETTLED, NEVER);
    fleet_run(f, SETTLED + 60000);
    assert_int_equal(registry_totals(f->registry).stale, 1000);
    registry_guard_mode(f->registry, GUARD_ALWAYS_OFF, at_ms(f->now_ms));
    fleet_run(f, SETTLED + 61000);
    unsigned gone = fleet_evicted(f);
    assert_in_range(gone, 140, 160); /* 15 % at once, then the bucket's pace */
    registry_guard_mode(f->registry, GUARD_AUTO, at_ms(f->now_ms));
    fleet_run(f, SETTLED + 200000);
    assert_int_equal(fleet_evicted(f), gone);
    assert_true(registry_guard(f->registry).on);
    registry_free(f->registry);
}

static struct client *beat_of_many(struct fleet *f, unsigned host, unsigned loss_percent)
{
    struct client *c = fleet_add(f, host, LEASE, INTERVAL);
    c->loss_percent = loss_percent;
    return c;
}

/* Late leases everywhere, on hosts that are heard: that is loss. */
static void test_brownout(void **state)
{
    (void)state;
    struct fleet *f = fleet_new(registry_config_default());
    for (unsigned n = 0; n < 1000; n++)
        beat_of_many(f, n / 10, 50);
    fleet_run(f, 600000);
    assert_true(registry_guard(f->registry).brownout);
    assert_false(registry_guard(f->registry).on);
    assert_int_equal(f->events[REGISTRY_BROWNOUT_ON], 1);
    unsigned before = fleet_evicted(f);
    for (unsigned n = 0; n < f->count; n++)
        f->clients[n].loss_percent = 0;
    fleet_run(f, 700000);
    assert_false(registry_guard(f->registry).brownout);
    assert_int_equal(f->events[REGISTRY_BROWNOUT_OFF], 1);
    assert_int_equal(registry_totals(f->registry).brownouts, 1);
    assert_true(before < 150); /* ten in a row are lost of 66 000; of four it is thousands */
    fleet_silence(f, 1, 700000, NEVER); /* and leases have their old length again */
    unsigned now = fleet_evicted(f);
    fleet_run(f, 731100);
    assert_int_equal(fleet_evicted(f), now + 10);
    registry_free(f->registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_crash),     cmocka_unit_test(test_cut),
        cmocka_unit_test(test_half_dies),     cmocka_unit_test(test_all_die),
        cmocka_unit_test(test_cut_zone),      cmocka_unit_test(test_zone_goes),
        cmocka_unit_test(test_no_flapping),   cmocka_unit_test(test_only_half_lease),
        cmocka_unit_test(test_node_dies),     cmocka_unit_test(test_rolling_kill),
        cmocka_unit_test(test_one_late_call), cmocka_unit_test(test_late_over_several_turns),
        cmocka_unit_test(test_mode),          cmocka_unit_test(test_mode_releases),
        cmocka_unit_test(test_brownout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
