/* The parts of dns_respond, one file each. A part writes records into r->answer and
 * returns whether there is data of the type asked for; that some of it did not fit is
 * noted in the answer. */
#ifndef DISC_DNS_RESPOND_H
#define DISC_DNS_RESPOND_H

#include "dns/answer.h"
#include "dns/draw.h"
#include "dns/lookup.h"
#include "dns/state.h"
#include "dns/tsig.h"
#include "dns/worker.h"

struct srv_target { /* written, for the additional section */
    const struct view_instance *instance;
    uint16_t at; /* of its name in the message */
};

/* First what every answer needs: it is written anew for each. */
struct respond {
    const struct dns *dns;
    struct dns_worker *worker;
    const struct dns_request *request;
    const struct ahead *ahead;     /* of the request; NULL = none */
    const struct name *name;       /* in question, in lower case */
    const struct dns_place *place; /* where the asker is; NULL = not known (respond_place) */
    uint16_t type;                 /* asked for */
    uint16_t owner;                /* where the name in question stands in the message */
    uint32_t stale, candidates;    /* so many are not heard from, of whom records were written */
    bool trusted;                  /* a good cookie or signature: rates do not apply */
    bool answers_only;             /* ANY in full: no additional records, other types follow */
    bool looked_up;                /* found is filled */
    unsigned target_count;
    struct found found; /* what the name, or the last of its aliases, stands for */
    struct answer answer;
    enum dns_cookie_state cookie; /* set when answer.has_cookie */
    struct srv_target targets[DNS_ADDITIONAL_TARGETS];
    struct name alias; /* room for the name behind a CNAME */
    struct tsig tsig;  /* filled when answer.tsig is set */
};

/* dns_respond, leaving behind how the answer came about, for explain.c. Neither `r` nor
 * `query` has to be initialized. */
size_t respond(struct respond *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out, size_t size);

/* respond_negative.c: the SOA of NODATA and NXDOMAIN, and the reason of an empty answer. */
unsigned respond_negative(struct respond *r, const struct found *f, unsigned rcode);

/* respond_name.c: what the name in question, or the last of its aliases, has to say. */
unsigned respond_name(struct respond *r);

/* respond_static.c: what the zone file or a leaf has at a name; one set of it, with the
 * addresses that it leads to. */
bool respond_static(struct respond *r, const struct found *f, uint16_t type);
void respond_set(struct respond *r, const struct rrset *set);
const struct rrset *node_set(const struct node *n, uint16_t type); /* NULL: there is none */

/* respond_referral.c. respond_ds: answers a question for DS where the parent's side of a
 * zone is ours (then true, with *rcode), or says in *f what stands above it. */
unsigned respond_referral(struct respond *r, const struct found *f);
bool respond_ds(struct respond *r, struct found *f, unsigned *rcode);

/* respond_additional.c. respond_addresses: those of a host of ours, whose name stands at
 * `at` in the message; `glue`: also what lies below a delegation. False: no room for all.
 * respond_targets: of the hosts that the records of a set name, which were written from `at`
 * on, beginning with the record `start`; DNS_ADDITIONAL_TARGETS at most. */
struct name_place {
    const uint8_t *wire; /* a name */
    uint32_t at;         /* where it stands in the message */
};
bool respond_addresses(struct respond *r, const struct name *target, size_t at, bool glue);
void respond_targets(struct respond *r, const struct rrset *set, uint32_t at, uint32_t start);

void respond_soa(struct respond *r, const struct zone *zone, enum section section, uint32_t owner,
                 uint32_t ttl, uint32_t minimum);

/* So many of the candidates are not heard from; of several types the most counts. */
static inline void respond_note_stale(struct respond *r, uint32_t stale, uint32_t candidates)
{
    if (stale <= r->stale)
        return;
    r->stale = stale;
    r->candidates = candidates;
}

/* Of the first instances that are in the answer the addresses will follow, if their names,
 * which stand at `at`, can be pointed to. */
static inline void respond_note_target(struct respond *r, const struct view_instance *i, size_t at)
{
    if (r->target_count < DNS_ADDITIONAL_TARGETS && can_point(at))
        r->targets[r->target_count++] = (struct srv_target){i, (uint16_t)at};
}

/* respond_service.c: names of services, their ports, instances and subsets. */
bool respond_service(struct respond *r, const struct found *f, uint16_t type);
/* The SRV record of an instance at a port; returns where its target stands, 0 = no room. */
size_t respond_put_srv(struct respond *r, const struct view *v, const struct view_instance *i,
                       uint16_t port, enum section section, uint16_t owner);
/* Its addresses into the additional section; an RRset goes in whole or not at all. */
void respond_add_addresses(struct respond *r, const struct view *v, const struct view_instance *i,
                           uint16_t owner);
void respond_add_targets(struct respond *r, const struct view *v); /* of all r->targets */

/* respond_txt.c: TXT at S.Z, and of what selectors leave. */
bool respond_txt(struct respond *r, const struct draw *d);

/* respond_svcb.c: SVCB and HTTPS of what the draw is of; of one instance. */
bool respond_svcb(struct respond *r, const struct draw *d);
bool respond_svcb_instance(struct respond *r, const struct view *v, const struct view_instance *i,
                           uint16_t type);

/* respond_browse.c: PTR records of DNS-SD; the instances below a protocol's name, and the
 * services of a zone. */
bool respond_instances(struct respond *r, const struct found *f);
bool respond_types(struct respond *r, const struct found *f, uint16_t type);

/* respond_place.c: sets r->place by the asker's address, or by the subnet that a trusted
 * forwarder says it asks for; then the answer has the scope that this takes. */
void respond_place(struct respond *r, const struct query *q);
/* Which of the service's instances are near; notes that the answer depends on it. */
void respond_near(struct respond *r, const struct view *v, struct near *near);

/* Said when not everything was sent: TC over UDP; over TCP, where nothing larger exists,
 * a reason. `sent` of `count` (0 = unknown). */
void respond_cut(struct respond *r, uint32_t sent, uint32_t count);
/* To be called before writing what will be cut. */
void respond_expect_cut(struct respond *r);

#endif
