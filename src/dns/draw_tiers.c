/* Draws a small part of a large finished set, priority by priority and tier by tier, at a cost
 * that goes by what is drawn. */
#include "dns/draw.h"

/* The items of one priority that are in one tier. */
struct cell {
    const struct draw *draw;
    const struct pick_group *group;
    enum tier tier; /* TIERS = in whichever */
};

static uint32_t size_of(const struct cell *c)
{
    uint32_t size = c->group->count;
    if (c->tier < TIER_FAR && c->draw->near->live[c->tier] < size)
        size = c->draw->near->live[c->tier];
    return size;
}

static bool is_in(const void *context, uint32_t item)
{
    const struct cell *c = context;
    const struct draw *d = c->draw;
    return draw_has_record(d, set_instance(d->set, item)) &&
           (c->tier == TIERS ||
            draw_tier(d->view, d->near, set_item(d->set, item).place) == c->tier);
}

/* ---- walking ------------------------------------------------------------------------------- */

struct walk {
    uint32_t number; /* the next one */
    uint64_t in;     /* of the part's slice: who is in the tier */
};

static struct walk walk_of(const struct cell *c)
{
    return (struct walk){c->group->first_part * PART_MAX, 0};
}

/* Every part is entered at its first item. */
static void enter(const struct cell *c, struct walk *w, const struct part *p)
{
    const struct draw *d = c->draw;
    w->in = c->tier == TIERS ? UINT64_MAX
                             : draw_tier_mask(d->view, d->near, p->base / SLICE_MAX, c->tier);
}

static bool next_item(const struct cell *c, struct walk *w, uint32_t *item)
{
    const struct part *parts = c->draw->set->parts;
    while (part_next(parts, c->group->first_part + c->group->part_count, &w->number)) {
        uint32_t n = w->number++;
        const struct part *p = part_of(parts, n);
        uint8_t instance = part_items(p)[n % PART_MAX].instance;
        if (n % PART_MAX == 0)
            enter(c, w, p);
        if (w->in >> instance & 1 && draw_has_record(c->draw, &p->instances[instance])) {
            *item = n;
            return true;
        }
    }
    return false;
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* A group's, the nearest first; returns how many. */
static unsigned cells_of(const struct draw *d, const struct pick_group *g, struct cell out[TIERS])
{
    uint16_t priority = d->set->parts[g->first_part].priority;
    unsigned count = 0;
    if (!d->near ||
        draw_priority(d->view, d->near, priority, TIER_FAR) == priority) { /* tiers do not show */
        out[0] = (struct cell){d, g, TIERS};
        return 1;
    }
    for (enum tier tier = TIER_ZONE; tier < TIERS; tier++)
        if (tier == TIER_FAR || d->near->of[tier])
            out[count++] = (struct cell){d, g, tier};
    return count;
}

/* Those that were not drawn so far, by keys. */
static unsigned draw_rest(const struct cell *c, unsigned done, unsigned max)
{
    struct dns_worker *w = c->draw->worker;
    struct walk walk = walk_of(c);
    pick_begin(&w->picker, max - done);
    for (uint32_t item; next_item(c, &walk, &item);) {
        double weight = pick_weight(set_instance(c->draw->set, item)->weight, c->group->zeros);
        if (!pick_is_taken(&w->picker, item))
            pick_offer_bits(&w->picker, item, 0, rand_next(&w->rand), weight, 0);
    }
    return pick_finish_at(&w->picker, done);
}

/* So many as cost about as much as a walk over all, at which the slices are asked for whom they
 * have near just once each. */
static unsigned tries_of(const struct cell *c)
{
    bool asks = c->tier < TIERS && !c->draw->near->masks;
    return size_of(c) / (asks ? 8 : 2);
}

static unsigned draw_cell(const struct cell *c, unsigned done, unsigned max)
{
    struct dns_worker *w = c->draw->worker;
    struct pick_some some = {c->group, c->draw->set->parts, is_in, c};
    unsigned tries = max - done < size_of(c) / 4 ? tries_of(c) : 0;
    done = pick_some(&w->picker, &w->rand, &some, done, max, tries);
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

static void offer_stable(const struct cell *c, uint64_t client)
{
    const struct draw *d = c->draw;
    struct walk walk = walk_of(c);
    enum tier tier = c->tier < TIERS ? c->tier : TIER_FAR;
    uint16_t registered = d->set->parts[c->group->first_part].priority;
    uint16_t priority = draw_priority(d->view, d->near, registered, tier);
    for (uint32_t n; next_item(c, &walk, &n);)
        draw_offer_instance(&d->worker->picker, n, priority, client, set_instance(d->set, n));
}

void draw_tiers_stable(const struct draw *d, uint64_t client, unsigned max)
{
    const struct picker *p = &d->worker->picker;
    for (uint32_t g = 0; g < d->set->group_count && p->count < max; g++) {
        struct cell cells[TIERS];
        unsigned count = cells_of(d, &d->set->groups[g], cells);
        for (unsigned i = 0; i < count && p->count < max; i++)
            offer_stable(&cells[i], client);
    }
}
