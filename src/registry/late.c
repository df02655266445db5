#include "registry/late.h"

#include "registry/guard.h"
#include "registry/host.h"
#include "registry/state.h"

enum { MS = 1000, RETRY_MS = 1000 /* where memory lacked */ };

/* ---- sets and instances ------------------------------------------------------------ */

void expired_deinit(struct expired *e)
{
    for (unsigned n = 0; n < EXPIRED_SETS; n++)
        pick_deinit(&e->sets[n]);
}

void expired_shrink(struct expired *e)
{
    for (unsigned n = 0; n < EXPIRED_SETS && !expired_count(e); n++)
        pick_shrink(&e->sets[n]);
}

static void set_add(struct expired *e, struct lease *lease, enum expired_set to)
{
    lease->set = (uint8_t)to;
    pick_add(&e->sets[to], lease);
}

void expired_move(struct expired *e, struct lease *lease, enum expired_set to)
{
    if (lease->set == to)
        return;
    pick_remove(&e->sets[lease->set], lease);
    set_add(e, lease, to);
}

/* Each may come to hold all of them. */
enum err late_reserve(struct registry *r)
{
    uint32_t count = expired_count(&r->expired) + 1;
    for (unsigned n = 0; n < EXPIRED_SETS; n++)
        if (pick_reserve(&r->expired.sets[n], count) != ERR_OK)
            return ERR_MEMORY;
    return ERR_OK;
}

struct instance *lease_first(struct lease *lease)
{
    if (lease->holder == LEASE_OF_INSTANCE)
        return (struct instance *)((char *)lease - offsetof(struct instance, lease));
    return ((struct group *)lease)->first; /* the lease is its first member */
}

struct instance *lease_next(const struct lease *lease, const struct instance *i)
{
    return lease->holder == LEASE_OF_INSTANCE ? NULL : i->member.next;
}

static bool is_probed(const struct registry *r, struct lease *lease)
{
    if (!r->probes)
        return false;
    for (const struct instance *i = lease_first(lease); i; i = lease_next(lease, i))
        if (i->service->policy.probe)
            return true;
    return false;
}

/* ---- hearing of it ------------------------------------------------------------------ */

/* When it is to be looked at next, just after it was heard of. */
static uint64_t wake_ms(const struct registry *r, struct lease *lease)
{
    return lease_is(lease, LEASE_COUNTED) || is_probed(r, lease) ? lease_late_ms(lease)
                                                                 : lease_due_ms(lease);
}

static void wake_at(struct registry *r, struct lease *lease, uint64_t ms)
{
    if (ms < lease->node.key || ms == LEASE_NEVER)
        agenda_move(&r->agenda, &lease->node, ms);
}

void instance_unexpire(struct registry *r, struct instance *i, struct moment now)
{
    i->service->expired--;
    service_settle(i->service);
    if (!i->stale)
        return;
    struct standing before = instance_standing(i);
    i->stale = false;
    state_changed(r, i, before, false, now);
}

void lease_unexpire(struct registry *r, struct lease *lease, struct moment now)
{
    if (!lease_is(lease, LEASE_EXPIRED))
        return;
    pick_remove(&r->expired.sets[lease->set], lease);
    lease->flags &= (uint8_t) ~(LEASE_EXPIRED | LEASE_STRETCHED);
    for (struct instance *i = lease_first(lease); i; i = lease_next(lease, i))
        instance_unexpire(r, i, now);
}

static void heard(struct registry *r, struct lease *lease, uint8_t flags, uint32_t seconds,
                  struct moment now)
{
    struct share before = host_share(lease);
    lease->flags = flags;
    r->leases += (uint64_t)(seconds != 0) - (lease->seconds != 0);
    lease->seconds = seconds;
    lease->heard_ms = now.lease_ms;
    host_shift(r, host_of(r, lease), before, host_share(lease), now);
    wake_at(r, lease, wake_ms(r, lease));
}

