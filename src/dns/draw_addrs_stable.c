/* Whom of a long selection a client gets each time: its addresses are looked at one after the
 * other, at a few nanoseconds each, and nearly all are passed over by that. */
#include "dns/draw_addrs.h"

#include "dns/compile_bag.h"

/* ---- by keys --------------------------------------------------------------------------- */

/* Of those that are not done the first for these bits. */
static unsigned next_address(const uint8_t *bytes, uint16_t size, unsigned count, uint64_t of,
                             uint32_t done)
{
    unsigned first = 0;
    uint64_t least = UINT64_MAX;
    for (unsigned n = 0; count > 1 && n < count; n++) {
        uint64_t at = stable_bits(of, stable_hash(bytes + (size_t)n * size, size, false));
        if (!(done >> n & 1) && at <= least) {
            first = n;
            least = at;
        }
    }
    return first;
}

/* Of `bits` that are the client's and the instance's. An instance is as likely as its weight says,
 * by the key that its bits give; its addresses come behind one another as if each had drawn its
 * own with an equal share of the weight (those of weight 0: with 1 each), in an order that is the
 * client's, too. */
static void add_addresses(struct dns_worker *w, const struct draw_addrs *a,
                          const struct view_instance *i, uint64_t bits, enum tier tier)
{
    unsigned count;
    const uint8_t *bytes = draw_addresses(i, a->family, &count);
    uint16_t size = draw_address_size(a);
    double share = i->weight && count ? (double)i->weight / count : 1;
    double key = i->weight ? 0 : STABLE_BEHIND;
    uint32_t done = 0;
    for (unsigned left = count; left; left--) {
        unsigned n = next_address(bytes, size, count, bits, done);
        key += pick_key(left == count ? bits : stable_bits(bits, left), share * left);
        distinct_add(&w->seen, &w->picker, bytes + (size_t)n * size, size, (uint16_t)tier, key,
                     share);
        done |= 1u << n;
    }
}

/* Only now it shows that somebody has a weight: those of 0 do not count. */
static bool outweighs(const struct survey *s, const struct view_instance *i, enum family family)
{
    unsigned count;
    draw_addresses(i, family, &count);
    return !s->weighted && i->weight && count;
}

static void add_slice(const struct draw *d, const struct draw_addrs *a, struct survey *s,
                      const struct selected_cursor *c, enum tier tier)
{
    struct dns_worker *w = d->worker;
    struct stable_slice in = draw_stable_slice(d->view->slices[c->slice - 1], a->client);
    uint64_t wanted = distinct_bits_wanted(&w->seen, (uint16_t)tier, in.weight, in.behind);
    for (uint64_t mask = c->left; mask; mask &= mask - 1) {
        unsigned n = (unsigned)__builtin_ctzll(mask);
        uint64_t bits = draw_bits_in(&in, n);
        const struct view_instance *i = &in.instances[n];
        if (bits < wanted || !survey_counts(s, i))
            continue;
        if (outweighs(s, i, a->family)) {
            s->weighted = true;
            distinct_clear(&w->seen);
        }
        add_addresses(w, a, i, bits, tier);
        wanted = distinct_bits_wanted(&w->seen, (uint16_t)tier, in.weight, in.behind);
    }
}

void draw_add_stable(const struct draw *d, const struct draw_addrs *a, struct survey *s,
                     enum tier tier)
{
    struct selected_cursor c = {0};
    for (; draw_next_slice(d, &c); c.left = 0)
        add_slice(d, a, s, &c, tier);
}

/* ---- weights --------------------------------------------------------------------------- */

/* Which addresses are asked for: what is not marked is none of them. */
struct marks {
    uint64_t words[64];
};

static inline uint64_t *word_of(struct marks *m, uint64_t hash)
{
    return &m->words[hash >> 6 & (ARRAY_COUNT(m->words) - 1)];
}

static void mark_drawn(struct dns_worker *w, unsigned count, struct marks *m)
{
    for (unsigned n = 0; n < count; n++) {
        struct distinct_entry *e = &w->seen.slots[w->picker.items[n]];
        uint64_t hash = stable_hash(e->bytes, e->size, false);
        *word_of(m, hash) |= UINT64_C(1) << (hash & 63);
        e->weight = 0;
    }
}

static inline void weigh(struct distinct_set *seen, struct marks *m, const struct view_instance *i,
                         uint16_t size)
{
    unsigned count;
    const uint8_t *bytes = draw_addresses(i, size == 4 ? FAMILY_V4 : FAMILY_V6, &count);
    for (unsigned n = 0; n < count; n++, bytes += size) {
        uint64_t hash = stable_hash(bytes, size, false);
        if (*word_of(m, hash) >> (hash & 63) & 1)
            distinct_weigh(seen, bytes, size, i->weight ? (double)i->weight / count : 1);
    }
}

static void weigh_all(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                      struct marks *m)
{
    struct selected_cursor c = {0};
    const struct view_instance *i;
    for (uint32_t n; (i = draw_next_selected(d, &c, &n));) {
        if (!survey_counts(s, i))
            continue;
        if (a->family == FAMILY_V4)
            weigh(&d->worker->seen, m, i, 4);
        else
            weigh(&d->worker->seen, m, i, 16);
    }
}

/* Is all the weight of those that were drawn summed up? The service's own set, where it is one of
 * the same instances and others, says what there can be: it has their priority, which no stale one
 * shares with a fresh one (STALE_PRIORITY). */
static bool is_weighed(const struct draw *d, const struct draw_addrs *a, const struct survey *s)
{
    bool v4 = a->family == FAMILY_V4;
    const struct view_shared *shared = d->view->shared;
    const struct addr_set *set = v4 ? &d->view->v4 : &d->view->v6;
    if (!shared || !s->weighted || set->priority != s->priority)
        return false;
    for (unsigned n = 0; n < a->count; n++) {
        const struct distinct_entry *e = &d->worker->seen.slots[d->worker->picker.items[n]];
        uint64_t all =
            bag_addr_weight(d->key, v4 ? shared->v4 : shared->v6, v4 ? BAG_V4 : BAG_V6, e->bytes);
        if ((double)all > e->weight * ADDRESS_WEIGHT_PARTS + 0.5) /* these are whole numbers */
            return false;
    }
    return true;
}

void draw_weigh(const struct draw *d, const struct draw_addrs *a, const struct survey *s,
                enum tier tiers)
{
    struct marks m = {{0}};
    if (is_weighed(d, a, s))
        return;
    mark_drawn(d->worker, a->count, &m);
    if (!d->near)
        weigh_all(d, a, s, &m);
    for (enum tier tier = TIER_ZONE; d->near && tier < tiers; tier++) {
        struct draw part = draw_only(d, tier);
        weigh_all(&part, a, s, &m);
    }
}
