#include "dns/draw.h"

#include "dns/records_out.h"
#include "dns/svcb.h"

/* ---- stable keys ------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x) /* the finalizer of splitmix64 */
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static uint64_t add_bytes(uint64_t hash, const uint8_t *bytes, size_t size) /* FNV-1a */
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

uint64_t draw_stable_bits(const struct addr *client, const uint8_t *item, size_t size)
{
    uint64_t hash = add_bytes(0xcbf29ce484222325, client->bytes, addr_size(client));
    return mix(mix(hash) ^ mix(add_bytes(0xcbf29ce484222325, item, size)));
}

double draw_stable_key(uint64_t bits, double weight)
{
    enum { BEHIND_ALL = 1000000 }; /* keys of weights from 1/8 on stay below 300 */
    return weight > 0 ? pick_key(bits, weight) : BEHIND_ALL + pick_key(bits, 1);
}

double draw_item_key(const struct draw *d, const struct srv_item *item)
{
    const uint8_t *id = instance_wire_label(view_at(d->view, item->place));
    return draw_stable_key(draw_stable_bits(d->client, id + 1, *id), item->weight);
}

/* ---- what selectors leave ---------------------------------------------------------------- */

void draw_select(struct draw *d, const struct pair *pairs, unsigned count)
{
    const struct view *v = d->view;
    uint64_t *masks = d->worker->selected;
    d->pairs = pairs;
    d->pair_count = count;
    if (v->slice_count > d->worker->slices_max)
        return;
    for (uint32_t i = 0; i < v->slice_count; i++)
        masks[i] = slice_selected(v->slices[i], pairs, count);
    d->masks = masks;
}

static uint64_t selected_of(const struct draw *d, uint32_t slice)
{
    const struct slice *s = d->view->slices[slice];
    uint64_t mask = d->masks ? d->masks[slice] : slice_selected(s, d->pairs, d->pair_count);
    if (d->of != DRAW_ALL)
        mask &= d->of == DRAW_STALE ? s->stale : ~s->stale;
    if (d->tiered)
        mask &= draw_tier_mask(d->view, d->near, slice, d->tier);
    return mask;
}

bool draw_next_selected(const struct draw *d, struct selected_cursor *c, uint32_t *place)
{
    while (!c->left) {
        if (c->slice == d->view->slice_count)
            return false;
        c->left = selected_of(d, c->slice++);
    }
    *place = (c->slice - 1) * SLICE_MAX + (uint32_t)__builtin_ctzll(c->left);
    c->left &= c->left - 1;
    return true;
}

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
    for (uint32_t n; of == DRAW_STALE && draw_next_selected(d, &c, &n);)
        if (has_data(view_at(d->view, n), type))
            of = DRAW_FRESH;
    d->of = of;
}

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
    while (!d->set && draw_next_selected(d, &w->selected, picked)) {
        const struct view_instance *i = view_at(d->view, *picked);
        if (i->port && draw_has_record(d, i))
            return true;
    }
    return false;
}

/* Once there are more than can fit, their sizes need not be known. */
static void measure(const struct draw *d, struct draw_size *size)
{
    struct walk w = {0};
    for (uint32_t n; next(d, &w, &n);) {
        const struct view_instance *i = instance_of(d, n);
        size->count++;
        size->has_zeros |= i->weight == 0;
        if (size->count <= size->fit)
            size->bytes += record_bytes(d, i);
    }
    if (size->count > size->fit)
        size->bytes = UINT32_MAX;
}

/* Where no finished order is used. */
static bool set_has_zeros(const struct draw *d)
{
    bool has = false;
    for (uint32_t g = 0; d->near && g < d->set->group_count; g++)
        has |= d->set->groups[g].zeros > 0;
    return has;
}

struct draw_size draw_size(const struct draw *d, size_t room)
{
    const struct srv_set *set = d->set;
    bool all = set && have_all(d);
    if (!d->view->instance_count)
        return (struct draw_size){0};
    if (all && d->type == TYPE_SRV && set->record_bytes <= room) /* without a look at the items */
        return (struct draw_size){set->count, set->count, set->record_bytes, set_has_zeros(d)};
    struct draw_size size = {.fit = (uint32_t)(room / least_bytes(d))};
    if (all && set->count > size.fit)
        return (struct draw_size){set->count, size.fit, UINT32_MAX, set_has_zeros(d)};
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
    pick_offer(p, n, priority,
               pick_key(rand_next(&d->worker->rand), pick_weight(item->weight, sharing)));
}

static uint16_t next_priority(const struct draw *d, struct near_cursor *c,
                              const struct srv_item *item)
{
    if (!d->near)
        return item->priority;
    return draw_priority(d->view, d->near, item->priority,
                         draw_next_tier(d->view, d->near, c, item->place));
}

/* How many of each priority share its one ticket. */
static void count_zeros(const struct draw *d, struct draw_zeros *zeros)
{
    struct walk w = {0};
    for (uint32_t n; next(d, &w, &n);) {
        struct srv_item item = item_of(d, n);
        if (item.weight == 0)
            draw_note_zero(zeros, item.priority);
    }
}

/* All of them by random keys. */
static unsigned draw_by_keys(const struct draw *d, bool has_zeros, unsigned max)
{
    struct draw_zeros zeros = {0};
    struct near_cursor c = {0};
    struct walk w = {0};
    if (has_zeros)
        count_zeros(d, &zeros);
    pick_begin(&d->worker->picker, max);
    for (uint32_t n; next(d, &w, &n);) {
        struct srv_item item = item_of(d, n);
        offer(d, n, &item, next_priority(d, &c, &item), &zeros);
    }
    return pick_finish(&d->worker->picker);
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
    unsigned wanted = max < size->count ? max : size->count;
    return draw_few(d, size->count, wanted) ? wanted : draw_by_keys(d, size->has_zeros, max);
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

static unsigned draw_stable(const struct draw *d, unsigned max, size_t room)
{
    struct picker *p = &d->worker->picker;
    struct walk w = {0};
    pick_begin(p, max);
    if (d->set && d->near) {
        draw_tiers_stable(d, max);
        return reorder(d, pick_finish(p), room);
    }
    for (uint32_t n; next(d, &w, &n);) {
        struct srv_item item = item_of(d, n);
        pick_offer(p, n, item.priority, draw_item_key(d, &item));
    }
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
