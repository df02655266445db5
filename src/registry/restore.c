/* What a restart brings back from the store. Nothing here is told to the journal: that is
 * where it comes from. */
#include <stdlib.h>

#include "registry/create.h"
#include "registry/owner.h"

static enum err restore(struct registry *r, const struct stored_instance *stored,
                        const struct path *path, bool stale, struct moment now)
{
    const struct record *record = &stored->record;
    uint32_t lease_s = record->permanent ? 0
                       : record->lease_s ? record->lease_s
                                         : r->config.lease_default_s;
    struct draft d = {.stale = stale && lease_s};
    enum err err = d.stale ? late_reserve(r) : ERR_OK;
    if (err != ERR_OK)
        return err;
    err = draft_make(r, &d, record, &stored->owner, lease_s, now);
    if (err == ERR_OK)
        err = map_insert(&r->instances, path->hash, d.instance);
    if (err != ERR_OK) {
        draft_drop(r, &d, now);
        return err;
    }
    d.instance->rev = record->rev;
    d.instance->registered_ms = stored->registered_ms;
    draft_commit(r, &d, path, now);
    lease_count(r, instance_lease(d.instance), now);
    d.instance->up_ms = stored->up_ms;
    d.instance->latest_ms = stored->latest_ms;
    return ERR_OK;
}

/* Times that an instance has no room for were never written by a server. */
static bool has_times(const struct stored_instance *s)
{
    return (s->registered_ms | s->up_ms | s->latest_ms) >> TIME_BITS == 0;
}

enum err registry_restore(struct registry *r, const struct stored_instance *stored, bool stale,
                          struct moment now)
{
    const struct record *record = &stored->record;
    struct path path;
    if (record_fault(record) || record->rev == 0 || !has_times(stored) ||
        !path_of_instance(&r->key, (struct instance_key){record->ns, record->service, record->id},
                          &path))
        return ERR_VALUE;
    if (instance_find(&r->instances, &path))
        return ERR_EXISTS;
    struct registry_journal journal = r->journal;
    r->journal = (struct registry_journal){0};
    enum err err = restore(r, stored, &path, stale, now);
    r->journal = journal;
    return err;
}

/* What is left until a wall time, as lease time; no more than it can have been, as the wall
 * clock may have gone back. */
static uint64_t lease_until(uint64_t wall_ms, uint32_t most_s, struct moment now)
{
    uint64_t left = wall_ms > now.wall_ms ? wall_ms - now.wall_ms : 0;
    uint64_t most = (uint64_t)most_s * 1000;
    return now.lease_ms + (left < most ? left : most);
}

enum err registry_restore_grave(struct registry *r, struct instance_key key, uint64_t floor,
                                uint64_t until_ms, struct moment now)
{
    struct path path;
    if (key.ns.n == 0 || key.service.n == 0 || key.id.n == 0 ||
        !path_of_instance(&r->key, key, &path))
        return ERR_VALUE;
    if (until_ms <= now.wall_ms || instance_find(&r->instances, &path))
        return ERR_OK;
    tombstone_lift(&r->tombstones, &path);
    bool buried = tombstone_bury(&r->tombstones, &path, floor,
                                 lease_until(until_ms, r->config.tombstone_s, now),
                                 r->config.tombstones_max, &r->journal);
    return buried || r->config.tombstones_max == 0 ? ERR_OK : ERR_MEMORY;
}

enum err registry_restore_service(struct registry *r, struct text ns, struct text service,
                                  uint64_t until_ms, struct moment now)
{
    struct path path;
    if (ns.n == 0 || service.n == 0 || !path_of_service(&r->key, ns, service, &path))
        return ERR_VALUE;
    if (service_find(r, ns, service))
        return ERR_OK;
    struct service *s = service_get(r, ns, service);
    if (!s)
        return ERR_MEMORY;
    service_make_known(r, s);
    service_retain(r, s,
                   until_ms == UINT64_MAX
                       ? UINT64_MAX
                       : lease_until(until_ms, r->config.service_retention_s, now),
                   now);
    state_note(r, s, false, now);
    return ERR_OK;
}
