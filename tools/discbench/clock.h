/* The clock of all latencies: nanoseconds of CLOCK_MONOTONIC. Used wherever something is sent or
 * arrives. */
#ifndef DISCBENCH_CLOCK_H
#define DISCBENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

#endif
