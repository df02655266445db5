/* What a name stands for: a static name, a service, a name inside a service's view, or
 * something that a delegation, a DNAME or a wildcard above it decides (RFC 1034 section
 * 4.3.2). The one place that knows the order of precedence; used by respond.c and
 * explain.c. */
#ifndef DISC_DNS_LOOKUP_H
#define DISC_DNS_LOOKUP_H

#include "dns/ahead.h"
#include "dns/dns.h"
#include "dns/name.h"
#include "dns/table.h"
#include "dns/view.h"
#include "dns/zone.h"

enum { PAIRS_MAX = 4, LABELS_INSIDE_MAX = 2 * PAIRS_MAX };

enum found_kind {
    FOUND_FOREIGN,  /* in none of our zones */
    FOUND_NO_NAME,  /* it does not exist */
    FOUND_EMPTY,    /* nothing there, but names below (RFC 8020) */
    FOUND_STATIC,   /* of the zone file, or a leaf */
    FOUND_CUT,      /* at or below a delegation: `node` */
    FOUND_DNAME,    /* below the DNAME at `node` */
    FOUND_SERVICE,  /* S.Z */
    FOUND_PROTOCOL, /* _S._tcp.Z, _S._udp.Z */
    FOUND_PORT,     /* _port._tcp.S.Z */
    FOUND_INSTANCE, /* I.S.Z */
    FOUND_SUBSET,   /* value.key.S.Z */
    FOUND_BROWSED,  /* I._S._tcp.Z, I._S._udp.Z: the instance of DNS-SD */
    FOUND_TYPES,    /* _services._dns-sd._udp.Z */
};

struct found {
    enum found_kind kind;
    unsigned left;             /* labels of the name above the node */
    const struct zone *zone;   /* NULL: foreign */
    const struct node *node;   /* the deepest that exists, or whose records decide; NULL: foreign */
    const struct view *view;   /* of the service at or above the name; NULL: there is none */
    const struct srv_set *set; /* of PROTOCOL, PORT, BROWSED */
    const struct view_instance *instance;
    uint32_t place;   /* of that instance */
    bool wildcard;    /* the node is one, and synthesizes the name (RFC 4592) */
    uint8_t protocol; /* of PROTOCOL, BROWSED; enum protocol */
    unsigned pair_count;
    struct pair pairs[PAIRS_MAX]; /* of SUBSET; they lie in the name that was looked up */
};

/* Fills *out, all but what its kind does not have. */
void lookup(const struct dns *dns, const struct name *name, struct found *out);
/* The same with what dns_batch found for the name; NULL = nothing. */
void lookup_ahead(const struct dns *dns, const struct name *name, const struct ahead *ahead,
                  struct found *out);

#endif
