#include "dns/respond.h"

/* ---- negative answers ---------------------------------------------------------------------- */

/* RFC 2308 section 3: the SOA's own TTL and its MINIMUM say how long to believe it. */
static void add_soa(struct resolution *r, uint32_t negative_ttl)
{
    const struct zone *z = r->zone;
    size_t owner = r->owner + r->name->size - z->apex.size;
    uint8_t *p = answer_room(&r->answer, RECORD_HEAD + (size_t)z->soa_size);
    if (!p)
        return;
    p = put_record_head(p, owner, TYPE_SOA, negative_ttl, z->soa_size);
    memcpy(p, z->soa, z->soa_size);
    put_u32(p + z->soa_size - 20, atomic_load_explicit(&z->serial, memory_order_relaxed));
    put_u32(p + z->soa_size - 4, negative_ttl);
    r->answer.counts[SECTION_AUTHORITY]++;
}

unsigned respond_nodata(struct resolution *r, uint32_t negative_ttl)
{
    add_soa(r, negative_ttl);
    return RCODE_NOERROR;
}

unsigned respond_nxdomain(struct resolution *r, uint32_t negative_ttl)
{
    add_soa(r, negative_ttl);
    return RCODE_NXDOMAIN;
}

/* ---- finding the name ------------------------------------------------------------------------ */

static unsigned respond_below(struct resolution *r, const struct node *node, unsigned labels)
{
    if (node->kind == NODE_SERVICE)
        return respond_inside(r, RCU_READ(node->slot->view), labels);
    r->rule = RULE_MISSING;
    return respond_nxdomain(r, r->zone->negative_ttl);
}

static unsigned respond_node(struct resolution *r, const struct node *node)
{
    switch ((enum node_kind)node->kind) {
    case NODE_STATIC:
        return respond_static(r, node);
    case NODE_SERVICE:
        return respond_service(r, RCU_READ(node->slot->view));
    case NODE_SERVICE_TCP:
        return respond_protocol(r, RCU_READ(node->slot->view), PROTOCOL_TCP);
    case NODE_SERVICE_UDP:
        return respond_protocol(r, RCU_READ(node->slot->view), PROTOCOL_UDP);
    case NODE_EMPTY:
        break;
    }
    r->rule = RULE_EMPTY;
    return respond_nodata(r, r->zone->negative_ttl);
}

unsigned respond_name(struct resolution *r)
{
    unsigned labels = 0;
    const struct node *node = table_find(r->dns->table, r->name->wire, r->name->size);
    if (!node)
        node = table_closest(r->dns->table, r->name, &labels);
    if (!node) {
        r->rule = RULE_OUTSIDE;
        if (r->steps) /* a CNAME that leads out of our zones ends the answer */
            return RCODE_NOERROR;
        answer_explain(&r->answer, EDE_NOT_AUTHORITATIVE, "");
        return RCODE_REFUSED;
    }
    r->zone = node->zone;
    r->answer.authoritative = true;
    return labels ? respond_below(r, node, labels) : respond_node(r, node);
}

/* ---- questions that have no answer ------------------------------------------------------------- */

/* RFC 6895 section 3.1: types 128-255 are for queries or metadata, not for data. */
static bool refuse_type(struct answer *a, uint16_t type, unsigned *rcode)
{
    if (type == TYPE_ANY || (type != TYPE_OPT && (type < TYPE_NXNAME || type > TYPE_ANY)))
        return false;
    if (type == TYPE_AXFR || type == TYPE_IXFR) {
        answer_explain(a, EDE_NOT_SUPPORTED, "zone transfer is not offered");
        *rcode = RCODE_REFUSED;
    } else if (type == TYPE_MAILA || type == TYPE_MAILB) {
        *rcode = RCODE_NOTIMP;
    } else {
        answer_explain(a, EDE_INVALID_QUERY_TYPE, "");
        *rcode = RCODE_FORMERR;
    }
    return true;
}

