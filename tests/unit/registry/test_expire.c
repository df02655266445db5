/* Expiry: exact and within a budget; and the whole registry against a naive model under
 * random calls, all that it counts counted again. */
#include "base/rand.h"
#include "unit/registry/fixture.h"

static void test_exact(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    assert_int_equal(registry_next_deadline(r), UINT64_MAX);
    assert_false(registry_expire(r, at_ms(1), 1, NULL, NULL));
    put_named(r, "web", "a", 7);
    assert_true(registry_next_deadline(r) > 7 && registry_next_deadline(r) <= 30007);
    assert_false(registry_expire(r, at_ms(30006), 1, NULL, NULL));
    assert_non_null(registry_instance(r, key_of("web", "a")));
    assert_true(registry_expire(r, at_ms(30007), 0, NULL, NULL));
    assert_false(registry_expire(r, at_ms(30007), 1, NULL, NULL));
    assert_null(registry_instance(r, key_of("web", "a")));
    registry_free(r);
}

static void test_shortened_lease_moves_up(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    struct record a = record_of("web", "a"), b = record_of("web", "b");
    a.lease_s = 300;
    b.lease_s = 60;
    put(r, &a, 0);
    put(r, &b, 0);
    a.lease_s = 10;
    put(r, &a, 0);
    assert_true(registry_next_deadline(r) <= 10000);
    expire_all(r, 10000);
    assert_null(registry_instance(r, key_of("web", "a")));
    assert_non_null(registry_instance(r, key_of("web", "b")));
    registry_free(r);
}

/* ---- the model ------------------------------------------------------------------ */

enum {
    SLOTS = 120,
    OWNERS = 2,
    GROUPS = 3,
    ZONES = 3,
    HOSTS = 9,
    OPERATIONS = 100000,
    TOMBSTONE_MS = 20000,
    HOLD_MS = 60000
};

/* What was heard of one lease. */
struct beats {
    uint64_t heard, gap; /* gap 0 = not known */
    uint64_t term;
    bool counted, measured;
    unsigned zone;
};

struct slot {
    bool present;
    unsigned owner, group, version; /* group 0 = a lease of its own */
    uint32_t lease_s;
    unsigned zone;
    struct beats beats; /* of its own lease */
    uint64_t rev;
    uint64_t floor, floor_until;
};

struct model {
    struct slot slots[SLOTS];
    struct beats groups[OWNERS][GROUPS + 1];
    uint64_t now;
    struct rand rand;
    struct registry *registry;
    uint64_t evictions, stales, seen;
};

static const struct principal *const owners[OWNERS] = {&local, &deploy};
static const char *const groups[GROUPS + 1] = {"", "one", "two", "three"};
static const char *const zones[ZONES] = {"", "east", "west"};

static struct record record_of_slot(const struct model *m, unsigned n)
{
    static char service[8], id[8], version[8];
    snprintf(service, sizeof(service), "s%u", n % 7);
    snprintf(id, sizeof(id), "i%u", n);
    snprintf(version, sizeof(version), "%u", m->slots[n].version);
    struct record record = record_of(service, id);
    record.version = text_of(version);
    record.lease_s = m->slots[n].lease_s;
    record.group = text_of(groups[m->slots[n].group]);
    record.zone = text_of(zones[m->slots[n].zone]);
    record.addresses[0].bytes[3] = (uint8_t)(n % HOSTS);
    return record;
}

static struct instance_key key_of_slot(const struct model *m, unsigned n)
{
    struct record record = record_of_slot(m, n);
    return (struct instance_key){record.ns, record.service, record.id};
}

static struct beats *beats_of(struct model *m, struct slot *s)
{
    return s->group ? &m->groups[s->owner][s->group] : &s->beats;
}

static uint64_t deadline_of(struct model *m, struct slot *s)
{
    const struct beats *b = beats_of(m, s);
    return b->heard + b->term;
}

static uint32_t lease_of(const struct model *m, const struct slot *of)
{
    uint32_t longest = of->lease_s;
    for (unsigned n = 0; n < SLOTS && of->group; n++) {
        const struct slot *s = &m->slots[n];
        if (s->present && s->owner == of->owner && s->group == of->group && s->lease_s > longest)
            longest = s->lease_s;
    }
    return longest;
}

