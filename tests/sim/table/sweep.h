/* What Eureka and the Go registry have in common: a guard that is looked at in each sweep,
 * and a sweep that removes at most 15 % of what is registered, chosen at random among what
 * has expired. */
#ifndef DISC_TESTS_SIM_TABLE_SWEEP_H
#define DISC_TESTS_SIM_TABLE_SWEEP_H

#include "sim/table/fleet.h"

/* Who goes in this sweep: moves as many random entries of `ids` (those that have expired) to
 * its front (the first steps of a shuffle) as may go of `size` registered ones; returns how
 * many. */
static inline unsigned sweep_draw(struct rand *rand, unsigned *ids, unsigned count, unsigned size)
{
    unsigned limit = size - (unsigned)(size * 0.85), going = count < limit ? count : limit;
    for (unsigned i = 0; i < going; i++) {
        unsigned other = i + rand_below(rand, count - i);
        unsigned id = ids[other];
        ids[other] = ids[i];
        ids[i] = id;
    }
    return going;
}

static inline void sweep_note(struct guard_story *story, bool *closed, bool now_closed)
{
    story->closed += now_closed && !*closed;
    story->opened += !now_closed && *closed;
    *closed = now_closed;
}

#endif
