#include <stdio.h>

#include "dns/respond.h"

enum { ALIASES_MAX = 16 }; /* CNAMEs that are followed; longer chains are loops or mistakes */

/* ---- the decision ------------------------------------------------------------------------- */

static unsigned refuse(struct respond *r, int ede, const char *text)
{
    answer_explain(&r->answer, ede, text);
    return RCODE_REFUSED;
}

static unsigned answer_found(struct respond *r, const struct found *f)
{
    bool data = false;
    switch (f->kind) {
    case FOUND_FOREIGN:
    case FOUND_NO_NAME: return respond_negative(r, f, RCODE_NXDOMAIN);
    case FOUND_EMPTY: break;
    case FOUND_STATIC: data = respond_static(r, f, r->type); break;
    case FOUND_SERVICE:
    case FOUND_PROTOCOL:
    case FOUND_PORT:
    case FOUND_INSTANCE:
    case FOUND_SUBSET: data = respond_service(r, f, r->type); break;
    }
    return data ? RCODE_NOERROR : respond_negative(r, f, RCODE_NOERROR);
}

static bool is_among(const struct node *n, const struct node *const *seen, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (seen[i] == n)
            return true;
    return false;
}

/* The name, and what its aliases lead to (RFC 1034 section 4.3.2; RFC 6604 for the RCODE).
 * A chain that returns to itself or does not end is answered as far as it went. */
static unsigned answer_name(struct respond *r)
{
    const struct node *seen[ALIASES_MAX];
    struct found *f = &r->found;
    r->looked_up = true;
    for (unsigned count = 0;;) {
        lookup(r->dns, r->name, f);
        if (f->kind == FOUND_FOREIGN)
            return count ? RCODE_NOERROR : refuse(r, EDE_NOT_AUTHORITATIVE, "not one of our zones");
        r->answer.authoritative = true;
        const struct rrset *alias = respond_alias(r, f);
        if (!alias)
            return answer_found(r, f);
        if (count == ALIASES_MAX || is_among(f->node, seen, count) || !respond_follow(r, alias))
            return RCODE_NOERROR;
        seen[count++] = f->node;
    }
}

/* Types that can stand in no zone (RFC 6895 section 3.1). */
static bool is_meta_type(uint16_t type)
{
    return type == TYPE_OPT || (type >= TYPE_NXNAME && type < TYPE_IXFR);
}

static unsigned answer_question(struct respond *r, const struct query *q)
{
    if (q->has_opt && q->edns_version != 0)
        return RCODE_BADVERS; /* RFC 6891 section 6.1.3 */
    if (q->tsig_at)
        return RCODE_NOTAUTH; /* no key is known here: RFC 8945 section 5.2 */
    if (is_meta_type(q->type)) {
        answer_explain(&r->answer, EDE_INVALID_QUERY_TYPE, "no type to ask for");
        return RCODE_FORMERR;
    }
    if (q->class != CLASS_IN)
        return refuse(r, EDE_NOT_SUPPORTED, "class IN only");
    if (q->type == TYPE_AXFR || q->type == TYPE_IXFR)
        return refuse(r, EDE_NOT_SUPPORTED, "no transfers");
    if (q->type == TYPE_MAILA || q->type == TYPE_MAILB)
        return RCODE_NOTIMP; /* obsolete: RFC 1035 section 3.2.3 */
    return answer_name(r);
}

static unsigned answer_message(struct respond *r, const struct query *q, enum query_verdict verdict)
{
    if (verdict == QUERY_MALFORMED)
        return RCODE_FORMERR;
    if (verdict == QUERY_OTHER_OPCODE)
        return q->opcode == OPCODE_NOTIFY || q->opcode == OPCODE_UPDATE ? RCODE_REFUSED
                                                                        : RCODE_NOTIMP;
    return answer_question(r, q);
}

/* ---- what was left out -------------------------------------------------------------------- */

void respond_expect_cut(struct respond *r)
{
    if (r->request->transport == DNS_TCP)
        answer_keep_room(&r->answer);
}

