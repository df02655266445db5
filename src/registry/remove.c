/* The goodbye, of one instance or of a group. */
#include "registry/owner.h"
#include "registry/state.h"

static void say_goodbye(struct registry *r, struct instance *i, uint64_t floor,
                        const struct principal *who, struct moment now)
{
    struct service *s = i->service;
    state_observe(r, DEED_DEREGISTERED, i, who, NULL);
    state_bury(r, i, floor, DEPARTURE_DEREGISTERED, now);
    service_settle(s);
    r->deregistrations++;
}

enum err registry_deregister(struct registry *r, struct instance_key key, uint64_t rev,
                             const struct principal *who, struct moment now, uint64_t *rev_stored)
{
    *rev_stored = 0;
    struct instance *i = state_instance(r, key);
    if (!i) {
        journal_touch(&r->journal, key);
        return ERR_NOT_FOUND;
    }
    if (!owner_is(instance_owner(r, i), who))
        return ERR_OWNER;
    *rev_stored = i->rev;
    if (rev && rev < i->rev)
        return ERR_STALE;
    enum err err = journal_reserve(&r->journal, JOURNAL_WITHDRAW, state_bury_changes(i));
    if (err != ERR_OK)
        return err;
    say_goodbye(r, i, rev_after(rev > i->rev ? rev : i->rev), who, now);
    return ERR_OK;
}

enum err registry_group_deregister(struct registry *r, struct text group,
                                   const struct principal *who, struct moment now, uint32_t *count)
{
    *count = 0;
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    struct group *g = owner ? group_find(&r->groups, &r->key, owner, group) : NULL;
    if (!g) {
        journal_touch(&r->journal, (struct instance_key){{0}, {0}, {0}});
        return ERR_NOT_FOUND;
    }
    /* Each may be the last one of its service, and drive out an older grave. */
    enum err err = journal_reserve(&r->journal, JOURNAL_WITHDRAW, (size_t)g->count * 3);
    if (err != ERR_OK)
        return err;
    *count = g->count;
    for (uint32_t left = g->count; left; left--) /* the group goes with the last one */
        say_goodbye(r, g->first, rev_after(g->first->rev), who, now);
    return ERR_OK;
}
