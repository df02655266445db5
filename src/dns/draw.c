#include "dns/draw.h"

#include "dns/records_out.h"
#include "dns/svcb.h"

/* ---- SRV records and the like --------------------------------------------------------------- */

/* As it is registered. */
static struct srv_item item_of(const struct draw *d, uint32_t picked)
{
    if (d->set)
        return set_item(d->set, picked);
    const struct view_instance *i = view_at(d->view, picked);
    return (struct srv_item){picked, i->priority, i->weight, i->port};
}

static const struct view_instance *instance_of(const struct draw *d, uint32_t picked)
{
    return d->set ? set_instance(d->set, picked) : view_at(d->view, picked);
}

struct srv_item draw_srv_placed(const struct draw *d, unsigned n)
{
    struct srv_item item = item_of(d, d->worker->picker.items[n]);
    if (d->near)
        item.priority =
            draw_priority(d->view, d->near, item.priority, draw_tier(d->view, d->near, item.place));
    return item;
}

static uint32_t record_bytes(const struct draw *d, const struct view_instance *i)
{
    uint8_t rdata[SVCB_RDATA_MAX];
    switch (d->type) {
    case TYPE_PTR: return RECORD_HEAD + 1u + *instance_wire_label(i) + POINTER_SIZE;
    case TYPE_SVCB:
    case TYPE_HTTPS: return RECORD_HEAD + (uint32_t)svcb_rdata(d->view, i, d->type, rdata);
    default: return RECORD_HEAD + SRV_HEAD + (uint32_t)view_target_size(d->view, i);
    }
}

/* The least that a record takes: targets are a label of one byte or more below the
 * service's name. */
static uint32_t least_bytes(const struct draw *d)
{
    if (d->type == TYPE_PTR)
        return RECORD_HEAD + 2 + POINTER_SIZE;
    return RECORD_HEAD + (d->type == TYPE_SRV ? SRV_HEAD : 2) + 2u + d->view->suffix_size;
}

bool draw_has_record(const struct draw *d, const struct view_instance *i)
{
    switch (d->type) {
    case TYPE_HTTPS: return svcb_has(i, TYPE_HTTPS);
    case TYPE_PTR: return i->browsable;
    default: return true;
    }
}

/* Have all items of the set such a record? */
static bool have_all(const struct draw *d)
{
    switch (d->type) {
    case TYPE_HTTPS: return d->view->https_count == d->set->count;
    case TYPE_PTR: return d->view->unbrowsable_count == 0;
    default: return true;
    }
}

/* Can the finished order of the set be used? */
static bool is_whole(const struct draw *d)
{
    return d->set && !d->near && have_all(d);
}

/* Walks all there is: begin with a zeroed one. */
struct walk {
    uint32_t number; /* the next of the set */
    struct selected_cursor selected;
};

/* `*picked`: its number for the picker. */
static bool next(const struct draw *d, struct walk *w, uint32_t *picked)
{
    while (d->set && set_next(d->set, &w->number)) {
        *picked = w->number++;
        if (draw_has_record(d, set_instance(d->set, *picked)))
            return true;
    }
    return !d->set && draw_next_selected(d, &w->selected, picked) != NULL;
}

/* Once there are more than can fit, their sizes need not be known. */
static void measure(const struct draw *d, struct draw_size *size)
{
    struct walk w = {0};
    size->bytes = UINT32_MAX;
    if (!d->set && d->masks)
        size->count = draw_count_selected(d);
    if (size->count > size->fit)
        return;
    uint32_t count = 0, bytes = 0;
    for (uint32_t n; next(d, &w, &n); count++)
        if (count < size->fit)
            bytes += record_bytes(d, instance_of(d, n));
    size->count = count;
    if (count <= size->fit)
        size->bytes = bytes;
}

struct draw_size draw_size(const struct draw *d, size_t room)
{
    const struct srv_set *set = d->set;
    bool all = set && have_all(d);
    if (!d->view->instance_count)
        return (struct draw_size){0};
    if (all && d->type == TYPE_SRV && set->record_bytes <= room) /* without a look at the items */
        return (struct draw_size){set->count, set->count, set->record_bytes};
    struct draw_size size = {.fit = (uint32_t)(room / least_bytes(d))};
    if (all && set->count > size.fit)
        return (struct draw_size){set->count, size.fit, UINT32_MAX};
    measure(d, &size);
    return size;
}

