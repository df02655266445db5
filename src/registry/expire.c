/* What time does: lateness first, then the guards, and only then does anything go. */
#include "registry/evict.h"
#include "registry/guard.h"
#include "registry/leave.h"

enum { LATE_STEPS = 3000 }; /* in one call: 1 or 2 ms */

bool registry_expire(struct registry *r, struct moment now, unsigned budget, registry_visit *visit,
                     void *context)
{
    leave_turn(r, now);
    bool left = late_turn(r, now, LATE_STEPS, visit, context);
    if (!left && guards_turn(r, now, visit, context)) /* who judges has to know of all of them */
        evict_release(r);
    left = left || evict_turn(r, now, budget, visit, context);
    bool tombstones_left = tombstones_expire(&r->tombstones, now.lease_ms, budget, &r->journal);
    bool services_left = services_expire(r, now, budget);
    bool guards_left = guards_next(r) <= now.lease_ms; /* evictions change what they judge by */
    return left || tombstones_left || services_left || guards_left;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t registry_next_deadline(const struct registry *r)
{
    uint64_t next = earlier(agenda_next(&r->agenda), tombstones_next(&r->tombstones));
    next = earlier(next, services_next(&r->services));
    next = earlier(next, guards_next(r));
    next = earlier(next, leave_next(r));
    return earlier(next, evict_next(r));
}
