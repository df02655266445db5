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

/* `size` is known where this is called: then much of it is done when compiled. */
static inline void offer_all(struct picker *p, const struct addr_set *set, uint64_t client,
                             unsigned size)
{
    for (uint32_t i = 0; i < set->group.part_count; i++) {
        const struct part *part = &set->parts[i];
        for (unsigned k = 0; k < part->count; k++) {
            uint64_t bits = draw_stable_bits(client, part->addrs + (size_t)k * size, size);
            draw_offer_stable(p, i * PART_MAX + k, 0, bits, (double)(int64_t)part_weight(part, k));
        }
    }
}

static unsigned stable_of_set(const struct draw *d, const struct draw_addrs *a, unsigned max)
{
    struct picker *p = &d->worker->picker;
    const struct addr_set *set = a->set;
    uint64_t client = draw_client_bits(d->client);
    pick_begin(p, max);
    if (a->family == FAMILY_V4)
        offer_all(p, set, client, 4);
    else
        offer_all(p, set, client, 16);
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
    uint16_t weight_max; /* at least the largest that there is; where a few are drawn of many */
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
    const uint8_t *bytes = addresses(i, a->family, &count);
    for (unsigned n = 0; n < count; n++, bytes += address_size(a)) {
        double share = (double)i->weight / count, weight = pick_weight(share, s->zeros), key;
        if (stable) /* by instance and address: the least of several keys is still the sum's */
            key = draw_stable_key(draw_instance_bits(a->client, i) ^
                                      draw_stable_bits(a->client, bytes, address_size(a)),
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

/* The first of those that were gathered. */
static void finish(const struct draw *d, struct draw_addrs *a, unsigned max)
{
    struct dns_worker *w = d->worker;
    a->stale = d->of == DRAW_STALE;
    a->gathered = true;
    pick_begin(&w->picker, max);
    distinct_offer(&w->seen, &w->picker);
    a->count = pick_finish(&w->picker);
    a->total = w->seen.count + w->seen.dropped;
}

/* ---- a few out of a long list -------------------------------------------------------------- */

/* By its weight, or all alike by their addresses where nobody has one. */
static bool is_met(const struct draw *d, const struct survey *s, const struct view_instance *i,
                   unsigned count)
{
    uint32_t scale = s->weighted ? s->weight_max : ADDRESSES_MAX;
    uint32_t share = s->weighted ? i->weight : count;
    return counts(s, i) && count && rand_below(&d->worker->rand, scale) < share;
}

/* Weighted draws: whom chance comes upon is taken as often as its weight says. They come first in
 * their tier, in this order. Gives up where that takes long, as it does when few have nearly all
 * the weight. */
static void meet(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                 enum tier tier, unsigned max)
{
    const double before_all = -2.0 * DISTINCT_MAX;
    struct dns_worker *w = d->worker;
    struct chance chance;
    if (!draw_begin_chance(d, &chance))
        return;
    for (uint32_t tries = draw_tries(chance.count, max + 1); tries && w->seen.count <= max;
         tries--) {
        uint32_t place;
        if (!draw_by_chance(&chance, &place))
            continue;
        const struct view_instance *i = view_at(d->view, place);
        unsigned count;
        const uint8_t *bytes = addresses(i, a->family, &count);
        if (!is_met(d, s, i, count))
            continue;
        bytes += (size_t)rand_below(&w->rand, count) * address_size(a);
        if (!distinct_has(&w->seen, bytes, address_size(a)))
            distinct_add(&w->seen, &w->picker, bytes, address_size(a), (uint16_t)tier,
                         before_all + w->seen.count, 1);
    }
}

/* Leaves the rest to add_tier. */
static void meet_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                      enum tier tier, unsigned max)
{
    struct draw part = *d;
    part.tiered = true;
    part.tier = tier;
    if (draw_tries(d->view->live_count, max))
        meet(&part, a, s, tier, max);
}

/* What slices say of whom selectors leave in them. False: that is not enough. */
static bool survey_slices(const struct draw *d, struct survey *s)
{
    *s = (struct survey){.priority = UINT16_MAX};
    for (uint32_t n = 0; n < d->view->slice_count; n++) {
        const struct slice *slice = d->view->slices[n];
        uint16_t priority = slice->classes[0].best_priority;
        if (!d->masks[n] || slice->classes[0].count == 0)
            continue;
        if (priority != slice->priority_max ||
            (s->priority != UINT16_MAX && priority != s->priority))
            return false;
        s->priority = priority;
        if (slice->weight_max > s->weight_max)
            s->weight_max = slice->weight_max;
    }
    s->weighted = s->weight_max > 0;
    return true;
}

/* A few of the many that selectors leave. False: it is to be done one by one, behind those that
 * were met: to let these go and draw anew would favour orders that are met easily. */
static bool meet_selected(const struct draw *d, struct draw_addrs *a, unsigned max)
{
    struct dns_worker *w = d->worker;
    struct survey s;
    if (d->near || !d->masks || d->of == DRAW_STALE || !draw_tries(d->view->live_count, max) ||
        !survey_slices(d, &s))
        return false;
    meet(d, a, &s, TIER_FAR, max);
    if (w->seen.count <= max)
        return false;
    w->seen.dropped = true; /* who was not met */
    finish(d, a, max);
    return true;
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

/* Behind those that were met. */
static void gather(const struct draw *d, struct draw_addrs *a, const struct survey *s, unsigned max,
                   bool stable)
{
    a->client = draw_client_bits(d->client);
    if (d->near)
        add_near(d, a, s, stable, max);
    else
        add_all(d, a, s, stable);
    finish(d, a, max);
    if (stable)
        reorder(d, a);
}

/* A few addresses need no keys; all that there are, nobody was met. False: their weights are too
 * large for it. */
static bool gather_few(const struct draw *d, struct draw_addrs *a, const struct survey *s,
                       unsigned max)
{
    struct pick_weighted list[PART_MAX];
    struct dns_worker *w = d->worker;
    struct selected_cursor c = {0};
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
    if (pick_few(&w->picker, &w->rand, list, a->total, a->count))
        return true;
    distinct_begin(&w->seen, d->key);
    return false;
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
    struct survey s = {a->set->priority, a->set->weight_max, !group->zeros, group->zeros,
                       group->count};
    distinct_begin(&d->worker->seen, d->key);
    gather(&all, a, &s, max, stable);
    if (!d->near->alone)
        a->total = a->set->group.count;
}

static void gather_selected(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    const struct distinct_set *seen = &d->worker->seen;
    distinct_begin(&d->worker->seen, d->key);
    if (!stable && meet_selected(d, a, max))
        return;
    struct survey s = survey(d, a->family);
    bool few = !stable && !d->near && s.addresses <= PART_MAX && seen->count == 0;
    if (!few || !gather_few(d, a, &s, max))
        gather(d, a, &s, max, stable);
}

/* ---- both ----------------------------------------------------------------------------------- */

void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct picker *p = &d->worker->picker;
    a->gathered = false;
    if (!a->set) {
        gather_selected(d, a, max, stable);
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
