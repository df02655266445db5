/* The table of all names that exist: exact name -> node, one hash lookup of the
 * whole lower-cased name. One writer (control), any number of readers without
 * locks (RCU). Names that exist only because something lies below them (empty
 * non-terminals, RFC 8020) have nodes of their own, so that NODATA and NXDOMAIN
 * are told apart by the lookup itself.
 */
#ifndef DISC_DNS_TABLE_H
#define DISC_DNS_TABLE_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "dns/name.h"
#include "dns/view.h"

struct zone;
struct leaf;

/* Where the current view of a service in a zone hangs; shared by its nodes. */
struct slot {
    _Atomic(struct view *) view; /* never NULL while a node leads here */
};

enum node_kind {
    NODE_EMPTY,       /* empty non-terminal */
    NODE_STATIC,      /* records of the zone file */
    NODE_LEAF,        /* records of a leaf (leaf.h) */
    NODE_SERVICE,     /* S.Z */
    NODE_SERVICE_TCP, /* _S._tcp.Z */
    NODE_SERVICE_UDP, /* _S._udp.Z */
    NODE_TYPES,       /* _services._dns-sd._udp.Z (browse.h) */
};

/* What a name's records, and those above it, make of it. */
enum node_trait {
    NODE_CUT = 1,      /* NS below the apex: another zone begins here (RFC 1034 section 4.2) */
    NODE_DNAME = 2,    /* what is below it is elsewhere (RFC 6672) */
    NODE_OCCLUDED = 4, /* below such a node of its zone: glue, or not to be seen */
    NODE_WILD = 8,     /* a wildcard is directly below */
};

/* One static RRset; everything behind the owner name as it goes out. */
struct rrset {
    uint16_t type;
    uint16_t count;
    uint32_t ttl;
    const uint8_t *const *rdata; /* uncompressed wire RDATA */
    const uint16_t *sizes;
};

/* One name of ours: with a name of 30 bytes and what malloc adds, a line of the cache. */
struct node {
    const struct zone *zone;
    union {
        struct slot *slot;          /* NODE_SERVICE*: there are no RRsets */
        const struct rrset *rrsets; /* NODE_STATIC, NODE_LEAF; owned by the zone or the leaf */
    };
    uint32_t below; /* writer only: nodes directly below this one */
    uint16_t rrset_count;
    _Atomic uint8_t traits; /* enum node_trait; kept by the table */
    uint8_t kind;           /* enum node_kind */
    uint8_t size;           /* of name */
    uint8_t name[];         /* wire, lower case; behind it a NODE_LEAF has a struct leaf *,
                               a reference or NULL; writer only */
};

static inline uint8_t node_traits(const struct node *n)
{
    return atomic_load_explicit(&n->traits, memory_order_relaxed);
}

struct table;

struct table *table_new(const struct hash_key *key);
void table_free(struct table *t); /* nodes too; no reader may be left */

/* Any thread. `wire`/`size`: a whole lower-case name, root byte included. */
const struct node *table_find(const struct table *t, const uint8_t *wire, uint8_t size);

/* The same in steps, for who asks for many names at once (ahead.c): the hash (never 0), the
 * shard and the place in it that it leads to, fetched into the cache, and a node which has that
 * hash, unseen: whether it is that of the name, table_is tells. */
uint64_t table_hash(const struct table *t, const uint8_t *wire, uint8_t size);
void table_prefetch_shard(const struct table *t, uint64_t hash);
void table_prefetch(const struct table *t, uint64_t hash);
const struct node *table_guess(const struct table *t, uint64_t hash);
static inline bool table_is(const struct node *n, const uint8_t *wire, uint8_t size)
{
    return n->size == size && memcmp(n->name, wire, size) == 0;
}

/* The deepest existing ancestor-or-self of `name`, and how many labels of `name`
 * lie above it; NULL when not even a zone apex is. Begins behind table_skip; `skip`: names with
 * less labels taken away are known not to exist. */
const struct node *table_closest_from(const struct table *t, const struct name *name, unsigned skip,
                                      unsigned *labels_left);
static inline const struct node *table_closest(const struct table *t, const struct name *name,
                                               unsigned *labels_left)
{
    return table_closest_from(t, name, 0, labels_left);
}

/* Names with less labels than this taken away cannot exist: they are deeper than all that are in
 * the table, or than all without a label that begins with '_' and have none. */
unsigned table_skip(const struct table *t, const struct name *name);

/* Control only. Puts a node at `name` (replacing an empty non-terminal or what is
 * there; the old node is retired) and makes the empty non-terminals up to the
 * zone's apex. Traits follow from the RRsets; where a cut or DNAME comes or goes above
 * names that are there, the whole table is walked. ERR_MEMORY leaves the table as it was. */
MUST_CHECK enum err table_put(struct table *t, const struct name *name, const struct zone *zone,
                              enum node_kind kind, struct slot *slot, const struct rrset *rrsets,
                              uint32_t rrset_count);
/* The same for a leaf; a reference of its own is held until the grace period after the node left
 * is over. */
MUST_CHECK enum err table_put_leaf(struct table *t, const struct name *name,
                                   const struct zone *zone, struct leaf *leaf);
/* Takes the name out, or leaves an empty non-terminal where something lies below;
 * prunes empty non-terminals up to the apex that have nothing below any more.
 * ERR_MEMORY (only in the second case) leaves the table as it was. */
MUST_CHECK enum err table_remove(struct table *t, const struct name *name);

/* Control only. Makes the name an empty non-terminal, if it is not there, that stays for
 * ever: what lies below it is in another zone (RFC 8020 section 2). */
MUST_CHECK enum err table_hold(struct table *t, const struct name *name, const struct zone *zone);

/* Is what would be put at `name` not to be seen, because a delegation is at or above it or
 * a DNAME above it? A name of another zone than `zone` is not asked about. */
bool table_occluded(const struct table *t, const struct name *name, const struct zone *zone);

uint64_t table_count(const struct table *t);

#endif
