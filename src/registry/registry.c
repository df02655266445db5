#include "registry/registry.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/state.h"

struct registry_config registry_config_default(void)
{
    return (struct registry_config){
        .lease_default_s = 30,
        .lease_min_s = 5,
        .lease_max_s = 300,
        .service_retention_s = 86400,
        .tombstone_s = 300,
        .instances_max = 2000000,
        .services_max = 500000,
        .service_instances_max = 20000,
        .tombstones_max = 200000,
        .leave_max = 128,
        .weight_key = "weight",
        .guard = {.hosts_min = 2, .threshold_percent = 85, .hold_s = 900, .zones = true},
    };
}

/* Where entries of these tables lie. */
static void use_pool(struct registry *r)
{
    r->instances.pool = r->owners.pool = r->hosts.pool = r->groups.pool = &r->pool;
    r->services.map.pool = r->guards.zones.pool = r->agenda.pool = &r->pool;
}

struct registry *registry_new(const struct registry_config *config, const struct hash_key *key)
{
    struct registry *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->config.guard = config->guard;
    r->key = *key;
    rand_seed(&r->rand, hash_bytes(key, "", 0));
    services_init(&r->services);
    leavings_init(&r->leavings);
    r->feed.index = r->services.freed_index = config->first_index;
    guards_init(&r->guards);
    use_pool(r);
    if (!pool_reserve(&r->pool, "instances") || late_reserve(r) != ERR_OK ||
        registry_configure(r, config) != ERR_OK) {
        registry_free(r);
        return NULL;
    }
    return r;
}

static void free_overrides(struct map *map)
{
    size_t cursor = 0;
    struct override_entry *o;
    while ((o = map_next(map, &cursor)))
        free(o);
    map_deinit(map);
}

static void free_entries(struct pool *pool, struct map *map)
{
    size_t cursor = 0;
    void *entry;
    while ((entry = map_next(map, &cursor)))
        pool_free(pool, entry);
    map_deinit(map);
}

static void free_groups(struct pool *pool, struct map *map)
{
    size_t cursor = 0;
    struct group *g;
    while ((g = map_next(map, &cursor)))
        pool_free(pool, g->host);
    free_entries(pool, map);
}

static void free_instances(struct pool *pool, struct map *map)
{
    size_t cursor = 0;
    struct instance *i;
    while ((i = map_next(map, &cursor)))
        instance_free(pool, i);
    map_deinit(map);
}

static void free_services(struct pool *pool, struct services *all)
{
    size_t cursor = 0;
    struct service *s;
    heap_deinit(&all->retention); /* before its nodes go */
    while ((s = map_next(&all->map, &cursor)))
        free(s->instances);
    free_entries(pool, &all->map);
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    agenda_deinit(&r->agenda); /* before its nodes go */
    free_instances(&r->pool, &r->instances);
    free_groups(&r->pool, &r->groups);
    leavings_deinit(&r->leavings, &r->pool);
    free_entries(&r->pool, &r->owners);
    free_entries(&r->pool, &r->hosts);
    free_overrides(&r->overrides);
    free_services(&r->pool, &r->services);
    tombstones_deinit(&r->tombstones);
    guards_deinit(&r->guards, &r->pool);
    pool_deinit(&r->pool);
    expired_deinit(&r->expired);
    feed_deinit(&r->feed);
    history_deinit(&r->history);
    free(r->weight_key);
    free(r);
}

static bool guard_config_is(const struct guard_config *a, const struct guard_config *b)
{
    return a->hosts_min == b->hosts_min && a->threshold_percent == b->threshold_percent &&
           a->hold_s == b->hold_s && a->zones == b->zones;
}

enum err registry_configure(struct registry *r, const struct registry_config *config)
{
    struct text key = text_of(config->weight_key);
    char *weight_key = NULL;
    if (key.s) {
        if (!(weight_key = malloc(key.n + 1)))
            return ERR_MEMORY;
        memcpy(weight_key, key.s, key.n + 1);
    }
    free(r->weight_key);
    r->weight_key = weight_key;
    r->guards.changed = r->guards.changed || !guard_config_is(&r->config.guard, &config->guard);
    r->config = *config;
    r->config.weight_key = weight_key;
    size_t cursor = 0;
    for (struct service *s; (s = map_next(&r->services.map, &cursor));)
        if (s->known)
            service_take_policy(r, s);
    return ERR_OK;
}

