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

#include "base/err.h"
#include "base/hash.h"
#include "base/rcu.h"
#include "dns/name.h"
#include "dns/view.h"

struct zone;

/* Where the current view of a service in a zone hangs; shared by its nodes. */
struct slot {
    struct rcu_late late;
    _Atomic(struct view *) view; /* never NULL while a node leads here */
};

enum node_kind {
    NODE_EMPTY,       /* empty non-terminal */
    NODE_STATIC,      /* records of the zone file */
    NODE_SERVICE,     /* S.Z */
    NODE_SERVICE_TCP, /* _S._tcp.Z */
    NODE_SERVICE_UDP, /* _S._udp.Z */
};

/* One static RRset; everything behind the owner name as it goes out. */
struct rrset {
    uint16_t type;
    uint16_t count;
    uint32_t ttl;
    const uint8_t *const *rdata; /* uncompressed wire RDATA */
    const uint16_t *sizes;
};

struct node {
    struct rcu_late late;
    uint64_t hash;
    const struct zone *zone;
    struct slot *slot;          /* NODE_SERVICE* */
    const struct rrset *rrsets; /* NODE_STATIC; owned by the zone */
    uint32_t rrset_count;
    uint32_t below; /* writer only: nodes directly below this one */
    uint8_t kind;   /* enum node_kind */
    uint8_t size;   /* of name */
    uint8_t name[]; /* wire, lower case */
};

struct table;

struct table *table_new(const struct hash_key *key);
void table_free(struct table *t); /* nodes too; no reader may be left */

/* Any thread. `wire`/`size`: a whole lower-case name, root byte included. */
const struct node *table_find(const struct table *t, const uint8_t *wire, uint8_t size);

/* The deepest existing ancestor-or-self of `name`, and how many labels of `name`
 * lie above it; NULL when not even a zone apex is. Looks at no more labels than
 * the deepest name in the table has. */
const struct node *table_closest(const struct table *t, const struct name *name,
                                 unsigned *labels_left);

/* Control only. Puts a node at `name` (replacing an empty non-terminal or what is
 * there; the old node is retired) and makes the empty non-terminals up to the
 * zone's apex. ERR_MEMORY leaves the table as it was. */
MUST_CHECK enum err table_put(struct table *t, const struct name *name, const struct zone *zone,
                              enum node_kind kind, struct slot *slot, const struct rrset *rrsets,
                              uint32_t rrset_count);
/* Takes the name out, or leaves an empty non-terminal where something lies below;
 * prunes empty non-terminals up to the apex that have nothing below any more.
 * ERR_MEMORY (only in the first case) leaves the table as it was. */
MUST_CHECK enum err table_remove(struct table *t, const struct name *name);

uint64_t table_count(const struct table *t);

#endif
