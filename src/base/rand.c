#include "base/rand.h"

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void rand_seed(struct rand *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        r->state[i] = splitmix(&seed);
}

uint64_t rand_below64(struct rand *r, uint64_t bound)
{
    if (bound == 0)
        return 0;
    uint64_t floor = -bound % bound; /* 2^64 mod bound values are too many: reject the lowest */
    uint64_t value;
    do {
        value = rand_next(r);
    } while (value < floor);
    return value % bound;
}