void respond_cut(struct respond *r, uint32_t sent, uint32_t count)
{
    char text[sizeof(r->answer.ede_text)];
    if (r->request->transport == DNS_UDP) {
        r->answer.truncated = true;
        return;
    }
    if (count)
        snprintf(text, sizeof(text), "a sample: %u of %u records fit a message", sent, count);
    else
        snprintf(text, sizeof(text), "a sample: %u records fit a message", sent);
    answer_explain(&r->answer, EDE_OTHER, text);
}

/* ---- around it ---------------------------------------------------------------------------- */

static uint16_t configured_size(const struct dns_config *config, const struct addr *from)
{
    for (size_t i = 0; i < config->udp_size_count; i++)
        if (network_has(&config->udp_sizes[i].from, from))
            return config->udp_sizes[i].size;
    return config->udp_max_size ? config->udp_max_size : DNS_UDP_DEFAULT;
}

/* How large the answer may be. */
static size_t limit_of(const struct dns *dns, const struct dns_request *request,
                       const struct query *q, size_t size)
{
    size_t limit = DNS_TCP_LIMIT;
    if (request->transport == DNS_UDP) {
        limit = DNS_UDP_MIN;
        if (q->has_opt && q->edns_size > DNS_UDP_MIN) {
            size_t allowed = configured_size(&dns->config, &request->from.addr);
            limit = q->edns_size < allowed ? q->edns_size : allowed;
        }
        if (limit < DNS_UDP_MIN)
            limit = DNS_UDP_MIN;
    }
    return limit < size ? limit : size;
}

static enum dns_type_count counted_as(uint16_t type)
{
    switch (type) {
    case TYPE_A: return DNS_COUNT_A;
    case TYPE_AAAA: return DNS_COUNT_AAAA;
    case TYPE_SRV: return DNS_COUNT_SRV;
    case TYPE_TXT: return DNS_COUNT_TXT;
    case TYPE_SOA: return DNS_COUNT_SOA;
    case TYPE_NS: return DNS_COUNT_NS;
    case TYPE_PTR: return DNS_COUNT_PTR;
    case TYPE_ANY: return DNS_COUNT_ANY;
    default: return DNS_COUNT_OTHER;
    }
}

static size_t drop(struct dns_worker *worker, enum dns_drop why)
{
    counter_up(&worker->counters.drops[why]);
    return 0;
}

static void count(struct dns_counters *c, const struct respond *r, enum query_verdict verdict,
                  unsigned rcode, size_t size)
{
    counter_up(&c->queries[r->request->transport]);
    if (verdict == QUERY_GOOD)
        counter_up(&c->types[counted_as(r->type)]);
    counter_up(&c->rcodes[rcode]);
    counter_add(&c->truncated, r->answer.truncated);
    counter_add(&c->answer_bytes, size);
}

size_t respond(struct respond *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out, size_t size)
{
    if (size < DNS_UDP_MIN)
        return 0;
    if (request->from.port == 0)
        return drop(worker, DNS_DROP_PORT);
    enum query_verdict verdict = query_parse(request->bytes, request->size, query);
    if (verdict == QUERY_SHORT)
        return drop(worker, DNS_DROP_SHORT);
    if (verdict == QUERY_RESPONSE)
        return drop(worker, DNS_DROP_RESPONSE);
    r->dns = dns;
    r->worker = worker;
    r->request = request;
    r->type = query->type;
    r->owner = HEADER_SIZE;
    r->name = &query->name;
    r->target_count = 0;
    r->stale = 0;
    r->looked_up = false;
    answer_begin(&r->answer, query, out, limit_of(dns, request, query, size));
    unsigned rcode = answer_message(r, query, verdict);
    size_t written = answer_end(&r->answer, rcode);
    count(&worker->counters, r, verdict, rcode, written);
    return written;
}

size_t dns_respond(const struct dns *dns, struct dns_worker *worker,
                   const struct dns_request *request, uint8_t *out, size_t size)
{
    struct respond r; /* not zeroed, nor is the query: each part sets what it hands on */
    struct query query;
    return respond(&r, dns, worker, request, &query, out, size);
}
