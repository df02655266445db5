#include "dns/draw_addrs.h"

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

static struct survey survey(const struct draw *d, enum family family)
{
    struct survey s = {.priority = UINT16_MAX};
    struct selected_cursor c = {0};
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));) {
        unsigned count;
        draw_addresses(i, family, &count);
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

static void add_instance(const struct draw *d, const struct draw_addrs *a,
                         const struct view_instance *i, const struct survey *s, enum tier tier)
{
    struct dns_worker *w = d->worker;
    unsigned count;
    const uint8_t *bytes = draw_addresses(i, a->family, &count);
    for (unsigned n = 0; n < count; n++, bytes += draw_address_size(a)) {
        double weight = pick_weight((double)i->weight / count, s->zeros);
        double key = pick_key(rand_next(&w->rand), weight);
        distinct_add(&w->seen, &w->picker, bytes, draw_address_size(a), (uint16_t)tier, key,
                     weight);
    }
}

/* All that are selected, or are in the tier. */
static void add_all(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                    enum tier tier)
{
    struct selected_cursor c = {0};
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));)
        if (survey_counts(s, i))
            add_instance(d, a, i, s, tier);
}

static void add_tier(const struct draw *d, const struct draw_addrs *a, struct survey *s,
                     bool stable, enum tier tier)
{
    if (tier < TIER_FAR && !d->near->of[tier])
        return;
    struct draw part = draw_only(d, tier);
    if (stable)
        draw_add_stable(&part, a, s, tier);
    else
        add_all(&part, a, s, tier);
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
    return survey_counts(s, i) && count && rand_below(&d->worker->rand, scale) < share;
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
        const uint8_t *bytes = draw_addresses(i, a->family, &count);
        if (!is_met(d, s, i, count))
            continue;
        bytes += (size_t)rand_below(&w->rand, count) * draw_address_size(a);
        if (!distinct_has(&w->seen, bytes, draw_address_size(a)))
            distinct_add(&w->seen, &w->picker, bytes, draw_address_size(a), (uint16_t)tier,
                         before_all + w->seen.count, 1);
    }
}

/* Leaves the rest to add_tier. */
static void meet_tier(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                      enum tier tier, unsigned max)
{
    struct draw part = draw_only(d, tier);
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

/* For draw_add_stable. */
static struct survey survey_stable(const struct draw *d, enum family family)
{
    struct survey s;
    if (d->near || !d->masks || d->of == DRAW_STALE || !survey_slices(d, &s))
        return survey(d, family);
    s.weighted = false;
    return s;
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

/* From the nearest on, until there is enough; returns how many tiers that took. */
static enum tier add_near(const struct draw *d, const struct draw_addrs *a, struct survey *s,
                          bool stable, unsigned max)
{
    const struct distinct_set *seen = &d->worker->seen;
    enum tier tier = TIER_ZONE;
    for (; tier < TIERS && seen->count <= max; tier++) {
        if (d->near->alone && seen->count)
            break;
        if (a->set && !stable)
            meet_tier(d, a, s, tier, max);
        if (seen->count <= max)
            add_tier(d, a, s, stable, tier);
    }
    return tier;
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
static void gather(const struct draw *d, struct draw_addrs *a, struct survey *s, unsigned max)
{
    if (d->near)
        add_near(d, a, s, false, max);
    else
        add_all(d, a, s, TIER_FAR);
    finish(d, a, max);
}

static void gather_stable(const struct draw *d, struct draw_addrs *a, struct survey *s,
                          unsigned max)
{
    struct distinct_set *seen = &d->worker->seen;
    uint32_t enough = d->view->max_answers; /* and one more: there are others */
    enum tier tiers = TIERS;
    if (enough < PICK_MAX)
        distinct_keep_only(seen, enough + 1);
    a->client = draw_client_bits(d->client);
    if (d->near)
        tiers = add_near(d, a, s, true, max);
    else
        draw_add_stable(d, a, s, TIER_FAR);
    finish(d, a, max);
    if (seen->dropped)
        draw_weigh(d, a, s, tiers);
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
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));) {
        unsigned count;
        const uint8_t *bytes = draw_addresses(i, a->family, &count);
        if (!count || !survey_counts(s, i))
            continue;
        uint32_t share = s->weighted ? i->weight * ADDRESS_WEIGHT_PARTS / count : 1;
        for (unsigned k = 0; k < count; k++, bytes += draw_address_size(a))
            distinct_add(&w->seen, &w->picker, bytes, draw_address_size(a), 0, 0, share);
    }
    for (uint32_t n = 0; n < w->seen.count; n++) {
        uint32_t slot = w->seen.used[n];
        list[n] = (struct pick_weighted){(uint64_t)w->seen.slots[slot].weight, slot};
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
    (stable ? gather_stable : gather)(&all, a, &s, max);
    if (!d->near->alone)
        a->total = a->set->group.count;
}

static void gather_selected(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    const struct distinct_set *seen = &d->worker->seen;
    distinct_begin(&d->worker->seen, d->key);
    if (!stable && meet_selected(d, a, max))
        return;
    struct survey s = stable ? survey_stable(d, a->family) : survey(d, a->family);
    bool few = !d->near && s.addresses <= PART_MAX && seen->count == 0;
    if (stable)
        gather_stable(d, a, &s, max);
    else if (!few || !gather_few(d, a, &s, max))
        gather(d, a, &s, max);
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
