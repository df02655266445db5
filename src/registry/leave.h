/* Goodbyes: of one instance, and of groups, whose members leave a part at a time.
 *
 *     group_get ──> [by name] ──leave_begin──> [queue of those that leave] ──> the last has gone
 *
 * A group that leaves is found by its name no more: a new one of the same name is another
 * one. Its members are found until each goes; but nothing renews or updates them, and who
 * registers one anew meets nobody. A turn buries no more than the configuration allows in one
 * millisecond of lease time, the oldest goodbye first.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_LEAVE_H
#define DISC_REGISTRY_LEAVE_H

#include <sys/queue.h>

#include "registry/group.h"
#include "registry/instance.h"

struct leaving {
    STAILQ_ENTRY(leaving) next;
    struct group *group;
    struct principal who; /* said goodbye */
    uint64_t number;
};

struct leavings {
    STAILQ_HEAD(leaving_queue, leaving) queue; /* in the order of their numbers */
    uint64_t last;                             /* number */
    uint64_t at_ms;                            /* lease time for which `left` holds */
    uint32_t left;                             /* of the members that may leave in it */
    uint64_t retry_ms;                         /* not before: the journal had no room */
};

void leavings_init(struct leavings *l);
/* With the groups that are in the queue. */
void leavings_deinit(struct leavings *l, struct pool *pool);

/* The goodbye of one: a tombstone on it with this floor. The journal must have room. */
void leave_now(struct registry *r, struct instance *i, uint64_t floor, const struct principal *who,
               struct moment now);

/* The group leaves: all of it, or as much as may at once. Then it may be gone.
 * ERR_MEMORY, or what reserve says: nothing happened. */
MUST_CHECK enum err leave_begin(struct registry *r, struct group *g, const struct principal *who,
                                struct moment now);
/* The number of the newest goodbye of a group of this name that is not over; 0 = there is none. */
uint64_t leave_number(const struct registry *r, const struct owner *owner, struct text name);

/* Does its group leave? */
static inline bool leave_takes(const struct instance *i)
{
    return i->grouped && i->member.group->leaving != NULL;
}
/* Who registers what leaves comes after its goodbye: it goes at once. As reserve. */
MUST_CHECK enum err leave_first(struct registry *r, struct instance *i, struct moment now);

/* The group in the queue has no members any more. */
void leave_end(struct registry *r, const struct group *g);

void leave_turn(struct registry *r, struct moment now);
/* When there is something to do, in lease ms; UINT64_MAX = nothing. */
uint64_t leave_next(const struct registry *r);

#endif
