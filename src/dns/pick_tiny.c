/* The usual group: at most sixteen items, in one part. What changes with each draw stands in
 * registers, and no branch has to be guessed that goes by chance. */
#include "dns/pick.h"

enum {
    TINY = 16,
    DICE_MAX = 1 << 24, /* outcomes by one number of 32 bits: it is rarely drawn anew */
};

/* Those that are left to be drawn: four bits for each. */
static const uint64_t all = UINT64_C(0xfedcba9876543210);

static inline uint32_t nth(uint64_t left, uint32_t n)
{
    return left >> 4 * n & 15;
}

/* Without it: the last one takes its place. */
static inline uint64_t without(uint64_t left, uint32_t n, uint32_t last)
{
    return left ^ (uint64_t)(nth(left, n) ^ nth(left, last)) << 4 * n;
}

/* All alike: as shuffle in pick.c. */
static void shuffle(struct rand *rand, uint32_t first, uint32_t count, uint32_t max, uint32_t *out)
{
    uint64_t left = all;
    for (uint32_t done = 0, start = 0; done < max; start = done) {
        uint64_t before = left;
        uint32_t rest = (uint32_t)(rand_next(rand) >> 32), outcomes = 1;
        for (uint32_t n = count - done; done < max && outcomes * n <= DICE_MAX; n--) {
            uint64_t product = (uint64_t)rest * n;
            uint32_t at = (uint32_t)(product >> 32);
            rest = (uint32_t)product;
            outcomes *= n;
            out[done++] = first + nth(left, at);
            left = without(left, at, n - 1);
        }
        if (rest < outcomes && rest < -outcomes % outcomes) { /* else some were more likely */
            left = before;
            done = start;
        }
    }
}

/* Whose ticket it is. To look at all is cheaper than to guess where to stop. */
static inline uint32_t holder(const uint32_t *weights, uint32_t count, uint32_t ticket)
{
    uint32_t at = 0, sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
        at += sum <= ticket;
    }
    return at;
}

/* `weights` are used up. */
static void by_ticket(struct rand *rand, uint32_t *weights, uint32_t total, uint32_t first,
                      uint32_t count, uint32_t max, uint32_t *out)
{
    uint64_t left = all;
    for (uint32_t done = 0; done < max; done++) {
        uint32_t n = count - done, at = n > 1 ? holder(weights, n, rand_below(rand, total)) : 0;
        out[done] = first + nth(left, at);
        left = without(left, at, n - 1);
        total -= weights[at];
        weights[at] = weights[n - 1];
    }
}

bool pick_tiny(struct rand *rand, const struct pick_group *g, const struct part *parts,
               unsigned max, uint32_t *out)
{
    const struct part *p = &parts[g->first_part];
    uint32_t first = g->first_part * PART_MAX, weights[TINY], uneven = 0;
    if (g->part_count != 1 || p->count > TINY || g->total > UINT32_MAX)
        return false;
    for (uint32_t i = 0; i < p->count; i++) {
        weights[i] = (uint32_t)part_weight(p, i);
        uneven |= weights[i] ^ weights[0];
    }
    if (!uneven)
        shuffle(rand, first, p->count, max, out);
    else if (!g->zeros)
        by_ticket(rand, weights, (uint32_t)g->total, first, p->count, max, out);
    return !uneven || !g->zeros;
}