void registry_set_journal(struct registry *r, const struct registry_journal *journal)
{
    r->journal = journal ? *journal : (struct registry_journal){0};
}

void registry_set_observer(struct registry *r,
                           void (*observe)(void *context, const struct registry_deed *deed),
                           void *context)
{
    r->observer = (struct observer){observe, context};
}

const struct registry_config *registry_config_of(const struct registry *r)
{
    return &r->config;
}

/* ---- reading ------------------------------------------------------------------- */

const struct service *registry_service(const struct registry *r, struct text ns,
                                       struct text service)
{
    return service_find(r, ns, service);
}

const struct instance *registry_instance(const struct registry *r, struct instance_key key)
{
    return state_instance(r, key);
}

const struct service *registry_service_above(const struct registry *r, struct text ns,
                                             struct text name)
{
    const struct service *s = order_above(r->services.root, ns, name);
    return s && text_is(service_namespace(s), ns) ? s : NULL;
}

const struct service *registry_service_next(const struct registry *r, struct text ns,
                                            const struct service *after)
{
    struct text from = after ? service_namespace(after) : ns;
    struct text name = after ? service_name(after) : (struct text){0};
    const struct service *s = order_above(r->services.root, from, name);
    return s && (ns.n == 0 || text_is(service_namespace(s), ns)) ? s : NULL;
}

struct registry_totals registry_totals(const struct registry *r)
{
    struct registry_totals totals = {
        .services = r->services.known,
        .instances = r->instances.count,
        .live_up = r->live_up,
        .stale = r->stale,
        .groups = r->groups.count,
        .tombstones = r->tombstones.map.count,
        .overrides = r->overrides.count,
        .leases = r->leases,
        .gaps_sum = r->gaps.sum,
        .registrations = r->registrations,
        .renewals = r->renewals,
        .deregistrations = r->deregistrations,
        .evictions = r->evictions,
        .guards_closed = r->guards.closings,
        .brownouts = r->guards.brownouts,
    };
    memcpy(totals.by_status, r->by_status, sizeof(totals.by_status));
    memcpy(totals.gaps, r->gaps.counts, sizeof(totals.gaps));
    return totals;
}

struct text service_namespace(const struct service *s)
{
    return (struct text){s->path, s->ns_size};
}

struct text service_name(const struct service *s)
{
    return (struct text){s->path + s->ns_size + 1, s->path_size - s->ns_size - 2u};
}

uint32_t service_count(const struct service *s)
{
    return s->count;
}

uint32_t service_stale(const struct service *s)
{
    return s->stale;
}

uint64_t service_index(const struct service *s)
{
    return s->index;
}

uint64_t service_latest_ns(const struct service *s)
{
    return s->latest_ns;
}

uint64_t service_withdrawal_index(const struct service *s)
{
    return s->withdrawal_index;
}

const struct instance *service_instance(const struct service *s, uint32_t n)
{
    return service_at(s, n);
}

/* ---- the change feed ----------------------------------------------------------- */

uint64_t registry_index(const struct registry *r)
{
    return r->feed.index;
}

size_t registry_changes(const struct registry *r, uint64_t since, struct change *out, size_t max)
{
    size_t count = 0;
    const struct feed *f = &r->feed;
    for (size_t n = feed_after(f, since); n < f->used && count < max; n++) {
        const struct service *s = f->entries[n].service;
        if (s)
            out[count++] = (struct change){service_namespace(s), service_name(s), s->index,
                                           s->known ? s : NULL};
    }
    return count;
}

void registry_changes_trim(struct registry *r, uint64_t index)
{
    struct service *s;
    while ((s = TAILQ_FIRST(&r->services.forgotten)) && s->index <= index) {
        TAILQ_REMOVE(&r->services.forgotten, s, forgotten);
        service_free(r, s);
    }
}

uint64_t registry_changes_floor(const struct registry *r)
{
    return r->services.freed_index;
}
