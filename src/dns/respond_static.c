/* Names of the zone file: RFC 1034 section 4.3.2 without wildcards and delegations, which
 * the loader refuses. */
#include "base/text.h"
#include "dns/respond.h"

static const struct rrset *find_type(const struct node *node, uint16_t type)
{
    for (uint32_t i = 0; i < node->rrset_count; i++)
        if (node->rrsets[i].type == type)
            return &node->rrsets[i];
    return NULL;
}

/* All records, or none and TC: half an RRset is of no use to anybody. */
static void add_rrset(struct resolution *r, const struct rrset *set)
{
    struct answer *a = &r->answer;
    size_t mark = a->at;
    uint16_t count = a->counts[SECTION_ANSWER];
    for (uint16_t i = 0; i < set->count; i++) {
        if (answer_record(a, SECTION_ANSWER, r->owner, set->type, set->ttl, set->rdata[i],
                          set->sizes[i]))
            continue;
        a->at = mark;
        a->counts[SECTION_ANSWER] = count;
        a->truncated = true;
        return;
    }
}

static bool add_apex_soa(struct resolution *r)
{
    const struct zone *z = r->zone;
    uint8_t *p = answer_room(&r->answer, RECORD_HEAD + (size_t)z->soa_size);
    if (!p) {
        r->answer.truncated = true;
        return true;
    }
    p = put_record_head(p, r->owner, TYPE_SOA, z->negative_ttl, z->soa_size);
    memcpy(p, z->soa, z->soa_size);
    put_u32(p + z->soa_size - 20, atomic_load_explicit(&z->serial, memory_order_relaxed));
    r->answer.counts[SECTION_ANSWER]++;
    return true;
}

static bool is_apex(const struct resolution *r, const struct node *node)
{
    return node->size == r->zone->apex.size;
}

/* The target in lower case; its bytes in the message are what owners will point to. */
static void name_from_rdata(const uint8_t *rdata, struct name *out)
{
    unsigned size = 0;
    out->labels = 0;
    while (rdata[size]) {
        unsigned end = size + rdata[size] + 1u;
        for (out->wire[size] = rdata[size], size++; size < end; size++)
            out->wire[size] = (uint8_t)ascii_lower((char)rdata[size]);
        out->labels++;
    }
    out->wire[size] = 0;
    out->size = (uint8_t)(size + 1);
}

static unsigned follow(struct resolution *r, const struct rrset *alias)
{
    struct name target;
    size_t rdata_at = r->answer.at + RECORD_HEAD;
    add_rrset(r, alias);
    if (r->answer.truncated || ++r->steps > CHAIN_MAX)
        return RCODE_NOERROR; /* what was collected so far */
    name_from_rdata(alias->rdata[0], &target);
    r->name = &target;
    r->owner = rdata_at;
    unsigned rcode = respond_name(r);
    r->name = &r->answer.query->name;
    return rcode;
}

/* RFC 8482 section 4.1: one RRset stands for all. */
static bool add_any(struct resolution *r, const struct node *node)
{
    if (is_apex(r, node))
        return add_apex_soa(r);
    if (!node->rrset_count)
        return false;
    add_rrset(r, &node->rrsets[0]);
    return true;
}

unsigned respond_static(struct resolution *r, const struct node *node)
{
    r->rule = RULE_STATIC;
    if (r->type == TYPE_SOA && is_apex(r, node)) {
        add_apex_soa(r);
        return RCODE_NOERROR;
    }
    const struct rrset *set = find_type(node, r->type);
    const struct rrset *alias = find_type(node, TYPE_CNAME);
    if (set)
        add_rrset(r, set);
    else if (alias && r->type != TYPE_ANY)
        return follow(r, alias);
    else if (r->type != TYPE_ANY || !add_any(r, node))
        return respond_nodata(r, r->zone->negative_ttl);
    return RCODE_NOERROR;
}
