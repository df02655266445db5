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

/* ---- of what selectors leave ---------------------------------------------------------------- */

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
                         const struct view_instance *i, uint32_t zeros, bool stable)
{
    struct dns_worker *w = d->worker;
    unsigned count;
    const uint8_t *bytes = addresses(i, a->family, &count);
    for (unsigned n = 0; n < count; n++, bytes += address_size(a)) {
        double share = (double)i->weight / count, weight = pick_weight(share, zeros), key;
        if (stable) /* by instance and address: the least of several keys is still the sum's */
            key = draw_stable_key(draw_stable_bits(d->client, i->target + 1, *i->target) ^
                                      draw_stable_bits(d->client, bytes, address_size(a)),
                                  share);
        else
            key = pick_key(rand_next(&w->rand), weight);
        distinct_add(&w->seen, &w->picker, bytes, key, weight);
    }
}

static void draw_selected(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct dns_worker *w = d->worker;
    struct picker *p = &w->picker;
    struct survey s = survey(d, a->family);
    a->stale = d->of == DRAW_STALE;
    distinct_begin(&w->seen, address_size(a));
    for (uint32_t at = 0, n; draw_next_selected(d, &at, &n);)
        if (counts(&s, &d->view->instances[n]))
            add_instance(d, a, &d->view->instances[n], s.zeros, stable);
    pick_begin(p, max);
    distinct_offer(&w->seen, p);
    a->count = pick_finish(p);
    a->total = w->seen.count + w->seen.dropped;
    if (!stable)
        return;
    pick_begin(p, a->count);
    for (unsigned i = 0; i < a->count; i++)
        pick_offer(p, p->items[i], 0,
                   pick_key(rand_next(&w->rand), w->seen.slots[p->items[i]].weight));
    pick_finish(p);
}

/* ---- both -------------------------------------------------------------------------------------
 */

void draw_addrs(const struct draw *d, struct draw_addrs *a, unsigned max, bool stable)
{
    struct picker *p = &d->worker->picker;
    if (!a->set) {
        draw_selected(d, a, max, stable);
        return;
    }
    a->stale = a->set->stale;
    a->total = a->set->group.count;
    a->count = stable ? stable_of_set(d, a, max)
                      : pick_set(p, &d->worker->rand, &a->set->group, 1, a->set->sums, max);
}

const uint8_t *draw_addr_at(const struct draw *d, const struct draw_addrs *a, unsigned n)
{
    uint32_t picked = d->worker->picker.items[n];
    return a->set ? set_bytes(a, picked) : d->worker->seen.slots[picked].bytes;
}
