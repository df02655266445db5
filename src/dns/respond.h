/* The parts of dns_respond, one file each. A part writes records into r->answer and
 * returns whether there is data of the type asked for; that some of it did not fit is
 * noted in the answer. */
#ifndef DISC_DNS_RESPOND_H
#define DISC_DNS_RESPOND_H

#include "dns/answer.h"
#include "dns/lookup.h"
#include "dns/state.h"
#include "dns/worker.h"

struct srv_target { /* written, for the additional section */
    const struct view_instance *instance;
    uint16_t at; /* of its name in the message */
};

struct respond {
    const struct dns *dns;
    struct dns_worker *worker;
    const struct dns_request *request;
    struct answer answer;
    uint16_t type;           /* asked for */
    uint16_t owner;          /* where the name in question stands in the message */
    const struct name *name; /* the same in lower case */
    struct name alias;       /* room for it behind a CNAME */
    struct srv_target targets[DNS_ADDITIONAL_TARGETS];
    unsigned target_count;
};

/* respond_negative.c: the SOA of NODATA and NXDOMAIN, and the reason of an empty answer. */
unsigned respond_negative(struct respond *r, const struct found *f, unsigned rcode);

/* respond_static.c. respond_alias: writes a CNAME that stands in the way and moves the
 * question to its target; false when there is none. */
bool respond_static(struct respond *r, const struct found *f, uint16_t type);
bool respond_alias(struct respond *r, const struct found *f);
void respond_soa(struct respond *r, const struct zone *zone, enum section section, uint32_t owner,
                 uint32_t ttl, uint32_t minimum);

/* respond_service.c: names of services, their ports, instances and subsets. */
bool respond_service(struct respond *r, const struct found *f, uint16_t type);

/* Said when not everything was sent: TC over UDP; over TCP, where nothing larger exists,
 * a reason. `sent` of `count` (0 = unknown). */
void respond_cut(struct respond *r, uint32_t sent, uint32_t count);
/* To be called before writing what will be cut. */
void respond_expect_cut(struct respond *r);

#endif