static void model_renew(struct model *m, struct slot *s)
{
    struct beats *b = beats_of(m, s);
    uint64_t gap = m->now - b->heard;
    if (b->measured && gap < b->term && gap >= b->term / 16)
        b->gap = gap;
    b->measured = b->counted = true;
    b->heard = m->now;
    b->term = (uint64_t)lease_of(m, s) * 1000;
}

/* A registration: `created` the instance, `fresh` its lease. */
static void model_register(struct model *m, struct slot *s, bool created, bool fresh)
{
    struct beats *b = beats_of(m, s);
    if (fresh)
        *b = (struct beats){.heard = m->now, .measured = true};
    if (!created || (s->group && b->counted)) {
        model_renew(m, s);
        return;
    }
    b->measured = !s->group;
    b->heard = m->now;
    b->term = (uint64_t)lease_of(m, s) * 1000;
}

static bool is_late(const struct model *m, const struct beats *b)
{
    uint64_t gap = b->gap ? b->gap : b->term / 2, interval = b->term * 3 / 10;
    uint64_t late = (gap > interval ? gap : interval) * 3 / 2;
    return b->counted && m->now >= b->heard + (late < b->term ? late : b->term);
}

static void model_bury(struct model *m, struct slot *s, uint64_t floor)
{
    s->present = false;
    s->floor = floor;
    s->floor_until = m->now + TOMBSTONE_MS;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t members(const struct model *m, unsigned owner, unsigned group)
{
    uint32_t count = 0;
    for (unsigned n = 0; n < SLOTS; n++)
        count += m->slots[n].present && m->slots[n].owner == owner && m->slots[n].group == group;
    return count;
}

static bool is_stale(const struct model *m, unsigned n)
{
    struct instance_state state;
    instance_state(registry_instance(m->registry, key_of_slot(m, n)), &state);
    return state.stale;
}

static void try_register(struct model *m, unsigned n)
{
    struct slot before = m->slots[n], *s = &m->slots[n];
    unsigned owner = rand_below(&m->rand, OWNERS);
    bool expired = before.present && (deadline_of(m, s) <= m->now || is_stale(m, n));
    s->lease_s = 5 + rand_below(&m->rand, 20);
    s->version = rand_below(&m->rand, 3);
    s->group = rand_below(&m->rand, 2) ? 0 : rand_below(&m->rand, GROUPS + 1);
    s->zone = rand_below(&m->rand, 4) ? before.zone : rand_below(&m->rand, ZONES);
    struct record record = record_of_slot(m, n);
    struct granted g;
    enum err err = registry_register(m->registry, &record, owners[owner], at_ms(m->now), &g);
    if (before.present && before.owner != owner && !expired) {
        assert_int_equal(err, ERR_OWNER);
        *s = before;
        return;
    }
    assert_int_equal(err, ERR_OK);
    bool created = !before.present || before.owner != owner;
    bool other = s->version != before.version || s->zone != before.zone;
    uint64_t floor = before.present ? before.rev : before.floor_until > m->now ? before.floor : 0;
    if (created)
        s->rev = larger(floor, WALL + m->now);
    else if (other)
        s->rev = larger(before.rev + 1, WALL + m->now);
    m->evictions += created && before.present;
    s->present = true;
    s->owner = owner;
    bool stays = !created && before.group == s->group;
    bool fresh = !stays && (!s->group || members(m, owner, s->group) == 1);
    model_register(m, s, created, fresh);
    assert_int_equal(g.created, created);
    assert_int_equal(g.changed, created || other);
    assert_int_equal(g.rev, s->rev);
    assert_int_equal(g.lease_s, s->lease_s);
}

static void try_renew(struct model *m, unsigned n)
{
    struct slot *s = &m->slots[n];
    struct granted g;
    unsigned owner = rand_below(&m->rand, OWNERS);
    enum err err = registry_renew(m->registry, key_of_slot(m, n), owners[owner], at_ms(m->now), &g);
    assert_int_equal(err, !s->present ? ERR_NOT_FOUND : s->owner != owner ? ERR_OWNER : ERR_OK);
    if (err == ERR_OK)
        model_renew(m, s);
}

static void try_deregister(struct model *m, unsigned n)
{
    struct slot *s = &m->slots[n];
    unsigned owner = rand_below(&m->rand, OWNERS);
    uint64_t rev;
    enum err err =
        registry_deregister(m->registry, key_of_slot(m, n), 0, owners[owner], at_ms(m->now), &rev);
    assert_int_equal(err, !s->present ? ERR_NOT_FOUND : s->owner != owner ? ERR_OWNER : ERR_OK);
    if (err == ERR_OK)
        model_bury(m, s, s->rev + 1);
}

static void try_group(struct model *m, unsigned which)
{
    unsigned owner = which % OWNERS, group = 1 + which % GROUPS;
    uint32_t wanted = members(m, owner, group), count;
    uint64_t goodbye;
    struct group_state state;
    if (rand_below(&m->rand, 10)) {
        enum err err = registry_group_renew(m->registry, text_of(groups[group]), owners[owner],
                                            false, 0, 0, at_ms(m->now), &state);
        assert_int_equal(err, wanted ? ERR_OK : ERR_NOT_FOUND);
        assert_int_equal(state.count, wanted);
        struct slot any = {.owner = owner, .group = group};
        assert_int_equal(state.lease_s, wanted ? lease_of(m, &any) : 0);
        model_renew(m, &any);
        return;
    }
    enum err err = registry_group_deregister(m->registry, text_of(groups[group]), owners[owner],
                                             at_ms(m->now), &count, &goodbye);
    assert_int_equal(err, wanted ? ERR_OK : ERR_NOT_FOUND);
    assert_int_equal(count, wanted);
    for (unsigned n = 0; n < SLOTS; n++) {
        struct slot *s = &m->slots[n];
        if (s->present && s->owner == owner && s->group == group)
            model_bury(m, s, s->rev + 1);
    }
}

static void see(void *context, const struct registry_event *event)
{
    struct model *m = context;
    if (event->kind != REGISTRY_EVICTED && event->kind != REGISTRY_STALE)
        return;
    struct instance_key key = instance_key(event->instance);
    uint64_t n;
    assert_int_equal(text_number((struct text){key.id.s + 1, key.id.n - 1}, SLOTS - 1, &n), ERR_OK);
    struct slot *s = &m->slots[n];
    assert_true(s->present);
    assert_true(deadline_of(m, s) <= m->now);
    m->seen++;
    if (event->kind == REGISTRY_STALE) {
        assert_true(event->instance == registry_instance(m->registry, key));
        m->stales++;
        return;
    }
    bool held = registry_guard(m->registry).on && m->now < deadline_of(m, s) + HOLD_MS;
    assert_false(held);
    model_bury(m, s, s->rev);
    m->evictions++;
}

/* Guards, hosts and leases, counted anew from what was heard. */
static void compare_guards(struct model *m)
{
    struct guard_state guard = registry_guard(m->registry);
    bool seen[OWNERS][GROUPS + 1] = {{0}};
    unsigned counted[OWNERS * (GROUPS + HOSTS) * ZONES] = {0}, late[ARRAY_COUNT(counted)] = {0};
    unsigned hosts = 0, late_hosts = 0, all = 0, all_late = 0;
    for (unsigned n = 0; n < SLOTS; n++) {
        struct slot *s = &m->slots[n];
        const struct beats *b = beats_of(m, s);
        if (!s->present || !b->counted || (s->group && seen[s->owner][s->group]))
            continue;
        unsigned host = s->group ? s->group - 1 : GROUPS + n % HOSTS;
        unsigned at = ((s->group ? 0 : s->zone) * OWNERS + s->owner) * (GROUPS + HOSTS) + host;
        if (s->owner == 1 && !s->group) /* a key's host is its source, always the same here */
            at = (s->zone * OWNERS + s->owner) * (GROUPS + HOSTS) + GROUPS;
        seen[s->owner][s->group] = s->group != 0;
        counted[at]++;
        late[at] += is_late(m, b);
        all++;
        all_late += is_late(m, b);
    }
    for (unsigned at = 0; at < ARRAY_COUNT(counted); at++) {
        hosts += counted[at] != 0;
        late_hosts += counted[at] && late[at] == counted[at];
    }
    assert_int_equal(guard.counted, all);
    assert_int_equal(guard.late, all_late);
    assert_int_equal(guard.hosts, hosts);
    assert_int_equal(guard.late_hosts, late_hosts);
    assert_int_equal(guard.late_hosts_max, hosts * 15 / 100 > 2 ? hosts * 15 / 100 : 2);
}

static void pass_time(struct model *m)
{
    m->now += rand_below(&m->rand, 20) ? rand_below(&m->rand, 400) : rand_below(&m->rand, 9000);
    unsigned budget = rand_below(&m->rand, 6);
    uint64_t before = m->seen;
    bool left = registry_expire(m->registry, at_ms(m->now), budget, see, m);
    assert_true(m->seen - before <= budget);
    if (left)
        return;
    assert_true(registry_next_deadline(m->registry) > m->now);
    compare_guards(m);
    for (unsigned n = 0; n < SLOTS; n++) {
        struct slot *s = &m->slots[n];
        if (s->present && deadline_of(m, s) <= m->now && !registry_guard(m->registry).brownout)
            assert_true(is_stale(m, n));
    }
}

static void compare(struct model *m)
{
    uint64_t present = 0, up = 0, stale = 0, services_stale = 0;
    for (unsigned n = 0; n < SLOTS; n++) {
        struct slot *s = &m->slots[n];
        const struct instance *i = registry_instance(m->registry, key_of_slot(m, n));
        assert_int_equal(i != NULL, s->present);
        if (!i)
            continue;
        struct record read, wanted = record_of_slot(m, n);
        struct instance_state state;
        instance_read(i, &read);
        instance_state(i, &state);
        assert_true(text_is(read.version, wanted.version));
        assert_true(text_is(read.group, wanted.group));
        assert_int_equal(read.rev, s->rev);
        assert_int_equal(read.lease_s, s->lease_s);
        assert_int_equal(state.deadline_ms, deadline_of(m, s));
        up += !state.stale;
        stale += state.stale;
        assert_int_equal(state.owner.kind, owners[s->owner]->kind);
        present++;
    }
    uint64_t listed = 0;
    for (const struct service *s = registry_service_next(m->registry, TEXT(""), NULL); s;
         s = registry_service_next(m->registry, TEXT(""), s)) {
        services_stale += service_stale(s);
        for (uint32_t n = 0; n < service_count(s); n++, listed++)
            assert_ptr_equal(registry_instance(m->registry, instance_key(service_instance(s, n))),
                             service_instance(s, n));
    }
    struct registry_totals totals = registry_totals(m->registry);
    assert_int_equal(totals.instances, present);
    assert_int_equal(totals.live_up, up);
    assert_int_equal(totals.stale, stale);
    assert_int_equal(services_stale, stale);
    assert_int_equal(totals.evictions, m->evictions);
    assert_int_equal(listed, present);
}

static void run_model(uint64_t seed, unsigned operations)
{
    static struct model m;
    memset(&m, 0, sizeof(m));
    struct registry_config config = registry_config_default();
    config.tombstone_s = TOMBSTONE_MS / 1000;
    config.service_retention_s = 10;
    config.guard.hold_s = HOLD_MS / 1000;
    m.registry = registry_of(config);
    rand_seed(&m.rand, seed);
    for (unsigned n = 0; n < operations; n++) {
        unsigned slot = rand_below(&m.rand, SLOTS), what = rand_below(&m.rand, 100);
        if (what < 35)
            try_register(&m, slot);
        else if (what < 70)
            try_renew(&m, slot);
        else if (what < 75)
            try_deregister(&m, slot);
        else if (what < 78)
            try_group(&m, slot);
        else
            pass_time(&m);
        if (n % 500 == 0)
            compare(&m);
    }
    compare(&m);
    assert_true(m.evictions > operations / 200);
    assert_true(m.stales > 20);
    assert_true(registry_totals(m.registry).guards_closed > 5);
    registry_free(m.registry);
}

static void test_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_model(seed, OPERATIONS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_shortened_lease_moves_up),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
