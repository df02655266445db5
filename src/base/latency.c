#include "base/latency.h"

uint64_t latency_bound_us(unsigned bucket)
{
    static const uint32_t bounds[LATENCY_BUCKETS - 1] = {10,   25,   50,    100,   250,    500,
                                                         1000, 2500, 10000, 50000, 250000, 1000000};
    return bucket < LATENCY_BUCKETS - 1 ? bounds[bucket] : UINT64_MAX;
}

void latency_count(struct latency *l, uint64_t us)
{
    unsigned bucket = 0;
    while (us > latency_bound_us(bucket))
        bucket++;
    counter_up(&l->buckets[bucket]);
    counter_add(&l->sum_us, us);
}
