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
    uint32_t stale, candidates;    /* so many are not heard from, of whom records were written */
    const struct dns_place *place; /* where the asker is; NULL = not known (respond_place) */
    bool looked_up;                /* found is filled */
    struct found found;            /* what the name, or the last of its aliases, stands for */
};

/* dns_respond, leaving behind how the answer came about, for explain.c. Neither `r` nor
 * `query` has to be initialized. */
size_t respond(struct respond *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out, size_t size);

/* respond_negative.c: the SOA of NODATA and NXDOMAIN, and the reason of an empty answer. */
unsigned respond_negative(struct respond *r, const struct found *f, unsigned rcode);

/* respond_static.c. respond_alias: the CNAME that stands in the way, or NULL;
 * respond_follow: writes it and moves the question to its target; false: no room. */
bool respond_static(struct respond *r, const struct found *f, uint16_t type);
const struct rrset *respond_alias(const struct respond *r, const struct found *f);
bool respond_follow(struct respond *r, const struct rrset *alias);
void respond_soa(struct respond *r, const struct zone *zone, enum section section, uint32_t owner,
                 uint32_t ttl, uint32_t minimum);

/* respond_service.c: names of services, their ports, instances and subsets. */
bool respond_service(struct respond *r, const struct found *f, uint16_t type);

/* respond_place.c: sets r->place by the asker's address, or by the subnet that a trusted
 * forwarder says it asks for; then the answer has the scope that this takes. */
void respond_place(struct respond *r, const struct query *q);

/* Said when not everything was sent: TC over UDP; over TCP, where nothing larger exists,
 * a reason. `sent` of `count` (0 = unknown). */
void respond_cut(struct respond *r, uint32_t sent, uint32_t count);
/* To be called before writing what will be cut. */
void respond_expect_cut(struct respond *r);

#endif
