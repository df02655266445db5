#include "dns/worker.h"

#include <stdlib.h>

struct dns_worker *dns_worker_new(uint64_t seed)
{
    struct dns_worker *worker = calloc(1, sizeof(*worker));
    if (worker)
        rand_seed(&worker->rand, seed);
    return worker;
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
    static const char *const texts[DNS_TYPE_COUNTS] = {"A",  "AAAA", "SRV", "TXT",  "SOA",
                                                       "NS", "PTR",  "ANY", "other"};
    return texts[type];
}

const char *dns_drop_text(enum dns_drop drop)
{
    static const char *const texts[DNS_DROPS] = {"short", "response", "port"};
    return texts[drop];
}
