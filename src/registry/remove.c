/* How instances go: the goodbye, of one or of a group, and the end of the lease. */
#include "registry/owner.h"
#include "registry/state.h"

enum err registry_deregister(struct registry *r, struct instance_key key, uint64_t rev,
                             const struct principal *who, struct moment now, uint64_t *rev_stored)
{
    *rev_stored = 0;
    struct instance *i = state_instance(r, key);
    if (!i)
        return ERR_NOT_FOUND;
    if (!owner_is(i->owner, who))
        return ERR_OWNER;
    *rev_stored = i->rev;
    if (rev && rev < i->rev)
        return ERR_STALE;
    state_bury(r, i, rev_after(rev > i->rev ? rev : i->rev), now);
    r->deregistrations++;
    return ERR_OK;
}

enum err registry_group_deregister(struct registry *r, struct text group,
                                   const struct principal *who, struct moment now, uint32_t *count)
{
    *count = 0;
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    struct group *g = owner ? group_find(&r->groups, &r->key, owner, group) : NULL;
    if (!g)
        return ERR_NOT_FOUND;
    *count = g->count;
    for (uint32_t left = g->count; left; left--) { /* the group goes with the last one */
        state_bury(r, g->first, rev_after(g->first->rev), now);
        r->deregistrations++;
    }
    return ERR_OK;
}

/* The one to evict next for this lease: of a group the member that joined first. */
static struct instance *victim_of(struct lease *lease)
{
    if (lease->holder == LEASE_OF_INSTANCE)
        return (struct instance *)lease;   /* its first member */
    return ((struct group *)lease)->first; /* likewise */
}

static bool expire_leases(struct registry *r, struct moment now, unsigned budget,
                          void (*visit)(void *context, const struct instance *i), void *context)
{
    struct lease *due;
    while ((due = lease_first_due(&r->leases, now.lease_ms))) {
        if (budget-- == 0)
            return true;
        struct instance *i = victim_of(due);
        if (visit)
            visit(context, i);
        state_bury(r, i, i->rev, now);
        r->evictions++;
    }
    return false;
}

bool registry_expire(struct registry *r, struct moment now, unsigned budget,
                     void (*visit)(void *context, const struct instance *i), void *context)
{
    bool instances_left = expire_leases(r, now, budget, visit, context);
    bool tombstones_left = tombstones_expire(&r->tombstones, now.lease_ms, budget);
    bool services_left = services_expire(r, now, budget);
    return instances_left || tombstones_left || services_left;
}

uint64_t registry_next_deadline(const struct registry *r)
{
    const struct heap_node *lease = heap_first(&r->leases);
    uint64_t next = lease ? lease->key : UINT64_MAX;
    uint64_t tombstone = tombstones_next(&r->tombstones);
    uint64_t service = services_next(&r->services);
    if (tombstone < next)
        next = tombstone;
    return service < next ? service : next;
}
