#include "dns/draw.h"

#include "dns/distinct.h"

static unsigned address_size(const struct draw_addrs *a)
{
    return a->family == FAMILY_V4 ? 4 : 16;
}

/* An instance's addresses of the family. */
static const uint8_t *addresses(const struct view_instance *i, enum family family, unsigned *count)
{
    *count = family == FAMILY_V4 ? i->v4_count : i->v6_count;
    return family == FAMILY_V4 ? i->v4 : i->v6;
}

/* ---- of a finished set ------------------------------------------------------------------- */

static double set_weight(const struct addr_set *set, uint32_t i)
{
    return (double)(set->sums[i] - (i ? set->sums[i - 1] : 0));
}

static const uint8_t *set_bytes(const struct draw_addrs *a, uint32_t i)
{
    return a->set->addrs + (size_t)i * address_size(a);
}

static unsigned stable_of_set(const struct draw *d, const struct draw_addrs *a, unsigned max)
{
    struct picker *p = &d->worker->picker;
    const struct addr_set *set = a->set;
    pick_begin(p, max);
    for (uint32_t i = 0; i < set->group.count; i++) {
        uint64_t bits = draw_stable_bits(d->client, set_bytes(a, i), address_size(a));
        pick_offer(p, i, 0, draw_stable_key(bits, set_weight(set, i)));
    }
    unsigned count = pick_finish(p);
    pick_begin(p, count);
    for (unsigned i = 0; i < count; i++) {
        double weight = pick_weight(set_weight(set, p->items[i]), set->group.zeros);
        pick_offer(p, p->items[i], 0, pick_key(rand_next(&d->worker->rand), weight));
    }
    return pick_finish(p);
}

/* ---- one by one: of what selectors leave, or the near ones first -------------------------- */

/* Whose addresses count: those of the best priority, and of weight 0 only when nobody
 * there has more, since A and AAAA have no field that tells clients so. */
struct survey {
    uint16_t priority;
    bool weighted;
    uint32_t zeros; /* addresses of weight 0 */
};

static struct survey survey(const struct draw *d, enum family family)
{
    struct survey s = {.priority = UINT16_MAX};
    for (uint32_t at = 0, n; draw_next_selected(d, &at, &n);) {
        const struct view_instance *i = &d->view->instances[n];
        unsigned count;
        addresses(i, family, &count);
        if (i->priority < s.priority)
            s = (struct survey){.priority = i->priority};
        if (i->priority == s.priority && i->weight)
            s.weighted |= count > 0;
        else if (i->priority == s.priority)
            s.zeros += count;
    }
    return s;
}

static bool counts(const struct survey *s, const struct view_instance *i)
{
    return i->priority == s->priority && (i->weight || !s->weighted);
}

static void add_instance(const struct draw *d, const struct draw_addrs *a,
                         const struct view_instance *i, const struct survey *s, bool stable,
                         enum tier tier)
{
    struct dns_worker *w = d->worker;
    unsigned count;
    const uint8_t *bytes = addresses(i, a->family, &count);
    for (unsigned n = 0; n < count; n++, bytes += address_size(a)) {
        double share = (double)i->weight / count, weight = pick_weight(share, s->zeros), key;
        if (stable) /* by instance and address: the least of several keys is still the sum's */
            key = draw_stable_key(draw_stable_bits(d->client, i->target + 1, *i->target) ^
                                      draw_stable_bits(d->client, bytes, address_size(a)),
                                  share);
        else
            key = pick_key(rand_next(&w->rand), weight);
        distinct_add(&w->seen, &w->picker, bytes, (uint16_t)tier, key, weight);
    }
}

static void add_all(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                    bool stable)
{
    for (uint32_t at = 0, n; draw_next_selected(d, &at, &n);)
        if (counts(s, &d->view->instances[n]))
            add_instance(d, a, &d->view->instances[n], s, stable, TIER_FAR);
}

/* Those of one tier: whom the pairs and its list have in common. */
static void add_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                     bool stable, enum tier tier)
{
    const struct selector *pairs[PAIRS_MAX + 1];
    struct near_cursor c = {0};
    struct draw part = *d;
    for (unsigned i = 0; i < d->pair_count; i++)
        pairs[i] = d->pairs[i];
    if (tier < TIER_FAR) {
        if (!d->near.of[tier])
            return;
        pairs[part.pair_count++] = d->near.of[tier];
    }
    part.pairs = pairs;
    for (uint32_t at = 0, n; draw_next_selected(&part, &at, &n);)
        if (counts(s, &d->view->instances[n]) && draw_next_tier(&d->near, &c, n) == tier)
            add_instance(d, a, &d->view->instances[n], s, stable, tier);
}

/* ---- a few out of a long list -------------------------------------------------------------- */

