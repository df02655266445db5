#include "registry/evict.h"

#include "registry/guard.h"
#include "registry/host.h"
#include "registry/leave.h"

enum {
    MS = 1000,
    RETRY_MS = 1000,     /* where the journal had no room */
    STEPS_MAX = 3000,    /* leases looked at in one turn: 1 ms */
    BUCKET_LEAST = 100,  /* instances per mean lease */
    BUCKET_PERCENT = 15, /* of all instances */
};

struct turn {
    struct registry *r;
    struct moment now;
    registry_visit *visit;
    void *context;
    unsigned budget, steps;
    bool blocked; /* the journal has no room */
};

static void tell(const struct turn *t, enum registry_event_kind kind, const struct instance *i)
{
    if (t->visit)
        t->visit(t->context, &(struct registry_event){.kind = kind, .instance = i});
}

static enum err evict(const struct turn *t, struct instance *i, enum departure why)
{
    enum err err = journal_reserve(&t->r->journal, JOURNAL_WITHDRAW, state_bury_changes(i));
    if (err != ERR_OK)
        return err;
    tell(t, REGISTRY_EVICTED, i);
    /* After a goodbye even the same version does not bring it back. */
    state_bury(t->r, i, leave_takes(i) ? rev_after(i->rev) : i->rev, why, t->now);
    t->r->evictions++;
    return ERR_OK;
}

/* ---- what happens to one lease -------------------------------------------------------- */

/* Would its service have too few left? */
static bool is_below_floor(const struct service *s)
{
    const struct service_policy *p = &s->policy;
    return p->floor_percent ? (uint64_t)(s->count - 1) * 100 < (uint64_t)s->well * p->floor
                            : s->count - 1 < p->floor;
}

/* The one to evict next: of a group the member that joined first, of those that their
 * service can spare. */
static struct instance *victim_of(struct turn *t, struct lease *lease)
{
    uint64_t kept_until = lease_expired_ms(lease) + (uint64_t)FLOOR_KEEP_MAX_S * MS;
    struct instance *i = lease_first(lease);
    if (t->now.lease_ms >= kept_until)
        return i;
    for (; i && i->service->policy.floor && is_below_floor(i->service); t->steps -= t->steps > 0)
        i = lease_next(lease, i);
    return i;
}

/* False when the budget did not suffice for all of them. */
static bool make_stale(struct turn *t, struct lease *lease)
{
    struct group *g = lease->holder == LEASE_OF_GROUP ? (struct group *)lease : NULL;
    struct instance *i = g && g->unmarked ? g->unmarked : lease_first(lease);
    for (; i; i = lease_next(lease, i)) {
        if (i->stale)
            continue;
        if (g)
            g->unmarked = i;
        if (t->budget == 0)
            return false;
        t->budget--;
        struct standing before = instance_standing(i);
        i->stale = true;
        state_changed(t->r, i, before, false, t->now);
        tell(t, REGISTRY_STALE, i);
    }
    if (g)
        g->unmarked = NULL;
    return true;
}

static bool keep(struct turn *t, struct lease *lease, enum expired_set set)
{
    if (lease->set == EXPIRED_NEW && !make_stale(t, lease))
        return false;
    expired_move(&t->r->expired, lease, set);
    late_schedule(t->r, lease, t->now);
    return true;
}

/* False when the budget is used up. */
static bool decide(struct turn *t, struct lease *lease)
{
    struct registry *r = t->r;
    if (lease->set == EXPIRED_NEW && !lease_first(lease)->stale &&
        t->now.lease_ms < late_due_ms(r, lease)) {
        lease_resume(r, lease, t->now); /* a brownout has begun */
        return true;
    }
    if (late_is_held(r, lease, t->now))
        return keep(t, lease, EXPIRED_HELD);
    struct instance *victim = victim_of(t, lease);
    if (!victim) {
        lease_discount(r, lease, t->now);
        return keep(t, lease, EXPIRED_HELD);
    }
    if (t->blocked || !bucket_has_token(&r->bucket))
        return keep(t, lease, EXPIRED_WAITING);
    if (t->budget == 0)
        return false;
    if (evict(t, victim, DEPARTURE_EXPIRED) != ERR_OK) {
        t->blocked = true;
        r->evict_retry_ms = t->now.lease_ms + RETRY_MS;
        return true;
    }
    t->budget--;
    bucket_take(&r->bucket);
    return true;
}

/* ---- turns ---------------------------------------------------------------------------- */

void evict_release(struct registry *r)
{
    r->held_unseen = r->expired.sets[EXPIRED_HELD].count;
}