uint32_t draw_srv_stale(const struct draw *d)
{
    uint32_t count = 0;
    if (d->set && have_all(d)) {
        for (uint32_t g = d->set->group_count; g > 0; g--)
            if (d->set->parts[d->set->groups[g - 1].first_part].priority >= STALE_PRIORITY)
                count += d->set->groups[g - 1].count;
        return count;
    }
    struct walk w = {0};
    for (uint32_t n; next(d, &w, &n);)
        count += instance_of(d, n)->priority >= STALE_PRIORITY;
    return count;
}

/* By random keys; what comes behind all that are kept needs none. */
static void offer(const struct draw *d, uint32_t n, const struct srv_item *item, uint16_t priority,
                  const struct draw_zeros *zeros)
{
    struct picker *p = &d->worker->picker;
    if (!pick_takes(p, priority))
        return;
    uint32_t sharing = item->weight ? 0 : draw_zeros_of(zeros, item->priority);
    pick_offer_bits(p, n, priority, rand_next(&d->worker->rand), pick_weight(item->weight, sharing),
                    0);
}

static uint16_t tiered_priority(const struct draw *d, uint16_t registered, enum tier tier)
{
    return d->near ? draw_priority(d->view, d->near, registered, tier) : registered;
}

static uint16_t next_priority(const struct draw *d, struct near_cursor *c,
                              const struct srv_item *item)
{
    enum tier tier = d->near ? draw_next_tier(d->view, d->near, c, item->place) : TIER_FAR;
    return tiered_priority(d, item->priority, tier);
}

/* Of a part that has such. */
static void count_zeros_in(const struct draw *d, const struct part *p, struct draw_zeros *zeros)
{
    uint64_t in = d->set ? UINT64_MAX : draw_selected_in(d, p->base / SLICE_MAX);
    for (unsigned k = 0; k < p->count; k++) {
        const struct view_instance *i = &p->instances[part_items(p)[k].instance];
        if (i->weight == 0 && in >> part_items(p)[k].instance & 1 && draw_has_record(d, i))
            draw_note_zero(zeros, p->priority);
    }
}

/* How many of each priority share its one ticket. */
static void count_zeros(const struct draw *d, struct draw_zeros *zeros)
{
    const struct srv_set *set = d->set ? d->set : &d->view->by_default;
    struct walk w = {0};
    bool listed = d->set || !set->withdrawn || d->of != DRAW_STALE;
    for (uint32_t i = 0; listed && i < set->part_count; i++)
        if (set->parts[i].zeros)
            count_zeros_in(d, &set->parts[i], zeros);
    for (uint32_t n; !listed && next(d, &w, &n);)
        if (item_of(d, n).weight == 0)
            draw_note_zero(zeros, item_of(d, n).priority);
}

/* Behind those that were drawn before. */
static unsigned draw_by_keys(const struct draw *d, const struct draw_zeros *zeros, unsigned done,
                             unsigned max)
{
    struct near_cursor c = {0};
    struct walk w = {0};
    pick_begin(&d->worker->picker, max - done);
    for (uint32_t n; next(d, &w, &n);) {
        struct srv_item item = item_of(d, n);
        offer(d, n, &item, next_priority(d, &c, &item), zeros);
    }
    return pick_finish_at(&d->worker->picker, done);
}

/* A few of one priority need no keys. False: they are not such. */
static bool draw_few(const struct draw *d, unsigned count, unsigned max)
{
    struct pick_weighted list[PART_MAX];
    struct near_cursor c = {0};
    struct walk w = {0};
    uint16_t first = 0;
    unsigned at = 0;
    if (count > ARRAY_COUNT(list))
        return false;
    for (uint32_t n; at < count && next(d, &w, &n); at++) {
        struct srv_item item = item_of(d, n);
        uint16_t priority = next_priority(d, &c, &item);
        if (at && priority != first)
            return false;
        first = priority;
        list[at] = (struct pick_weighted){item.weight, n};
    }
    return pick_few(&d->worker->picker, &d->worker->rand, list, at, max);
}

static unsigned draw_random(const struct draw *d, const struct draw_size *size, unsigned max)
{
    unsigned wanted = max < size->count ? max : size->count, done;
    struct draw_zeros zeros = {0};
    if (draw_few(d, size->count, wanted))
        return wanted;
    count_zeros(d, &zeros);
    done = draw_meet(d, &zeros, wanted);
    return done < wanted ? draw_by_keys(d, &zeros, done, wanted) : done;
}

