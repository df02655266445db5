/* What a name stands for: a static name, a service, or a name inside a service's view.
 * The one place that knows the order of precedence; used by respond.c and explain.c. */
#ifndef DISC_DNS_LOOKUP_H
#define DISC_DNS_LOOKUP_H

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
    FOUND_STATIC,   /* of the zone file */
    FOUND_SERVICE,  /* S.Z */
    FOUND_PROTOCOL, /* _S._tcp.Z, _S._udp.Z */
    FOUND_PORT,     /* _port._tcp.S.Z */
    FOUND_INSTANCE, /* I.S.Z */
    FOUND_SUBSET,   /* value.key.S.Z */
};

struct found {
    enum found_kind kind;
    const struct zone *zone;   /* NULL: foreign */
    const struct node *node;   /* the deepest that exists; NULL: foreign */
    const struct view *view;   /* of the service at or above the name; NULL: there is none */
    const struct srv_set *set; /* of PROTOCOL, PORT */
    const struct view_instance *instance;
    const struct selector *pairs[PAIRS_MAX]; /* of SUBSET */
    unsigned pair_count;
};

/* Fills *out, all but what its kind does not have. */
void lookup(const struct dns *dns, const struct name *name, struct found *out);

#endif
