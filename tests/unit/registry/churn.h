/* A small registry to which everything happens that can, at random. */
#ifndef DISC_TESTS_REGISTRY_CHURN_H
#define DISC_TESTS_REGISTRY_CHURN_H

#include "base/rand.h"
#include "unit/registry/fixture.h"

enum { SERVICES = 3, IDS = 10 };

static const char *const service_names[SERVICES] = {"web", "db", "user.rpc"};

static void id_name(unsigned id, char out[static 8])
{
    snprintf(out, 8, "i-%u", id);
}

struct churn {
    struct registry *r;
    struct rand rand;
    uint64_t ms;
    int64_t wall_shift;                 /* the wall clock is wrong by so much */
    enum departure left[SERVICES][IDS]; /* how it went the last time */
    unsigned stale;                     /* that became so */
};

static struct moment now_of(const struct churn *c)
{
    struct moment now = at_ms(c->ms);
    now.wall_ms += (uint64_t)c->wall_shift;
    return now;
}

static struct instance_key key_at(unsigned service, unsigned id, char name[static 8])
{
    id_name(id, name);
    return key_of(service_names[service], name);
}

static const struct instance *find(const struct churn *c, unsigned service, unsigned id)
{
    char name[8];
    return registry_instance(c->r, key_at(service, id, name));
}

static const struct principal *anybody(struct churn *c)
{
    return rand_below(&c->rand, 4) ? &local : &deploy;
}

static struct record random_record(struct churn *c, unsigned service, const char *name)
{
    struct record record = record_of(service_names[service], name);
    record.addresses[0].bytes[3] = (uint8_t)(1 + rand_below(&c->rand, 3));
    record.status = (enum status)rand_below(&c->rand, STATUS_COUNT);
    record.weight_set = true;
    record.weight = (uint16_t)rand_below(&c->rand, 3);
    record.lease_s = 5 + rand_below(&c->rand, 2) * 25;
    record.permanent = service == 0 && rand_below(&c->rand, 8) == 0;
    if (rand_below(&c->rand, 4) == 0)
        record.group = TEXT("node");
    return record;
}

static void some_register(struct churn *c, unsigned service, const char *name)
{
    struct granted granted;
    struct record record = random_record(c, service, name);
    enum err err = rand_below(&c->rand, 3)
                       ? registry_register(c->r, &record, anybody(c), now_of(c), &granted)
                       : registry_update(c->r, &record, &local, now_of(c), &granted);
    assert_true(err == ERR_OK || err == ERR_OWNER || err == ERR_NOT_FOUND);
}

static void some_renewal(struct churn *c, unsigned service, const char *name)
{
    struct granted granted;
    enum err err =
        registry_renew(c->r, key_of(service_names[service], name), anybody(c), now_of(c), &granted);
    assert_true(err == ERR_OK || err == ERR_OWNER || err == ERR_NOT_FOUND);
}

static void some_override(struct churn *c, unsigned service, const char *name)
{
    struct override o = {.drain = rand_below(&c->rand, 2), .weight_set = rand_below(&c->rand, 2)};
    enum err err = registry_override(c->r, key_of(service_names[service], name), &o, now_of(c));
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
}

static void some_goodbye(struct churn *c, unsigned service, unsigned id, const char *name)
{
    uint64_t rev;
    struct instance_key key = key_of(service_names[service], name);
    if (registry_deregister(c->r, key, 0, anybody(c), now_of(c), &rev) == ERR_OK)
        c->left[service][id] = DEPARTURE_DEREGISTERED;
}

static bool is_member(const struct instance *i)
{
    struct record record;
    struct instance_state state;
    if (!i)
        return false;
    instance_read(i, &record);
    instance_state(i, &state);
    return record.group.n && state.owner.kind == PRINCIPAL_LOCAL;
}

/* Some go at once, the others as time passes. */
static void group_goodbye(struct churn *c)
{
    uint32_t count;
    uint64_t goodbye;
    bool was[SERVICES][IDS];
    for (unsigned n = 0; n < SERVICES * IDS; n++)
        was[n / IDS][n % IDS] = is_member(find(c, n / IDS, n % IDS));
    if (registry_group_deregister(c->r, TEXT("node"), &local, now_of(c), &count, &goodbye) !=
        ERR_OK)
        return;
    for (unsigned n = 0; n < SERVICES * IDS; n++)
        if (was[n / IDS][n % IDS])
            c->left[n / IDS][n % IDS] = DEPARTURE_DEREGISTERED;
}

