/* All records that a view stands for, one by one: what an asker gets whose place is not
 * known, without limits and subsets (those are ways of asking, not data of the zone). For
 * zone transfers and their log. Records are numbered within their kind, so that a walk may stop
 * anywhere and go on later; numbers have gaps. */
#ifndef DISC_DNS_VIEW_RECORDS_H
#define DISC_DNS_VIEW_RECORDS_H

#include <stdbool.h>

#include "dns/rr.h"
#include "dns/svcb.h"
#include "dns/view.h"
#include "dns/zone.h"

/* The names of a service that are published; others are hidden by static names. */
enum view_place {
    VIEW_AT_SERVICE = 1, /* S.Z and what is below it */
    VIEW_AT_TCP = 2,     /* _S._tcp.Z, likewise */
    VIEW_AT_UDP = 4,
};

enum view_kind {
    /* Of the service as a whole. */
    VIEW_A,
    VIEW_AAAA,
    VIEW_TXT,
    VIEW_TYPE_TCP, /* _services._dns-sd._udp.Z PTR _S._tcp.Z: RFC 6763 section 9 */
    VIEW_TYPE_UDP,
    /* By the items of a set; behind the last kind one for each number that a named port
     * may have (view_ports.h). */
    VIEW_SRV,
    VIEW_SVCB,
    VIEW_HTTPS,
    VIEW_TCP_SRV,
    VIEW_UDP_SRV,
    VIEW_TCP_PTR,
    VIEW_UDP_PTR,
    /* By the place of the instance. */
    VIEW_OWN_A, /* these two: place x ADDRESSES_MAX + number of the address */
    VIEW_OWN_AAAA,
    VIEW_OWN_TXT,
    VIEW_OWN_SRV,
    VIEW_OWN_SVCB,
    VIEW_OWN_HTTPS,
    VIEW_OWN_TCP_SRV, /* at I._S._tcp.Z */
    VIEW_OWN_UDP_SRV,
    VIEW_OWN_TCP_TXT,
    VIEW_OWN_UDP_TXT,
    VIEW_PORTS
};

struct view_source {
    const struct view *view;
    const struct zone *zone;
    bool at_service, at_protocol[PROTOCOL_UDP + 1], at_types;
    struct name service, protocols[PROTOCOL_UDP + 1], types;
    uint32_t browsed[PROTOCOL_UDP + 1]; /* parts of the protocol's set whose items have a PTR */
};

/* Neither view nor zone is counted. */
void view_source_init(struct view_source *s, const struct view *view, const struct zone *zone,
                      unsigned places);

/* Walks the kinds, over the gaps among those of named ports: begin with *kind = 0; `*kind` is one
 * when true is returned: then add 1 and go on. */
bool view_kind_next(const struct view_source *s, unsigned *kind);
/* Walks the numbers of a kind likewise. Not each of them holds a record. */
bool view_number_next(const struct view_source *s, unsigned kind, uint32_t *number);

struct view_scratch { /* what a record points to that is in no view */
    struct name owner;
    uint8_t rdata[SVCB_RDATA_MAX];
};

/* The record of a number, good as long as view and scratch are; false: there is none. */
bool view_record(const struct view_source *s, unsigned kind, uint32_t number,
                 struct view_scratch *scratch, struct rr *out);
/* The same of an instance that is in the kind's set: VIEW_SRV to VIEW_UDP_PTR (it is not asked
 * whether it can be browsed); at a named port of this number. */
bool view_set_record(const struct view_source *s, unsigned kind, const struct view_instance *i,
                     struct view_scratch *scratch, struct rr *out);
bool view_port_record(const struct view_source *s, struct text port, uint8_t protocol,
                      const struct view_instance *i, uint16_t number, struct view_scratch *scratch,
                      struct rr *out);

#endif
