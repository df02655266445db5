#include "dns/pick.h"

#include <math.h>
#include <string.h>

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

/* ---- small groups ---------------------------------------------------------------------- */

enum {
    SMALL = PART_MAX,   /* up to here scanning beats searching */
    DICE_MAX = 1 << 24, /* outcomes by one number of 32 bits: it is rarely drawn anew */
};

/* The items of a group. Weights are multiplied by the number of zeros, so that these share one
 * ticket. */
struct small {
    uint32_t weights[SMALL], items[SMALL];
    uint32_t count, total;
    uint32_t lightest, heaviest;
};

static inline void add_small(struct small *s, uint32_t item, uint32_t weight)
{
    weight = weight ? weight : 1;
    s->lightest = weight < s->lightest ? weight : s->lightest;
    s->heaviest = weight > s->heaviest ? weight : s->heaviest;
    s->total += weight;
    s->weights[s->count] = weight;
    s->items[s->count++] = item;
}

static void add_part(struct small *s, const struct part *p, uint32_t number, uint32_t scale)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t sum = p->sums[i]; /* not wide, where the group's total is not */
        add_small(s, number * PART_MAX + i, (sum - last) * scale);
        last = sum;
    }
}

static inline void begin_small(struct small *s)
{
    s->count = s->total = s->heaviest = 0;
    s->lightest = UINT32_MAX;
}

/* False: there are too many, or the totals do not fit. */
static bool load_small(struct small *s, const struct pick_group *g, const struct part *parts)
{
    uint32_t scale = g->zeros ? g->zeros : 1;
    if (g->count > SMALL || g->total > (UINT32_MAX - SMALL) / scale)
        return false;
    begin_small(s);
    for (uint32_t i = g->first_part; i < g->first_part + g->part_count; i++)
        add_part(s, &parts[i], i, scale);
    return true;
}

/* Out of the list, its last item taking its place. */
static uint32_t take_out(struct small *s, uint32_t at)
{
    uint32_t item = s->items[at], last = --s->count;
    s->total -= s->weights[at];
    s->weights[at] = s->weights[last];
    s->items[at] = s->items[last];
    return item;
}

/* By the running totals, one by one. */
static void draw_by_ticket(struct rand *rand, struct small *s, uint32_t max, uint32_t *out)
{
    for (uint32_t done = 0; done < max; done++) {
        uint32_t ticket = s->count > 1 ? rand_below(rand, s->total) : 0, at = 0;
        for (; at + 1 < s->count && ticket >= s->weights[at]; at++)
            ticket -= s->weights[at];
        out[done] = take_out(s, at);
    }
}

/* Two numbers, uniform below `a` and `b`, out of one random one: see shuffle. a x b fits. */
static inline uint32_t two_dice(struct rand *rand, uint32_t a, uint32_t b, uint32_t *second)
{
    uint64_t first, next;
    do {
        first = (rand_next(rand) >> 32) * a;
        next = (first & UINT32_MAX) * b;
    } while ((uint32_t)next < a * b && (uint32_t)next < -(a * b) % (a * b));
    *second = (uint32_t)(next >> 32);
    return (uint32_t)(first >> 32);
}

/* Whom chance comes upon is taken as often as its weight says: two times out of three or so. */
static void draw_by_chance(struct rand *rand, struct small *s, uint32_t max, uint32_t *out)
{
    for (uint32_t done = 0; done < max;) {
        uint32_t ticket, at = two_dice(rand, s->count, s->heaviest, &ticket);
        if (ticket < s->weights[at])
            out[done++] = take_out(s, at);
    }
}

/* How many numbers below `most`, `most` - 1 and so on one random number is good for. *outcomes:
 * the product of these bounds. */
static uint32_t count_dice(uint32_t most, uint32_t *outcomes)
{
    uint64_t product = 1;
    uint32_t count = 0;
    for (; most > 1 && product * most <= DICE_MAX; most--, count++)
        product *= most;
    *outcomes = (uint32_t)product;
    return count;
}