static unsigned decide(struct resolution *r, const struct query *q)
{
    unsigned rcode;
    if (q->has_opt && q->edns_version)
        return RCODE_BADVERS;
    if (q->signed_) /* we hold no key: RFC 8945 section 5.2 */
        return RCODE_NOTAUTH;
    if (q->class != CLASS_IN) {
        answer_explain(&r->answer, EDE_NOT_SUPPORTED, "only class IN is served");
        return RCODE_REFUSED;
    }
    if (refuse_type(&r->answer, q->type, &rcode))
        return rcode;
    return respond_name(r);
}

static unsigned answer_verdict(struct resolution *r, const struct query *q,
                               enum query_verdict verdict)
{
    if (verdict == QUERY_GOOD)
        return decide(r, q);
    if (verdict == QUERY_MALFORMED)
        return RCODE_FORMERR;
    return q->opcode == OPCODE_NOTIFY || q->opcode == OPCODE_UPDATE ? RCODE_REFUSED
                                                                    : RCODE_NOTIMP;
}

/* ---- limits and counts --------------------------------------------------------------------------- */

static uint16_t configured_size(const struct dns_config *config, const struct addr *from)
{
    for (size_t i = 0; i < config->udp_size_count; i++)
        if (network_has(&config->udp_sizes[i].from, from))
            return config->udp_sizes[i].size;
    return config->udp_max_size;
}

/* RFC 6891 section 6.2.3 and 6.2.5; without EDNS RFC 1035 section 4.2.1. */
static size_t message_limit(const struct dns *dns, const struct dns_request *request,
                            const struct query *q, size_t room)
{
    size_t limit = DNS_TCP_LIMIT;
    if (request->transport == DNS_UDP) {
        limit = DNS_UDP_MIN;
        if (q->has_opt && q->edns_size > limit) {
            size_t ours = configured_size(&dns->config, &request->from.addr);
            limit = q->edns_size < ours ? q->edns_size : ours;
        }
    }
    return limit < room ? limit : room;
}

static enum dns_type_count type_count(uint16_t type)
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

static void count_answer(struct dns_counters *c, const struct query *q, enum query_verdict verdict,
                         const struct answer *a, unsigned rcode)
{
    if (verdict == QUERY_GOOD)
        counter_up(&c->types[type_count(q->type)]);
    counter_up(&c->rcodes[rcode]);
    counter_add(&c->answer_bytes, a->at);
    if (a->truncated)
        counter_up(&c->truncated);
}

static bool drop(struct dns_counters *c, const struct dns_request *request,
                 enum query_verdict verdict)
{
    enum dns_drop why;
    if (request->from.port == 0)
        why = DNS_DROP_PORT;
    else if (verdict == QUERY_SHORT)
        why = DNS_DROP_SHORT;
    else if (verdict == QUERY_RESPONSE)
        why = DNS_DROP_RESPONSE;
    else
        return false;
    counter_up(&c->drops[why]);
    return true;
}

size_t respond(struct resolution *r, const struct dns *dns, struct dns_worker *worker,
               const struct dns_request *request, struct query *query, uint8_t *out, size_t size)
{
    struct dns_counters *c = &worker->counters;
    counter_up(&c->queries[request->transport]);
    enum query_verdict verdict = query_parse(request->bytes, request->size, query);
    r->rule = RULE_NONE;
    r->zone = NULL;
    r->view = NULL;
    r->instance = NULL;
    r->selector_count = 0;
    if (size < DNS_UDP_MIN || drop(c, request, verdict))
        return 0;
    r->dns = dns;
    r->worker = worker;
    r->request = request;
    r->type = query->type;
    r->name = &query->name;
    r->owner = HEADER_SIZE;
    r->steps = 0;
    answer_begin(&r->answer, query, out, message_limit(dns, request, query, size));
    unsigned rcode = answer_verdict(r, query, verdict);
    size_t n = answer_end(&r->answer, rcode);
    count_answer(c, query, verdict, &r->answer, rcode);
    return n;
}

size_t dns_respond(const struct dns *dns, struct dns_worker *worker,
                   const struct dns_request *request, uint8_t *out, size_t size)
{
    struct resolution r;
    struct query query;
    return respond(&r, dns, worker, request, &query, out, size);
}
