/* Small seedable generator (xoshiro256**), one per thread or per test; the same
 * seed gives the same sequence on every machine. Not for secrets. */
#ifndef DISC_BASE_RAND_H
#define DISC_BASE_RAND_H

#include <stdint.h>

struct rand {
    uint64_t state[4];
};

void rand_seed(struct rand *r, uint64_t seed); /* any seed, 0 too (splitmix64) */

static inline uint64_t rand_next(struct rand *r)
{
    uint64_t *s = r->state;
    uint64_t x = s[1] * 5;
    uint64_t result = ((x << 7) | (x >> 57)) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

/* Uniform in [0, bound), without bias (Lemire's multiplication); 0 for bound 0. */
static inline uint32_t rand_below(struct rand *r, uint32_t bound)
{
    uint64_t product = (rand_next(r) >> 32) * bound;
    if ((uint32_t)product < bound) {
        uint32_t floor = bound ? -bound % bound : 0;
        while ((uint32_t)product < floor)
            product = (rand_next(r) >> 32) * bound;
    }
    return (uint32_t)(product >> 32);
}

/* Likewise for bounds above 32 bits (rejection). */
uint64_t rand_below64(struct rand *r, uint64_t bound);

#endif
