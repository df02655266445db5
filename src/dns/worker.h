/* What a thread needs to answer; private to the folder. */
#ifndef DISC_DNS_WORKER_H
#define DISC_DNS_WORKER_H

#include "base/rand.h"
#include "dns/dns.h"
#include "dns/pick.h"

struct dns_worker {
    struct rand rand;
    struct dns_counters counters;
    struct picker picker;
};

#endif
