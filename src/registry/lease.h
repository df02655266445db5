/* Leases: until when an instance, or a group of them, is taken to be alive.
 *
 *     in time ──> late ──> expired ──> stale ──> gone
 *        ^──────────┴─────────┴──────────┘  heard of again
 *
 * A heartbeat only writes when it was heard. The agenda holds when the lease is to be
 * looked at next, which may be too early and is then put right, so that a heartbeat
 * costs no work there.
 *
 * Used inside registry/ only. Here is arithmetic; late.c says what follows from it. */
#ifndef DISC_REGISTRY_LEASE_H
#define DISC_REGISTRY_LEASE_H

#include "registry/agenda.h"
#include "registry/registry.h"

#define LEASE_NEVER AGENDA_NEVER

enum lease_holder { LEASE_OF_INSTANCE, LEASE_OF_GROUP };

enum lease_flag {
    LEASE_COUNTED = 1,     /* has renewed: its host says something about the network */
    LEASE_LATE = 2,        /* silent for longer than its rhythm allows */
    LEASE_EXPIRED = 4,     /* and than its term: it is in one of the sets below */
    LEASE_STRETCHED = 8,   /* its term was three leases */
    LEASE_UNMEASURED = 16, /* heard_ms was no heartbeat: no gap begins there */
};

/* Where an expired one is. */
enum expired_set {
    EXPIRED_NEW,     /* nothing decided yet, its instances are not all stale */
    EXPIRED_WAITING, /* stale, to be evicted as the bucket allows */
    EXPIRED_HELD,    /* stale and kept */
    EXPIRED_SETS
};

enum { LEASE_STRETCH = 3 }; /* leases that a term has in a brownout */

enum { TIME_BITS = 48 }; /* of times in ms: they last for 8900 years */

struct lease {
    struct agenda_node node;         /* key: when to look at it, at or before its next state */
    uint64_t heard_ms : TIME_BITS;   /* lease ms of the last heartbeat */
    uint64_t flags : 8;              /* enum lease_flag */
    uint64_t holder : 4;             /* enum lease_holder */
    uint64_t set : 4;                /* enum expired_set */
    uint64_t renewed_ms : TIME_BITS; /* wall ms of it */
    uint32_t seconds;                /* 0 = permanent */
    uint32_t gap_ms;                 /* between the last two heartbeats; 0 = not known */
    pool_ref host;
    uint32_t place; /* in a set of expired ones */
};

/* Starts a lease of `seconds` at `now`; writes nothing but `*lease`. */
void lease_start(struct agenda *agenda, struct lease *lease, enum lease_holder holder,
                 uint32_t seconds, struct moment now);

/* Remembers the rhythm. A gap that the lease did not survive is none, nor is the repetition
 * of a message. */
void lease_measure(struct lease *lease, struct moment now);

/* Both LEASE_NEVER for a permanent one. */
uint64_t lease_late_ms(const struct lease *lease);
uint64_t lease_due_ms(const struct lease *lease); /* the term as granted */
/* When an expired one's term was over. */
uint64_t lease_expired_ms(const struct lease *lease);

static inline bool lease_is(const struct lease *lease, enum lease_flag flag)
{
    return lease->flags & flag;
}

/* Is a longer than b? 0 (permanent) is the longest. */
static inline bool lease_is_longer(uint32_t a, uint32_t b)
{
    return a - 1 > b - 1; /* 0 wraps to the largest */
}

#endif
