#include "registry/state.h"

#include "registry/owner.h"

struct instance *state_instance(const struct registry *r, struct instance_key key)
{
    struct path path;
    return path_of_instance(&r->key, key, &path) ? instance_find(&r->instances, &path) : NULL;
}

void state_note(struct registry *r, struct service *s, bool withdrawal)
{
    feed_note(&r->feed, s);
    if (withdrawal)
        s->withdrawal_index = s->index;
}

/* Leaving `up` takes it out of the service's answers; `down` takes its own name away. */
static bool is_withdrawal(struct standing before, struct standing after)
{
    return (before.status == STATUS_UP && after.status != STATUS_UP) ||
           (before.status != STATUS_DOWN && after.status == STATUS_DOWN) ||
           after.weight < before.weight;
}

void state_changed(struct registry *r, struct instance *i, struct standing before, bool weaker,
                   struct moment now)
{
    struct standing after = instance_standing(i);
    r->live_up -= before.status == STATUS_UP;
    r->live_up += after.status == STATUS_UP;
    if (after.status == STATUS_UP && before.status != STATUS_UP)
        i->up_ms = now.wall_ms;
    state_note(r, i->service, weaker || is_withdrawal(before, after));
    i->index = i->service->index;
    i->latest_ms = now.wall_ms;
}

static void end_lease(struct registry *r, struct instance *i)
{
    if (!i->grouped) {
        lease_end(&r->leases, &i->lease);
        return;
    }
    struct group *g = i->member.group;
    group_leave(&i->member, i);
    group_release(&r->groups, &r->leases, g);
}

void state_detach(struct registry *r, struct instance *i, struct moment now)
{
    struct service *s = i->service;
    r->live_up -= instance_standing(i).status == STATUS_UP;
    service_remove(r, s, i, now);
    end_lease(r, i);
    i->owner->instances--;
    owner_release(&r->owners, i->owner);
    instance_free(i);
    state_note(r, s, true);
}

void state_bury(struct registry *r, struct instance *i, uint64_t floor, struct moment now)
{
    struct path path;
    instance_path(i, &path);
    path.hash = instance_hash(i);
    map_remove(&r->instances, path.hash, i);
    state_detach(r, i, now);
    tombstone_bury(&r->tombstones, &path, floor,
                   now.lease_ms + (uint64_t)r->config.tombstone_s * 1000, r->config.tombstones_max);
}
