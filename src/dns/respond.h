/* From a question to an answer; private to the folder. respond.c decides, the parts
 * write: respond_service.c (services, instances, ports), respond_selector.c (chains of
 * value.key), respond_static.c (zone file). explain.c asks the same code and reads
 * what it noted on the way. */
#ifndef DISC_DNS_RESPOND_H
#define DISC_DNS_RESPOND_H

#include "dns/answer.h"
#include "dns/state.h"
#include "dns/worker.h"

/* Which rule of precedence gave the answer. */
enum rule {
    RULE_NONE,     /* refused or malformed before any name was looked at */
    RULE_OUTSIDE,  /* in none of our zones */
    RULE_MISSING,  /* in a zone, but no such name */
    RULE_EMPTY,    /* exists only because names below it exist */
    RULE_STATIC,
    RULE_SERVICE,
    RULE_PROTOCOL, /* _S._tcp.Z */
    RULE_INSTANCE,
    RULE_PORT,     /* _port._tcp.S.Z */
    RULE_SELECTOR,
};

enum { SELECTOR_PAIRS_MAX = 4, CHAIN_MAX = 16 };

/* The work on one question. */
struct resolution {
    const struct dns *dns;
    struct dns_worker *worker;
    const struct dns_request *request;
    struct answer answer;
    uint16_t type;
    const struct name *name; /* looked at now: the question's, later a CNAME's target */
    size_t owner;            /* where that name stands in the message */
    unsigned steps;          /* CNAMEs followed */
    /* Noted for explain.c: */
    enum rule rule;
    const struct zone *zone;
    const struct view *view;
    const struct view_instance *instance;
    const struct selector *selectors[SELECTOR_PAIRS_MAX];
    unsigned selector_count;
};

/* dns_respond, leaving behind how it came about. `r` need not be initialized; what it
 * points to is valid while the thread stays online. */
size_t respond(struct resolution *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out,
               size_t size);

/* Each returns the rcode after writing the answer. */
unsigned respond_name(struct resolution *r); /* r->name and r->owner say which */
unsigned respond_static(struct resolution *r, const struct node *node);
unsigned respond_service(struct resolution *r, const struct view *v);
unsigned respond_protocol(struct resolution *r, const struct view *v, enum protocol protocol);
/* A name `labels` labels below the service's. */
unsigned respond_inside(struct resolution *r, const struct view *v, unsigned labels);
unsigned respond_selected(struct resolution *r, const struct view *v, unsigned labels);

/* SOA in authority (RFC 2308 section 3). Both return the rcode. */
unsigned respond_nodata(struct resolution *r, uint32_t negative_ttl);
unsigned respond_nxdomain(struct resolution *r, uint32_t negative_ttl);
/* NODATA of a known service, with the reason. */
unsigned respond_nobody(struct resolution *r, const struct view *v);

/* ---- writing sets ------------------------------------------------------------------------ */

/* SRV records one by one, then the addresses of their first targets. */
struct srv_writer {
    struct target {
        const struct view_instance *instance;
        size_t at; /* where its name stands in the message */
    } targets[DNS_ADDITIONAL_TARGETS];
    unsigned count;
};

/* False when it does not fit. */
bool srv_write(struct resolution *r, struct srv_writer *w, const struct view *v,
               const struct srv_item *item);
/* `complete` false: the answer is a sample (TC over UDP, a remark over TCP). */
void srv_finish(struct resolution *r, const struct srv_writer *w, const struct view *v,
                bool complete);

void write_addr(struct resolution *r, uint16_t type, uint32_t ttl, const uint8_t *addr);
/* The answer holds not all there is. */
void mark_sample(struct resolution *r);

static inline uint16_t addr_type_size(uint16_t type)
{
    return type == TYPE_A ? 4 : 16;
}

/* The n-th label of the name being looked at, from the left. */
struct text label_at(const struct name *name, unsigned n);

#endif
