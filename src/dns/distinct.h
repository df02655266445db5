/* A set of addresses, each with the smallest key that was said of it: several instances
 * may share an address, and the smallest of their exponential keys is the key of an item
 * with the sum of their weights. Keeps the PICK_MAX smallest, or fewer, exactly, in fixed room,
 * however many come by. Used where no finished address set exists (selectors); likewise for
 * TXT data.
 *
 * What one call costs: the hash of the bytes, keyed with a secret of the process since owners
 * choose them; 2 or 3 steps in the slots on the average, up to 9 when they are full; and, when
 * DISTINCT_MAX are there, once in DISTINCT_MAX - PICK_MAX of those that are still taken, a pass
 * over all that are there. What cannot come to be among the smallest is not taken. So the cost of
 * many goes by how many they are, whichever they are: 160 000 addresses (20 000 instances of 8)
 * take about 10 ms, and 50 ms where each has a smaller key than those before it.
 */
#ifndef DISC_DNS_DISTINCT_H
#define DISC_DNS_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "dns/pick.h"

enum {
    DISTINCT_SLOTS = 8192,                 /* power of two */
    DISTINCT_MAX = DISTINCT_SLOTS / 4 * 3, /* addresses before the largest keys are dropped */
};

struct distinct_entry {
    double key, weight; /* the weight: of all that named the address since it is kept */
    const uint8_t *bytes;
    uint16_t tier; /* comes before the key */
    uint16_t size; /* of the bytes; above 0 */
    uint32_t hash; /* of the bytes */
};

struct distinct_set {
    struct distinct_entry slots[DISTINCT_SLOTS], kept[PICK_MAX];
    uint32_t stamps[DISTINCT_SLOTS]; /* a slot is in use when its stamp is the current one */
    uint32_t used[DISTINCT_MAX];     /* slots in use, in the order of arrival */
    uint32_t stamp, count;
    uint32_t keep,
        room;     /* so many of the smallest matter; so many are there before the rest goes */
    bool dropped; /* there were more than are kept: the `keep` smallest come up to here */
    uint16_t last_tier;
    double last_key;
    const struct hash_key *hash_key;
};

/* `key`: stays until the last call. */
void distinct_begin(struct distinct_set *s, const struct hash_key *key);
/* Right after it: that so many of the smallest are enough, at least 1 and at most PICK_MAX. */
void distinct_keep_only(struct distinct_set *s, unsigned keep);
/* Forgets those that are there. */
void distinct_clear(struct distinct_set *s);
/* `bytes` must stay until the last call. `p`: scratch. */
void distinct_add(struct distinct_set *s, struct picker *p, const uint8_t *bytes, uint16_t size,
                  uint16_t tier, double key, double weight);
/* Bits of which no key `behind` + pick_key(bits, weight) comes to be among those that are kept are
 * below this: they need not be added, but for their weight. */
static inline uint64_t distinct_bits_wanted(const struct distinct_set *s, uint16_t tier,
                                            double weight, double behind)
{
    if (!s->dropped || tier != s->last_tier)
        return !s->dropped || tier < s->last_tier ? 0 : UINT64_MAX;
    return pick_least_bits(s->last_key, weight, behind);
}
/* Adds to its weight, if it is there. */
void distinct_weigh(struct distinct_set *s, const uint8_t *bytes, uint16_t size, double weight);
bool distinct_has(const struct distinct_set *s, const uint8_t *bytes, uint16_t size);
/* Offers all to the picker, which was begun; an item is an index into `slots`. */
void distinct_offer(const struct distinct_set *s, struct picker *p);

#endif