/* All orders are as likely (R. Fisher, F. Yates; R. Durstenfeld, 1964); several numbers out of
 * one random one (N. Brackett-Rozinsky, D. Lemire, "Batched ranged random integer generation",
 * 2024). */
static void shuffle(struct rand *rand, struct small *s, uint32_t max, uint32_t *out)
{
    uint32_t dice[SMALL], done = 0;
    while (done < max && s->count > 1) {
        uint32_t outcomes, rest, count = count_dice(s->count, &outcomes);
        do {
            rest = (uint32_t)(rand_next(rand) >> 32);
            for (uint32_t i = 0; i < count; i++) {
                uint64_t product = (uint64_t)rest * (s->count - i);
                dice[i] = (uint32_t)(product >> 32);
                rest = (uint32_t)product;
            }
        } while (rest < outcomes && rest < -outcomes % outcomes);
        for (uint32_t i = 0; i < count && done < max; i++)
            out[done++] = take_out(s, dice[i]);
    }
    if (done < max)
        out[done] = s->items[0];
}

/* `max`: not above the count. */
static void draw_order(struct rand *rand, struct small *s, uint32_t max, uint32_t *out)
{
    if (s->lightest == s->heaviest)
        shuffle(rand, s, max, out);
    else if (s->lightest >= s->heaviest / 2 && s->heaviest < UINT32_MAX / SMALL)
        draw_by_chance(rand, s, max, out);
    else
        draw_by_ticket(rand, s, max, out);
}

/* False: this group is not for this way. `max`: not above the group's count. */
static bool draw_small(struct rand *rand, const struct pick_group *g, const struct part *parts,
                       unsigned max, uint32_t *out)
{
    struct small s;
    if (!load_small(&s, g, parts))
        return false;
    draw_order(rand, &s, max, out);
    return true;
}

bool pick_few(struct picker *p, struct rand *rand, const struct pick_weighted *list, unsigned count,
              unsigned max)
{
    struct small s;
    uint64_t total = 0;
    uint32_t zeros = 0;
    if (count > SMALL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        total += list[i].weight;
        zeros += list[i].weight == 0;
    }
    uint32_t scale = zeros ? zeros : 1;
    if (total > (UINT32_MAX - SMALL) / scale)
        return false;
    begin_small(&s);
    for (unsigned i = 0; i < count; i++)
        add_small(&s, list[i].item, (uint32_t)list[i].weight * scale);
    draw_order(rand, &s, max, p->items);
    return true;
}

/* ---- large groups ---------------------------------------------------------------------- */

/* Uniform in [0, bound); 32 bits do without a division. */
static uint64_t below(struct rand *rand, uint64_t bound)
{
    return bound <= UINT32_MAX ? rand_below(rand, (uint32_t)bound) : rand_below64(rand, bound);
}

/* The last part of the group before which there is not more weight than the ticket. */
static uint32_t part_with(const struct pick_group *g, const struct part *parts, uint64_t ticket)
{
    uint32_t low = g->first_part;
    for (uint32_t count = g->part_count; count > 1;) {
        uint32_t half = count / 2;
        low += half * (parts[low + half].before <= ticket); /* no branch: it would be a guess */
        count -= half;
    }
    return low;
}

/* The item whose ticket it is. */
static uint32_t holder(const struct pick_group *g, const struct part *parts, uint64_t ticket)
{
    uint32_t number = part_with(g, parts, ticket), low = 0;
    const struct part *p = &parts[number];
    ticket -= p->before;
    for (uint32_t count = p->count; count > 1;) {
        uint32_t half = count / 2;
        low += half * (part_sum(p, low + half - 1) <= ticket);
        count -= half;
    }
    return number * PART_MAX + low;
}

