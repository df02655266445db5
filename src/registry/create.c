#include "registry/create.h"

#include <stdlib.h>

#include "registry/override.h"
#include "registry/owner.h"
#include "registry/record.h"

uint32_t lease_granted(const struct registry_config *config, const struct record *record)
{
    if (record->permanent)
        return 0;
    if (record->lease_bounded && record->lease_s)
        return record->lease_s;
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
    /* Of a service that is known, too: the name may have been taken since, as by a zone file. */
    if (is_static_name(r, record, (struct text){0}) || (!s && is_instance_elsewhere(r, record)))
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

static struct instance *draft_instance(struct registry *r, const struct record *record)
{
    uint8_t packed[CONTENT_MAX];
    return instance_new(&r->pool, record->id, packed, content_pack(record, packed));
}

static enum err draft_lease(struct registry *r, struct draft *d, const struct record *record,
                            const struct principal *who, struct moment now)
{
    struct addr source = host_source(who, record);
    if (record->group.n) {
        d->group = group_get(r, d->owner, record, source, d->lease_s, now);
        return d->group ? ERR_OK : ERR_MEMORY;
    }
    struct lease *lease = &d->instance->lease;
    struct host *host = host_get(r, d->owner, source, record->zone);
    if (!host)
        return ERR_MEMORY;
    lease_start(&r->agenda, lease, LEASE_OF_INSTANCE, d->lease_s, now);
    host_join(r, host, lease, now);
    return ERR_OK;
}

enum err draft_make(struct registry *r, struct draft *d, const struct record *record,
                    const struct principal *who, uint32_t lease_s, struct moment now)
{
    enum err err = ERR_MEMORY;
    if (map_reserve(&r->instances, 1) != ERR_OK ||
        !(d->service = service_get(r, record->ns, record->service)) ||
        service_reserve(d->service, d->service->count + 1) != ERR_OK ||
        !(d->owner = owner_get(&r->pool, &r->owners, &r->key, who)))
        return err;
    struct instance *i = draft_instance(r, record);
    if (!i)
        return err;
    i->service = d->service;
    i->owner = pool_ref_of(&r->pool, d->owner);
    i->weight = record_weight(record, r->config.weight_key);
    i->registered_ms = now.wall_ms;
    d->instance = i;
    d->lease_s = lease_s;
    if ((err = draft_lease(r, d, record, who, now)) != ERR_OK) {
        instance_free(&r->pool, i);
        d->instance = NULL;
    }
    return err;
}

void draft_drop(struct registry *r, struct draft *d, struct moment now)
{
    map_release(&r->instances);
    if (d->instance && !d->group)
        lease_end(r, &d->instance->lease, now);
    instance_free(&r->pool, d->instance);
    if (d->group)
        group_release(r, d->group, now);
    if (d->owner)
        owner_release(&r->pool, &r->owners, d->owner);
    if (d->service)
        service_release(r, d->service);
}

static void join(struct registry *r, const struct draft *d, struct moment now)
{
    struct group *g = d->group;
    lease_unexpire(r, &g->lease, now);
    group_join(g, d->instance, d->lease_s);
    if (lease_is(&g->lease, LEASE_COUNTED) && !lease_is(&g->lease, LEASE_UNMEASURED))
        group_renew(r, g, now);
    else /* that all its members were registered, or restored, is no heartbeat of it */
        lease_revive(r, &g->lease, g->lease_s, now);
}

/* A group that is stale already takes it in as it is; one that lives keeps it alive. */
static void join_stale(struct registry *r, const struct draft *d, struct moment now)
{
    struct instance *i = d->instance;
    if (d->group)
        group_join(d->group, i, d->lease_s);
    if (!d->group || d->group->count == 1) {
        late_begin_stale(r, instance_lease(i), i, now);
    } else if (lease_is(&d->group->lease, LEASE_EXPIRED)) {
        i->service->expired++;
        i->stale = true;
    }
}

void draft_commit(struct registry *r, struct draft *d, const struct path *path, struct moment now)
{
    struct instance *i = d->instance;
    d->owner->instances++;
    service_make_known(r, d->service);
    service_add(r, d->service, i);
    if (d->stale)
        join_stale(r, d, now);
    else if (d->group)
        join(r, d, now);
    else
        lease_wake(r, &i->lease);
    i->overridden = override_find(&r->overrides, path) != NULL;
    tombstone_lift(&r->tombstones, path);
    state_appeared(r, i, now);
    journal_put(&r->journal, i);
}

void draft_settle(struct registry *r, const struct draft *d, struct instance *displaced,
                  const struct principal *who, struct moment now)
{
    state_observe(r, displaced ? DEED_TAKEN_OVER : DEED_REGISTERED, d->instance, who,
                  displaced ? &instance_owner(r, displaced)->principal : NULL);
    if (displaced) { /* only now, so that the service is never without anybody */
        state_detach(r, displaced, DEPARTURE_NONE, now);
        service_settle(d->service);
        r->evictions++;
    }
    r->registrations++;
}

enum err draft_admit(const struct registry *r, const struct record *record, const struct path *path,
                     const struct instance *displaced, struct moment now, uint64_t *rev)
{
    const struct service *s = service_find(r, record->ns, record->service);
    uint64_t floor =
        displaced ? displaced->rev : tombstone_floor(&r->tombstones, path, now.lease_ms);
    enum err err = choose_rev(floor, record->rev, now, rev);
    if (err != ERR_OK)
        return err;
    return !displaced && is_name_taken(r, record, s) ? ERR_EXISTS : ERR_OK;
}

/* All that can refuse it: the rules, then the journal. Changes nothing. */
static enum err admit(const struct registry *r, const struct record *record,
                      const struct path *path, const struct principal *who,
                      const struct instance *displaced, struct moment now, uint64_t *rev)
{
    const struct service *s = service_find(r, record->ns, record->service);
    enum err err = draft_admit(r, record, path, displaced, now, rev);
    if (err != ERR_OK)
        return err;
    if (is_full(r, who, s, displaced != NULL))
        return ERR_FULL;
    return journal_reserve(&r->journal, JOURNAL_PUT, s && s->count == 0 ? 2 : 1);
}

static void replace(struct registry *r, const struct path *path, const struct instance *displaced,
                    struct instance *i)
{
    map_replace(&r->instances, path->hash, displaced, i);
    map_release(&r->instances);
}

enum err create(struct registry *r, const struct record *record, const struct path *path,
                const struct principal *who, struct instance *displaced, struct moment now,
                struct granted *out)
{
    enum err err = admit(r, record, path, who, displaced, now, &out->rev);
    if (err != ERR_OK)
        return err;
    struct draft d = {0};
    err = draft_make(r, &d, record, who, lease_granted(&r->config, record), now);
    if (err == ERR_OK && !displaced)
        err = map_insert(&r->instances, path->hash, d.instance);
    if (err != ERR_OK) {
        draft_drop(r, &d, now);
        return err;
    }
    if (displaced)
        replace(r, path, displaced, d.instance);
    d.instance->rev = out->rev;
    d.owner->principal.quota = who->quota;
    draft_commit(r, &d, path, now);
    draft_settle(r, &d, displaced, who, now);
    *out = (struct granted){.instance = d.instance,
                            .rev = out->rev,
                            .lease_s = instance_lease_s(d.instance),
                            .created = true,
                            .changed = true};
    return ERR_OK;
}
