/* A small histogram of durations with one owner: only the owning thread counts, any thread
 * reads. Two additions and a short search for each.
 */
#ifndef DISC_BASE_LATENCY_H
#define DISC_BASE_LATENCY_H

#include "base/counter.h"

enum { LATENCY_BUCKETS = 13 };

/* Zeroed at first. */
struct latency {
    struct counter buckets[LATENCY_BUCKETS]; /* not cumulative */
    struct counter sum_us;
};

/* The upper bound of a bucket in microseconds; UINT64_MAX for the last. */
uint64_t latency_bound_us(unsigned bucket);

void latency_count(struct latency *l, uint64_t us);

#endif
