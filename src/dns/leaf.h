/* A leaf: the records of one name that come neither from a zone file nor from a service's
 * view: plain records and the PTR records of reverse zones. Immutable, counted, one block;
 * hangs at a node of the table while published. */
#ifndef DISC_DNS_LEAF_H
#define DISC_DNS_LEAF_H

#include <stdatomic.h>

#include "base/err.h"
#include "base/rcu.h"
#include "dns/name.h"
#include "dns/table.h"

struct zone;
struct dns;

struct leaf {
    struct rcu_late late;
    _Atomic uint32_t refs;
    struct name owner;
    const struct rrset *rrsets; /* sorted by type; the data inside the block */
    uint32_t rrset_count;
};

struct leaf_record { /* what one is made of */
    uint16_t type, size;
    uint32_t ttl;
    const uint8_t *rdata;
};

/* From records in any order; an RRset's TTL is the smallest of its records' (RFC 2181
 * section 5.2), its data are sorted. The caller's reference. ERR_MEMORY. */
MUST_CHECK enum err leaf_new(const struct name *owner, const struct leaf_record *records,
                             size_t count, struct leaf **out);
/* Do both have the same records, TTLs included? */
bool leaf_is(const struct leaf *a, const struct leaf *b);
struct leaf *leaf_ref(struct leaf *leaf);
void leaf_unref(struct leaf *leaf);  /* accepts NULL */
void leaf_retire(struct leaf *leaf); /* leaf_unref after the grace period */

/* Control thread: puts the leaf (NULL = nothing any more) at its name in the zone, in place
 * of the one that is there, and notes the change for IXFR. Takes over the reference. Names
 * of the zone file and of services come first: where one stands, the leaf is kept but not
 * shown until dns_publish finds the place free. ERR_MEMORY: nothing changed, the
 * reference stays the caller's. */
MUST_CHECK enum err leaf_publish(struct dns *dns, struct zone *zone, const struct name *owner,
                                 struct leaf *leaf);

#endif
