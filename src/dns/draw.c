#include "dns/draw.h"

#include "dns/answer.h"

enum { SRV_HEAD = 6 }; /* priority, weight, port */

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

bool draw_next_selected(const struct draw *d, uint32_t *at, uint32_t *instance)
{
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

/* ---- SRV records --------------------------------------------------------------------------- */

static struct srv_item item_of(const struct draw *d, uint32_t picked)
{
    if (d->set)
        return d->set->items[picked];
    const struct view_instance *i = &d->view->instances[picked];
    return (struct srv_item){picked, i->priority, i->weight, i->port};
}

struct srv_item draw_srv_at(const struct draw *d, unsigned n)
{
    return item_of(d, d->worker->picker.items[n]);
}

static uint32_t record_bytes(const struct draw *d, uint32_t instance)
{
    return RECORD_HEAD + SRV_HEAD + d->view->instances[instance].target_size;
}

/* The next of all there is: its number for the picker. */
static bool next(const struct draw *d, uint32_t *at, uint32_t *picked)
{
    if (d->set) {
        *picked = *at;
        return (*at)++ < d->set->count;
    }
    while (draw_next_selected(d, at, picked))
        if (d->view->instances[*picked].port)
            return true;
    return false;
}

struct draw_size draw_srv_size(const struct draw *d)
{
    if (d->set)
        return (struct draw_size){d->set->count, d->set->record_bytes, 0};
    struct draw_size size = {0};
    for (uint32_t at = 0, n; next(d, &at, &n);) {
        size.count++;
        size.bytes += record_bytes(d, n);
        size.zeros += d->view->instances[n].weight == 0;
    }
    return size;
}

uint32_t draw_srv_stale(const struct draw *d)
{
    uint32_t count = 0;
    for (uint32_t at = 0, n; next(d, &at, &n);)
        count += item_of(d, n).priority >= STALE_PRIORITY;
    return count;
}

/* All of them by random keys. */
static unsigned draw_random(const struct draw *d, uint32_t zeros, unsigned max)
{
    struct picker *p = &d->worker->picker;
    pick_begin(p, max);
    for (uint32_t at = 0, n; next(d, &at, &n);) {
        struct srv_item item = item_of(d, n);
        double key = pick_key(rand_next(&d->worker->rand), pick_weight(item.weight, zeros));
        pick_offer(p, n, item.priority, key);
    }
    return pick_finish(p);
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
        double key = pick_key(rand_next(&d->worker->rand), pick_weight(item.weight, zeros));
        pick_offer(p, p->items[i], item.priority, key);
    }
    return pick_finish(p);
}

static unsigned draw_stable(const struct draw *d, unsigned max, size_t room)
{
    struct picker *p = &d->worker->picker;
    pick_begin(p, max);
    for (uint32_t at = 0, n; next(d, &at, &n);) {
        struct srv_item item = item_of(d, n);
        const uint8_t *id = d->view->instances[item.instance].target;
        uint64_t bits = draw_stable_bits(d->client, id + 1, *id);
        pick_offer(p, n, item.priority, draw_stable_key(bits, item.weight));
    }
    return reorder(d, pick_finish(p), room);
}

unsigned draw_srv(const struct draw *d, const struct draw_size *size, unsigned max, bool stable,
                  size_t room)
{
    const struct srv_set *set = d->set;
    if (stable)
        return draw_stable(d, max, room);
    if (set)
        return pick_set(&d->worker->picker, &d->worker->rand, set->groups, set->group_count,
                        set->sums, max);
    return draw_random(d, size->zeros, max);
}
