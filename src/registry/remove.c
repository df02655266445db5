/* The goodbye, of one instance or of a group. */
#include "registry/leave.h"
#include "registry/owner.h"
#include "registry/state.h"

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
    leave_now(r, i, rev_after(rev > i->rev ? rev : i->rev), who, now);
    return ERR_OK;
}

enum err registry_group_deregister(struct registry *r, struct text group,
                                   const struct principal *who, struct moment now, uint32_t *count,
                                   uint64_t *goodbye)
{
    *count = 0;
    *goodbye = 0;
    const struct owner *owner = owner_find(&r->owners, &r->key, who);
    struct group *g = owner ? group_find(&r->groups, &r->key, owner, group) : NULL;
    if (!g) {
        journal_touch(&r->journal, (struct instance_key){{0}, {0}, {0}});
        *goodbye = owner ? leave_number(r, owner, group) : 0;
        return ERR_NOT_FOUND;
    }
    uint32_t members = g->count;
    enum err err = leave_begin(r, g, who, now);
    if (err != ERR_OK)
        return err;
    *count = members;
    owner = owner_find(&r->owners, &r->key, who); /* it may have gone with them */
    *goodbye = owner ? leave_number(r, owner, group) : 0;
    return ERR_OK;
}

uint64_t registry_goodbyes_over(const struct registry *r)
{
    const struct leaving *first = STAILQ_FIRST(&r->leavings.queue);
    return first ? first->number - 1 : r->leavings.last;
}
