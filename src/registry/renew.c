/* Renewals: of one instance, and of a whole group. */
#include "registry/leave.h"
#include "registry/owner.h"
#include "registry/state.h"

static enum err renew(struct registry *r, struct instance *i, const struct principal *who,
                      struct moment now, struct granted *out)
{
    if (!i || leave_takes(i))
        return ERR_NOT_FOUND;
    if (!owner_is(instance_owner(r, i), who))
        return ERR_OWNER;
    if (i->grouped)
        group_renew(r, i->member.group, now);
    else
        lease_renew(r, &i->lease, i->lease.seconds, now);
    r->renewals++;
    out->instance = i;
    out->rev = i->rev;
    out->lease_s = instance_lease_s(i);
    return ERR_OK;
}

enum err registry_renew(struct registry *r, struct instance_key key, const struct principal *who,
                        struct moment now, struct granted *out)
{
    *out = (struct granted){0};
    return renew(r, state_instance(r, key), who, now, out);
}

enum err registry_renew_seen(struct registry *r, struct instance_key key, const struct sight *sight,
                             const struct principal *who, struct moment now, struct granted *out)
{
    *out = (struct granted){0};
    return renew(r, instance_find_hashed(&r->instances, sight->hash, key), who, now, out);
}

enum err registry_group_renew(struct registry *r, struct text group, const struct principal *who,
                              bool check, uint32_t count, uint64_t digest, struct moment now,
                              struct group_state *out)
{
    *out = (struct group_state){0};
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    struct group *g = owner ? group_find(&r->groups, &r->key, owner, group) : NULL;
    if (!g)
        return ERR_NOT_FOUND;
    group_renew(r, g, now);
    r->renewals++;
    *out = group_state(g);
    return !check || (count == g->count && digest == g->digest) ? ERR_OK : ERR_DIGEST;
}
