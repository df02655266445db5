#include "dns/draw.h"

#include "dns/answer.h"
#include "dns/svcb.h"

enum { SRV_HEAD = 6, POINTER = 2 }; /* priority, weight, port */

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
    const uint8_t *id = d->view->instances[item->instance].target;
    return draw_stable_key(draw_stable_bits(d->client, id + 1, *id), item->weight);
}

/* ---- what selectors leave ---------------------------------------------------------------- */

static bool has(const struct selector *s, uint32_t instance)
{
    uint32_t low = 0, high = s->live_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->live[middle] == instance)
            return true;
        if (s->live[middle] < instance)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static unsigned shortest(const struct draw *d)
{
    unsigned best = 0;
    for (unsigned i = 1; i < d->pair_count; i++)
        if (d->pairs[i]->live_count < d->pairs[best]->live_count)
            best = i;
    return best;
}

static bool is_meant(const struct draw *d, uint32_t instance)
{
    return d->of == DRAW_ALL || d->view->instances[instance].stale == (d->of == DRAW_STALE);
}

static bool next_live(const struct draw *d, uint32_t *at, uint32_t *instance)
{
    while (*at < d->view->instance_count) {
        uint32_t n = (*at)++;
        if (!d->view->instances[n].live || !is_meant(d, n))
            continue;
        *instance = n;
        return true;
    }
    return false;
}

bool draw_next_selected(const struct draw *d, uint32_t *at, uint32_t *instance)
{
    if (d->pair_count == 0)
        return next_live(d, at, instance);
    unsigned base = shortest(d);
    const struct selector *s = d->pairs[base];
    while (*at < s->live_count) {
        uint32_t n = s->live[(*at)++];
        bool in = true;
        for (unsigned i = 0; i < d->pair_count && in; i++)
            in = i == base || has(d->pairs[i], n);
        if (in && is_meant(d, n)) {
            *instance = n;
            return true;
        }
    }
    return false;
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
    for (uint32_t at = 0, n; of == DRAW_STALE && draw_next_selected(d, &at, &n);)
        if (!d->view->instances[n].stale && has_data(&d->view->instances[n], type))
            of = DRAW_FRESH;
    d->of = of;
}

/* ---- SRV records and the like --------------------------------------------------------------- */

/* As it is registered. */
static struct srv_item item_of(const struct draw *d, uint32_t picked)
{
    if (d->set)
        return d->set->items[picked];
    const struct view_instance *i = &d->view->instances[picked];
    return (struct srv_item){picked, i->priority, i->weight, i->port};
}

struct srv_item draw_srv_placed(const struct draw *d, unsigned n)
{
    struct srv_item item = item_of(d, d->worker->picker.items[n]);
    if (d->near.known)
        item.priority =
            draw_priority(d->view, &d->near, item.priority, draw_tier(&d->near, item.instance));
    return item;
}

static uint32_t record_bytes(const struct draw *d, uint32_t instance)
{
    const struct view_instance *i = &d->view->instances[instance];
    uint8_t rdata[SVCB_RDATA_MAX];
    switch (d->type) {
    case TYPE_PTR: return RECORD_HEAD + 1u + i->target[0] + POINTER;
    case TYPE_SVCB:
    case TYPE_HTTPS: return RECORD_HEAD + (uint32_t)svcb_rdata(d->view, i, d->type, rdata);
    default: return RECORD_HEAD + SRV_HEAD + i->target_size;
    }
}

/* The least that a record takes: targets are a label of one byte or more below the
 * service's name. */
static uint32_t least_bytes(const struct draw *d)
{
    const struct view_instance *any = d->view->instances;
    uint32_t service = any->target_size - 1u - any->target[0];
    switch (d->type) {
    case TYPE_PTR: return RECORD_HEAD + 2 + POINTER;
    case TYPE_SVCB:
    case TYPE_HTTPS: return RECORD_HEAD + 2 + 2 + service;
    default: return RECORD_HEAD + SRV_HEAD + 2 + service;
    }
}

bool draw_has_record(const struct draw *d, uint32_t instance)
{
    const struct view_instance *i = &d->view->instances[instance];
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
    return d->set && !d->near.known && have_all(d);
}

/* The next of all there is: its number for the picker. */
static bool next(const struct draw *d, uint32_t *at, uint32_t *picked)
{
    while (d->set && *at < d->set->count) {
        *picked = (*at)++;
        if (draw_has_record(d, d->set->items[*picked].instance))
            return true;
    }
    while (!d->set && draw_next_selected(d, at, picked))
        if (d->view->instances[*picked].port && draw_has_record(d, *picked))
            return true;
    return false;
}

