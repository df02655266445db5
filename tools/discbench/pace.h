/* When requests are due: the k-th at start + k / rate, whatever became of those before it. A
 * latency is counted from that moment, so that a server that stalls cannot hide it by keeping us
 * from sending. Called by flow.c. No clock of its own. */
#ifndef DISCBENCH_PACE_H
#define DISCBENCH_PACE_H

#include <stdint.h>

struct pace {
    double rate; /* per second; 0 = always due */
    uint64_t start_ns;
    uint64_t taken;
};

/* How many are due and not taken. */
uint64_t pace_due(const struct pace *pace, uint64_t now_ns);

/* When the next one is; `now_ns` where there is no rate. */
uint64_t pace_next_ns(const struct pace *pace, uint64_t now_ns);

#endif
