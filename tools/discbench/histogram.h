/* Latencies in log-linear buckets (relative error below 1/32). Used wherever times are counted.
 */
#ifndef DISCBENCH_HISTOGRAM_H
#define DISCBENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_SUB = 32, HISTOGRAM_BUCKETS = 60 * HISTOGRAM_SUB };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total, max, sum; /* max and sum in ns */
};

void histogram_add(struct histogram *h, uint64_t ns);

/* The upper edge of the bucket below which `share` (0 to 1) of the values lie;
 * never above the largest value; 0 when there are none. */
uint64_t histogram_at(const struct histogram *h, double share);

#endif
