/* Draws a small part of a large finished set, priority by priority and tier by tier, at a cost
 * that goes by what is drawn. */
#include "dns/draw.h"

/* The items of one priority that are in one tier. */
struct cell {
    const struct draw *draw;
    const struct pick_group *group;
    enum tier tier;              /* TIERS = in whichever */
    const struct selector *list; /* who is there, where that is the shorter way; or NULL */
};

static uint32_t instance_of(const struct cell *c, uint32_t item)
{
    return c->draw->set->items[item].instance;
}

static uint32_t size_of(const struct cell *c)
{
    return c->list ? c->list->live_count : c->group->count;
}

static bool is_in(const void *context, uint32_t item)
{
    const struct cell *c = context;
    uint32_t instance = instance_of(c, item);
    return draw_has_record(c->draw, instance) &&
           (c->tier == TIERS || draw_tier(&c->draw->near, instance) == c->tier);
}

/* ---- walking ------------------------------------------------------------------------------- */

struct walk {
    uint32_t at;
    struct near_cursor near;
};

/* Items of one priority stand in the order of their instances. */
static bool find_item(const struct cell *c, uint32_t instance, uint32_t *item)
{
    uint32_t low = c->group->first, end = low + c->group->count, high = end;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (instance_of(c, middle) < instance)
            low = middle + 1;
        else
            high = middle;
    }
    *item = low;
    return low < end && instance_of(c, low) == instance;
}

static bool next_item(const struct cell *c, struct walk *w, uint32_t *item)
{
    while (w->at < size_of(c)) {
        uint32_t n = w->at++;
        *item = c->group->first + n;
        if (c->list && !find_item(c, c->list->live[n], item))
            continue;
        uint32_t instance = instance_of(c, *item);
        if (draw_has_record(c->draw, instance) &&
            (c->tier == TIERS || draw_next_tier(&c->draw->near, &w->near, instance) == c->tier))
            return true;
    }
    return false;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static struct cell cell_of(const struct draw *d, const struct pick_group *g, enum tier tier)
{
    const struct selector *list = tier < TIER_FAR ? d->near.of[tier] : NULL;
    bool shorter = list && list->live_count < g->count;
    return (struct cell){d, g, tier, shorter ? list : NULL};
}

/* A group's, the nearest first; returns how many. */
static unsigned cells_of(const struct draw *d, const struct pick_group *g, struct cell out[TIERS])
{
    uint16_t priority = d->set->items[g->first].priority;
    unsigned count = 0;
    if (draw_priority(d->view, &d->near, priority, TIER_FAR) == priority) { /* tiers do not show */
        out[0] = cell_of(d, g, TIERS);
        return 1;
    }
    for (enum tier tier = TIER_ZONE; tier < TIERS; tier++)
        if (tier == TIER_FAR || d->near.of[tier])
            out[count++] = cell_of(d, g, tier);
    return count;
}

/* Those that were not drawn so far, by keys. */
static unsigned draw_rest(const struct cell *c, unsigned done, unsigned max)
{
    struct dns_worker *w = c->draw->worker;
    struct walk walk = {0};
    pick_begin(&w->picker, max - done);
    for (uint32_t item; next_item(c, &walk, &item);) {
        double weight = pick_weight(c->draw->set->items[item].weight, c->group->zeros);
        if (!pick_is_taken(&w->picker, item))
            pick_offer(&w->picker, item, 0, pick_key(rand_next(&w->rand), weight));
    }
    return pick_finish_at(&w->picker, done);
}

static unsigned draw_cell(const struct cell *c, unsigned done, unsigned max)
{
    struct dns_worker *w = c->draw->worker;
    struct pick_part part = {c->group, c->draw->set->sums, is_in, c};
    unsigned size = size_of(c), tries = max - done < size / 4 ? size / 2 : 0;
    done = pick_some(&w->picker, &w->rand, &part, done, max, tries);
    return done < max ? draw_rest(c, done, max) : done;
}

unsigned draw_tiers(const struct draw *d, unsigned max)
{
    unsigned done = 0;
    if (max > PICK_MAX)
        max = PICK_MAX;
    for (uint32_t g = 0; g < d->set->group_count && done < max; g++) {
        struct cell cells[TIERS];
        unsigned count = cells_of(d, &d->set->groups[g], cells);
        for (unsigned i = 0; i < count && done < max; i++)
            done = draw_cell(&cells[i], done, max);
    }
    return done;
}

static void offer_stable(const struct cell *c)
{
    const struct draw *d = c->draw;
    struct walk walk = {0};
    for (uint32_t n; next_item(c, &walk, &n);) {
        const struct srv_item *item = &d->set->items[n];
        enum tier tier = c->tier < TIERS ? c->tier : TIER_FAR;
        uint16_t priority = draw_priority(d->view, &d->near, item->priority, tier);
        pick_offer(&d->worker->picker, n, priority, draw_item_key(d, item));
    }
}

void draw_tiers_stable(const struct draw *d, unsigned max)
{
    const struct picker *p = &d->worker->picker;
    for (uint32_t g = 0; g < d->set->group_count && p->count < max; g++) {
        struct cell cells[TIERS];
        unsigned count = cells_of(d, &d->set->groups[g], cells);
        for (unsigned i = 0; i < count && p->count < max; i++)
            offer_stable(&cells[i]);
    }
}