static void some_eviction(struct churn *c, unsigned service, unsigned id, const char *name)
{
    unsigned count = 0;
    struct instance_key key = key_of(service_names[service], name);
    enum err err = rand_below(&c->rand, 2)
                       ? registry_evict(c->r, key, 1, now_of(c), NULL, NULL, &count)
                       : registry_probed(c->r, key, false, now_of(c));
    if (err == ERR_OK)
        c->left[service][id] = DEPARTURE_EVICTED;
}

/* One comes, another goes, both or neither. */
static void some_transaction(struct churn *c, unsigned service, unsigned id, const char *name)
{
    char other_name[8];
    unsigned other = (id + 1) % IDS;
    struct record record = random_record(c, service, name);
    record.group = (struct text){0};
    struct registry_change changes[] = {{.record = &record},
                                        {.key = key_at(service, other, other_name)}};
    struct registry_transaction *t;
    size_t failed;
    if (registry_prepare(c->r, changes, 2, &local, now_of(c), &t, &failed) != ERR_OK)
        return;
    if (rand_below(&c->rand, 4) == 0) {
        registry_abort(t);
        return;
    }
    registry_commit(t);
    c->left[service][other] = DEPARTURE_DEREGISTERED;
}

static unsigned id_of(struct text t)
{
    uint64_t id;
    assert_true(t.n > 2);
    assert_int_equal(text_number((struct text){t.s + 2, t.n - 2}, IDS - 1, &id), ERR_OK);
    return (unsigned)id;
}

static void noted(void *context, const struct registry_event *event)
{
    struct churn *c = context;
    c->stale += event->kind == REGISTRY_STALE;
    if (event->kind != REGISTRY_EVICTED)
        return;
    struct instance_key key = instance_key(event->instance);
    for (unsigned service = 0; service < SERVICES; service++)
        if (text_is(key.service, text_of(service_names[service])))
            c->left[service][id_of(key.id)] = DEPARTURE_EXPIRED;
}

static void time_passes(struct churn *c)
{
    c->ms += rand_below(&c->rand, 8000);
    if (rand_below(&c->rand, 20) == 0)
        c->ms += 100000; /* services are forgotten */
    registry_guard_mode(c->r, (enum guard_mode)rand_below(&c->rand, 3), now_of(c));
    while (registry_expire(c->r, now_of(c), 3, noted, c))
        ;
    if (rand_below(&c->rand, 2))
        registry_changes_trim(c->r, registry_index(c->r) - rand_below(&c->rand, 20));
}

/* One thing happens. */
static void churn_step(struct churn *c)
{
    char name[8];
    unsigned service = rand_below(&c->rand, SERVICES), id = rand_below(&c->rand, IDS);
    id_name(id, name);
    switch (rand_below(&c->rand, 16)) {
    case 0: some_override(c, service, name); break;
    case 1:
    case 2: some_goodbye(c, service, id, name); break;
    case 3: some_eviction(c, service, id, name); break;
    case 4: some_transaction(c, service, id, name); break;
    case 5: time_passes(c); break;
    case 6:
        if (rand_below(&c->rand, 4) == 0)
            group_goodbye(c);
        break;
    case 7: some_renewal(c, service, name); break;
    default: some_register(c, service, name);
    }
}

/* What a restart brings back, some of it stale. */
UNUSED static void churn_restore(struct churn *c)
{
    for (unsigned id = 0; id < IDS; id += 2) {
        char name[8];
        id_name(id, name);
        struct stored_instance stored = {.record = record_of("web", name), .owner = local};
        stored.record.rev = WALL;
        assert_int_equal(registry_restore(c->r, &stored, id % 4 == 0, at_ms(0)), ERR_OK);
    }
}

/* A new one; its registry is the caller's. */
static struct churn churn_of(uint64_t seed, uint64_t first_index)
{
    struct registry_config config = registry_config_default();
    config.service_retention_s = 60;
    config.leave_max = 2;
    config.first_index = first_index;
    struct churn c = {.r = registry_of(config)};
    rand_seed(&c.rand, seed);
    return c;
}

#endif
