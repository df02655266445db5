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

/* Sets near->pairs[tier] to those whose `key` is `value`. False: there is no such value. */
static bool set_pair(struct near *near, enum tier tier, struct text key, const char *value)
{
    if (!value)
        return false;
    size_t size = text_to_label(text_of(value), near->labels[tier]);
    near->pairs[tier] = (struct pair){key, {near->labels[tier], size}};
    return size > 0;
}

/* Counts who has the pair, and notes them in the masks where there are such. */
static struct pair_counts count_near(const struct view *v, const struct pair *pair, enum tier tier,
                                     struct near_masks *masks)
{
    struct pair_counts counts = {0};
    for (uint32_t i = 0; i < v->slice_count; i++) {
        const struct selector *s = slice_selector(v->slices[i], pair->key, pair->value);
        if (masks)
            masks[i].of[tier] = s ? s->live : 0;
        pair_counts_add(&counts, s);
    }
    return counts;
}

static void forget(const struct view *v, enum tier tier, struct near_masks *masks)
{
    for (uint32_t i = 0; masks && i < v->slice_count; i++)
        masks[i].of[tier] = 0;
}

/* They are near, if there are such and enough of them are up. */
static void note_near(const struct view *v, struct near *near, enum tier tier, struct text key,
                      const char *value, struct near_masks *masks)
{
    if (set_pair(near, tier, key, value)) {
        struct pair_counts n = count_near(v, &near->pairs[tier], tier, masks);
        if (n.fresh && (uint64_t)n.fresh * 100 >= (uint64_t)n.registered * v->spill_over) {
            near->of[tier] = &near->pairs[tier];
            near->live[tier] = n.live;
            return;
        }
    }
    forget(v, tier, masks);
}

void respond_near(struct respond *r, const struct view *v, struct near *near)
{
    near->of[TIER_ZONE] = near->of[TIER_REGION] = NULL;
    near->known = near->alone = false;
    if (!r->dns->config.place_count || v->locality == DNS_LOCALITY_OFF ||
        !(view_has_selector_key(v, &r->dns->key, TEXT("zone")) ||
          view_has_selector_key(v, &r->dns->key, TEXT("region"))))
        return;
    note_scope(r);
    if (!r->place)
        return;
    struct near_masks *masks = v->slice_count <= r->worker->slices_max ? r->worker->near : NULL;
    note_near(v, near, TIER_ZONE, TEXT("zone"), r->place->zone, masks);
    note_near(v, near, TIER_REGION, TEXT("region"), r->place->region, masks);
    near->masks = masks;
    near->alone = v->locality == DNS_LOCALITY_ALONE;
    near->known = near->of[TIER_ZONE] || near->of[TIER_REGION];
}
