#include "dns/pick.h"

#include <math.h>
#include <string.h>

enum { SMALL = 32 }; /* up to here scanning beats searching */

double pick_key(uint64_t bits, double weight)
{
    double u = ((double)(bits >> 11) + 0.5) * 0x1p-53; /* in (0, 1) */
    return -log(u) / weight;
}

/* ---- exponential keys: a bounded heap with the worst on top ---------------------------- */

static bool comes_after(const struct pick_entry *a, const struct pick_entry *b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->key > b->key;
}

static void sift_down(struct pick_entry *heap, uint32_t count, uint32_t at)
{
    struct pick_entry moved = heap[at];
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && comes_after(&heap[child + 1], &heap[child]))
            child++;
        if (!comes_after(&heap[child], &moved))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void sift_up(struct pick_entry *heap, uint32_t at)
{
    struct pick_entry moved = heap[at];
    while (at && comes_after(&moved, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moved;
}

void pick_begin(struct picker *p, unsigned max)
{
    p->count = 0;
    p->max = max < PICK_MAX ? max : PICK_MAX;
}

void pick_offer(struct picker *p, uint32_t item, uint16_t priority, double key)
{
    struct pick_entry entry = {key, item, priority};
    if (p->count < p->max) {
        p->heap[p->count] = entry;
        sift_up(p->heap, p->count++);
    } else if (p->max && comes_after(&p->heap[0], &entry)) {
        p->heap[0] = entry;
        sift_down(p->heap, p->count, 0);
    }
}

unsigned pick_finish_at(struct picker *p, unsigned done)
{
    uint32_t count = p->count;
    for (uint32_t left = count; left; left--) {
        p->items[done + left - 1] = p->heap[0].item;
        p->heap[0] = p->heap[left - 1];
        sift_down(p->heap, left - 1, 0);
    }
    p->count = 0;
    return done + count;
}

unsigned pick_finish(struct picker *p)
{
    return pick_finish_at(p, 0);
}

/* ---- the set of those taken ---------------------------------------------------------------- */

static void forget_taken(struct picker *p)
{
    if (++p->stamp == 0) {
        memset(p->stamps, 0, sizeof p->stamps);
        p->stamp = 1;
    }
}

/* False when it was taken before. */
static bool take(struct picker *p, uint32_t item)
{
    uint32_t slot = (item * 2654435761u) & (PICK_SLOTS - 1);
    for (; p->stamps[slot] == p->stamp; slot = (slot + 1) & (PICK_SLOTS - 1))
        if (p->taken[slot] == item)
            return false;
    p->stamps[slot] = p->stamp;
    p->taken[slot] = item;
    return true;
}

bool pick_is_taken(const struct picker *p, uint32_t item)
{
    uint32_t slot = (item * 2654435761u) & (PICK_SLOTS - 1);
    for (; p->stamps[slot] == p->stamp; slot = (slot + 1) & (PICK_SLOTS - 1))
        if (p->taken[slot] == item)
            return true;
    return false;
}

/* ---- one group ------------------------------------------------------------------------- */

static uint64_t weight_at(const struct pick_group *g, const uint64_t *sums, uint32_t i)
{
    return sums[i] - (i > g->first ? sums[i - 1] : 0);
}

/* Uniform in [0, bound); 32 bits do without a division. */
static uint64_t below(struct rand *rand, uint64_t bound)
{
    return bound <= UINT32_MAX ? rand_below(rand, (uint32_t)bound) : rand_below64(rand, bound);
}

/* Weights are multiplied by the number of zeros, so that these share one ticket. */
static unsigned draw_small(struct rand *rand, const struct pick_group *g, const uint64_t *sums,
                           unsigned max, uint32_t *out)
{
    uint64_t weights[SMALL], total = 0, scale = g->zeros ? g->zeros : 1;
    uint32_t items[SMALL];
    unsigned left = g->count;
    for (unsigned i = 0; i < left; i++) {
        uint64_t weight = weight_at(g, sums, g->first + i) * scale;
        items[i] = g->first + i;
        weights[i] = weight ? weight : 1;
        total += weights[i];
    }
    unsigned done = 0;
    while (done < max && left) {
        uint64_t ticket = left > 1 ? below(rand, total) : 0;
        unsigned i = 0;
        for (; i + 1 < left && ticket >= weights[i]; i++)
            ticket -= weights[i];
        out[done++] = items[i];
        total -= weights[i];
        left--;
        items[i] = items[left];
        weights[i] = weights[left];
    }
    return done;
}

/* The first item of the group whose running total is above the ticket. */
static uint32_t holder(const struct pick_group *g, const uint64_t *sums, uint64_t ticket)
{
    uint32_t low = g->first, high = g->first + g->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums[middle] > ticket)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The n-th item of weight 0. Rare: one ticket of all leads here. */
static uint32_t zero_item(const struct pick_group *g, const uint64_t *sums, uint32_t n)
{
    uint32_t i = g->first;
    if (g->zeros == g->count)
        return i + n;
    for (;; i++)
        if (weight_at(g, sums, i) == 0 && n-- == 0)
            return i;
}

/* One draw out of the whole group, whether taken before or not. */
static uint32_t draw_one(struct rand *rand, const struct pick_group *g, const uint64_t *sums)
{
    uint64_t ticket = below(rand, g->total + (g->zeros > 0));
    return ticket < g->total ? holder(g, sums, ticket)
                             : zero_item(g, sums, rand_below(rand, g->zeros));
}

/* The rest of the group by keys, those already drawn left out. */
static unsigned draw_by_keys(struct picker *p, struct rand *rand, const struct pick_group *g,
                             const uint64_t *sums, unsigned done, unsigned max, uint32_t *out)
{
    pick_begin(p, max - done);
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        double weight = pick_weight((double)weight_at(g, sums, i), g->zeros);
        if (!done || !pick_is_taken(p, i))
            pick_offer(p, i, 0, pick_key(rand_next(rand), weight));
    }
    unsigned before = (unsigned)(out - p->items);
    return pick_finish_at(p, before + done) - before;
}

static unsigned draw_large(struct picker *p, struct rand *rand, const struct pick_group *g,
                           const uint64_t *sums, unsigned max, uint32_t *out)
{
    unsigned done = 0;
    if (max < g->count / 4) {
        /* Rejecting repeats is drawing without replacement. A few heavy items can make
         * repeats likely: then the keys do the rest. */
        unsigned tries = 4 * max + 64;
        forget_taken(p);
        for (; done < max && tries; tries--) {
            uint32_t item = draw_one(rand, g, sums);
            if (take(p, item))
                out[done++] = item;
        }
    }
    return done < max ? draw_by_keys(p, rand, g, sums, done, max, out) : done;
}

unsigned pick_some(struct picker *p, struct rand *rand, const struct pick_part *part, unsigned done,
                   unsigned max, unsigned tries)
{
    const struct pick_group *g = part->group;
    forget_taken(p);
    if (g->zeros < g->count && g->zeros > g->total) /* zero_item would search too often */
        return done;
    for (; done < max && tries; tries--) {
        uint32_t item = draw_one(rand, g, part->sums);
        if (part->is_in(part->context, item) && take(p, item))
            p->items[done++] = item;
    }
    return done;
}

unsigned pick_set(struct picker *p, struct rand *rand, const struct pick_group *groups,
                  unsigned group_count, const uint64_t *sums, unsigned max)
{
    unsigned done = 0;
    if (max > PICK_MAX)
        max = PICK_MAX;
    for (unsigned i = 0; i < group_count && done < max; i++) {
        const struct pick_group *g = &groups[i];
        unsigned wanted = max - done < g->count ? max - done : g->count;
        done += g->count <= SMALL ? draw_small(rand, g, sums, wanted, p->items + done)
                                  : draw_large(p, rand, g, sums, wanted, p->items + done);
    }
    return done;
}