void lease_renew(struct registry *r, struct lease *lease, uint32_t seconds, struct moment now)
{
    const uint8_t eventful = LEASE_COUNTED | LEASE_LATE | LEASE_EXPIRED | LEASE_UNMEASURED;
    gaps_note(&r->gaps, lease, now);
    lease_measure(lease, now);
    lease->renewed_ms = now.wall_ms;
    if (seconds == lease->seconds && (lease->flags & eventful) == LEASE_COUNTED) {
        lease->heard_ms = now.lease_ms;
        wake_at(r, lease, lease_late_ms(lease));
        return;
    }
    lease_unexpire(r, lease, now);
    heard(r, lease, seconds ? LEASE_COUNTED : 0, seconds, now);
}

void lease_revive(struct registry *r, struct lease *lease, uint32_t seconds, struct moment now)
{
    lease_unexpire(r, lease, now);
    uint8_t counted = seconds ? lease->flags & LEASE_COUNTED : 0;
    lease->renewed_ms = now.wall_ms;
    heard(r, lease, counted | LEASE_UNMEASURED, seconds, now);
}

void lease_wake(struct registry *r, struct lease *lease)
{
    wake_at(r, lease, wake_ms(r, lease));
}

void lease_count(struct registry *r, struct lease *lease, struct moment now)
{
    if (lease->seconds && !lease_is(lease, LEASE_COUNTED))
        heard(r, lease, LEASE_COUNTED | LEASE_UNMEASURED, lease->seconds, now);
}

void lease_discount(struct registry *r, struct lease *lease, struct moment now)
{
    struct share before = host_share(lease);
    lease->flags &= (uint8_t) ~(LEASE_COUNTED | LEASE_LATE);
    host_shift(r, host_of(r, lease), before, host_share(lease), now);
}

void lease_end(struct registry *r, struct lease *lease, struct moment now)
{
    if (lease_is(lease, LEASE_EXPIRED))
        pick_remove(&r->expired.sets[lease->set], lease);
    host_leave(r, lease, now);
    agenda_remove(&r->agenda, &lease->node);
}

/* ---- not hearing of it --------------------------------------------------------------- */

uint64_t late_due_ms(const struct registry *r, const struct lease *lease)
{
    uint64_t terms = r->guards.brownout ? LEASE_STRETCH : 1;
    return lease->heard_ms + (uint64_t)lease->seconds * MS * terms;
}

bool late_is_held(const struct registry *r, const struct lease *lease, struct moment now)
{
    uint64_t hold_ms = (uint64_t)r->config.guard.hold_s * MS;
    return now.lease_ms < lease_due_ms(lease) ||
           (now.lease_ms < lease_expired_ms(lease) + hold_ms &&
            guards_hold(r, host_zone(r, host_of(r, lease))));
}

void late_schedule(struct registry *r, struct lease *lease, struct moment now)
{
    uint64_t term = (uint64_t)lease->seconds * MS, next = LEASE_NEVER;
    if (lease->set == EXPIRED_HELD && !late_is_held(r, lease, now))
        next = now.lease_ms + term; /* something else keeps it: that is asked again */
    else if (lease->set == EXPIRED_HELD && now.lease_ms < lease_due_ms(lease))
        next = lease_due_ms(lease);
    else if (lease->set == EXPIRED_HELD)
        next = lease_expired_ms(lease) + (uint64_t)r->config.guard.hold_s * MS;
    if (now.lease_ms + term < next && is_probed(r, lease))
        next = now.lease_ms + term;
    agenda_move(&r->agenda, &lease->node, next);
}

static void begin_expired(struct registry *r, struct lease *lease, enum expired_set set)
{
    lease->flags |= LEASE_EXPIRED;
    if (r->guards.brownout)
        lease->flags |= LEASE_STRETCHED;
    set_add(&r->expired, lease, set);
    for (struct instance *i = lease_first(lease); i; i = lease_next(lease, i))
        i->service->expired++;
}

void late_begin_stale(struct registry *r, struct lease *lease, struct instance *i,
                      struct moment now)
{
    lease_count(r, lease, now);
    struct share before = host_share(lease);
    lease->flags |= LEASE_LATE;
    host_shift(r, host_of(r, lease), before, host_share(lease), now);
    begin_expired(r, lease, EXPIRED_HELD);
    lease->flags &= (uint8_t)~LEASE_STRETCHED;
    i->stale = true;
    late_schedule(r, lease, now);
}

