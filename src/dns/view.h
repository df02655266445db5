/* A view: all that DNS can say of one service in one zone, compiled into one
 * immutable block when the service changes, read by workers without a lock.
 *
 *   node "hello.disc.local"  ─┐
 *   node "_hello._tcp..."    ─┼─> slot ──(RCU pointer)──> view ─┬ instances[]
 *   node "_hello._udp..."    ─┘                                 ├ srv sets (by default port,
 *                                                               │   protocol, named port)
 *                                                               ├ address sets, TXT set
 *                                                               └ selectors -> instances
 * One block: freed with one free(), all pointers lead inside it. Numbers in host
 * order except where `wire` says otherwise. Built by compile.c, read by respond.c
 * and explain.c, published by publish.c.
 */
#ifndef DISC_DNS_VIEW_H
#define DISC_DNS_VIEW_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/rcu.h"
#include "base/text.h"
#include "registry/registry.h"

struct view_instance {
    const uint8_t *target; /* wire name I.S.Z, lower case, uncompressed (RFC 2782) */
    const uint8_t *v4;     /* v4_count x 4 bytes */
    const uint8_t *v6;     /* v6_count x 16 bytes */
    const uint8_t *txt;    /* RDATA of the one TXT record; at least one string */
    uint16_t txt_size;
    uint16_t port; /* default port; 0 = address-only */
    uint16_t priority;
    uint16_t weight;                  /* as on the wire (scaled) */
    uint16_t ports[PROTOCOL_UDP + 1]; /* the first of the protocol; 0 = none */
    uint16_t https_port;              /* the TCP port named `https`; 0 = none */
    uint8_t target_size;
    uint8_t v4_count, v6_count;
    uint8_t status; /* enum status, in force */
    bool alpn;      /* its TXT data name a protocol as metadata `alpn` */
    bool live;      /* status up: part of the service's answers, if perhaps as the last choice */
    bool stale;     /* expired and kept: its priority is at or above STALE_PRIORITY */
    bool browsable; /* I._S._tcp.Z is a name: it is not too long */
};

/* What is not heard from comes after all that is: the upper half of the priorities is
 * free for it, see PRIORITY_MAX. */
enum { STALE_PRIORITY = PRIORITY_MAX + 1 };

/* A list that is drawn from by weight: items of one priority stand together,
 * priorities ascending. */
struct pick_group {
    uint32_t first, count; /* items */
    uint64_t total;        /* sum of weights */
    uint32_t zeros;        /* items of weight 0 */
};

struct srv_item {
    uint32_t instance; /* index into instances */
    uint16_t priority, weight, port;
};

struct srv_set {
    const struct srv_item *items;
    const uint64_t *sums; /* running weight totals within the item's group, inclusive */
    const struct pick_group *groups;
    uint32_t count, group_count;
    uint32_t record_bytes; /* all records on the wire, owner as 2-byte pointer */
};

struct named_port {
    struct text name;
    uint8_t protocol;   /* enum protocol */
    struct srv_set set; /* of live instances; may be empty while the name exists */
};

/* Distinct addresses of one family of the live instances of the best priority; of stale
 * ones only when no other has the family, of weight 0 only when all are. */
struct addr_set {
    const uint8_t *addrs; /* count x 4 or 16 bytes */
    const uint64_t *sums; /* running weight totals, inclusive */
    struct pick_group group;
    uint16_t priority;   /* of those instances */
    uint16_t weight_max; /* the largest that one of them has, as on the wire */
    bool stale;          /* of instances that are not heard from */
};

struct txt_set { /* distinct RDATAs of the live instances; of stale ones only if all are */
    const uint8_t *const *rdata;
    const uint16_t *sizes;
    uint32_t count;
    uint32_t record_bytes;
};

struct selector {
    struct text key, value; /* as labels */
    const uint32_t *live;   /* indexes of live instances (and stale ones), ascending */
    uint32_t live_count;    /* 0: registered ones match, none is live */
    uint32_t registered;    /* whatever their status */
    uint32_t fresh;         /* of the live ones: heard from */
};

struct view {
    struct rcu_late late;
    _Atomic uint32_t refs; /* beyond that of who published it, or compiled it */
    size_t size;           /* bytes of the block */
    uint64_t index;        /* registry index that it shows */
    struct text ns, service;
    uint32_t ttl, negative_ttl; /* ttl: the smallest wish of all, RFC 2181 section 5.2 */
    uint32_t max_answers;       /* 0 = all */
    uint32_t instance_count, live_count;
    uint32_t stale_count; /* of the live ones */
    uint32_t https_count; /* items of by_default with HTTPS records */
    uint32_t unbrowsable_count;
    uint16_t priority_max; /* of the live ones, as registered */
    uint8_t locality;      /* enum dns_locality */
    uint32_t spill_over;   /* percent */
    bool withdraws_stale;  /* out of SRV too, while others are left (DNS_STALE_WITHDRAW) */
    uint32_t status_counts[STATUS_COUNT];
    const struct view_instance *instances; /* sorted by id */
    const uint32_t *ids;                   /* open addressing: instance index + 1, 0 = free */
    uint32_t ids_mask;
    struct srv_set by_default, by_tcp, by_udp;
    const struct named_port *ports; /* sorted by name, protocol */
    uint32_t port_count;
    struct addr_set v4, v6;
    struct txt_set txt;
    const struct selector *selectors; /* sorted by key, value */
    uint32_t selector_count;
};

/* The instance with this label (lower case), or NULL. */
const struct view_instance *view_instance(const struct view *v, const struct hash_key *key,
                                          struct text label);
/* NULL: no registered instance has such a pair. */
const struct selector *view_selector(const struct view *v, struct text key, struct text value);
bool view_has_selector_key(const struct view *v, struct text key);
const struct named_port *view_port(const struct view *v, struct text name, uint8_t protocol);

/* One reference more, for who reads it without RCU: any thread that sees the view. */
struct view *view_ref(struct view *v);
void view_unref(struct view *v); /* accepts NULL */
void view_retire(
    struct view *v);            /* gives the publication's reference back after the grace period */
void view_free(struct view *v); /* likewise, at once; accepts NULL */

#endif
