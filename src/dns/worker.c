#include "dns/worker.h"

#include <stdlib.h>

struct dns_worker *dns_worker_new(uint64_t seed)
{
    struct dns_worker *w = calloc(1, sizeof *w);
    if (w)
        rand_seed(&w->rand, seed);
    return w;
}

void dns_worker_free(struct dns_worker *worker)
{
    free(worker);
}

const struct dns_counters *dns_worker_counters(const struct dns_worker *worker)
{
    return &worker->counters;
}

const char *dns_type_count_text(enum dns_type_count type)
{
    static const char *const texts[DNS_TYPE_COUNTS] = {
        [DNS_COUNT_A] = "A",     [DNS_COUNT_AAAA] = "AAAA", [DNS_COUNT_SRV] = "SRV",
        [DNS_COUNT_TXT] = "TXT", [DNS_COUNT_SOA] = "SOA",   [DNS_COUNT_NS] = "NS",
        [DNS_COUNT_PTR] = "PTR", [DNS_COUNT_ANY] = "ANY",   [DNS_COUNT_OTHER] = "other",
    };
    return texts[type];
}

const char *dns_drop_text(enum dns_drop drop)
{
    static const char *const texts[DNS_DROPS] = {
        [DNS_DROP_SHORT] = "short",
        [DNS_DROP_RESPONSE] = "response",
        [DNS_DROP_PORT] = "port",
    };
    return texts[drop];
}