struct turn {
    struct registry *r;
    struct moment now;
    registry_visit *visit;
    void *context;
    unsigned cost; /* of the last step, in instances */
};

static void tell_late(struct turn *t, struct lease *lease)
{
    if (!t->visit || !t->r->probes)
        return;
    for (struct instance *i = lease_first(lease); i; i = lease_next(lease, i), t->cost++)
        if (i->service->policy.probe)
            t->visit(t->context, &(struct registry_event){.kind = REGISTRY_LATE, .instance = i});
}

static void become_late(struct turn *t, struct lease *lease)
{
    struct share before = host_share(lease);
    lease->flags |= LEASE_LATE;
    host_shift(t->r, host_of(t->r, lease), before, host_share(lease), t->now);
    tell_late(t, lease);
}

/* Where the term is stretched it is looked at once in each lease all the same: the
 * brownout may be over by then. */
static void look_each_lease(struct registry *r, struct lease *lease, struct moment now)
{
    uint64_t term = (uint64_t)lease->seconds * MS;
    uint64_t terms = (now.lease_ms - lease->heard_ms) / term + 1;
    agenda_move(&r->agenda, &lease->node, lease->heard_ms + term * terms);
}

void lease_resume(struct registry *r, struct lease *lease, struct moment now)
{
    lease_unexpire(r, lease, now);
    look_each_lease(r, lease, now);
}

static void expire_or_wait(struct turn *t, struct lease *lease)
{
    struct registry *r = t->r;
    if (late_due_ms(r, lease) > t->now.lease_ms) {
        look_each_lease(r, lease, t->now);
    } else if (late_reserve(r) != ERR_OK) {
        agenda_move(&r->agenda, &lease->node, t->now.lease_ms + RETRY_MS);
    } else {
        begin_expired(r, lease, EXPIRED_NEW);
        agenda_move(&r->agenda, &lease->node, LEASE_NEVER);
        if (lease->holder == LEASE_OF_GROUP)
            t->cost += ((struct group *)lease)->count;
    }
}

static void look_again(struct turn *t, struct lease *lease)
{
    tell_late(t, lease);
    if (lease->set == EXPIRED_HELD && !late_is_held(t->r, lease, t->now))
        expired_move(&t->r->expired, lease, EXPIRED_WAITING);
    late_schedule(t->r, lease, t->now);
}

static void step(struct turn *t, struct lease *lease)
{
    t->cost = 1;
    if (lease_is(lease, LEASE_EXPIRED)) {
        look_again(t, lease);
        return;
    }
    if (!lease_is(lease, LEASE_LATE)) {
        uint64_t wake = wake_ms(t->r, lease);
        if (wake > t->now.lease_ms) {
            agenda_move(&t->r->agenda, &lease->node, wake);
            return;
        }
        if (wake < lease_due_ms(lease) || lease_is(lease, LEASE_COUNTED))
            become_late(t, lease);
    }
    expire_or_wait(t, lease);
}

/* Puts back what was heard of since, and what is not due yet. */
static void put_back(struct registry *r, struct lease *lease, uint64_t key)
{
    bool settled = lease->flags & (LEASE_LATE | LEASE_EXPIRED);
    agenda_add(&r->agenda, &lease->node, settled ? key : wake_ms(r, lease));
}

bool late_turn(struct registry *r, struct moment now, unsigned steps, registry_visit *visit,
               void *context)
{
    struct turn t = {r, now, visit, context, 0};
    struct agenda_node *node;
    uint64_t key;
    while (steps && (node = agenda_pull(&r->agenda, now.lease_ms, &key))) {
        put_back(r, (struct lease *)node, key); /* its first member */
        steps--;
    }
    while (steps > t.cost && (node = agenda_first(&r->agenda, now.lease_ms))) {
        steps -= t.cost;
        step(&t, (struct lease *)node);
    }
    return agenda_next(&r->agenda) <= now.lease_ms;
}
