/* What one thread needs to answer. Private to the folder. */
#ifndef DISC_DNS_WORKER_H
#define DISC_DNS_WORKER_H

#include "base/rand.h"
#include "dns/ahead.h"
#include "dns/distinct.h"
#include "dns/dns.h"
#include "dns/pick.h"

/* Who is in the asker's zone and region, of one slice (draw_near.c). */
struct near_masks {
    uint64_t of[2];
};

/* So many slices of a service a worker keeps in mind: a million instances, of which there cannot be
 * more, have two thirds of them (LARGE_FILL), unless they were doubled for one that was too full.
 * They are pages that are not touched before a service has so many. */
enum { WORKER_SLICES = 65536 };

struct dns_worker {
    struct rand rand;
    struct dns_counters counters;
    struct picker picker;      /* scratch; nothing in it outlives a query */
    struct distinct_set seen;  /* likewise */
    struct dns_shared *shared; /* NULL = no rates, no cookies */
    struct dns_task *task;     /* of the last dns_respond, until taken */
    struct ahead *ahead;       /* DNS_BATCH_MAX, of the last dns_batch */
    uint32_t slices_max;       /* WORKER_SLICES; of larger services the slices are asked */
    struct near_masks near[WORKER_SLICES];
    uint32_t near_sums[WORKER_SLICES];
    uint64_t selected[WORKER_SLICES]; /* by slice, whom selectors leave (draw.c) */
};

#endif
