/* What silence does to a lease, and hearing of it again. Used inside registry/ only. */
#ifndef DISC_REGISTRY_LATE_H
#define DISC_REGISTRY_LATE_H

#include "registry/instance.h"
#include "registry/pick.h"

struct expired {
    struct pick sets[EXPIRED_SETS];
};

void expired_deinit(struct expired *e);
static inline uint32_t expired_count(const struct expired *e)
{
    return e->sets[EXPIRED_NEW].count + e->sets[EXPIRED_WAITING].count +
           e->sets[EXPIRED_HELD].count;
}
/* Gives memory back when nobody has expired. */
void expired_shrink(struct expired *e);
/* From one set to another, which has room. */
void expired_move(struct expired *e, struct lease *lease, enum expired_set to);

/* The instances that live by it: lease_next() until NULL. */
struct instance *lease_first(struct lease *lease);
struct instance *lease_next(const struct lease *lease, const struct instance *i);

/* A heartbeat: from now on for `seconds` (0 = permanent). O(1) unless the lease had
 * expired. */
void lease_renew(struct registry *r, struct lease *lease, uint32_t seconds, struct moment now);
/* Heard of in another way, which does not make it one that renews. */
void lease_revive(struct registry *r, struct lease *lease, uint32_t seconds, struct moment now);
/* Just started: its service may want to know early. */
void lease_wake(struct registry *r, struct lease *lease);
/* Takes back that it expired, for all its instances. */
void lease_unexpire(struct registry *r, struct lease *lease, struct moment now);
/* The same for one instance that leaves such a lease. */
void instance_unexpire(struct registry *r, struct instance *i, struct moment now);
/* Not due after all: back to being late. */
void lease_resume(struct registry *r, struct lease *lease, struct moment now);
/* It begins as one that has renewed before (restored). */
void lease_count(struct registry *r, struct lease *lease, struct moment now);
/* It is as good as gone for its host and its guards. */
void lease_discount(struct registry *r, struct lease *lease, struct moment now);
/* Out of everything; the instances' own counts are the caller's matter. */
void lease_end(struct registry *r, struct lease *lease, struct moment now);

/* Expired and held, for a lease at least; its only instance so far is `i`, who becomes
 * stale, which is not yet noted as a change. There must be room: late_reserve. */
void late_begin_stale(struct registry *r, struct lease *lease, struct instance *i,
                      struct moment now);
MUST_CHECK enum err late_reserve(struct registry *r);

/* Brings leases to their next state, at most `steps` instances; true when some are left. */
bool late_turn(struct registry *r, struct moment now, unsigned steps, registry_visit *visit,
               void *context);

/* Must this expired lease be kept for now (guard, or not due after all)? */
bool late_is_held(const struct registry *r, const struct lease *lease, struct moment now);
/* When its term is over as things are. */
uint64_t late_due_ms(const struct registry *r, const struct lease *lease);
/* When to look again at one that has expired. */
void late_schedule(struct registry *r, struct lease *lease, struct moment now);

#endif
