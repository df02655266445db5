#include "dns/worker.h"

#include <stdlib.h>

struct dns_worker *dns_worker_new(uint64_t seed)
{
    struct dns_worker *worker = calloc(1, sizeof(*worker));
    struct ahead *ahead =
        aligned_alloc(_Alignof(struct ahead), (DNS_BATCH_MAX + AHEAD_BEYOND) * sizeof(*ahead));
    if (!worker || !ahead) {
        free(worker);
        free(ahead);
        return NULL;
    }
    worker->ahead = ahead;
    worker->slices_max = WORKER_SLICES;
    rand_seed(&worker->rand, seed);
    return worker;
}

void dns_worker_free(struct dns_worker *worker)
{
    if (!worker)
        return;
    dns_task_free(worker->task);
    free(worker->ahead);
    free(worker);
}

void dns_worker_share(struct dns_worker *worker, struct dns_shared *shared)
{
    worker->shared = shared;
}

struct dns_task *dns_worker_take_task(struct dns_worker *worker)
{
    struct dns_task *task = worker->task;
    worker->task = NULL;
    return task;
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
