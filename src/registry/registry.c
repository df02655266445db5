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
        .weight_key = "weight",
    };
}

struct registry *registry_new(const struct registry_config *config, const struct hash_key *key)
{
    struct registry *r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    r->key = *key;
    services_init(&r->services);
    tombstones_init(&r->tombstones);
    if (registry_configure(r, config) != ERR_OK) {
        registry_free(r);
        return NULL;
    }
    return r;
}

static void free_entries(struct map *map)
{
    size_t cursor = 0;
    void *entry;
    while ((entry = map_next(map, &cursor)))
        free(entry);
    map_deinit(map);
}

static void free_instances(struct map *map)
{
    size_t cursor = 0;
    struct instance *i;
    while ((i = map_next(map, &cursor)))
        instance_free(i);
    map_deinit(map);
}

static void free_services(struct services *all)
{
    size_t cursor = 0;
    struct service *s;
    heap_deinit(&all->retention); /* before its nodes go */
    while ((s = map_next(&all->map, &cursor)))
        free(s->instances);
    free_entries(&all->map);
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    heap_deinit(&r->leases); /* before its nodes go */
    free_instances(&r->instances);
    free_entries(&r->groups);
    free_entries(&r->owners);
    free_entries(&r->overrides);
    free_services(&r->services);
    tombstones_deinit(&r->tombstones);
    feed_deinit(&r->feed);
    free(r->weight_key);
    free(r);
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
    r->config = *config;
    r->config.weight_key = weight_key;
    return ERR_OK;
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
    return (struct registry_totals){
        .services = r->services.known,
        .instances = r->instances.count,
        .live_up = r->live_up,
        .groups = r->groups.count,
        .tombstones = r->tombstones.map.count,
        .overrides = r->overrides.count,
        .registrations = r->registrations,
        .renewals = r->renewals,
        .deregistrations = r->deregistrations,
        .evictions = r->evictions,
    };
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

uint64_t service_index(const struct service *s)
{
    return s->index;
}

uint64_t service_withdrawal_index(const struct service *s)
{
    return s->withdrawal_index;
}

const struct instance *service_instance(const struct service *s, uint32_t n)
{
    return s->instances[n];
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
