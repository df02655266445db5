#include "registry/host.h"

#include "registry/guard.h"
#include "registry/owner.h"
#include "registry/state.h"

enum { LATE_MASK = (1 << 28) - 1 };

struct wanted {
    const struct registry *registry;
    const struct owner *owner;
    const struct scope *zone;
    struct addr source;
};

struct addr host_source(const struct principal *who, const struct record *record)
{
    return who->kind == PRINCIPAL_LOCAL ? record->addresses[0] : who->addr;
}

static uint64_t hash_of(const struct wanted *w)
{
    struct {
        uint64_t owner, zone;
        uint8_t family[8], address[16];
    } bytes = {w->owner->hash, w->zone ? w->zone->hash : 0, {w->source.family}, {0}};
    memcpy(bytes.address, w->source.bytes, sizeof(bytes.address));
    return hash_bytes(&w->registry->key, &bytes, sizeof(bytes));
}

struct host *host_of(const struct registry *r, const struct lease *lease)
{
    return pool_at(&r->pool, lease->host);
}

struct owner *host_owner(const struct registry *r, const struct host *h)
{
    return pool_at(&r->pool, h->owner);
}

struct scope *host_zone(const struct registry *r, const struct host *h)
{
    return pool_at(&r->pool, h->zone);
}

struct addr host_address(const struct host *h)
{
    struct addr addr = {.family = h->family};
    memcpy(addr.bytes, h->address, addr_size(&addr));
    return addr;
}

static void set_addr(struct host *h, const struct addr *source)
{
    h->family = source->family & 7u;
    memcpy(h->address, source->bytes, addr_size(source));
}

static struct host *host_new(struct registry *r, const struct owner *owner,
                             const struct addr *source, unsigned room)
{
    struct host *h = pool_new(&r->pool, offsetof(struct host, address) + room);
    if (!h)
        return NULL;
    h->owner = pool_ref_of(&r->pool, owner);
    set_addr(h, source);
    return h;
}

static bool entry_is(const void *entry, const void *key)
{
    const struct host *h = entry;
    const struct wanted *w = key;
    struct addr source = host_address(h);
    return host_owner(w->registry, h) == w->owner && host_zone(w->registry, h) == w->zone &&
           addr_is(&source, &w->source);
}

static void set_zone(struct registry *r, struct host *h, struct scope *zone)
{
    struct scope *was = host_zone(r, h);
    h->zone = pool_ref_of(&r->pool, zone);
    if (zone)
        zone->hosts_named++;
    if (was) {
        was->hosts_named--;
        scope_release(r, was);
    }
}

struct host *host_get(struct registry *r, struct owner *owner, struct addr source, struct text zone)
{
    struct scope *scope = NULL;
    if (zone.n && !(scope = scope_get(r, zone)))
        return NULL;
    struct wanted wanted = {r, owner, scope, source};
    uint64_t hash = hash_of(&wanted);
    struct host *h = map_find(&r->hosts, hash, entry_is, &wanted);
    if (h)
        return h;
    if (!(h = host_new(r, owner, &source, addr_size(&source))))
        goto no_host;
    if (map_insert(&r->hosts, hash, h) != ERR_OK)
        goto no_entry;
    set_zone(r, h, scope);
    return h;
no_entry:
    pool_free(&r->pool, h);
no_host:
    if (scope)
        scope_release(r, scope);
    return NULL;
}

void host_release(struct registry *r, struct host *h)
{
    if (h->leases || h->grouped)
        return;
    struct wanted self = {r, host_owner(r, h), host_zone(r, h), host_address(h)};
    map_remove(&r->hosts, hash_of(&self), h);
    set_zone(r, h, NULL);
    pool_free(&r->pool, h);
}

struct host *host_new_grouped(struct registry *r, struct owner *owner, struct addr source,
                              struct text zone)
{
    struct scope *scope = NULL;
    if (zone.n && !(scope = scope_get(r, zone)))
        return NULL;
    struct host *h = host_new(r, owner, &source, sizeof(source.bytes));
    if (!h) {
        if (scope)
            scope_release(r, scope);
        return NULL;
    }
    h->grouped = true;
    set_zone(r, h, scope);
    return h;
}

void host_free_grouped(struct registry *r, struct host *h)
{
    set_zone(r, h, NULL);
    pool_free(&r->pool, h);
}

void host_move_grouped(struct host *h, struct addr source)
{
    set_addr(h, &source);
}

struct share host_share(const struct lease *lease)
{
    if (!lease_is(lease, LEASE_COUNTED))
        return (struct share){0};
    return (struct share){1, lease_is(lease, LEASE_LATE), lease->seconds};
}

static struct tally tally_of(const struct host *h)
{
    bool late = h->counted && h->late == h->counted;
    return (struct tally){.hosts = h->counted != 0,
                          .late_hosts = late,
                          .counted = h->counted,
                          .late = h->late,
                          .wholly_late = late ? h->counted : 0};
}

void host_shift(struct registry *r, struct host *h, struct share before, struct share after,
                struct moment now)
{
    struct tally was = tally_of(h);
    h->counted += after.counted - before.counted;
    h->late = (h->late + after.late - before.late) & LATE_MASK;
    struct tally is = tally_of(h);
    was.seconds = before.seconds;
    is.seconds = after.seconds;
    scope_shift(r, &r->guards.all, was, is, now);
    if (h->zone)
        scope_shift(r, host_zone(r, h), was, is, now);
}

void host_join(struct registry *r, struct host *h, struct lease *lease, struct moment now)
{
    lease->host = pool_ref_of(&r->pool, h);
    h->leases++;
    r->leases += lease->seconds != 0;
    host_shift(r, h, (struct share){0}, host_share(lease), now);
}

void host_leave(struct registry *r, struct lease *lease, struct moment now)
{
    struct host *h = host_of(r, lease);
    host_shift(r, h, host_share(lease), (struct share){0}, now);
    lease->host = 0;
    h->leases--;
    r->leases -= lease->seconds != 0;
    host_release(r, h);
}

enum err host_rezone(struct registry *r, const struct lease *lease, struct text zone,
                     struct moment now)
{
    struct host *h = host_of(r, lease);
    if (text_is(zone, h->zone ? scope_name(host_zone(r, h)) : (struct text){0}))
        return ERR_OK;
    struct scope *scope = NULL;
    if (zone.n && !(scope = scope_get(r, zone)))
        return ERR_MEMORY;
    host_shift(r, h, host_share(lease), (struct share){0}, now);
    set_zone(r, h, scope);
    host_shift(r, h, (struct share){0}, host_share(lease), now);
    return ERR_OK;
}
