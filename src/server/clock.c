#include "server/clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

uint64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

uint64_t clock_thread_cpu_us(pthread_t thread)
{
    clockid_t id;
    return pthread_getcpuclockid(thread, &id) ? 0 : read_us(id);
}

uint64_t clock_process_cpu_us(void)
{
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t clock_coarse_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

uint64_t clock_coarse_wall_s(void)
{
    return read_us(CLOCK_REALTIME_COARSE) / 1000000;
}
