/* Drawing by weight, without replacement: the order of RFC 2782 ("Weight"), for whole
 * sets and for samples, exact in distribution whichever way is taken.
 *
 *   small, all alike     shuffled
 *   small group          running totals, each drawn item removed; or, where they are much alike,
 *                        each one taken by chance, as often as its weight says
 *   few out of many      binary search in the precompiled totals, repeats rejected
 *   anything else        exponential keys: item i gets -ln(u)/w(i), the smallest come
 *                        first (A. Efraimidis, P. Spirakis, 2006); O(n log k)
 *
 * All items of weight 0 of a group count together as one ticket (weight 1), in equal
 * shares: the "very small chance" of RFC 2782. Priorities come in ascending order, always.
 */
#ifndef DISC_DNS_PICK_H
#define DISC_DNS_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rand.h"
#include "dns/part.h"

enum {
    PICK_MAX = 4096,   /* a message of 65535 bytes holds no more A records (16 bytes) */
    PICK_SLOTS = 8192, /* of the set of those taken: power of two, twice PICK_MAX */
};

struct pick_entry {
    double key;
    uint32_t item;
    uint16_t priority;
};

struct picker {
    uint32_t count, max;
    uint32_t stamp;
    uint32_t items[PICK_MAX]; /* the outcome of the last call; most need no more than this */
    struct pick_entry heap[PICK_MAX];               /* the worst of those kept on top */
    uint32_t taken[PICK_SLOTS], stamps[PICK_SLOTS]; /* a slot is in use when its stamp is the
                                                       current one */
};

/* Draws `max` (at most PICK_MAX) items of a set in weighted order into p->items: their numbers
 * (part.h); returns how many. */
unsigned pick_set(struct picker *p, struct rand *rand, const struct pick_group *groups,
                  unsigned group_count, const struct part *parts, unsigned max);

/* The same of one group into `out`, `max` not above its count; false where it has too many items,
 * parts or tickets, or some of weight 0 (pick_tiny.c). */
MUST_CHECK bool pick_tiny(struct rand *rand, const struct pick_group *g, const struct part *parts,
                          unsigned max, uint32_t *out);

/* The same of at most PART_MAX items of one priority, all that there are: `max` of them, not above
 * `count`. False: their weights are too large for it. */
struct pick_weighted {
    uint64_t weight;
    uint32_t item;
};
MUST_CHECK bool pick_few(struct picker *p, struct rand *rand, const struct pick_weighted *list,
                         unsigned count, unsigned max);

/* The same over items offered one by one. */
void pick_begin(struct picker *p, unsigned max);
/* Can an item of this priority come to be among those that are kept? */
static inline bool pick_takes(const struct picker *p, uint16_t priority)
{
    return p->count < p->max || (p->max && priority <= p->heap[0].priority);
}
void pick_offer(struct picker *p, uint32_t item, uint16_t priority, double key);
unsigned pick_finish(struct picker *p); /* into p->items */
/* Behind the first `done` of p->items; returns how many there are then. */
unsigned pick_finish_at(struct picker *p, unsigned done);

/* Some items of a group. */
struct pick_some {
    const struct pick_group *group;
    const struct part *parts; /* of the set */
    bool (*is_in)(const void *context, uint32_t item);
    const void *context;
};
/* Draws from these in weighted order, behind the first `done` of p->items until there are
 * `max`: out of the whole group, what is not among them rejected, so that the cost goes by what
 * is drawn and by their share of the weight. Gives up after `tries`; returns how many there
 * are. Until the next draw pick_is_taken tells which were drawn by it. */
unsigned pick_some(struct picker *p, struct rand *rand, const struct pick_some *some, unsigned done,
                   unsigned max, unsigned tries);
bool pick_is_taken(const struct picker *p, uint32_t item);

/* The key of an item by 64 random (or hashed) bits; the smaller the earlier. `weight`
 * is above 0. */
double pick_key(uint64_t bits, double weight);

/* Can it come to be among those that are kept? By -ln(u) >= 1 - u, which is nearly as sharp where
 * the key has to be small. */
static inline bool pick_may_take(const struct picker *p, uint16_t priority, uint64_t bits,
                                 double weight, double behind)
{
    const double margin = 1 + 1e-12;                                     /* of rounding */
    const int64_t rest = (INT64_C(1) << 53) - 1 - (int64_t)(bits >> 11); /* of 2^53; 1 - u */
    const struct pick_entry *worst = &p->heap[0];
    if (p->count < p->max || p->max == 0 || priority != worst->priority)
        return pick_takes(p, priority);
    return (double)rest < (worst->key * margin - behind) * 0x1p53 * weight;
}

/* The same for many of one weight, or of no more: the least bits with which a key can be below
 * `worst`. */
static inline uint64_t pick_least_bits(double worst, double weight, double behind)
{
    const double margin = 1 + 1e-12;                                 /* of rounding */
    const double rest = (worst * margin - behind) * 0x1p53 * weight; /* of 2^53; 1 - u is below */
    if (rest >= 0x1p53)
        return 0;
    return rest > 0 ? -(((uint64_t)rest + 1) << 11) : UINT64_MAX;
}
static inline uint64_t pick_bits_wanted(const struct picker *p, uint16_t priority, double weight,
                                        double behind)
{
    const struct pick_entry *worst = &p->heap[0];
    if (p->count < p->max || p->max == 0 || priority != worst->priority)
        return pick_takes(p, priority) ? 0 : UINT64_MAX;
    return pick_least_bits(worst->key, weight, behind);
}

/* Offers with the key `behind` + pick_key(bits, weight), which is worked out only where it may be
 * among those that are kept. */
static inline void pick_offer_bits(struct picker *p, uint32_t item, uint16_t priority,
                                   uint64_t bits, double weight, double behind)
{
    if (pick_may_take(p, priority, bits, weight, behind))
        pick_offer(p, item, priority, behind + pick_key(bits, weight));
}

/* The weight that counts: that of an item among `zeros` ones of weight 0 (at least
 * itself, where it is one). */
static inline double pick_weight(double weight, uint32_t zeros)
{
    return weight > 0 ? weight : 1.0 / zeros;
}

#endif