/* By its weight, or all alike by their addresses where nobody has one. */
static bool is_met(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                   const struct view_instance *i, unsigned count)
{
    uint32_t scale = s->weighted ? a->set->weight_max : ADDRESSES_MAX;
    uint32_t share = s->weighted ? i->weight : count;
    return i->live && i->stale == (d->of == DRAW_STALE) && counts(s, i) && count &&
           rand_below(&d->worker->rand, scale) < share;
}

/* Weighted draws from a tier: whom chance comes upon is taken as often as its weight says. They
 * come first in their tier, in this order. Gives up where that takes long, as it does when few
 * have nearly all the weight, and leaves the rest to add_tier. */
static void meet_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                      enum tier tier, unsigned max)
{
    enum { BEFORE_ALL = -2 * DISTINCT_MAX, FEW = 8 };
    struct dns_worker *w = d->worker;
    const struct selector *list = tier < TIER_FAR ? d->near.of[tier] : NULL;
    uint32_t size = list ? list->live_count : tier < TIER_FAR ? 0 : d->view->instance_count;
    if (size / FEW <= max)
        return;
    for (uint32_t tries = size / 4; tries && w->seen.count <= max; tries--) {
        uint32_t at = rand_below(&w->rand, size), n = list ? list->live[at] : at;
        unsigned count;
        const uint8_t *bytes = addresses(&d->view->instances[n], a->family, &count);
        if (!is_met(d, a, s, &d->view->instances[n], count) || draw_tier(&d->near, n) != tier)
            continue;
        bytes += (size_t)rand_below(&w->rand, count) * address_size(a);
        if (!distinct_has(&w->seen, bytes))
            distinct_add(&w->seen, &w->picker, bytes, (uint16_t)tier, BEFORE_ALL + w->seen.count,
                         1);
    }
}

/* ---- all ------------------------------------------------------------------------------- */

/* From the nearest on, until there is enough. */
static void add_near(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                     bool stable, unsigned max)
{
    const struct distinct_set *seen = &d->worker->seen;
    for (enum tier tier = TIER_ZONE; tier < TIERS && seen->count <= max; tier++) {
        if (d->near.alone && seen->count)
            break;
        if (a->set && !stable)
            meet_tier(d, a, s, tier, max);
        if (seen->count <= max)
            add_tier(d, a, s, stable, tier);
    }
}

/* Those that were drawn, in a new weighted order within their tiers. */
static void reorder(const struct draw *d, const struct draw_addrs *a)
{
    struct dns_worker *w = d->worker;
    pick_begin(&w->picker, a->count);
    for (unsigned i = 0; i < a->count; i++) {
        uint32_t slot = w->picker.items[i];
        const struct distinct_entry *e = &w->seen.slots[slot];
        pick_offer(&w->picker, slot, e->tier, pick_key(rand_next(&w->rand), e->weight));
    }
    pick_finish(&w->picker);
}

static void gather(const struct draw *d, struct draw_addrs *a, const struct survey *s, unsigned max,
                   bool stable)
{
    struct dns_worker *w = d->worker;
    a->stale = d->of == DRAW_STALE;
    a->gathered = true;
    distinct_begin(&w->seen, address_size(a));
    if (d->near.known)
        add_near(d, a, s, stable, max);
    else
        add_all(d, a, s, stable);
    pick_begin(&w->picker, max);
    distinct_offer(&w->seen, &w->picker);
    a->count = pick_finish(&w->picker);
    a->total = w->seen.count + w->seen.dropped;
    if (stable)
        reorder(d, a);
}

/* The service's own, for an asker whose place is known. */
static void gather_of_set(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct draw all = *d;
    all.set = NULL;
    all.pair_count = 0;
    all.of = a->set->stale ? DRAW_STALE : DRAW_FRESH;
    struct survey s = {a->set->priority, !a->set->group.zeros, a->set->group.zeros};
    gather(&all, a, &s, max, stable);
    if (!d->near.alone)
        a->total = a->set->group.count;
}

/* ---- both ----------------------------------------------------------------------------------- */

void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct picker *p = &d->worker->picker;
    a->gathered = false;
    if (!a->set) {
        struct survey s = survey(d, a->family);
        gather(d, a, &s, max, stable);
        return;
    }
    a->stale = a->set->stale;
    a->total = a->set->group.count;
    if (d->near.known && a->total)
        gather_of_set(d, a, max, stable);
    else if (stable)
        a->count = stable_of_set(d, a, max);
    else
        a->count = pick_set(p, &d->worker->rand, &a->set->group, 1, a->set->sums, max);
}

const uint8_t *draw_addr_at(const struct draw *d, const struct draw_addrs *a, unsigned n)
{
    uint32_t picked = d->worker->picker.items[n];
    return a->gathered ? d->worker->seen.slots[picked].bytes : set_bytes(a, picked);
}
