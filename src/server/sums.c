#include "server/sums.h"

static uint64_t at(const void *counters, size_t offset)
{
    const char *place = (const char *)counters + offset;
    return counter_get((const struct counter *)(const void *)place);
}

uint64_t sum_dns(const struct server *s, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->worker_count; i++)
        total += at(worker_dns_counters(s->workers[i]), offset);
    return total;
}

uint64_t sum_udp(const struct server *s, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->worker_count; i++)
        total += at(worker_udp_counters(s->workers[i]), offset);
    return total;
}

uint64_t sum_tcp(const struct server *s, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < s->worker_count; i++)
        total += at(worker_tcp_counters(s->workers[i]), offset);
    return total;
}
