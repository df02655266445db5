/* The registry in numbers. Part of the front header registry/registry.h. */
#ifndef DISC_REGISTRY_TOTALS_H
#define DISC_REGISTRY_TOTALS_H

#include "registry/registry.h"

enum { GAP_BUCKETS = 12 };

struct registry_totals {
    uint64_t services, instances, live_up, stale, groups, tombstones, overrides;
    uint64_t by_status[STATUS_COUNT]; /* instances, by the status in force */
    uint64_t leases;                  /* that run: a group's is one */
    /* Heartbeats since the start by the time since the one before, as a share of the lease:
     * see registry_gap_percent. */
    uint64_t gaps[GAP_BUCKETS];
    double gaps_sum; /* of these shares: 1.0 = one lease */
    uint64_t registrations, renewals, deregistrations, evictions; /* since start */
    uint64_t guards_closed, brownouts;                            /* times since start */
};

struct registry_totals registry_totals(const struct registry *r);

/* The upper bound of a bucket of `gaps` (not cumulative) in percent of the lease; UINT32_MAX
 * for the last. */
uint32_t registry_gap_percent(unsigned bucket);

#endif
