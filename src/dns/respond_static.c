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
    put_u32(end - SERIAL, atomic_load_explicit(&zone->serial, memory_order_relaxed));
    put_u32(end - MINIMUM, minimum);
    a->counts[section]++;
}

static const struct rrset *find_set(const struct node *n, uint16_t type)
{
    for (uint32_t i = 0; i < n->rrset_count; i++)
        if (n->rrsets[i].type == type || type == TYPE_ANY)
            return &n->rrsets[i];
    return NULL;
}

/* Begins anywhere: the order means nothing, and nobody is always first (RFC 1794). */
static void put_set(struct respond *r, const struct rrset *set)
{
    uint32_t start = set->count > 1 ? rand_below(&r->worker->rand, set->count) : 0;
    uint32_t at = start;
    for (uint32_t sent = 0; sent < set->count; sent++) {
        if (!answer_record(&r->answer, SECTION_ANSWER, r->owner, set->type, set->ttl,
                           set->rdata[at], set->sizes[at])) {
            respond_cut(r, sent, set->count);
            return;
        }
        at = at + 1 < set->count ? at + 1 : 0;
    }
}

bool respond_static(struct respond *r, const struct found *f, uint16_t type)
{
    const struct rrset *set = find_set(f->node, type);
    bool apex = f->node->size == f->zone->apex.size;
    if (set) {
        put_set(r, set);
        return true;
    }
    if (!apex || (type != TYPE_SOA && type != TYPE_ANY))
        return false;
    respond_soa(r, f->zone, SECTION_ANSWER, r->owner, f->zone->ttl, f->zone->negative_ttl);
    return true;
}

static void move_to(struct respond *r, size_t at, const uint8_t *target, uint16_t size)
{
    r->alias.size = (uint8_t)size;
    r->alias.labels = 0;
    for (uint16_t i = 0; i < size; i++)
        r->alias.wire[i] = (uint8_t)ascii_lower((char)target[i]);
    for (const uint8_t *label = target; *label; label += 1 + *label)
        r->alias.labels++;
    r->name = &r->alias;
    r->owner = (uint16_t)at;
}

const struct rrset *respond_alias(const struct respond *r, const struct found *f)
{
    if (f->kind != FOUND_STATIC || r->type == TYPE_CNAME || r->type == TYPE_ANY)
        return NULL;
    return find_set(f->node, TYPE_CNAME);
}

bool respond_follow(struct respond *r, const struct rrset *alias)
{
    const uint8_t *target = alias->rdata[0];
    uint16_t size = alias->sizes[0];
    r->answer.truncated =
        !answer_record(&r->answer, SECTION_ANSWER, r->owner, TYPE_CNAME, alias->ttl, target, size);
    if (!r->answer.truncated)
        move_to(r, r->answer.at - size, target, size);
    return !r->answer.truncated;
}
