#include "dns/draw.h"

#include "dns/distinct.h"

static uint16_t address_size(const struct draw_addrs *a)
{
    return a->family == FAMILY_V4 ? 4 : 16;
}

/* An instance's addresses of the family. */
static const uint8_t *addresses(const struct view_instance *i, enum family family, unsigned *count)
{
    *count = family == FAMILY_V4 ? i->v4_count : i->v6_count;
    return family == FAMILY_V4 ? instance_v4(i) : instance_v6(i);
}

/* ---- of a finished set ------------------------------------------------------------------- */

static double set_weight(const struct addr_set *set, uint32_t number)
{
    return (double)part_weight(part_of(set->parts, number), number % PART_MAX);
}

static unsigned stable_of_set(const struct draw *d, const struct draw_addrs *a, unsigned max)
{
    struct picker *p = &d->worker->picker;
    const struct addr_set *set = a->set;
    pick_begin(p, max);
    for (uint32_t i = 0; part_next(set->parts, set->group.part_count, &i); i++) {
        const uint8_t *bytes = addr_at(set, i, address_size(a));
        uint64_t bits = draw_stable_bits(d->client, bytes, address_size(a));
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
    uint32_t addresses;
};

static struct survey survey(const struct draw *d, enum family family)
{
    struct survey s = {.priority = UINT16_MAX};
    struct selected_cursor c = {0};
    for (uint32_t n; draw_next_selected(d, &c, &n);) {
        const struct view_instance *i = view_at(d->view, n);
        unsigned count;
        addresses(i, family, &count);
        if (i->priority < s.priority)
            s = (struct survey){.priority = i->priority};
        s.addresses += i->priority == s.priority ? count : 0;
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
    const uint8_t *bytes = addresses(i, a->family, &count), *id = instance_wire_label(i);
    for (unsigned n = 0; n < count; n++, bytes += address_size(a)) {
        double share = (double)i->weight / count, weight = pick_weight(share, s->zeros), key;
        if (stable) /* by instance and address: the least of several keys is still the sum's */
            key = draw_stable_key(draw_stable_bits(d->client, id + 1, *id) ^
                                      draw_stable_bits(d->client, bytes, address_size(a)),
                                  share);
        else
            key = pick_key(rand_next(&w->rand), weight);
        distinct_add(&w->seen, &w->picker, bytes, address_size(a), (uint16_t)tier, key, weight);
    }
}

static void add_all(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                    bool stable)
{
    struct selected_cursor c = {0};
    for (uint32_t n; draw_next_selected(d, &c, &n);)
        if (counts(s, view_at(d->view, n)))
            add_instance(d, a, view_at(d->view, n), s, stable, TIER_FAR);
}

static void add_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                     bool stable, enum tier tier)
{
    struct selected_cursor c = {0};
    struct draw part = *d;
    if (tier < TIER_FAR && !d->near->of[tier])
        return;
    part.tiered = true;
    part.tier = tier;
    for (uint32_t n; draw_next_selected(&part, &c, &n);)
        if (counts(s, view_at(d->view, n)))
            add_instance(d, a, view_at(d->view, n), s, stable, tier);
}

/* ---- a few out of a long list -------------------------------------------------------------- */

/* By its weight, or all alike by their addresses where nobody has one. */
static bool is_met(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                   const struct view_instance *i, unsigned count)
{
    uint32_t scale = s->weighted ? a->set->weight_max : ADDRESSES_MAX;
    uint32_t share = s->weighted ? i->weight : count;
    return counts(s, i) && count && rand_below(&d->worker->rand, scale) < share;
}

/* Who can be met. */
static uint64_t candidates(const struct draw *d, uint32_t slice, enum tier tier)
{
    const struct slice *s = d->view->slices[slice];
    uint64_t mask = draw_tier_mask(d->view, d->near, slice, tier);
    return mask & (d->of == DRAW_STALE ? s->stale : ~s->stale);
}

/* Notes how many there are up to each slice; returns how many in all. */
static uint32_t count_candidates(const struct draw *d, enum tier tier)
{
    uint32_t *sums = d->worker->near_sums, sum = 0;
    for (uint32_t i = 0; i < d->view->slice_count; i++) {
        sum += (uint32_t)__builtin_popcountll(candidates(d, i, tier));
        sums[i] = sum;
    }
    return sum;
}

/* The place of the n-th of those that were counted. */
static uint32_t candidate(const struct draw *d, enum tier tier, uint32_t n)
{
    const uint32_t *sums = d->worker->near_sums;
    uint32_t low = 0, high = d->view->slice_count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums[middle] > n)
            high = middle;
        else
            low = middle + 1;
    }
    uint64_t mask = candidates(d, low, tier);
    for (n -= low ? sums[low - 1] : 0; n; n--)
        mask &= mask - 1;
    return low * SLICE_MAX + (uint32_t)__builtin_ctzll(mask);
}