/* Those that were picked, as far as they fit, in a new weighted order. */
static unsigned reorder(const struct draw *d, unsigned count, size_t room)
{
    struct picker *p = &d->worker->picker;
    size_t bytes = 0;
    struct draw_zeros zeros = {0};
    unsigned fit = 0;
    for (; fit < count; fit++) {
        struct srv_item item = draw_srv_at(d, fit);
        bytes += record_bytes(d, view_at(d->view, item.place));
        if (bytes > room)
            break;
        if (item.weight == 0)
            draw_note_zero(&zeros, item_of(d, p->items[fit]).priority);
    }
    pick_begin(p, fit);
    for (unsigned i = 0; i < fit; i++) {
        struct srv_item item = item_of(d, p->items[i]);
        offer(d, p->items[i], &item, draw_srv_at(d, i).priority, &zeros);
    }
    return pick_finish(p);
}

/* Whom a client gets each time: priority by priority, until all that come are further behind. */
static void offer_whole(const struct draw *d, uint64_t client)
{
    struct picker *p = &d->worker->picker;
    for (uint32_t i = 0; i < d->set->part_count; i++) {
        const struct part *part = &d->set->parts[i];
        struct stable_slice s = draw_stable_slice(view_slice(d->view, part->base), client);
        uint64_t wanted = pick_bits_wanted(p, part->priority, s.weight, s.behind);
        if (!pick_takes(p, part->priority))
            return;
        for (unsigned k = 0; k < part->count; k++) {
            uint8_t n = part_items(part)[k].instance;
            uint64_t bits = draw_bits_in(&s, n);
            if (bits < wanted)
                continue;
            draw_offer_stable(p, i * PART_MAX + k, part->priority, bits, s.instances[n].weight);
            wanted = pick_bits_wanted(p, part->priority, s.weight, s.behind);
        }
    }
}

static uint16_t best_priority(const struct slice *s)
{
    uint16_t fresh = s->classes[0].best_priority, stale = s->classes[1].best_priority;
    return fresh < stale ? fresh : stale;
}

/* Of a slice those in the mask, who are all in the tier. */
static void offer_masked(const struct draw *d, uint32_t slice, uint64_t mask, enum tier tier,
                         uint64_t client)
{
    struct picker *p = &d->worker->picker;
    const struct slice *at = d->view->slices[slice];
    struct stable_slice s = draw_stable_slice(at, client);
    uint16_t best = tiered_priority(d, best_priority(at), tier);
    uint64_t wanted = pick_bits_wanted(p, best, s.weight, s.behind);
    for (; mask; mask &= mask - 1) {
        unsigned n = (unsigned)__builtin_ctzll(mask);
        uint64_t bits = draw_bits_in(&s, n);
        const struct view_instance *i = &s.instances[n];
        if (bits < wanted)
            continue;
        draw_offer_stable(p, slice * SLICE_MAX + n, tiered_priority(d, i->priority, tier), bits,
                          i->weight);
        wanted = pick_bits_wanted(p, best, s.weight, s.behind);
    }
}

static void offer_selected(const struct draw *d, uint64_t client)
{
    struct selected_cursor c = {0};
    for (; draw_next_slice(d, &c); c.left = 0) {
        uint32_t slice = c.slice - 1;
        if (!d->near)
            offer_masked(d, slice, c.left, TIER_FAR, client);
        for (enum tier tier = TIER_ZONE; d->near && tier < TIERS; tier++)
            offer_masked(d, slice, c.left & draw_tier_mask(d->view, d->near, slice, tier), tier,
                         client);
    }
}

static void offer_others(const struct draw *d, uint64_t client)
{
    struct picker *p = &d->worker->picker;
    struct near_cursor c = {0};
    struct walk w = {0};
    for (uint32_t n; next(d, &w, &n);) {
        struct srv_item item = item_of(d, n);
        uint16_t priority = next_priority(d, &c, &item);
        if (pick_takes(p, priority))
            draw_offer_instance(p, n, priority, client, instance_of(d, n));
    }
}

static unsigned draw_stable(const struct draw *d, unsigned max, size_t room)
{
    struct picker *p = &d->worker->picker;
    uint64_t client = draw_client_bits(d->client);
    pick_begin(p, max);
    if (d->set && d->near)
        draw_tiers_stable(d, client, max);
    else if (is_whole(d))
        offer_whole(d, client);
    else if (!d->set)
        offer_selected(d, client);
    else
        offer_others(d, client);
    return reorder(d, pick_finish(p), room);
}

unsigned draw_srv(const struct draw *d, const struct draw_size *size, unsigned max, bool stable,
                  size_t room)
{
    enum { FEW = 4 }; /* or more for each one that is drawn: then most are not looked at */
    const struct srv_set *set = d->set;
    if (stable)
        return draw_stable(d, max, room);
    if (is_whole(d))
        return pick_set(&d->worker->picker, &d->worker->rand, set->groups, set->group_count,
                        set->parts, max);
    if (set && size->count / FEW > max)
        return draw_tiers(d, max);
    return draw_random(d, size, max);
}
