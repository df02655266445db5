#include "registry/leave.h"

#include <stdlib.h>

#include "registry/owner.h"
#include "registry/state.h"

enum {
    CHANGES = 3, /* for each: it may be the last of its service, and drive out an older grave */
    RETRY_MS = 1000,
};

void leavings_init(struct leavings *l)
{
    STAILQ_INIT(&l->queue);
    l->at_ms = UINT64_MAX;
}

void leavings_deinit(struct leavings *l, struct pool *pool)
{
    for (struct leaving *first; (first = STAILQ_FIRST(&l->queue));) {
        STAILQ_REMOVE_HEAD(&l->queue, next);
        pool_free(pool, first->group->host);
        pool_free(pool, first->group);
        free(first);
    }
}

void leave_now(struct registry *r, struct instance *i, uint64_t floor, const struct principal *who,
               struct moment now)
{
    struct service *s = i->service;
    state_observe(r, DEED_DEREGISTERED, i, who, NULL);
    state_bury(r, i, floor, DEPARTURE_DEREGISTERED, now);
    service_settle(s);
    r->deregistrations++;
}

uint64_t leave_number(const struct registry *r, const struct owner *owner, struct text name)
{
    const struct leaving *l;
    uint64_t number = 0;
    STAILQ_FOREACH(l, &r->leavings.queue, next)
    if (l->group->owner == owner && text_is(group_name(l->group), name))
        number = l->number;
    return number;
}

/* How many may leave now. */
static uint32_t members_left(struct registry *r, struct moment now)
{
    struct leavings *l = &r->leavings;
    if (l->at_ms != now.lease_ms) {
        l->at_ms = now.lease_ms;
        l->left = r->config.leave_max;
    }
    return l->left;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The group, and its place in the queue, go with the last one. */
static void leave_some(struct registry *r, const struct leaving *l, uint32_t count,
                       struct moment now)
{
    struct group *g = l->group;
    r->leavings.left -= count;
    for (; count; count--)
        leave_now(r, g->first, rev_after(g->first->rev), &l->who, now);
}

enum err leave_begin(struct registry *r, struct group *g, const struct principal *who,
                     struct moment now)
{
    struct leavings *all = &r->leavings;
    uint32_t count = STAILQ_EMPTY(&all->queue) ? lesser(members_left(r, now), g->count) : 0;
    enum err err = journal_reserve(&r->journal, JOURNAL_WITHDRAW, (size_t)count * CHANGES);
    if (err != ERR_OK)
        return err;
    struct leaving *l = malloc(sizeof(*l));
    if (!l)
        return ERR_MEMORY;
    *l = (struct leaving){.group = g, .who = *who, .number = ++all->last};
    STAILQ_INSERT_TAIL(&all->queue, l, next);
    map_remove(&r->groups, g->hash, g);
    g->leaving = l;
    leave_some(r, l, count, now);
    return ERR_OK;
}

enum err leave_first(struct registry *r, struct instance *i, struct moment now)
{
    const struct leaving *l = i->member.group->leaving;
    enum err err = journal_reserve(&r->journal, JOURNAL_WITHDRAW, CHANGES);
    if (err == ERR_OK)
        leave_now(r, i, rev_after(i->rev), &l->who, now);
    return err;
}

void leave_end(struct registry *r, const struct group *g)
{
    STAILQ_REMOVE(&r->leavings.queue, g->leaving, leaving, next);
    free(g->leaving);
}

void leave_turn(struct registry *r, struct moment now)
{
    struct leavings *all = &r->leavings;
    const struct leaving *l;
    if (now.lease_ms < all->retry_ms)
        return;
    while ((l = STAILQ_FIRST(&all->queue)) && members_left(r, now)) {
        uint32_t count = lesser(all->left, l->group->count);
        if (journal_reserve(&r->journal, JOURNAL_WITHDRAW, (size_t)count * CHANGES) != ERR_OK) {
            all->retry_ms = now.lease_ms + RETRY_MS;
            return;
        }
        leave_some(r, l, count, now);
    }
}

uint64_t leave_next(const struct registry *r)
{
    const struct leavings *l = &r->leavings;
    if (STAILQ_EMPTY(&l->queue))
        return UINT64_MAX;
    uint64_t next = l->left ? 0 : l->at_ms + 1;
    return next > l->retry_ms ? next : l->retry_ms;
}
