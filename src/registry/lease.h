/* Leases: until when an instance, or a group of them, is taken to be alive.
 *
 * A renewal only writes the deadline. The heap still holds the older time and is
 * put right when that time comes up, so a heartbeat costs no heap work and the
 * order of expiry is that of the true deadlines all the same. Permanent leases
 * are in the heap too, at the end of time, so that no change of terms needs memory.
 *
 * Used inside registry/ only; does not know who holds a lease beyond its kind. */
#ifndef DISC_REGISTRY_LEASE_H
#define DISC_REGISTRY_LEASE_H

#include "base/heap.h"
#include "registry/registry.h"

#define LEASE_NEVER UINT64_MAX

enum lease_holder { LEASE_OF_INSTANCE, LEASE_OF_GROUP };

struct lease {
    struct heap_node node; /* key: when to look at it, at or before the deadline */
    uint64_t deadline_ms;  /* lease ms; LEASE_NEVER = permanent */
    uint64_t renewed_ms;   /* wall ms of the last renewal */
    uint32_t seconds;      /* 0 = permanent */
    uint8_t holder;        /* enum lease_holder */
};

/* Starts a lease of `seconds` at `now`; writes nothing but `*lease`. */
MUST_CHECK enum err lease_start(struct heap *leases, struct lease *lease, enum lease_holder holder,
                                uint32_t seconds, struct moment now);
/* From now on for lease->seconds, which the caller may have changed. */
void lease_renew(struct heap *leases, struct lease *lease, struct moment now);
void lease_end(struct heap *leases, struct lease *lease);

/* The lease with the earliest true deadline at or before `lease_ms`, else NULL. */
struct lease *lease_first_due(struct heap *leases, uint64_t lease_ms);

/* Is a longer than b? 0 (permanent) is the longest. */
static inline bool lease_is_longer(uint32_t a, uint32_t b)
{
    return a - 1 > b - 1; /* 0 wraps to the largest */
}

#endif