/* From the end to the start, so that what takes a place that fell free was seen. */
static void release_held(struct turn *t)
{
    struct registry *r = t->r;
    struct pick *held = &r->expired.sets[EXPIRED_HELD];
    if (r->held_unseen > held->count)
        r->held_unseen = held->count;
    for (; r->held_unseen && t->steps; t->steps--) {
        struct lease *lease = held->leases[--r->held_unseen];
        if (late_is_held(r, lease, t->now))
            continue;
        expired_move(&r->expired, lease, EXPIRED_WAITING);
        late_schedule(r, lease, t->now);
    }
}

/* One of the new ones, or of those that wait if any could go; NULL when there is none. */
static struct lease *draw(struct turn *t)
{
    struct registry *r = t->r;
    const struct pick *new = &r->expired.sets[EXPIRED_NEW];
    const struct pick *waiting = &r->expired.sets[EXPIRED_WAITING];
    bool goes = bucket_has_token(&r->bucket) && !t->blocked;
    uint32_t count = new->count + (goes ? waiting->count : 0);
    if (count == 0)
        return NULL;
    uint32_t n = rand_below(&r->rand, count);
    return n < new->count ? new->leases[n] : waiting->leases[n - new->count];
}

bool evict_turn(struct registry *r, struct moment now, unsigned budget, registry_visit *visit,
                void *context)
{
    struct turn t = {r, now, visit, context, budget, STEPS_MAX, now.lease_ms < r->evict_retry_ms};
    uint64_t share = r->instances.count * BUCKET_PERCENT / 100;
    bucket_fill(&r->bucket, share > BUCKET_LEAST ? share : BUCKET_LEAST, guards_mean_ms(r),
                now.lease_ms);
    release_held(&t);
    bool left = r->held_unseen != 0;
    struct lease *lease;
    while (!left && (lease = draw(&t)))
        left = t.steps-- == 0 || !decide(&t, lease);
    expired_shrink(&r->expired);
    r->evict_left = left;
    return left;
}

uint64_t evict_next(const struct registry *r)
{
    uint32_t waiting = r->expired.sets[EXPIRED_WAITING].count;
    if (r->evict_left)
        return 0;
    if (waiting == 0)
        return UINT64_MAX;
    uint64_t at = bucket_next(&r->bucket, waiting);
    return at > r->evict_retry_ms ? at : r->evict_retry_ms;
}

/* ---- by order -------------------------------------------------------------------------- */

enum err registry_probed(struct registry *r, struct instance_key key, bool alive, struct moment now)
{
    struct instance *i = state_instance(r, key);
    if (!i)
        return ERR_NOT_FOUND;
    if (!alive)
        return evict(&(struct turn){.r = r, .now = now}, i, DEPARTURE_EVICTED);
    struct lease *lease = instance_lease(i);
    if (lease->seconds == 0)
        return ERR_OK;
    /* Its rhythm is not what we took it for: until it renews by itself its silence says
     * nothing about the network, and the rhythm is learnt anew. */
    lease_discount(r, lease, now);
    lease->gap_ms = 0;
    lease_revive(r, lease, lease->seconds, now);
    return ERR_OK;
}

/* From the end: the last one takes the place of one that goes. */
static enum err evict_of_service(struct turn *t, struct service *s, unsigned *count)
{
    enum err err = ERR_OK;
    for (uint32_t n = s->count; n-- && *count < t->budget && err == ERR_OK;) {
        struct instance *i = service_at(s, n);
        if (!lease_is(instance_lease(i), LEASE_EXPIRED))
            continue;
        err = evict(t, i, DEPARTURE_EVICTED);
        *count += err == ERR_OK;
    }
    return err;
}

static enum err evict_of_all(struct turn *t, unsigned *count)
{
    enum err err = ERR_OK;
    for (unsigned n = 0; n < EXPIRED_SETS && err == ERR_OK; n++) {
        const struct pick *set = &t->r->expired.sets[n];
        while (set->count && *count < t->budget && err == ERR_OK) {
            err = evict(t, lease_first(set->leases[set->count - 1]), DEPARTURE_EVICTED);
            *count += err == ERR_OK;
        }
    }
    return err;
}

enum err registry_evict(struct registry *r, struct instance_key key, unsigned budget,
                        struct moment now, registry_visit *visit, void *context, unsigned *count)
{
    struct turn t = {.r = r, .now = now, .visit = visit, .context = context, .budget = budget};
    *count = 0;
    if (key.service.n == 0)
        return evict_of_all(&t, count);
    if (key.id.n == 0) {
        struct service *s = service_find(r, key.ns, key.service);
        return s ? evict_of_service(&t, s, count) : ERR_NOT_FOUND;
    }
    struct instance *i = state_instance(r, key);
    if (!i)
        return ERR_NOT_FOUND;
    enum err err = budget ? evict(&t, i, DEPARTURE_EVICTED) : ERR_OK;
    *count = budget && err == ERR_OK;
    return err;
}
