/* Subscriptions: who is to be told of which service, and how far each has come.
 *
 *     NEW -> telling (a bulletin is under way) -> idle (has what was released) -> telling ...
 *               └── no ack ──> lagging: nothing is sent until it asks again
 *
 * What is to be sent next stands in a queue; what can only be sent once its text was made stands
 * in another while there is no time for that (see work.h).
 *
 * One costs the same whatever happens: what it still has to be told is worked out when it is
 * told. Tables by number and by (address, cid, tok); each ends with its lease.
 * Called by apply_sub.c (the verbs), push.c (what is sent) and reg.c. Time is lease ms.
 */
#ifndef DISC_REG_SUBSCRIPTION_H
#define DISC_REG_SUBSCRIPTION_H

#include "base/rand.h"
#include "reg/key.h"
#include "reg/message.h"
#include "reg/topic.h"

enum {
    SUBSCRIPTION_LEASE_MIN_S = 10,
    SUBSCRIPTION_LEASE_DEFAULT_S = 60,
    SUBSCRIPTION_LEASE_MAX_S = 300,
    SUBSCRIPTION_TOKEN_MIN = 16, /* 64 bits in hex digits */
    SUBSCRIPTION_TOKEN_MAX = 22,
    SUBSCRIPTION_WINDOW = 4, /* datagrams under way */
    SUBSCRIPTION_RETRIES = 4,
    SUBSCRIPTION_RETRY_MS = 500, /* doubled each time */
    SUBSCRIPTION_WAITING_MAX = 1024,
};

struct ready { /* see ready.h */
    struct subscription *first, *last;
    size_t count;
};

struct subscription_name { /* what tells one from the others */
    struct addr addr;
    struct text cid, tok;
};

struct subscription {
    struct heap_node timer;
    struct subscription *older, *newer; /* of the topic */
    struct subscription *ready_before, *ready_after;
    struct ready *queue; /* in which it is; NULL = none */
    struct topic *topic;
    struct bulletin *bulletin; /* under way; NULL = none */
    uint64_t acked, sent;      /* its pages, a bit each */
    uint64_t seq;              /* the state that it has; 0 = none */
    uint64_t end_ms, retry_ms; /* retry_ms UINT64_MAX = none */
    uint64_t hash;
    uint32_t number;
    uint8_t retries;
    bool lagging, is_signed;
    bool cut_short; /* what was under way was dropped; its clock runs on */
    struct signer signer;
    struct endpoint to;
    uint8_t cid_size, tok_size;
    char cid[MESSAGE_CID_MAX], tok[SUBSCRIPTION_TOKEN_MAX];
    _Alignas(max_align_t) uint8_t route[REG_ROUTE_SIZE];
};

struct subscriptions {
    struct map by_name, by_number, sources;
    struct heap timers;
    struct hash_key key;
    uint32_t next_number;
    struct ready ready, waiting;
    struct topics topics;
};

void subscriptions_init(struct subscriptions *all, const struct hash_key *key, uint32_t number);
void subscriptions_deinit(struct subscriptions *all);

struct subscription *subscription_find(const struct subscriptions *all,
                                       const struct subscription_name *name);
/* NULL also when address or token are another's. */
struct subscription *subscription_check(const struct subscriptions *all, uint32_t number,
                                        const struct addr *addr, struct text tok);

struct subscription_limits {
    uint32_t all, source;
};

/* The new one is of `topic`, has nothing yet, and its lease is over: subscription_grant.
 * ERR_FULL · ERR_MEMORY. */
MUST_CHECK enum err subscription_new(struct subscriptions *all, struct topic *topic,
                                     const struct subscription_name *name,
                                     const struct subscription_limits *limits,
                                     struct subscription **out);
/* Also drops its topic if it was the last one there. */
void subscription_free(struct subscriptions *all, struct subscription *s);

void subscription_grant(struct subscriptions *all, struct subscription *s, uint64_t end_ms);

/* It has the state `from` (0 = nothing): goes on with what is under way if that leads on from
 * there, else begins anew, at once or as soon as there is time. Not lagging any more. Else
 * nothing is under way: ERR_BUSY (too many wait) · ERR_SPACE · ERR_FULL · ERR_MEMORY. */
MUST_CHECK enum err subscription_tell_from(struct subscriptions *all, struct subscription *s,
                                           const struct registry *r, uint64_t from);

/* Is something to be sent to it once there is time to write it? */
static inline bool subscription_waits(const struct subscriptions *all, const struct subscription *s)
{
    return s->queue == &all->waiting;
}

/* "This page arrived" (counted from 1). False: that was no news. */
bool subscription_ack(struct subscriptions *all, struct subscription *s, uint64_t seq,
                      uint64_t page, uint64_t now_ms);

/* Sends it all that was released, unless something is under way. */
void subscription_wake(struct subscriptions *all, struct subscription *s);

/* Its timer: the lease is over (it is freed), or nothing was acknowledged in time. Returns
 * whether it began to lag. */
bool subscription_timeout(struct subscriptions *all, struct subscription *s, uint64_t now_ms);

/* Whose turn it is; NULL = nobody's. */
struct subscription *subscriptions_next(const struct subscriptions *all);

/* What is to be sent to it next: a page of s->bulletin (counted from 0), false if nothing
 * after all. Then it is under way. `*again`: it was sent before. */
bool subscription_page(struct subscriptions *all, struct subscription *s, const struct registry *r,
                       uint64_t now_ms, unsigned *page, bool *again);

#endif