/* Weighted draws from a tier: whom chance comes upon is taken as often as its weight says. They
 * come first in their tier, in this order. Gives up where that takes long, as it does when few
 * have nearly all the weight, and leaves the rest to add_tier. */
static void meet_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                      enum tier tier, unsigned max)
{
    enum { BEFORE_ALL = -2 * DISTINCT_MAX, FEW = 8 };
    struct dns_worker *w = d->worker;
    if (!d->near->masks || d->view->live_count / FEW <= max)
        return;
    uint32_t size = count_candidates(d, tier);
    if (size / FEW <= max)
        return;
    for (uint32_t tries = size / 4; tries && w->seen.count <= max; tries--) {
        const struct view_instance *i =
            view_at(d->view, candidate(d, tier, rand_below(&w->rand, size)));
        unsigned count;
        const uint8_t *bytes = addresses(i, a->family, &count);
        if (!is_met(d, a, s, i, count))
            continue;
        bytes += (size_t)rand_below(&w->rand, count) * address_size(a);
        if (!distinct_has(&w->seen, bytes, address_size(a)))
            distinct_add(&w->seen, &w->picker, bytes, address_size(a), (uint16_t)tier,
                         BEFORE_ALL + w->seen.count, 1);
    }
}

/* ---- all ------------------------------------------------------------------------------- */

/* From the nearest on, until there is enough. */
static void add_near(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                     bool stable, unsigned max)
{
    const struct distinct_set *seen = &d->worker->seen;
    for (enum tier tier = TIER_ZONE; tier < TIERS && seen->count <= max; tier++) {
        if (d->near->alone && seen->count)
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
    distinct_begin(&w->seen);
    if (d->near)
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

/* A few addresses need no keys; all that there are. False: their weights are too large for it. */
static bool gather_few(const struct draw *d, struct draw_addrs *a, const struct survey *s,
                       unsigned max)
{
    struct pick_weighted list[PART_MAX];
    struct dns_worker *w = d->worker;
    struct selected_cursor c = {0};
    distinct_begin(&w->seen);
    for (uint32_t n; draw_next_selected(d, &c, &n);) {
        const struct view_instance *i = view_at(d->view, n);
        unsigned count;
        const uint8_t *bytes = addresses(i, a->family, &count);
        if (!count || !counts(s, i))
            continue;
        uint32_t share = s->weighted ? i->weight * ADDRESS_WEIGHT_PARTS / count : 1;
        for (unsigned k = 0; k < count; k++, bytes += address_size(a))
            distinct_add(&w->seen, &w->picker, bytes, address_size(a), 0, 0, share);
    }
    for (uint32_t i = 0; i < w->seen.count; i++) {
        uint32_t slot = w->seen.used[i];
        list[i] = (struct pick_weighted){(uint64_t)w->seen.slots[slot].weight, slot};
    }
    a->stale = d->of == DRAW_STALE;
    a->gathered = true;
    a->total = w->seen.count;
    a->count = a->total < max ? a->total : max;
    return pick_few(&w->picker, &w->rand, list, a->total, a->count);
}

/* The service's own, for an asker whose place is known. */
static void gather_of_set(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct draw all = *d;
    all.set = NULL;
    all.pair_count = 0;
    all.masks = NULL;
    all.of = a->set->stale ? DRAW_STALE : DRAW_FRESH;
    const struct pick_group *group = &a->set->group;
    struct survey s = {a->set->priority, !group->zeros, group->zeros, group->count};
    gather(&all, a, &s, max, stable);
    if (!d->near->alone)
        a->total = a->set->group.count;
}

/* ---- both ----------------------------------------------------------------------------------- */

void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct picker *p = &d->worker->picker;
    a->gathered = false;
    if (!a->set) {
        struct survey s = survey(d, a->family);
        if (stable || d->near || s.addresses > PART_MAX || !gather_few(d, a, &s, max))
            gather(d, a, &s, max, stable);
        return;
    }
    a->stale = a->set->stale;
    a->total = a->set->group.count;
    if (d->near && a->total)
        gather_of_set(d, a, max, stable);
    else if (stable)
        a->count = stable_of_set(d, a, max);
    else
        a->count = pick_set(p, &d->worker->rand, &a->set->group, 1, a->set->parts, max);
}
