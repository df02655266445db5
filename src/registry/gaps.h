/* How punctual heartbeats are: the time since the one before, as a share of the lease,
 * counted in buckets. Used inside registry/ only. */
#ifndef DISC_REGISTRY_GAPS_H
#define DISC_REGISTRY_GAPS_H

#include "registry/lease.h"

struct gaps {
    uint64_t counts[GAP_BUCKETS];
    double sum;
};

/* A heartbeat at `now`, before the lease is told of it. The first one of a restored lease
 * is not counted: when the one before was is not known. */
void gaps_note(struct gaps *gaps, const struct lease *lease, struct moment now);

#endif