/* The n-th item of weight 0. */
static uint32_t nth_zero(const struct pick_group *g, const struct part *parts, uint32_t n)
{
    uint32_t number = g->first_part, i = 0;
    for (; n >= parts[number].zeros; number++)
        n -= parts[number].zeros;
    for (;; i++)
        if (part_weight(&parts[number], i) == 0 && n-- == 0)
            return number * PART_MAX + i;
}

/* Any item of weight 0. Where most are such, places are tried until one is hit; where they are
 * few, it is rare that one of them is asked for: their ticket is one of many. */
static uint32_t zero_item(struct rand *rand, const struct pick_group *g, const struct part *parts)
{
    if (g->zeros < g->count / 2)
        return nth_zero(g, parts, rand_below(rand, g->zeros));
    for (;;) {
        uint32_t n = g->first_part * PART_MAX + rand_below(rand, g->part_count * PART_MAX);
        const struct part *p = part_of(parts, n);
        if (n % PART_MAX < p->count && part_weight(p, n % PART_MAX) == 0)
            return n;
    }
}

/* One draw out of the whole group, whether taken before or not. */
static uint32_t draw_one(struct rand *rand, const struct pick_group *g, const struct part *parts)
{
    uint64_t ticket = below(rand, g->total + (g->zeros > 0));
    return ticket < g->total ? holder(g, parts, ticket) : zero_item(rand, g, parts);
}

/* The rest of the group by keys, those already drawn left out. */
static unsigned draw_by_keys(struct picker *p, struct rand *rand, const struct pick_group *g,
                             const struct part *parts, unsigned done, unsigned max, uint32_t *out)
{
    uint32_t end = g->first_part + g->part_count;
    pick_begin(p, max - done);
    for (uint32_t i = g->first_part * PART_MAX; part_next(parts, end, &i); i++) {
        double weight = (double)part_weight(part_of(parts, i), i % PART_MAX);
        if (!done || !pick_is_taken(p, i))
            pick_offer_bits(p, i, 0, rand_next(rand), pick_weight(weight, g->zeros), 0);
    }
    unsigned before = (unsigned)(out - p->items);
    return pick_finish_at(p, before + done) - before;
}

static unsigned draw_large(struct picker *p, struct rand *rand, const struct pick_group *g,
                           const struct part *parts, unsigned max, uint32_t *out)
{
    unsigned done = 0;
    if (max <= g->count / 2) {
        /* Rejecting repeats is drawing without replacement. A few heavy items can make
         * repeats likely: then the keys do the rest. */
        unsigned tries = 4 * max + 64;
        forget_taken(p);
        for (; done < max && tries; tries--) {
            uint32_t item = draw_one(rand, g, parts);
            if (take(p, item))
                out[done++] = item;
        }
    }
    return done < max ? draw_by_keys(p, rand, g, parts, done, max, out) : done;
}

unsigned pick_some(struct picker *p, struct rand *rand, const struct pick_some *some, unsigned done,
                   unsigned max, unsigned tries)
{
    const struct pick_group *g = some->group;
    forget_taken(p);
    for (; done < max && tries; tries--) {
        uint32_t item = draw_one(rand, g, some->parts);
        if (some->is_in(some->context, item) && take(p, item))
            p->items[done++] = item;
    }
    return done;
}

unsigned pick_set(struct picker *p, struct rand *rand, const struct pick_group *groups,
                  unsigned group_count, const struct part *parts, unsigned max)
{
    unsigned done = 0;
    if (max > PICK_MAX)
        max = PICK_MAX;
    for (unsigned i = 0; i < group_count && done < max; i++) {
        const struct pick_group *g = &groups[i];
        unsigned wanted = max - done < g->count ? max - done : g->count;
        if (pick_tiny(rand, g, parts, wanted, p->items + done) ||
            draw_small(rand, g, parts, wanted, p->items + done))
            done += wanted;
        else
            done += draw_large(p, rand, g, parts, wanted, p->items + done);
    }
    return done;
}
