/* What Eureka and the Go registry have in common: a guard that is looked at in each sweep,
 * and a sweep that removes at most 15 % of what is registered, chosen at random among what
 * has expired. */
#ifndef DISC_TESTS_SIM_TABLE_SWEEP_H
#define DISC_TESTS_SIM_TABLE_SWEEP_H

#include "sim/table/fleet.h"

/* Of `size` registered ones so many may go in one sweep. */
static inline unsigned sweep_limit(unsigned size)
{
    return size - (unsigned)(size * 0.85);
}

/* Moves `wanted` random entries of `ids` to its front (the first steps of a shuffle). */
static inline void sweep_draw(struct rand *rand, unsigned *ids, unsigned count, unsigned wanted)
{
    for (unsigned i = 0; i < wanted; i++) {
        unsigned other = i + rand_below(rand, count - i);
        unsigned id = ids[other];
        ids[other] = ids[i];
        ids[i] = id;
    }
}

static inline void sweep_note(struct guard_story *story, bool *closed, bool now_closed)
{
    story->closed += now_closed && !*closed;
    story->opened += !now_closed && *closed;
    *closed = now_closed;
}

#endif
