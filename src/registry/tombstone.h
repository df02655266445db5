/* Tombstones: what was deleted or evicted, and the least revision that may bring it
 * back, so that a late or repeated older message does not. Bounded: the oldest
 * gives way. Where memory lacks none is set, for a goodbye must never be refused.
 *
 * Used inside registry/ only. */
#ifndef DISC_REGISTRY_TOMBSTONE_H
#define DISC_REGISTRY_TOMBSTONE_H

#include "base/heap.h"
#include "base/map.h"
#include "registry/journal.h"
#include "registry/path.h"

struct tombstone {
    struct heap_node until; /* key: lease ms; first, as the heap's nodes lead back here */
    uint64_t hash;
    uint64_t floor; /* least revision that is accepted */
    uint8_t size;
    char path[]; /* "ns/svc/inst" */
};

struct tombstones {
    struct map map;
    struct heap by_end;
}; /* zeroed = none */

void tombstones_deinit(struct tombstones *t);

/* There is none of this path (what is registered has no tombstone). At most `max`
 * are kept; `j` is told of one that gives way. False when none was set. */
bool tombstone_bury(struct tombstones *t, const struct path *path, uint64_t floor,
                    uint64_t until_ms, size_t max, const struct registry_journal *j);
/* The least revision accepted; 0 when nothing is buried there (any more). */
uint64_t tombstone_floor(const struct tombstones *t, const struct path *path, uint64_t lease_ms);
void tombstone_lift(struct tombstones *t, const struct path *path);

/* Forgets those that are over, at most `budget`; true when some are left. */
bool tombstones_expire(struct tombstones *t, uint64_t lease_ms, unsigned budget,
                       const struct registry_journal *j);
/* When the first is over; UINT64_MAX when there is none. */
uint64_t tombstones_next(const struct tombstones *t);

#endif
