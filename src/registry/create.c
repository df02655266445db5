#include "registry/create.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/record.h"

uint32_t lease_granted(const struct registry_config *config, const struct record *record)
{
    if (record->permanent)
        return 0;
    uint32_t s = record->lease_s ? record->lease_s : config->lease_default_s;
    if (s > config->lease_max_s)
        s = config->lease_max_s;
    if (s < config->lease_min_s)
        s = config->lease_min_s;
    return s ? s : 1; /* 0 would be for ever */
}

static bool is_static_name(const struct registry *r, const struct record *record, struct text id)
{
    const struct registry_config *c = &r->config;
    return c->name_taken && c->name_taken(c->context, record->ns, record->service, id);
}

/* Is there a service that is called like the new instance, "id.service"? */
static bool is_service_elsewhere(const struct registry *r, const struct record *record)
{
    char name[INSTANCE_ID_MAX + 1 + SERVICE_MAX];
    memcpy(name, record->id.s, record->id.n);
    name[record->id.n] = '.';
    memcpy(name + record->id.n + 1, record->service.s, record->service.n);
    return service_find(r, record->ns, (struct text){name, record->id.n + 1 + record->service.n}) !=
           NULL;
}

/* Is there an instance that is called like the new service: `a` of `b` for "a.b"? */
static bool is_instance_elsewhere(const struct registry *r, const struct record *record)
{
    struct text rest = record->service;
    struct text id = text_cut(&rest, '.');
    struct path path;
    return rest.n &&
           path_of_instance(&r->key, (struct instance_key){record->ns, rest, id}, &path) &&
           instance_find(&r->instances, &path);
}

static bool is_name_taken(const struct registry *r, const struct record *record,
                          const struct service *s)
{
    if (!s && (is_static_name(r, record, (struct text){0}) || is_instance_elsewhere(r, record)))
        return true;
    return is_static_name(r, record, record->id) || is_service_elsewhere(r, record);
}

static bool is_full(const struct registry *r, const struct principal *who, const struct service *s,
                    bool displaces)
{
    const struct registry_config *c = &r->config;
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    if (who->quota && (owner ? owner->instances : 0) >= who->quota)
        return true;
    if (displaces)
        return false;
    return r->instances.count >= c->instances_max || (!s && r->services.known >= c->services_max) ||
           (s ? s->count : 0) >= c->service_instances_max;
}

static enum err choose_rev(uint64_t floor, uint64_t given, struct moment now, uint64_t *rev)
{
    if (given && given < floor) {
        *rev = floor - 1;
        return ERR_STALE;
    }
    *rev = given ? given : floor > now.wall_ms ? floor : now.wall_ms;
    if (*rev == 0)
        *rev = 1; /* 0 means "none given" everywhere */
    return ERR_OK;
}

struct draft {
    struct service *service;
    struct owner *owner;
    struct group *group; /* NULL = a lease of its own */
    struct instance *instance;
};

static struct instance *draft_instance(const struct record *record)
{
    uint8_t packed[CONTENT_MAX];
    struct content *content = content_new(packed, content_pack(record, packed));
    struct instance *i = content ? instance_new(record->id, content) : NULL;
    if (!i)
        free(content);
    return i;
}

static enum err draft_lease(struct registry *r, struct draft *d, const struct record *record,
                            struct moment now)
{
    uint32_t lease_s = lease_granted(&r->config, record);
    if (record->group.n == 0)
        return lease_start(&r->leases, &d->instance->lease, LEASE_OF_INSTANCE, lease_s, now);
    d->group = group_get(&r->groups, &r->leases, &r->key, d->owner, record->group, lease_s, now);
    return d->group ? ERR_OK : ERR_MEMORY;
}

/* Makes all the parts and the room for them. What was made stays in *d. */
static enum err draft_make(struct registry *r, struct draft *d, const struct record *record,
                           const struct principal *who, struct moment now)
{
    enum err err = ERR_MEMORY;
    if (!(d->service = service_get(r, record->ns, record->service)) ||
        service_reserve(d->service, d->service->count + 1) != ERR_OK ||
        !(d->owner = owner_get(&r->owners, &r->key, who)))
        return err;
    struct instance *i = draft_instance(record);
    if (!i)
        return err;
    i->service = d->service;
    i->owner = d->owner;
    i->weight = record_weight(record, r->config.weight_key);
    i->registered_ms = now.wall_ms;
    d->instance = i;
    if ((err = draft_lease(r, d, record, now)) != ERR_OK) {
        instance_free(i);
        d->instance = NULL;
    }
    return err;
}

static void draft_drop(struct registry *r, struct draft *d)
{
    if (d->instance && !d->group)
        lease_end(&r->leases, &d->instance->lease);
    instance_free(d->instance);
    if (d->group)
        group_release(&r->groups, &r->leases, d->group);
    if (d->owner)
        owner_release(&r->owners, d->owner);
    if (d->service)
        service_release(r, d->service);
}

/* Nothing can fail any more; the instance is in the table already. */
static void commit(struct registry *r, struct draft *d, const struct record *record,
                   const struct principal *who, const struct path *path, struct moment now)
{
    struct instance *i = d->instance;
    d->owner->instances++;
    d->owner->principal.quota = who->quota;
    service_make_known(r, d->service);
    service_add(r, d->service, i);
    if (d->group) {
        group_join(d->group, i, lease_granted(&r->config, record));
        lease_renew(&r->leases, &d->group->lease, now);
    }
    i->overridden = override_find(&r->overrides, path) != NULL;
    tombstone_lift(&r->tombstones, path);
    r->registrations++;
    state_changed(r, i, (struct standing){STATUS_DOWN, 0}, false, now);
}

enum err create(struct registry *r, const struct record *record, const struct path *path,
                const struct principal *who, struct instance *displaced, struct moment now,
                struct granted *out)
{
    const struct service *s = service_find(r, record->ns, record->service);
    uint64_t floor =
        displaced ? displaced->rev : tombstone_floor(&r->tombstones, path, now.lease_ms);
    enum err err = choose_rev(floor, record->rev, now, &out->rev);
    if (err != ERR_OK)
        return err;
    if (!displaced && is_name_taken(r, record, s))
        return ERR_EXISTS;
    if (is_full(r, who, s, displaced != NULL))
        return ERR_FULL;

    struct draft d = {0};
    err = draft_make(r, &d, record, who, now);
    if (err == ERR_OK && !displaced)
        err = map_insert(&r->instances, path->hash, d.instance);
    if (err != ERR_OK) {
        draft_drop(r, &d);
        return err;
    }
    if (displaced) {
        map_replace(&r->instances, path->hash, displaced, d.instance);
        state_detach(r, displaced, now);
        r->evictions++;
    }
    d.instance->rev = out->rev;
    commit(r, &d, record, who, path, now);
    *out = (struct granted){.instance = d.instance,
                            .rev = out->rev,
                            .lease_s = instance_lease_s(d.instance),
                            .created = true,
                            .changed = true};
    return ERR_OK;
}