/* Once there are more than can fit, their sizes need not be known. */
static void measure(const struct draw *d, struct draw_size *size)
{
    for (uint32_t at = 0, n; next(d, &at, &n);) {
        struct srv_item item = item_of(d, n);
        size->count++;
        size->zeros += item.weight == 0;
        if (size->count <= size->fit)
            size->bytes += record_bytes(d, item.instance);
    }
    if (size->count > size->fit)
        size->bytes = UINT32_MAX;
}

/* Where no finished order is used. */
static uint32_t zeros_of(const struct draw *d)
{
    uint32_t zeros = 0;
    for (uint32_t g = 0; d->near.known && g < d->set->group_count; g++)
        zeros += d->set->groups[g].zeros;
    return zeros;
}

/* What is known of the set without a look at its items. */
static bool size_of_set(const struct draw *d, size_t room, uint32_t fit, struct draw_size *size)
{
    const struct srv_set *set = d->set;
    if (!set || !have_all(d))
        return false;
    if (d->type == TYPE_SRV && set->record_bytes <= room)
        *size = (struct draw_size){set->count, set->count, set->record_bytes, zeros_of(d)};
    else if (set->count > fit)
        *size = (struct draw_size){set->count, fit, UINT32_MAX, zeros_of(d)};
    else
        return false;
    return true;
}

struct draw_size draw_size(const struct draw *d, size_t room)
{
    struct draw_size size = {0};
    if (!d->view->instance_count)
        return size;
    size.fit = (uint32_t)(room / least_bytes(d));
    if (!size_of_set(d, room, size.fit, &size))
        measure(d, &size);
    return size;
}

uint32_t draw_srv_stale(const struct draw *d)
{
    uint32_t count = 0;
    if (d->set && have_all(d)) {
        for (uint32_t g = d->set->group_count; g > 0; g--)
            if (d->set->items[d->set->groups[g - 1].first].priority >= STALE_PRIORITY)
                count += d->set->groups[g - 1].count;
        return count;
    }
    for (uint32_t at = 0, n; next(d, &at, &n);)
        count += item_of(d, n).priority >= STALE_PRIORITY;
    return count;
}

/* By random keys; what comes behind all that are kept needs none. */
static void offer(const struct draw *d, uint32_t n, const struct srv_item *item, uint16_t priority,
                  uint32_t zeros)
{
    struct picker *p = &d->worker->picker;
    if (pick_takes(p, priority))
        pick_offer(p, n, priority,
                   pick_key(rand_next(&d->worker->rand), pick_weight(item->weight, zeros)));
}

static uint16_t next_priority(const struct draw *d, struct near_cursor *c,
                              const struct srv_item *item)
{
    if (!d->near.known)
        return item->priority;
    return draw_priority(d->view, &d->near, item->priority,
                         draw_next_tier(&d->near, c, item->instance));
}

/* All of them by random keys. */
static unsigned draw_random(const struct draw *d, uint32_t zeros, unsigned max)
{
    struct near_cursor c = {0};
    pick_begin(&d->worker->picker, max);
    for (uint32_t at = 0, n; next(d, &at, &n);) {
        struct srv_item item = item_of(d, n);
        offer(d, n, &item, next_priority(d, &c, &item), zeros);
    }
    return pick_finish(&d->worker->picker);
}

/* Those that were picked, as far as they fit, in a new weighted order. */
static unsigned reorder(const struct draw *d, unsigned count, size_t room)
{
    struct picker *p = &d->worker->picker;
    size_t bytes = 0;
    unsigned fit = 0, zeros = 0;
    for (; fit < count; fit++) {
        struct srv_item item = draw_srv_at(d, fit);
        bytes += record_bytes(d, item.instance);
        if (bytes > room)
            break;
        zeros += item.weight == 0;
    }
    pick_begin(p, fit);
    for (unsigned i = 0; i < fit; i++) {
        struct srv_item item = draw_srv_at(d, i);
        offer(d, p->items[i], &item, item.priority, zeros);
    }
    return pick_finish(p);
}

static unsigned draw_stable(const struct draw *d, unsigned max, size_t room)
{
    struct picker *p = &d->worker->picker;
    pick_begin(p, max);
    if (d->set && d->near.known) {
        draw_tiers_stable(d, max);
        return reorder(d, pick_finish(p), room);
    }
    for (uint32_t at = 0, n; next(d, &at, &n);) {
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
                        set->sums, max);
    if (set && size->count / FEW > max)
        return draw_tiers(d, max);
    return draw_random(d, size->zeros, max);
}
