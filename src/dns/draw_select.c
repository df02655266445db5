/* Whom selectors leave: one bit for each instance, by slice. */
#include "dns/draw.h"
#include "dns/svcb.h"
#include "dns/wire.h"

/* ---- by pairs ------------------------------------------------------------------------------ */

/* Of a slice's items of SET_DEFAULT, as a mask. */
static uint64_t with_port(const struct slice *s)
{
    const struct slice_set *set = &s->sets[SET_DEFAULT];
    uint64_t mask = 0;
    for (unsigned i = 0; i < set->count; i++) {
        const struct part *p = &s->parts[set->first + i];
        for (unsigned k = 0; k < p->count; k++)
            mask |= UINT64_C(1) << part_items(p)[k].instance;
    }
    return mask;
}

/* Has every live instance a port? Where that is not known at once: false. */
static bool all_have_ports(const struct view *v)
{
    return v->by_default.count == v->live_count;
}

/* Of whom has a record of the type; of types that are not drawn like SRV: all. */
static uint64_t with_record(const struct draw *d, const struct slice *s)
{
    switch (d->type) {
    case TYPE_HTTPS: return s->https;
    case TYPE_SRV:
    case TYPE_SVCB: return all_have_ports(d->view) ? UINT64_MAX : with_port(s);
    default: return UINT64_MAX;
    }
}

static uint64_t with_pairs(const struct draw *d, const struct slice *s)
{
    const uint32_t *hashes = d->view->slice_count > 1 ? d->pair_hashes : NULL; /* one has none */
    uint64_t mask = slice_selected(s, d->pairs, hashes, d->pair_count);
    return mask ? mask & with_record(d, s) : 0;
}

/* The slices to come stand in blocks of their own. */
static void prefetch(const struct view *v, uint32_t slice)
{
    enum { SOON = 4, LATER = 8, LINE = 64, LINES = 4 };
    if (slice + LATER < v->slice_count) {
        const char *at = (const char *)v->slices[slice + LATER];
        for (size_t line = 0; line < sizeof(struct slice); line += LINE)
            __builtin_prefetch(at + line);
    }
    if (slice + SOON < v->slice_count) {
        const char *at = (const char *)slice_selectors(v->slices[slice + SOON]);
        for (size_t line = 0; line < LINES; line++)
            __builtin_prefetch(at + line * LINE);
    }
}

void draw_select(struct draw *d, const struct pair *pairs, unsigned count)
{
    const struct view *v = d->view;
    uint64_t *masks = d->worker->selected;
    d->pairs = pairs;
    d->pair_count = count;
    for (unsigned i = 0; i < count && v->slice_count > 1; i++)
        d->pair_hashes[i] = pair_filter_hash(d->key, &pairs[i]);
    if (v->slice_count > d->worker->slices_max)
        return;
    for (uint32_t i = 0; i < v->slice_count; i++) {
        prefetch(v, i);
        masks[i] = with_pairs(d, v->slices[i]);
        if (masks[i] && v->max_answers)
            draw_prefetch_stable(v->slices[i]);
    }
    d->masks = masks;
}

uint64_t draw_selected_in(const struct draw *d, uint32_t slice)
{
    const struct slice *s = d->view->slices[slice];
    uint64_t mask = d->masks ? d->masks[slice] : with_pairs(d, s);
    if (mask && d->of != DRAW_ALL)
        mask &= d->of == DRAW_STALE ? s->stale : ~s->stale;
    if (mask && d->tiered)
        mask &= draw_tier_mask(d->view, d->near, slice, d->tier);
    return mask;
}

bool draw_next_slice(const struct draw *d, struct selected_cursor *c)
{
    while (!c->left) {
        while (d->masks && c->slice < d->view->slice_count && !d->masks[c->slice])
            c->slice++;
        if (c->slice == d->view->slice_count)
            return false;
        c->left = draw_selected_in(d, c->slice++);
    }
    c->instances = d->view->slices[c->slice - 1]->instances;
    return true;
}

/* ---- the stale ------------------------------------------------------------------------------ */

static bool has_data(const struct view_instance *i, uint16_t type)
{
    switch (type) {
    case TYPE_A: return i->v4_count > 0;
    case TYPE_AAAA: return i->v6_count > 0;
    case TYPE_SRV: return i->port > 0;
    case TYPE_SVCB:
    case TYPE_HTTPS: return svcb_has(i, type);
    default: return true;
    }
}

void draw_choose(struct draw *d, uint16_t type)
{
    enum draw_of of = DRAW_STALE;
    if (d->view->stale_count == 0)
        return;
    struct selected_cursor c = {0};
    d->of = DRAW_FRESH;
    const struct view_instance *i;
    for (uint32_t n; of == DRAW_STALE && (i = draw_next_selected(d, &c, &n));)
        if (has_data(i, type))
            of = DRAW_FRESH;
    d->of = of;
}

/* ---- one at random --------------------------------------------------------------------- */

uint32_t draw_count_selected(const struct draw *d)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < d->view->slice_count; i++)
        sum += (uint32_t)__builtin_popcountll(draw_selected_in(d, i));
    return sum;
}

bool draw_begin_chance(const struct draw *d, struct chance *c)
{
    uint32_t *sums = d->worker->near_sums, sum = 0, count = d->view->slice_count;
    if (count > d->worker->slices_max || (d->pair_count && !d->masks) ||
        (d->tiered && !d->near->masks))
        return false;
    for (uint32_t i = 0; i < count; i++)
        sums[i] = sum += (uint32_t)__builtin_popcountll(draw_selected_in(d, i));
    *c = (struct chance){d, sum};
    return true;
}

bool draw_by_chance(const struct chance *c, uint32_t *place)
{
    const uint32_t *sums = c->draw->worker->near_sums;
    uint32_t n = rand_below(&c->draw->worker->rand, c->count), low = 0;
    for (uint32_t left = c->draw->view->slice_count; left > 1;) {
        uint32_t half = left / 2;
        low += half * (sums[low + half - 1] <= n); /* no branch: it would be a guess */
        left -= half;
    }
    uint64_t mask = draw_selected_in(c->draw, low);
    for (n -= low ? sums[low - 1] : 0; n && mask; n--)
        mask &= mask - 1;
    if (!mask)
        return false;
    *place = low * SLICE_MAX + (uint32_t)__builtin_ctzll(mask);
    return true;
}
