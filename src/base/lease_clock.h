/* The clock on which leases age. It follows the monotonic clock but never jumps:
 * one turn adds at most LEASE_CLOCK_STEP_MAX, so a process that was stopped,
 * paused or starved does not find all its leases run out when it wakes.
 * Pure arithmetic: the caller reads the system clock. */
#ifndef DISC_BASE_LEASE_CLOCK_H
#define DISC_BASE_LEASE_CLOCK_H

#include <stdint.h>

#define LEASE_CLOCK_STEP_MAX 2000 /* ms; the loop wakes at least every 500 ms */

struct lease_clock {
    uint64_t lease_ms;     /* the time that leases see */
    uint64_t monotonic_ms; /* what the last turn was told */
    uint64_t held_back_ms; /* sum of what was not added, for status and logs */
};

/* The time that every registry call takes. */
struct moment {
    uint64_t lease_ms; /* from the lease clock; decisions use only this */
    uint64_t wall_ms;  /* Unix time; for display and for assigned revisions */
};

static inline void lease_clock_init(struct lease_clock *c, uint64_t monotonic_ms)
{
    *c = (struct lease_clock){.lease_ms = 1, .monotonic_ms = monotonic_ms};
}

/* Once per loop turn. A monotonic value that went back counts as no time. */
static inline uint64_t lease_clock_turn(struct lease_clock *c, uint64_t monotonic_ms)
{
    uint64_t passed = monotonic_ms > c->monotonic_ms ? monotonic_ms - c->monotonic_ms : 0;
    uint64_t step = passed < LEASE_CLOCK_STEP_MAX ? passed : LEASE_CLOCK_STEP_MAX;
    c->lease_ms += step;
    c->held_back_ms += passed - step;
    c->monotonic_ms = monotonic_ms;
    return c->lease_ms;
}

#endif
