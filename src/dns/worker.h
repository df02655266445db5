/* What one thread needs to answer. Private to the folder. */
#ifndef DISC_DNS_WORKER_H
#define DISC_DNS_WORKER_H

#include "base/rand.h"
#include "dns/ahead.h"
#include "dns/distinct.h"
#include "dns/dns.h"
#include "dns/pick.h"

struct dns_worker {
    struct rand rand;
    struct dns_counters counters;
    struct picker picker;      /* scratch; nothing in it outlives a query */
    struct distinct_set seen;  /* likewise */
    struct dns_shared *shared; /* NULL = no rates, no cookies */
    struct dns_task *task;     /* of the last dns_respond, until taken */
    struct ahead *ahead;       /* DNS_BATCH_MAX, of the last dns_batch */
};

#endif
