#include "histogram.h"

/* Values below HISTOGRAM_SUB have buckets of their own, then each power of two has
 * HISTOGRAM_SUB buckets. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_SUB)
        return (unsigned)ns;
    unsigned power = 63 - (unsigned)__builtin_clzll(ns); /* 5 and up */
    unsigned within = (unsigned)(ns >> (power - 5)) - HISTOGRAM_SUB;
    unsigned bucket = (power - 4) * HISTOGRAM_SUB + within;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t upper_edge(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_SUB - 1;
    return ((uint64_t)(HISTOGRAM_SUB + bucket % HISTOGRAM_SUB + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->counts[bucket_of(ns)]++;
    h->total++;
    h->sum += ns;
    if (ns > h->max)
        h->max = ns;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
    uint64_t seen = 0;
    double wanted = share * (double)h->total;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && h->total; i++) {
        seen += h->counts[i];
        if (seen && (double)seen >= wanted)
            return upper_edge(i) < h->max ? upper_edge(i) : h->max;
    }
    return h->max;
}
