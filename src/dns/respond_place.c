/* Where the asker is, and which instances are near it. The place is that of the asker's
 * address; or, where the asker is a forwarder that is believed, of the subnet that it asks for
 * (EDNS Client Subnet, RFC 7871). */
#include "dns/respond.h"

static const struct dns_place *find_place(const struct dns_config *c, const struct addr *a)
{
    for (size_t i = 0; i < c->place_count; i++)
        if (network_has(&c->places[i].from, a))
            return &c->places[i];
    return NULL;
}

static bool is_believed(const struct dns_config *c, const struct addr *from)
{
    for (size_t i = 0; i < c->ecs_from_count; i++)
        if (network_has(&c->ecs_from[i], from))
            return true;
    return false;
}

void respond_place(struct respond *r, const struct query *q)
{
    const struct dns_config *c = &r->dns->config;
    const struct addr *from = &r->request->from.addr;
    r->place = NULL;
    if (!c->place_count && !c->ecs_from_count)
        return;
    if (q->has_opt && q->edns.subnet.there && is_believed(c, from)) {
        r->answer.has_subnet = true;
        r->answer.subnet_scope = 0; /* until an answer depends on it */
        answer_reserve(&r->answer, ANSWER_SUBNET);
        if (q->edns.subnet.source) /* else it is to be as if nothing was said: section 7.1.2 */
            from = &q->edns.subnet.addr;
    }
    r->place = find_place(c, from);
}

/* ---- the scope ----------------------------------------------------------------------------- */

/* The leading bits that both have in common, at most `most`. */
static unsigned common_bits(const struct addr *a, const struct addr *b, unsigned most)
{
    unsigned bits = 0;
    while (bits < most && !((a->bytes[bits / 8] ^ b->bytes[bits / 8]) & 0x80 >> bits % 8))
        bits++;
    return bits;
}

/* How many bits of the address decide which network it is found in: all addresses that share
 * them meet the same one first (section 7.2.1). */
static uint8_t scope_of(const struct dns_config *c, const struct addr *a)
{
    unsigned scope = 0;
    for (size_t i = 0; i < c->place_count; i++) {
        const struct network *n = &c->places[i].from;
        if (n->addr.family != a->family)
            continue;
        unsigned common = common_bits(a, &n->addr, n->bits);
        bool inside = common == n->bits;
        unsigned needed = inside ? n->bits : common + 1;
        if (needed > scope)
            scope = needed;
        if (inside)
            break;
    }
    return (uint8_t)scope;
}

static void note_scope(struct respond *r)
{
    const struct query_subnet *s = &r->answer.query->edns.subnet;
    if (r->answer.has_subnet && s->source)
        r->answer.subnet_scope = scope_of(&r->dns->config, &s->addr);
}

/* ---- who is near ----------------------------------------------------------------------------- */

/* Those whose `key` is `value`, if enough of them are up. */
static const struct selector *near_of(const struct view *v, struct text key, const char *value)
{
    char label[63];
    if (!value)
        return NULL;
    size_t size = text_to_label(text_of(value), label);
    const struct selector *s = size ? view_selector(v, key, (struct text){label, size}) : NULL;
    if (!s || !s->fresh || (uint64_t)s->fresh * 100 < (uint64_t)s->registered * v->spill_over)
        return NULL;
    return s;
}

void respond_near(struct respond *r, const struct view *v, struct near *near)
{
    *near = (struct near){0};
    if (!r->dns->config.place_count || v->locality == DNS_LOCALITY_OFF ||
        !(view_has_selector_key(v, TEXT("zone")) || view_has_selector_key(v, TEXT("region"))))
        return;
    note_scope(r);
    if (!r->place)
        return;
    near->of[TIER_ZONE] = near_of(v, TEXT("zone"), r->place->zone);
    near->of[TIER_REGION] = near_of(v, TEXT("region"), r->place->region);
    near->known = near->of[TIER_ZONE] || near->of[TIER_REGION];
    near->alone = v->locality == DNS_LOCALITY_ALONE;
}
