/* Expiry: exact, in the order of the deadlines, within a budget; and the whole
 * registry against a naive model under random calls. */
#include "base/rand.h"
#include "unit/registry/fixture.h"

static void test_exact(void **state)
{
    (void)state;
    struct registry *r = registry_plain();
    assert_int_equal(registry_next_deadline(r), UINT64_MAX);
    assert_false(registry_expire(r, at_ms(1), 1, NULL, NULL));
    put_named(r, "web", "a", 7);
    assert_int_equal(registry_next_deadline(r), 30007);
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
    assert_int_equal(registry_next_deadline(r), 10000);
    expire_all(r, 10000);
    assert_null(registry_instance(r, key_of("web", "a")));
    assert_non_null(registry_instance(r, key_of("web", "b")));
    registry_free(r);
}

/* ---- the model ------------------------------------------------------------------ */

enum { SLOTS = 120, OWNERS = 2, GROUPS = 3, OPERATIONS = 100000, TOMBSTONE_MS = 20000 };

struct slot {
    bool present;
    unsigned owner, group, version; /* group 0 = a lease of its own */
    uint32_t lease_s;
    uint64_t deadline; /* of its own lease */
    uint64_t rev;
    uint64_t floor, floor_until;
};

struct model {
    struct slot slots[SLOTS];
    uint64_t group_deadline[OWNERS][GROUPS + 1];
    uint64_t now;
    struct rand rand;
    struct registry *registry;
    uint64_t evictions;
};

static const struct principal *const owners[OWNERS] = {&local, &deploy};
static const char *const groups[GROUPS + 1] = {"", "one", "two", "three"};

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
    return record;
}

static struct instance_key key_of_slot(const struct model *m, unsigned n)
{
    struct record record = record_of_slot(m, n);
    return (struct instance_key){record.ns, record.service, record.id};
}

static uint64_t *deadline_of(struct model *m, struct slot *s)
{
    return s->group ? &m->group_deadline[s->owner][s->group] : &s->deadline;
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
    *deadline_of(m, s) = m->now + (uint64_t)lease_of(m, s) * 1000;
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

static void try_register(struct model *m, unsigned n)
{
    struct slot before = m->slots[n], *s = &m->slots[n];
    unsigned owner = rand_below(&m->rand, OWNERS);
    bool expired = before.present && *deadline_of(m, s) <= m->now;
    s->lease_s = 5 + rand_below(&m->rand, 20);
    s->version = rand_below(&m->rand, 3);
    s->group = rand_below(&m->rand, 2) ? 0 : rand_below(&m->rand, GROUPS + 1);
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
    uint64_t floor = before.present ? before.rev : before.floor_until > m->now ? before.floor : 0;
    if (created)
        s->rev = larger(floor, WALL + m->now);
    else if (s->version != before.version)
        s->rev = larger(before.rev + 1, WALL + m->now);
    m->evictions += created && before.present;
    s->present = true;
    s->owner = owner;
    model_renew(m, s);
    assert_int_equal(g.created, created);
    assert_int_equal(g.changed, created || s->version != before.version);
    assert_int_equal(g.rev, s->rev);
    assert_int_equal(g.lease_s, s->lease_s);
}

static void try_renew(struct model *m, unsigned n)
{
    struct slot *s = &m->slots[n];
    struct granted g;
    unsigned owner = rand_below(&m->rand, OWNERS);
    enum err err = registry_renew(m->registry, key_of_slot(m, n), owners[owner], at_ms(m->now), &g);
    assert_int_equal(err, !s->present          ? ERR_NOT_FOUND
                          : s->owner != owner ? ERR_OWNER
                                              : ERR_OK);
    if (err == ERR_OK)
        model_renew(m, s);
}

static void try_deregister(struct model *m, unsigned n)
{
    struct slot *s = &m->slots[n];
    unsigned owner = rand_below(&m->rand, OWNERS);
    uint64_t rev;
    enum err err = registry_deregister(m->registry, key_of_slot(m, n), 0, owners[owner],
                                       at_ms(m->now), &rev);
    assert_int_equal(err, !s->present          ? ERR_NOT_FOUND
                          : s->owner != owner ? ERR_OWNER
                                              : ERR_OK);
    if (err == ERR_OK)
        model_bury(m, s, s->rev + 1);
}

static uint32_t members(const struct model *m, unsigned owner, unsigned group)
{
    uint32_t count = 0;
    for (unsigned n = 0; n < SLOTS; n++)
        count += m->slots[n].present && m->slots[n].owner == owner && m->slots[n].group == group;
    return count;
}

static void try_group(struct model *m, unsigned which)
{
    unsigned owner = which % OWNERS, group = 1 + which % GROUPS;
    uint32_t wanted = members(m, owner, group), count;
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
                                             at_ms(m->now), &count);
    assert_int_equal(err, wanted ? ERR_OK : ERR_NOT_FOUND);
    assert_int_equal(count, wanted);
    for (unsigned n = 0; n < SLOTS; n++) {
        struct slot *s = &m->slots[n];
        if (s->present && s->owner == owner && s->group == group)
            model_bury(m, s, s->rev + 1);
    }
}

static uint64_t first_deadline(struct model *m)
{
    uint64_t first = UINT64_MAX;
    for (unsigned n = 0; n < SLOTS; n++)
        if (m->slots[n].present && *deadline_of(m, &m->slots[n]) < first)
            first = *deadline_of(m, &m->slots[n]);
    return first;
}

static void see_evicted(void *context, const struct instance *i)
{
    struct model *m = context;
    struct instance_key key = instance_key(i);
    uint64_t n;
    assert_int_equal(
        text_number((struct text){key.id.s + 1, key.id.n - 1}, SLOTS - 1, &n), ERR_OK);
    struct slot *s = &m->slots[n];
    assert_true(s->present);
    assert_true(*deadline_of(m, s) <= m->now);
    assert_int_equal(*deadline_of(m, s), first_deadline(m));
    model_bury(m, s, s->rev);
    m->evictions++;
}

static void pass_time(struct model *m)
{
    m->now += rand_below(&m->rand, 400);
    assert_true(registry_next_deadline(m->registry) <= first_deadline(m));
    unsigned budget = rand_below(&m->rand, 6);
    uint64_t before = m->evictions;
    bool left = registry_expire(m->registry, at_ms(m->now), budget, see_evicted, m);
    assert_true(m->evictions - before <= budget);
    if (!left)
        assert_true(first_deadline(m) > m->now);
}

static void compare(struct model *m)
{
    uint64_t present = 0;
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
        assert_int_equal(state.deadline_ms, *deadline_of(m, s));
        assert_int_equal(state.owner.kind, owners[s->owner]->kind);
        present++;
    }
    uint64_t listed = 0;
    for (const struct service *s = registry_service_next(m->registry, TEXT(""), NULL); s;
         s = registry_service_next(m->registry, TEXT(""), s))
        for (uint32_t n = 0; n < service_count(s); n++, listed++)
            assert_ptr_equal(
                registry_instance(m->registry, instance_key(service_instance(s, n))),
                service_instance(s, n));
    struct registry_totals totals = registry_totals(m->registry);
    assert_int_equal(totals.instances, present);
    assert_int_equal(totals.live_up, present);
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
