#include "dns/respond.h"

void respond_soa(struct respond *r, const struct zone *zone, enum section section, uint32_t owner,
                 uint32_t ttl, uint32_t minimum)
{
    enum { SERIAL = 20, MINIMUM = 4 }; /* from the end */
    struct answer *a = &r->answer;
    uint8_t *p = answer_room(a, RECORD_HEAD + zone->soa_size);
    if (!p) {
        a->truncated = true;
        return;
    }
    uint8_t *rdata = put_record_head(p, owner, TYPE_SOA, ttl, zone->soa_size);
    uint8_t *end = rdata + zone->soa_size;
    memcpy(rdata, zone->soa, zone->soa_size);
    put_u32(end - SERIAL, zone_serial(zone));
    put_u32(end - MINIMUM, minimum);
    a->counts[section]++;
}

const struct rrset *node_set(const struct node *n, uint16_t type)
{
    for (uint32_t i = 0; i < n->rrset_count; i++)
        if (n->rrsets[i].type == type)
            return &n->rrsets[i];
    return NULL;
}

/* Begins anywhere: the order means nothing, and nobody is always first (RFC 1794). */
static bool put_set(struct respond *r, const struct rrset *set, uint32_t start)
{
    uint32_t at = start;
    for (uint32_t sent = 0; sent < set->count; sent++) {
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, set->type, set->ttl,
                           set->rdata[at], set->sizes[at])) {
            respond_cut(r, sent, set->count);
            return false;
        }
        at = at + 1 < set->count ? at + 1 : 0;
    }
    return true;
}

void respond_set(struct respond *r, const struct rrset *set)
{
    uint32_t start = set->count > 1 ? rand_below(&r->worker->rand, set->count) : 0;
    uint32_t at = (uint32_t)r->answer.at;
    if (put_set(r, set, start))
        respond_targets(r, set, at, start);
}

static bool is_apex(const struct found *f)
{
    return f->node->size == f->zone->apex.size;
}

static void put_apex_soa(struct respond *r, const struct found *f)
{
    respond_soa(r, f->zone, SECTION_ANSWER, r->owner, f->zone->soa_ttl, f->zone->minimum);
}

/* One RRset, or by TCP all of them, where that is wanted (RFC 8482 sections 4.1 and 4.4). */
static bool respond_any(struct respond *r, const struct found *f)
{
    const struct node *n = f->node;
    bool all = r->dns->config.any_full && r->request->transport == DNS_TCP;
    uint32_t count = all || !n->rrset_count ? n->rrset_count : 1;
    bool soa = is_apex(f) && (all || !count);
    if (soa)
        put_apex_soa(r, f);
    for (uint32_t i = 0; i < count; i++)
        if (!put_set(r, &n->rrsets[i], 0))
            break;
    return soa || count;
}

bool respond_static(struct respond *r, const struct found *f, uint16_t type)
{
    if (type == TYPE_ANY)
        return respond_any(r, f);
    const struct rrset *set = node_set(f->node, type);
    if (set)
        respond_set(r, set);
    else if (type == TYPE_SOA && is_apex(f))
        put_apex_soa(r, f);
    else
        return false;
    return true;
}
