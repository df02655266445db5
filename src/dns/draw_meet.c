/* Draws a few of the many that selectors leave, at a cost that goes by how many are drawn: whom
 * chance comes upon is taken as often as its weight says. */
#include "dns/draw.h"

/* Whom to draw from: the items of the best priority that are in the nearest tier that has any. */
struct crowd {
    struct draw draw; /* of the tier alone */
    struct chance chance;
    uint16_t priority;
    uint32_t scale; /* of weights, where some of weight 0 share one ticket */
    uint32_t most;  /* the largest weight, scaled */
};

/* False: nobody is in this tier, or there are too many slices. */
static bool find_tier(const struct draw *d, struct crowd *c, enum tier tier)
{
    c->draw.tiered = true;
    c->draw.tier = tier;
    return (tier == TIER_FAR || d->near->of[tier]) && draw_begin_chance(&c->draw, &c->chance) &&
           c->chance.count;
}

static bool find_chance(const struct draw *d, struct crowd *c)
{
    c->draw = *d;
    if (!d->near || draw_priority(d->view, d->near, c->priority, TIER_FAR) == c->priority)
        return draw_begin_chance(&c->draw, &c->chance);
    for (enum tier tier = TIER_ZONE; tier < TIERS; tier++)
        if (find_tier(d, c, tier))
            return true;
    return false;
}

static uint32_t heaviest(const struct draw *d)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < d->view->slice_count; i++)
        if (d->masks[i] && d->view->slices[i]->weight_max > most)
            most = d->view->slices[i]->weight_max;
    return most;
}

static bool has_selected(const struct draw *d, const struct part *p)
{
    uint64_t selected = d->masks[p->base / SLICE_MAX];
    for (unsigned k = 0; selected && k < p->count; k++)
        if (selected >> part_items(p)[k].instance & 1)
            return true;
    return false;
}

/* Of those who are selected; STALE_PRIORITY where nobody is who is heard from. */
static uint16_t best_priority(const struct draw *d)
{
    const struct srv_set *set = &d->view->by_default;
    for (uint32_t i = 0; i < set->part_count && set->parts[i].priority < STALE_PRIORITY; i++)
        if (has_selected(d, &set->parts[i]))
            return set->parts[i].priority;
    return STALE_PRIORITY;
}

/* False: this is not for such a selection. */
static bool begin(const struct draw *d, const struct draw_zeros *zeros, struct crowd *c)
{
    if (d->set || !d->masks || d->of == DRAW_STALE)
        return false;
    c->priority = best_priority(d);
    if (c->priority >= STALE_PRIORITY || !find_chance(d, c))
        return false;
    uint32_t sharing = draw_zeros_of(zeros, c->priority), most = heaviest(d);
    c->scale = sharing ? sharing : 1;
    c->most = most ? most * c->scale : 1;
    return most <= UINT32_MAX / c->scale;
}

static bool is_met(const struct crowd *c, const struct view_instance *i)
{
    uint32_t share = i->weight ? i->weight * c->scale : 1;
    return i->priority == c->priority && rand_below(&c->draw.worker->rand, c->most) < share;
}

unsigned draw_meet(const struct draw *d, const struct draw_zeros *zeros, unsigned max)
{
    struct crowd c;
    unsigned done = 0;
    uint32_t place;
    if (!begin(d, zeros, &c))
        return 0;
    for (uint32_t tries = draw_tries(c.chance.count, max); tries && done < max; tries--) {
        if (!draw_by_chance(&c.chance, &place) || !is_met(&c, view_at(d->view, place)))
            continue;
        d->masks[place / SLICE_MAX] &= ~(UINT64_C(1) << place % SLICE_MAX);
        d->worker->picker.items[done++] = place;
    }
    return done;
}
